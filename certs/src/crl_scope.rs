//! Which certificates a revocation list speaks of: issuingDistributionPoint (RFC 5280, 5.2.5), and the rule for critical
//! extensions. Not read: delta lists, indirect lists, lists of some reasons or of attribute certificates; they cover nothing here.

use crate::certificate::Certificate;
use crate::der::{DerError, Reader};

const ISSUING_DISTRIBUTION_POINT: &str = "2.5.29.28";
const DELTA_CRL_INDICATOR: &str = "2.5.29.27";
const CRL_DISTRIBUTION_POINTS: &str = "2.5.29.31";
const WHAT: &str = "issuingDistributionPoint";

/// The scope of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    only_holders: bool,
    only_authorities: bool,
    /// DER of the GeneralNames of the distribution point; empty where the list names none.
    names: Vec<Vec<u8>>,
    unreadable: bool,
}

impl Scope {
    /// Reads the content of `crlExtensions [0]`.
    pub(crate) fn read(extensions: &[u8]) -> Self {
        Self::try_read(extensions).unwrap_or(Self {
            unreadable: true,
            ..Self::default()
        })
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

    fn try_read(extensions: &[u8]) -> Result<Self, DerError> {
        let refused = DerError { what: WHAT };
        let mut extensions = Reader::of_sequence(extensions, WHAT)?;
        let mut scope = Self::default();
        while !extensions.is_empty() {
            let mut extension = extensions.sequence(WHAT)?;
            let oid = extension.object_identifier(WHAT)?;
            let critical = extension.boolean_or_false(WHAT)?;
            let value = extension.octet_string(WHAT)?;
            match oid.as_str() {
                ISSUING_DISTRIBUTION_POINT => scope.read_point(value)?,
                DELTA_CRL_INDICATOR => return Err(refused),
                _ if critical => return Err(refused),
                _ => {}
            }
        }
        Ok(scope)
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
