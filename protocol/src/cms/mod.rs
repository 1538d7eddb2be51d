//! CMS SignedData (RFC 5652): what CAdES, PAdES and time stamps are made of, written and read.
//!
//! One signer, signed attributes always. Written by hand over [`paraphe_certs::der`] rather than through the types of a CMS
//! library: those take certificates apart and write them again, and card certificates (T61 strings, unsorted SETs) come out
//! different; every certificate, list, response and attribute here keeps its bytes. `openssl cms` judges the result.

mod algorithm_identifier;
mod attribute;
mod error;
pub(crate) mod object_identifiers;
mod revocation_information;
mod signed_data;
mod signer_info;
mod signing_certificate;
mod time;
mod verification;

pub(crate) use algorithm_identifier::{digest_algorithm, read_digest_algorithm};
pub(crate) use attribute::Attribute;
pub(crate) use error::CmsError;
pub(crate) use object_identifiers as oid;
pub(crate) use revocation_information::of_ocsp_response;
pub(crate) use signed_data::SignedData;
pub(crate) use signer_info::SignerInfo;
pub(crate) use signing_certificate::attribute as signing_certificate_attribute;
