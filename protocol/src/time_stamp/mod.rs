//! Time stamps (RFC 3161, RFC 5816): what an authority signs to say that a digest existed at a time.
//!
//! A [`TimeStampRequest`] is written, its answer read and matched to it: a [`TimeStampToken`] that comes out of
//! [`TimeStampRequest::read_response`] holds the digest and the nonce that were asked for and is signed by the certificate
//! that it carries. One that stands in somebody's file comes through [`TimeStampToken::from_der`]. Who may stamp, and whether the
//! authority's certificate holds, is the validation's to decide (`crate::signature`); nothing here is fetched.
//!
//! Written over [`paraphe_certs::der`] and not over a library's types: those refuse the fraction of a second that many
//! authorities write, and encode certificates again. `openssl ts` judges both directions in the tests.

mod error;
mod info;
mod request;
mod response;
mod signed_data;
mod token;
mod verification;

pub use error::{FailureReason, TimeStampError};
pub use info::{Accuracy, TimeStampInfo};
pub use request::{NONCE_BYTES, TimeStampRequest};
pub use token::{MAXIMUM_TOKEN_BYTES, TimeStampToken};
