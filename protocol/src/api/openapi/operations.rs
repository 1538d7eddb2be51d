//! Which types are an operation's request and response, and what it does in one line: the table of the OpenAPI document.

use schemars::generate::SchemaGenerator;

use super::super::{
    ApproveRequest, ApproveResponse, AuditExportRequest, AuditExportResponse, AuditListRequest,
    AuditListResponse, AuditVerifyRequest, AuditVerifyResponse, BatchCancelRequest,
    BatchForgetRequest, BatchForgetResponse, BatchResultRequest, BatchResultResponse,
    BatchResumeRequest, BatchStartRequest, BatchStatusRequest, BatchStatusResponse, BatchSummary,
    CardReadRequest, CardReadResponse, DoctorRequest, DoctorResponse, DocumentDropRequest,
    DocumentDropResponse, DocumentGetRequest, DocumentGetResponse, DocumentPutRequest,
    DocumentPutResponse, DocumentShowRequest, DocumentShowResponse, EventsRequest, EventsResponse,
    GrantListRequest, GrantListResponse, GrantRevokeRequest, GrantRevokeResponse, LoginRequest,
    LoginResponse, LotSignRequest, LotSignResponse, MandateCloseRequest, MandateOpenRequest,
    MandateStatusRequest, MandateStatusResponse, MandateSummary, OpenRequest, OpenResponse,
    Operation, PageEnterRequest, PageEnterResponse, PairingAnswerRequest, PairingListRequest,
    PairingListResponse, PairingRequest, PairingStatusRequest, PairingStatusResponse, PinRequest,
    PinSetResponse, PinStatusResponse, RequestGetRequest, RequestListRequest, RequestListResponse,
    RequestRefuseRequest, RequestRefuseResponse, RequestShowRequest, SignRequest, SignResponse,
    StatusRequest, StatusResponse, TunnelCloseRequest, TunnelOpenRequest, TunnelOpenResponse,
    TunnelStatusRequest, TunnelStatusResponse, TunnelSummary, VerifyRequest, VerifyResponse,
    VihfRequest, VihfResponse, VitaleReadRequest, VitaleReadResponse,
};
use super::{Described, OpenapiRequest, OpenapiResponse};

/// What the document says of an operation; its schemas are remembered by the two generators.
pub(super) fn describe(
    operation: Operation,
    requests: &mut SchemaGenerator,
    responses: &mut SchemaGenerator,
) -> Described {
    macro_rules! row {
        ($request:ty => $response:ty, $summary:literal) => {
            Described::of::<$request, $response>($summary, requests, responses)
        };
    }
    match operation {
        Operation::Approve => {
            row!(ApproveRequest => ApproveResponse, "Approve exactly these documents for a record server that asked")
        }
        Operation::AuditExport => {
            row!(AuditExportRequest => AuditExportResponse, "The journal as a file")
        }
        Operation::AuditList => {
            row!(AuditListRequest => AuditListResponse, "Entries of the journal, the latest first")
        }
        Operation::AuditVerify => {
            row!(AuditVerifyRequest => AuditVerifyResponse, "Whether the journal is whole")
        }
        Operation::BatchCancel => {
            row!(BatchCancelRequest => BatchSummary, "Stop a batch between two card operations")
        }
        Operation::BatchForget => {
            row!(BatchForgetRequest => BatchForgetResponse, "Forget a batch")
        }
        Operation::BatchResult => {
            row!(BatchResultRequest => BatchResultResponse, "The result of one item of a batch")
        }
        Operation::BatchResume => {
            row!(BatchResumeRequest => BatchSummary, "Go on with what is missing of a batch")
        }
        Operation::BatchStart => {
            row!(BatchStartRequest => BatchSummary, "Sign many documents, each by itself")
        }
        Operation::BatchStatus => {
            row!(BatchStatusRequest => BatchStatusResponse, "How the caller's batches stand")
        }
        Operation::CardRead => {
            row!(CardReadRequest => CardReadResponse, "Holder, certificates and PIN state of a professional's card")
        }
        Operation::Doctor => {
            row!(DoctorRequest => DoctorResponse, "What is wrong on this workstation and who can mend it")
        }
        Operation::DocumentDrop => {
            row!(DocumentDropRequest => DocumentDropResponse, "Give up a document")
        }
        Operation::DocumentGet => {
            row!(DocumentGetRequest => DocumentGetResponse, "Read a document, piece by piece")
        }
        Operation::DocumentPut => {
            row!(DocumentPutRequest => DocumentPutResponse, "Hand a document over, piece by piece")
        }
        Operation::DocumentShow => {
            row!(DocumentShowRequest => DocumentShowResponse, "Look at a document before it is signed")
        }
        Operation::Events => {
            row!(EventsRequest => EventsResponse, "What changed since a cursor (long poll)")
        }
        Operation::GrantList => {
            row!(GrantListRequest => GrantListResponse, "Which sites have which rights")
        }
        Operation::GrantRevoke => {
            row!(GrantRevokeRequest => GrantRevokeResponse, "Take a site's rights away")
        }
        Operation::Login => {
            row!(LoginRequest => LoginResponse, "A login assertion for a record server's nonce")
        }
        Operation::LotSign => {
            row!(LotSignRequest => LotSignResponse, "Sign a lot of documents with one PIN entry")
        }
        Operation::MandateClose => {
            row!(MandateCloseRequest => MandateSummary, "Close a mandate")
        }
        Operation::MandateOpen => {
            row!(MandateOpenRequest => MandateSummary, "One PIN entry for a bounded set of signatures")
        }
        Operation::MandateStatus => {
            row!(MandateStatusRequest => MandateStatusResponse, "What is left of the caller's mandates")
        }
        Operation::Open => row!(OpenRequest => OpenResponse, "A link to the agent's own page"),
        Operation::PageEnter => {
            row!(PageEnterRequest => PageEnterResponse, "The agent's own page enters by its link")
        }
        Operation::RequestGet => {
            row!(RequestGetRequest => DocumentGetResponse, "A piece of a document that would be signed")
        }
        Operation::RequestList => {
            row!(RequestListRequest => RequestListResponse, "The questions for a PIN that are open")
        }
        Operation::RequestRefuse => {
            row!(RequestRefuseRequest => RequestRefuseResponse, "Say no to a question for a PIN")
        }
        Operation::RequestShow => {
            row!(RequestShowRequest => DocumentShowResponse, "Look at a document that would be signed")
        }
        Operation::Openapi => row!(OpenapiRequest => OpenapiResponse, "This document"),
        Operation::PairingAnswer => {
            row!(PairingAnswerRequest => PairingStatusResponse, "The person's answer to a site that asks for rights")
        }
        Operation::PairingList => {
            row!(PairingListRequest => PairingListResponse, "Sites that ask for rights")
        }
        Operation::PairingRequest => {
            row!(PairingRequest => PairingStatusResponse, "A site asks for rights")
        }
        Operation::PairingStatus => {
            row!(PairingStatusRequest => PairingStatusResponse, "What became of a site's request for rights")
        }
        Operation::PinChange => row!(PinRequest => PinSetResponse, "A new PIN, by the old one"),
        Operation::PinStatus => {
            row!(PinRequest => PinStatusResponse, "Tries left of the PIN and of the code that unblocks it")
        }
        Operation::PinUnblock => {
            row!(PinRequest => PinSetResponse, "A new PIN, by the unblocking code")
        }
        Operation::Sign => {
            row!(SignRequest => SignResponse, "Sign a document in a format of the field")
        }
        Operation::Status => {
            row!(StatusRequest => StatusResponse, "Versions, readers, cards, warnings")
        }
        Operation::TunnelClose => row!(TunnelCloseRequest => TunnelSummary, "Close a tunnel"),
        Operation::TunnelOpen => {
            row!(TunnelOpenRequest => TunnelOpenResponse, "A local port that reaches a record server with the card")
        }
        Operation::TunnelStatus => {
            row!(TunnelStatusRequest => TunnelStatusResponse, "How the caller's tunnels stand")
        }
        Operation::Verify => {
            row!(VerifyRequest => VerifyResponse, "Check a signature and its documents")
        }
        Operation::Vihf => {
            row!(VihfRequest => VihfResponse, "A SAML assertion of the French record (VIHF)")
        }
        Operation::VitaleRead => {
            row!(VitaleReadRequest => VitaleReadResponse, "Beneficiaries of a Vitale card")
        }
    }
}
