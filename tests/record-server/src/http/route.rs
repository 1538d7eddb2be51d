//! From method and path to where a request goes. Paths are exact: no trailing slash, no escape, no query is looked at.

use hyper::Method;

use crate::problem::Code;
use crate::rules::Action;

/// Longest path, bytes.
const MAXIMUM_PATH: usize = 512;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Status,
    Client,
    Nonce,
    Login,
    Logout,
    Access,
    CreateRecord,
    RecordExists,
    RegisterPatientCertificate { record: String },
    RemovePatientCertificate { record: String, sha256: String },
    ApprovalsAwaited,
    RequestApproval { lot: String },
    OpenLot,
    PutDocument { lot: String, number: usize },
    CommitLot { lot: String },
    AbandonLot { lot: String },
    Documents { record: String },
    Document { record: String, unique_id: String },
    Trace { record: String },
}

impl Route {
    pub(super) fn find(method: &Method, path: &str) -> Result<Self, Code> {
        if path.len() > MAXIMUM_PATH {
            return Err(Code::PathUnknown);
        }
        let segments: Vec<&str> = path
            .strip_prefix("/v1/")
            .ok_or(Code::PathUnknown)?
            .split('/')
            .collect();
        let text = |segment: &&str| (*segment).to_owned();
        let (expected, route) = match segments.as_slice() {
            ["status"] => (Method::GET, Self::Status),
            ["client"] => (Method::GET, Self::Client),
            ["nonce"] => (Method::POST, Self::Nonce),
            ["login"] => (Method::POST, Self::Login),
            ["access"] => (Method::POST, Self::Access),
            ["session"] => (Method::DELETE, Self::Logout),
            ["records"] => (Method::POST, Self::CreateRecord),
            ["records", "exists"] => (Method::POST, Self::RecordExists),
            ["records", record, "documents"] => (
                Method::GET,
                Self::Documents {
                    record: text(record),
                },
            ),
            ["records", record, "documents", unique_id] => (
                Method::GET,
                Self::Document {
                    record: text(record),
                    unique_id: text(unique_id),
                },
            ),
            ["records", record, "patient-certificates"] => (
                Method::POST,
                Self::RegisterPatientCertificate {
                    record: text(record),
                },
            ),
            ["records", record, "patient-certificates", sha256] => (
                Method::DELETE,
                Self::RemovePatientCertificate {
                    record: text(record),
                    sha256: text(sha256),
                },
            ),
            ["records", record, "trace"] => (
                Method::GET,
                Self::Trace {
                    record: text(record),
                },
            ),
            ["lots"] => (Method::POST, Self::OpenLot),
            ["lots", "awaiting-approval"] => (Method::GET, Self::ApprovalsAwaited),
            ["lots", lot, "approval-request"] => {
                (Method::POST, Self::RequestApproval { lot: text(lot) })
            }
            ["lots", lot] => (Method::DELETE, Self::AbandonLot { lot: text(lot) }),
            ["lots", lot, "commit"] => (Method::POST, Self::CommitLot { lot: text(lot) }),
            ["lots", lot, "documents", number] => (
                Method::PUT,
                Self::PutDocument {
                    lot: text(lot),
                    number: canonical(number).ok_or(Code::PathUnknown)?,
                },
            ),
            _ => return Err(Code::PathUnknown),
        };
        if *method == expected {
            Ok(route)
        } else {
            Err(Code::MethodNotAllowed)
        }
    }

    /// The action that is traced; none for what anybody may ask.
    pub(super) const fn action(&self) -> Option<Action> {
        Some(match self {
            Self::Status | Self::Client | Self::Nonce => return None,
            Self::Login => Action::Login,
            Self::Logout => Action::Logout,
            Self::Access => Action::RecordAccess,
            Self::CreateRecord => Action::RecordCreate,
            Self::RecordExists => Action::RecordExists,
            Self::RegisterPatientCertificate { .. } => Action::PatientCertificateRegister,
            Self::RemovePatientCertificate { .. } => Action::PatientCertificateRemove,
            Self::ApprovalsAwaited => Action::ApprovalsAwaited,
            Self::RequestApproval { .. } => Action::ApprovalRequest,
            Self::OpenLot => Action::LotOpen,
            Self::PutDocument { .. } => Action::DocumentPut,
            Self::CommitLot { .. } => Action::LotCommit,
            Self::AbandonLot { .. } => Action::LotAbandon,
            Self::Documents { .. } => Action::DocumentsList,
            Self::Document { .. } => Action::DocumentRead,
            Self::Trace { .. } => Action::TraceRead,
        })
    }
}

/// A number written as numbers are: no sign, no leading zero.
fn canonical(text: &str) -> Option<usize> {
    text.parse()
        .ok()
        .filter(|number: &usize| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use hyper::Method;

    use super::{Code, Route};

    #[test]
    fn paths_and_methods_are_exact() {
        let cases = [
            (Method::POST, "/v1/nonce", Ok(Route::Nonce)),
            (Method::GET, "/v1/nonce", Err(Code::MethodNotAllowed)),
            (Method::POST, "/v1/nonce/", Err(Code::PathUnknown)),
            (Method::POST, "v1/nonce", Err(Code::PathUnknown)),
            (Method::POST, "/v1//nonce", Err(Code::PathUnknown)),
            (
                Method::GET,
                "/v1/records/a/trace",
                Ok(Route::Trace {
                    record: "a".to_owned(),
                }),
            ),
            (
                Method::PUT,
                "/v1/lots/a/documents/x",
                Err(Code::PathUnknown),
            ),
            (
                Method::PUT,
                "/v1/lots/a/documents/+2",
                Err(Code::PathUnknown),
            ),
            (
                Method::PUT,
                "/v1/lots/a/documents/2",
                Ok(Route::PutDocument {
                    lot: "a".to_owned(),
                    number: 2,
                }),
            ),
            (Method::POST, "/v1/records/exists", Ok(Route::RecordExists)),
        ];
        for (method, path, expected) in cases {
            assert_eq!(Route::find(&method, path), expected, "{method} {path}");
        }
        let long = format!("/v1{}", "/a".repeat(300));
        assert_eq!(Route::find(&Method::GET, &long), Err(Code::PathUnknown));
    }
}
