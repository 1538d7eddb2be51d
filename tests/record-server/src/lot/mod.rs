//! Lots: opened for a record, filled document by document into a staging folder outside the records, committed with a
//! signature that covers exactly what was received, or ended with nothing left behind.

mod commit;
mod open;
mod reading;
mod staging;
mod upload;

pub use commit::CommitLotRequest;
pub use open::{AnnouncedDocument, OpenLotRequest, OpenLotResponse};
pub(crate) use staging::OpenLots;
pub use upload::DocumentPutReceipt;
