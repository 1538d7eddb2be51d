//! Lots: opened for a record, filled document by document into a staging folder outside the records, committed with a
//! signature that covers exactly what was received, or ended with nothing left behind.

mod approval;
mod commit;
mod open;
mod reading;
mod signer_mode;
mod signing;
mod staging;
mod upload;

pub use approval::{
    ApprovalRequestResponse, AwaitingApproval, AwaitingApprovalResponse, KeptApproval,
    SubmittedApproval,
};
pub use commit::CommitLotRequest;
pub use open::{AnnouncedDocument, OpenLotRequest, OpenLotResponse};
pub use signer_mode::SignerMode;
pub(crate) use staging::OpenLots;
pub use upload::DocumentPutReceipt;
