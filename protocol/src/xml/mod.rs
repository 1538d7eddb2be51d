//! XML, as little of it as signatures and clinical documents need.
//!
//! What we write is canonical from the start ([`CanonicalWriter`]: exclusive XML canonicalization
//! 1.0); what we read passes a gate first ([`gate::parse`]), is read by one parser, and is
//! canonicalised by an engine that shares no code with the writer ([`exclusive_canonical`]).

mod canonical;
mod element;
pub mod gate;
mod refused_algorithm;
mod writer;

pub use canonical::{CanonicalError, Canonicalization, Selection, exclusive_canonical};
pub use element::{ShapeError, ShapeProblem, XmlElement};
pub(crate) use refused_algorithm::RefusedAlgorithm;
pub use writer::{CanonicalWriter, Namespace};
