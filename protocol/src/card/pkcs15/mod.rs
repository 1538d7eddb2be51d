//! The PKCS#15 v1.1 files of a CPS: where they are ([`ObjectDirectory`]), what the application is
//! ([`TokenInfo`]), and what it holds: PINs, private keys, certificates and data objects. The
//! reader is BER and not DER, because real cards are: BIT STRINGs may be invalid (`03 01 08`),
//! optional members missing, the end of a file filled with zeros. An entry that cannot be
//! understood is skipped where another may serve; structure and lengths are never guessed.

mod authentication_object;
mod certificate;
mod data_object;
mod entry;
mod object_directory;
mod private_key;
mod token_info;

pub use authentication_object::{pin_format, unblocking_code_format};
pub use certificate::{CertificateObject, certificate_objects};
pub use data_object::{DataObject, data_objects};
pub use entry::Location;
pub use object_directory::ObjectDirectory;
pub use private_key::{PrivateKeyObject, PrivateKeyUsage, private_key_objects};
pub use token_info::TokenInfo;
