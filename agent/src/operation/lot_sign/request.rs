//! A lot request, checked as far as it can be without card and documents: number, titles, declared types, patient.

use paraphe_protocol::api::{ErrorCode, LotDocumentRequest, LotProfile, LotSignRequest};
use paraphe_protocol::document::DocumentFormat;
use paraphe_protocol::identifiers::{Environment, Ins, Nir, NirError, PatientIdentity};
use paraphe_protocol::lot::legacy::DmpLegacy;

use super::header::{self, HeaderDraft};
use crate::operation::Context;
use crate::problem::Failure;

/// Longest title, characters (CI-SIS, CDA header).
const MAXIMUM_TITLE: usize = 128;
/// Longest type code, characters.
const MAXIMUM_TYPE_CODE: usize = 64;

/// A request that can be worked on.
#[derive(Debug)]
pub(super) struct CheckedRequest<'a> {
    pub(super) documents: Vec<CheckedDocument<'a>>,
    pub(super) patient: Ins,
    /// Permission of the administrator, where the profile is the old one.
    pub(super) legacy: Option<DmpLegacy>,
    /// The patient as CDA headers name them, where the documents are to be wrapped.
    pub(super) wrap: Option<PatientIdentity>,
}

/// A document whose description is in order.
#[derive(Debug)]
pub(super) struct CheckedDocument<'a> {
    pub(super) request: &'a LotDocumentRequest,
    pub(super) declared: Option<DocumentFormat>,
    /// Where it is to be wrapped.
    pub(super) header: Option<HeaderDraft>,
}

impl<'a> CheckedRequest<'a> {
    pub(super) fn new(context: &Context<'_>, request: &'a LotSignRequest) -> Result<Self, Failure> {
        let limit = context.agent.config.limits.lot_documents;
        if request.documents.is_empty() {
            return Err(ErrorCode::LotEmpty.into());
        }
        if request.documents.len() > usize::try_from(limit).unwrap_or(usize::MAX) {
            return Err(Failure::new(ErrorCode::LotTooManyDocuments).with_detail(
                format!("Au plus {limit} documents."),
                format!("At most {limit} documents."),
            ));
        }
        let legacy = match request.profile {
            LotProfile::Dsg => None,
            LotProfile::DmpLegacy => {
                let setting = context.agent.config.signatures.dmp_legacy;
                Some(DmpLegacy::where_enabled(setting).ok_or(ErrorCode::LotProfileDisabled)?)
            }
            _ => return Err(ErrorCode::RequestInvalid.into()),
        };
        if !request.cda && request.practice_situation.is_some() {
            return Err(
                Failure::new(ErrorCode::RequestInvalid).with_technical_detail(
                    "practice_situation belongs to a CDA header: it needs cda",
                ),
            );
        }
        let environment = if context.agent.config.trust.accept_test {
            Environment::Test
        } else {
            Environment::Production
        };
        let matricule: Nir = request.patient.ins.parse().map_err(|error: NirError| {
            Failure::new(ErrorCode::LotPatientInvalid).with_technical_detail(error)
        })?;
        let patient = Ins::new(matricule, environment);
        let wrap = request
            .cda
            .then(|| header::patient(&patient, &request.patient))
            .transpose()?;
        let default_type = request
            .cda
            .then(|| context.agent.config.lot.type_code.as_str());
        let documents = request
            .documents
            .iter()
            .enumerate()
            .map(|(index, document)| {
                check_document(document, default_type)
                    .map_err(|failure| failure.about_document(index + 1))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            documents,
            patient,
            legacy,
            wrap,
        })
    }
}

/// `default_type` is there where the document is to be wrapped.
fn check_document<'a>(
    document: &'a LotDocumentRequest,
    default_type: Option<&str>,
) -> Result<CheckedDocument<'a>, Failure> {
    let title = &document.title;
    if title.trim().is_empty()
        || title.chars().count() > MAXIMUM_TITLE
        || title.chars().any(char::is_control)
    {
        return Err(Failure::new(ErrorCode::RequestInvalid).with_detail(
            format!("Un titre a 1 à {MAXIMUM_TITLE} caractères, sans caractère de commande."),
            format!(
                "A title has 1 to {MAXIMUM_TITLE} characters, none of them a control character."
            ),
        ));
    }
    let type_code = document.type_code.as_deref();
    if type_code.is_some_and(|code| {
        code.is_empty()
            || code.len() > MAXIMUM_TYPE_CODE
            || !code.bytes().all(|byte| byte.is_ascii_graphic())
    }) {
        return Err(Failure::new(ErrorCode::RequestInvalid).with_technical_detail("type_code"));
    }
    let declared = document
        .media_type
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error: paraphe_protocol::document::UnknownMediaType| {
            Failure::new(ErrorCode::DocumentFormat).with_technical_detail(error)
        })?;
    Ok(CheckedDocument {
        request: document,
        declared,
        header: default_type
            .map(|default_type| HeaderDraft::new(document, default_type))
            .transpose()?,
    })
}
