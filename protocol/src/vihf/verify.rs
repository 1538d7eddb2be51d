//! Verification of an assertion, in a fixed order (`docs/vihf.md`); what comes out cannot be made otherwise.
//!
//! [`check`]: structure and algorithms, signature value, digest; then, from the signed bytes alone, attributes, resource and
//! audience, times, the certificate that the mode demands with its path and use, issuer, user, structure, environment.
//! [`CheckedVihf::admit`]: the identifier is spent in a store of the caller's, last of all, so that nobody can spend the identifier
//! of an assertion that they did not sign. The time of verification decides revocation and expiry.

use paraphe_certs::{
    CardSignature, Category, Certificate, CertificateUse, DistinguishedName, Holder, Structure,
    StructureSeal, TrustStore, UnixTime, VerifiedCertificate,
};

use super::error::VihfError;
use super::read::{self, LIMITS};
use super::role::Role;
use super::signature;
use super::user::names_of;
use super::{
    CLOCK_TOLERANCE_SECONDS, LIFETIME_SECONDS, PurposeOfUse, Resource, VihfContent, VihfId,
    VihfMode,
};
use crate::algorithm::SignatureAlgorithm;
use crate::digest::Sha256Digest;
use crate::identifiers::Environment;
use crate::login::Audience;
use crate::xml::{Selection, ShapeProblem, XmlElement, gate};

/// Which server an assertion must be for.
#[derive(Clone, Copy, Debug)]
pub enum ExpectedAudience<'a> {
    /// This one and no other.
    Named(&'a Audience),
    /// This one, or none in particular, as the shared record's own profile has it.
    NamedOrNone(&'a Audience),
}

/// What the verifier knows by itself.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Its resource.
    pub resource: &'a Resource,
    /// Its own name.
    pub audience: ExpectedAudience<'a>,
    /// Its clock.
    pub now: UnixTime,
}

/// Who signed, with the certificate verified for that.
#[derive(Debug)]
pub enum VihfSigner {
    /// The user, by their card.
    Card(VerifiedCertificate<CardSignature>),
    /// The structure that answers for the user.
    Structure(VerifiedCertificate<StructureSeal>),
}

/// An assertion that is right in everything, and may have been used before.
#[derive(Debug)]
pub struct CheckedVihf {
    content: VihfContent,
    signer: VihfSigner,
}

/// An assertion that is verified and spent. Only [`CheckedVihf::admit`] makes one.
#[derive(Debug)]
pub struct VerifiedVihf {
    content: VihfContent,
    signer: VihfSigner,
}

/// An assertion was not admitted.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError<E> {
    /// It was used before.
    #[error(transparent)]
    Refused(VihfError),
    /// The store failed.
    #[error("the store of used assertions failed")]
    Store(#[source] E),
}

/// Verifies everything but whether the assertion was used before.
///
/// # Errors
/// [`VihfError`]; the first check that fails, in the order of the module's text.
pub fn check(
    xml: &[u8],
    expected: &Expected<'_>,
    trust: &TrustStore,
) -> Result<CheckedVihf, VihfError> {
    let (certificate, content) = read_signed(xml)?;
    check_recipient(&content, expected)?;
    check_times(&content, expected.now)?;
    let signer = verify_signer(&content, &certificate, trust, expected.now)?;
    let names_signer = DistinguishedName::from_rfc2253(&content.issuer)
        .is_some_and(|issuer| issuer.names_the_same(certificate.subject()));
    if !names_signer {
        return Err(VihfError::IssuerMismatch);
    }
    check_user(&content, &signer)?;
    if content.purpose == PurposeOfUse::BreakGlass && content.patient.is_none() {
        return Err(VihfError::PatientMissing);
    }
    let environment = if signer.is_test() {
        Environment::Test
    } else {
        Environment::Production
    };
    let patient = content.patient.as_ref();
    if patient.is_some_and(|patient| patient.environment() != environment) {
        return Err(VihfError::Environment);
    }
    Ok(CheckedVihf { content, signer })
}

/// Signature and digest, then the content as it stands in the bytes whose digest was signed.
fn read_signed(xml: &[u8]) -> Result<(Certificate, VihfContent), VihfError> {
    let document = gate::parse(xml, &LIMITS)?;
    let root = XmlElement::root(&document).ok_or(VihfError::Reference)?;
    let element = signature::of_assertion(root)?;
    let signature = signature::read(&document, element, &LIMITS)?;
    let id = root.attribute("ID")?;
    if id.is_empty() {
        return Err(root.error(ShapeProblem::Value).into());
    }
    if signature.reference_uri.strip_prefix('#') != Some(id) {
        return Err(VihfError::Reference);
    }
    let spki = signature.certificate.spki_der();
    let implied = SignatureAlgorithm::for_key(spki).map_err(VihfError::Key)?;
    if implied != signature.algorithm {
        return Err(VihfError::UnknownAlgorithm {
            uri: signature.algorithm.xml_uri().to_owned(),
        });
    }
    signature
        .algorithm
        .verify(spki, &signature.signed_info, &signature.value)
        .map_err(|_| VihfError::Signature)?;
    let selection = Selection {
        element: Some(root.id()),
        without: Some(element.id()),
        comments: false,
    };
    let signed = signature.canonicalization.canonical(&document, selection)?;
    if Sha256Digest::of(&signed) != signature.digest {
        return Err(VihfError::Altered);
    }
    Ok((signature.certificate, read::read_canonical(&signed)?))
}

fn check_recipient(content: &VihfContent, expected: &Expected<'_>) -> Result<(), VihfError> {
    if content.resource != *expected.resource {
        return Err(VihfError::Resource);
    }
    let is_for = |audience: &Audience| content.audience.as_deref() == Some(audience.as_str());
    let accepted = match expected.audience {
        ExpectedAudience::Named(audience) => is_for(audience),
        ExpectedAudience::NamedOrNone(audience) => content.audience.is_none() || is_for(audience),
    };
    if accepted {
        Ok(())
    } else {
        Err(VihfError::Audience)
    }
}

fn check_times(content: &VihfContent, now: UnixTime) -> Result<(), VihfError> {
    let latest = now.plus_seconds(CLOCK_TOLERANCE_SECONDS);
    if content.issued_at > latest
        || content.authenticated_at > latest
        || content.not_before.is_some_and(|bound| bound > latest)
    {
        return Err(VihfError::NotYetValid);
    }
    if now > last_second(content) || content.not_on_or_after.is_some_and(|bound| now >= bound) {
        return Err(VihfError::Expired);
    }
    Ok(())
}

/// The last second at which the assertion can be accepted, by the verifier's clock.
fn last_second(content: &VihfContent) -> UnixTime {
    content.issued_at.plus_seconds(LIFETIME_SECONDS)
}

fn verify_signer(
    content: &VihfContent,
    certificate: &Certificate,
    trust: &TrustStore,
    now: UnixTime,
) -> Result<VihfSigner, VihfError> {
    let mode = content.mode;
    match mode {
        VihfMode::Direct => {
            let is_card = Holder::from_certificate(certificate).is_ok_and(|holder| {
                matches!(holder.category, Category::Card | Category::TestCard)
                    && holder.card_kind.is_some()
            });
            if !is_card || !CardSignature::allows(certificate) {
                return Err(VihfError::WrongCertificate { mode });
            }
            let verified = trust.verify(certificate, now).map_err(VihfError::Path)?;
            Ok(VihfSigner::Card(verified))
        }
        VihfMode::Indirect | VihfMode::IndirectReinforced => {
            let is_structure = Structure::from_certificate(certificate).is_ok();
            if !is_structure || !StructureSeal::allows(certificate) {
                return Err(VihfError::WrongCertificate { mode });
            }
            let verified = trust.verify(certificate, now).map_err(VihfError::Path)?;
            Ok(VihfSigner::Structure(verified))
        }
    }
}

fn check_user(content: &VihfContent, signer: &VihfSigner) -> Result<(), VihfError> {
    match signer {
        VihfSigner::Card(certificate) => {
            let holder = certificate.holder();
            let names = content.names.as_deref();
            if content.name_id != holder.national_id.as_str()
                || names.is_some_and(|names| names != names_of(holder))
                || !Role::are_of_holder(&content.roles, holder)
            {
                return Err(VihfError::UserMismatch);
            }
        }
        VihfSigner::Structure(certificate) => {
            if content.place.structure().to_string() != certificate.subject().structure_id {
                return Err(VihfError::StructureMismatch);
            }
            if content.names.is_none() {
                let name = super::names::SUBJECT_ID;
                return Err(VihfError::AttributeMissing { name });
            }
            if !Role::are_complete(&content.roles) {
                return Err(VihfError::Roles);
            }
        }
    }
    if content.context.goes_with(content.mode) {
        Ok(())
    } else {
        let mode = content.mode;
        Err(VihfError::Authentication { mode })
    }
}

impl VihfSigner {
    fn is_test(&self) -> bool {
        match self {
            Self::Card(certificate) => certificate.holder().is_test(),
            Self::Structure(certificate) => certificate.subject().is_test(),
        }
    }

    /// The certificate itself.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        match self {
            Self::Card(certificate) => certificate.certificate(),
            Self::Structure(certificate) => certificate.certificate(),
        }
    }
}

impl CheckedVihf {
    /// Spends the identifier and admits the assertion. `consume` is given it with the time from which the store may forget it, and
    /// says whether this was the first time; of calls at the same time it may say so to one only.
    ///
    /// # Errors
    /// [`AdmitError`].
    pub fn admit<E>(
        self,
        consume: impl FnOnce(&VihfId, UnixTime) -> Result<bool, E>,
    ) -> Result<VerifiedVihf, AdmitError<E>> {
        let forgotten = last_second(&self.content).plus_seconds(1);
        if consume(&self.content.id, forgotten).map_err(AdmitError::Store)? {
            Ok(VerifiedVihf {
                content: self.content,
                signer: self.signer,
            })
        } else {
            Err(AdmitError::Refused(VihfError::Replayed))
        }
    }
}

impl VerifiedVihf {
    /// What it says.
    #[must_use]
    pub fn content(&self) -> &VihfContent {
        &self.content
    }

    /// Who signed it.
    #[must_use]
    pub fn signer(&self) -> &VihfSigner {
        &self.signer
    }
}
