//! DER (X.690), value by value: what certificates' companions need (OCSP, time stamps) and the kept libraries do not give
//! without encoding again.
//!
//! [`Reader`] walks definite-length values and keeps each one's bytes as they were; the rest only writes. Refused: indefinite
//! lengths, identifiers of more than one byte, values that end beyond their parent. Nothing here recurses: a caller descends
//! as deep as its structure goes and no deeper.

mod reader;
mod writer;

pub use reader::{DerError, Element, Reader};
pub use writer::{
    BIT_STRING, BOOLEAN, ENUMERATED, GENERALIZED_TIME, IA5_STRING, INTEGER, NULL,
    OBJECT_IDENTIFIER, OCTET_STRING, PRINTABLE_STRING, SEQUENCE, SET, T61_STRING, UTC_TIME,
    UTF8_STRING, bit_string, constructed, context, context_primitive, named_bits,
    object_identifier, sequence, sorted_set, unsigned_integer, value,
};
