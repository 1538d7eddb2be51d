//! What an assertion says, read. Nothing in it is true before it is verified.

use std::fmt;

use paraphe_certs::UnixTime;

use super::{
    AuthenticationContext, ClientSoftware, PracticePlace, PurposeOfUse, Resource, Role, VihfId,
    VihfMode,
};
use crate::identifiers::Ins;

/// The content of an assertion. `Debug` names nobody.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VihfContent {
    /// Its identifier.
    pub id: VihfId,
    /// When it was issued, by the issuer's clock.
    pub issued_at: UnixTime,
    /// Subject of the signer's certificate, as text.
    pub issuer: String,
    /// National identifier of the user.
    pub name_id: String,
    /// Not before this time.
    pub not_before: Option<UnixTime>,
    /// Not at or after this time.
    pub not_on_or_after: Option<UnixTime>,
    /// The one server that it is for.
    pub audience: Option<String>,
    /// When the user logged in, by the issuer's clock.
    pub authenticated_at: UnixTime,
    /// How.
    pub context: AuthenticationContext,
    /// Declaration beside the class: of strong authentication, or of access through a browser.
    pub context_declaration: Option<String>,
    /// Mode of authentication.
    pub mode: VihfMode,
    /// Structure and sector.
    pub place: PracticePlace,
    /// Names of the user, where they are told.
    pub names: Option<String>,
    /// Profession and speciality.
    pub roles: Vec<Role>,
    /// The patient, where it is about one.
    pub patient: Option<Ins>,
    /// The resource.
    pub resource: Resource,
    /// Why.
    pub purpose: PurposeOfUse,
    /// By which software.
    pub software: ClientSoftware,
}

impl fmt::Debug for VihfContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VihfContent")
            .field("id", &self.id)
            .field("mode", &self.mode)
            .field("purpose", &self.purpose)
            .field("issued_at", &self.issued_at)
            .finish_non_exhaustive()
    }
}
