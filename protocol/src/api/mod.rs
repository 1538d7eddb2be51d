//! The localhost API: one request type and one response type per operation, reached by three doors
//! (HTTPS, Unix socket, command line), and one error form.
//!
//! JSON, UTF-8, `snake_case` keys, unknown keys refused in requests. Times are seconds since 1970-01-01 UTC unless a
//! field says otherwise. Binary is base64 (RFC 4648 section 4, padded) unless a field says base64url.
//! A PIN is never a field of any request.

mod approve;
mod audit;
mod batch;
mod card_read;
mod doctor;
mod document;
mod doors;
mod error_code;
mod events;
mod grant;
mod login;
mod lot_sign;
mod mandate;
mod openapi;
mod operation;
mod page;
mod pairing;
mod pin;
mod problem;
mod request;
mod right;
mod sign;
mod status;
mod tunnel;
mod verify;
mod vihf;
mod vitale_read;

pub use approve::{ApproveDocumentRequest, ApproveRequest, ApproveResponse};
pub use audit::{
    AuditCaller, AuditEntry, AuditExportRequest, AuditExportResponse, AuditFault, AuditHead,
    AuditListRequest, AuditListResponse, AuditOutcome, AuditSubject, AuditVerifyRequest,
    AuditVerifyResponse, MAXIMUM_AUDIT_DOCUMENTS, MAXIMUM_AUDIT_PAGE,
};
pub use batch::{
    BatchCancelRequest, BatchChoice, BatchForgetRequest, BatchForgetResponse, BatchItemRequest,
    BatchItemState, BatchItemStatus, BatchResultRequest, BatchResultResponse, BatchResumeRequest,
    BatchStartRequest, BatchState, BatchStatusRequest, BatchStatusResponse, BatchSummary,
    MAXIMUM_BATCH_ITEMS, MAXIMUM_BATCH_PAGE,
};
pub use card_read::{
    Assurance, CardReadRequest, CardReadResponse, CardSummary, CertificatePurpose,
    CertificateSummary, PinSummary, PracticeSituationSummary,
};
pub use doctor::{DoctorCheck, DoctorRequest, DoctorResponse, DoctorResult, DoctorSubject};
pub use document::{
    DocumentDropRequest, DocumentDropResponse, DocumentGetRequest, DocumentGetResponse,
    DocumentPutRequest, DocumentPutResponse, DocumentShowRequest, DocumentShowResponse,
    DocumentSource, MAXIMUM_CHUNK_BYTES, MAXIMUM_SHOWN_TEXT,
};
pub use doors::{DoorName, DoorSummary, DurationCount};
pub use error_code::{ErrorCode, Layer, Remedy, WhoActs};
pub use events::{Event, EventKind, EventsRequest, EventsResponse, MAXIMUM_EVENT_WAIT_MS};
pub use grant::{
    GrantDuration, GrantListRequest, GrantListResponse, GrantRevokeRequest, GrantRevokeResponse,
    GrantSummary,
};
pub use login::{
    LoginFormat, LoginRequest, LoginResponse, RequestedBinding, RequestedBindingError,
};
pub use lot_sign::{
    LotDocumentRequest, LotDocumentResponse, LotPatient, LotProfile, LotSignRequest,
    LotSignResponse,
};
pub use mandate::{
    MAXIMUM_PURPOSE, MandateCloseRequest, MandateDocument, MandateEnd, MandateEndReason,
    MandateOpenRequest, MandateStatusRequest, MandateStatusResponse, MandateSummary,
};
pub use openapi::{OpenapiRequest, OpenapiResponse};
pub use operation::Operation;
pub use page::{OpenRequest, OpenResponse, PageEnterRequest, PageEnterResponse};
pub use pairing::{
    MAXIMUM_PAIRING_WAIT_MS, OriginWarning, OriginWarningKind, PAIRING_SECONDS,
    PairingAnswerRequest, PairingDecision, PairingListRequest, PairingListResponse, PairingRequest,
    PairingState, PairingStatusRequest, PairingStatusResponse, PairingSummary,
};
pub use pin::{PinRequest, PinSetResponse, PinStatusResponse, UnblockingCodeSummary};
pub use problem::{CardChoice, Language, Problem, QueuePlace};
pub use request::{
    RequestGetRequest, RequestListRequest, RequestListResponse, RequestRefuseRequest,
    RequestRefuseResponse, RequestShowRequest, RequestSummary, RequestedDocument,
};
pub use right::{Right, SiteAccess};
pub use sign::{MarkRequest, SignDocumentRequest, SignRequest, SignResponse, SignedDocument};
pub use status::{
    ModuleSummary, ReaderInterface, ReaderState, ReaderSummary, StatusRequest, StatusResponse,
    TokenSummary, Versions, VitaleComponentState, VitaleComponentSummary, Warning,
};
pub use tunnel::{
    TlsVersion, TunnelCloseRequest, TunnelEnd, TunnelEndReason, TunnelOpenRequest,
    TunnelOpenResponse, TunnelStatusRequest, TunnelStatusResponse, TunnelSummary,
};
pub use verify::{Conclusion, CoveredDocument, VerifyRequest, VerifyResponse};
pub use vihf::{VihfRequest, VihfResponse};
pub use vitale_read::{
    BeneficiarySummary, CHIP_SOURCE, ComponentIdentity, InsuranceSummary, NirSummary, Provenance,
    RightsPeriod, VitaleReadRequest, VitaleReadResponse,
};
