//! Which certificates a revocation list speaks of: issuingDistributionPoint (RFC 5280, 5.2.5), and the rule for critical
//! extensions. Which list it is: its number (5.2.3), and of a delta the number of the list that it amends (5.2.4). Not read: indirect
//! lists, lists of some reasons or of attribute certificates; they cover nothing here.

use crate::certificate::Certificate;
use crate::crl_number::CrlNumber;
use crate::der::{DerError, Reader};

const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
const DELTA_CRL_INDICATOR: &str = "2.5.29.27";
const CRL_NUMBER: &str = "2.5.29.20";
const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";
const WHAT: &str = "crlExtensions";

/// The scope of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    only_holders: bool,
    only_authorities: bool,
    /// DER of the GeneralNames of the distribution point; empty where the list names none.
    names: Vec<Vec<u8>>,
    unreadable: bool,
}

/// What a list's extensions say of the list.
#[derive(Debug, Clone, Default)]
pub(crate) struct ListExtensions {
    pub(crate) scope: Scope,
    /// cRLNumber, where there is one that can be read.
    pub(crate) number: Option<CrlNumber>,
    /// Of a delta, the number of the complete list that it amends at least.
    pub(crate) base: Option<CrlNumber>,
}

impl ListExtensions {
    /// Reads the content of `crlExtensions [0]`. A scope that is not understood covers nothing. Refused are extensions that cannot be
    /// walked, one that stands twice, and a delta that does not say what it amends or which it is: an engine may take it for
    /// something else.
    pub(crate) fn read(extensions: &[u8]) -> Result<Self, DerError> {
        let refused = DerError { what: WHAT };
        let mut extensions = Reader::of_sequence(extensions, WHAT)?;
        let (mut read, mut seen) = (Self::default(), Vec::new());
        while !extensions.is_empty() {
            let mut extension = extensions.sequence(WHAT)?;
            let oid = extension.object_identifier(WHAT)?;
            let critical = extension.boolean_or_false(WHAT)?;
            let value = extension.octet_string(WHAT)?;
            if seen.contains(&oid) {
                return Err(refused);
            }
            match oid.as_str() {
                ISSUING_DISTRIBUTION_POINT => {
                    read.scope.unreadable |= read.scope.read_point(value).is_err();
                }
                DELTA_CRL_INDICATOR => {
                    read.base = Some(CrlNumber::read(value, "deltaCRLIndicator")?);
                }
                CRL_NUMBER => read.number = CrlNumber::read(value, "cRLNumber").ok(),
                _ => read.scope.unreadable |= critical,
            }
            seen.push(oid);
        }
        if read.base.is_some() && read.number.is_none() {
            return Err(refused);
        }
        Ok(read)
    }
}

impl Scope {
    /// Whether the list is of a kind that is read here.
    pub(crate) fn is_readable(&self) -> bool {
        !self.unreadable
    }

    /// Whether a certificate of the list's issuer is in it.
    pub(crate) fn covers(&self, certificate: &Certificate) -> bool {
        let kind_fits = if certificate.is_ca() {
            !self.only_holders
        } else {
            !self.only_authorities
        };
        // A list of one distribution point speaks of the certificates that name the same one.
        let name_fits = self.names.is_empty()
            || certificate
                .extension(CRL_DISTRIBUTION_POINTS)
                .is_some_and(|points| {
                    self.names.iter().any(|name| {
                        points
                            .value
                            .windows(name.len())
                            .any(|window| window == name)
                    })
                });
        !self.unreadable && kind_fits && name_fits
    }

    fn read_point(&mut self, value: &[u8]) -> Result<(), DerError> {
        let mut fields = Reader::of_sequence(value, WHAT)?;
        while !fields.is_empty() {
            let field = fields.any(WHAT)?;
            match (field.identifier, field.content) {
                (0xa0, point) => {
                    // fullName [0]; a name relative to the issuer [1] is not read
                    let mut names = Reader::new(point).enter(0xa0, WHAT)?;
                    while !names.is_empty() {
                        self.names.push(names.any(WHAT)?.whole.to_vec());
                    }
                    if self.names.is_empty() {
                        return Err(DerError { what: WHAT });
                    }
                }
                (0x81, [flag]) => self.only_holders = *flag != 0,
                (0x82, [flag]) => self.only_authorities = *flag != 0,
                (0x84 | 0x85, [0]) => {}
                _ => return Err(DerError { what: WHAT }),
            }
        }
        Ok(())
    }
}
