//! Signature files of the formats of the field: XAdES, CAdES, PAdES, JAdES. The format is told by the first bytes, never by a name; its
//! reader checks all that needs no trust, the evidence source concludes with this workstation's trust. A PDF may hold several
//! signatures: each has its own report, and the worst of them is the conclusion.

use paraphe_certs::TrustStore;
use paraphe_protocol::api::{Conclusion, DocumentSource, ErrorCode, Language, VerifyResponse};
use paraphe_protocol::signature::{
    CheckedSignature, Contents, ContentsError, Indication, Packaging, Presented, ReadError, Reason,
    SignatureReport, refused,
};
use paraphe_protocol::{cades, jades, lot, pades, xades};

use crate::operation::{Context, Source, card_certificate};
use crate::problem::Failure;

/// The formats whose files hold one document's signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileFormat {
    Xades,
    Cades,
    Pades,
    Jades,
}

impl FileFormat {
    /// The format of a file; `None` where it is a lot's signature, or nothing that is known.
    pub(super) fn of(file: &[u8]) -> Option<Self> {
        if pades::is_pdf(file) {
            return Some(Self::Pades);
        }
        if cades::is_signature(file) {
            return Some(Self::Cades);
        }
        if jades::is_signature(file) {
            return Some(Self::Jades);
        }
        let text = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        let is_xml = text.trim_ascii_start().starts_with(b"<");
        (is_xml && !lot::is_signature(file)).then_some(Self::Xades)
    }

    /// Reads and judges the file.
    pub(super) fn examine(
        self,
        context: &Context<'_>,
        file: &[u8],
        documents: &[DocumentSource],
        trust: &TrustStore,
    ) -> Result<VerifyResponse, Failure> {
        self.check_documents(context, documents)?;
        let mut presented = PresentedDocuments { context, documents };
        let read: Vec<Result<CheckedSignature, ReadError>> = match self {
            Self::Xades | Self::Jades => {
                let names: Vec<_> = documents.iter().map(name).collect();
                let mut presented = Presented {
                    names: &names,
                    contents: &mut presented,
                };
                vec![match self {
                    Self::Jades => jades::read(file, &mut presented),
                    _ => xades::read(file, &mut presented),
                }]
            }
            Self::Cades => {
                let beside = (!documents.is_empty()).then_some(&mut presented as &mut dyn Contents);
                let read = cades::read(file, beside);
                if let Ok(signature) = &read
                    && signature.packaging() == Packaging::Enveloping
                {
                    at_most(0, documents)?;
                }
                vec![read]
            }
            Self::Pades => match pades::read(file) {
                Ok(signatures) => signatures.into_iter().map(|one| one.outcome).collect(),
                Err(error) => vec![Err(error)],
            },
        };
        conclude(context, read, trust)
    }
}

/// Judges what was read with this workstation's trust, and tells it.
pub(super) fn conclude(
    context: &Context<'_>,
    read: Vec<Result<CheckedSignature, ReadError>>,
    trust: &TrustStore,
) -> Result<VerifyResponse, Failure> {
    let now = card_certificate::now();
    let mut reports = Vec::with_capacity(read.len());
    for outcome in read {
        reports.push(match outcome {
            Ok(checked) => context.agent.evidence.conclude(&checked, trust, now)?,
            Err(error) => refused(&error, now),
        });
    }
    Ok(response(reports, context.language))
}

impl FileFormat {
    /// Refuses documents that are not there, and more than this format's signature stands beside: none may go unlooked at.
    fn check_documents(
        self,
        context: &Context<'_>,
        documents: &[DocumentSource],
    ) -> Result<(), Failure> {
        let limit = context.agent.config.limits.document_bytes;
        for (document, position) in documents.iter().zip(1..) {
            Source::open(context, document, limit)
                .map_err(|failure| failure.about_document(position))?;
        }
        match self {
            Self::Xades | Self::Jades => Ok(()),
            Self::Cades => at_most(1, documents),
            Self::Pades => at_most(0, documents),
        }
    }
}

pub(super) fn at_most(most: usize, documents: &[DocumentSource]) -> Result<(), Failure> {
    if documents.len() <= most {
        return Ok(());
    }
    Err(Failure::new(ErrorCode::RequestInvalid).with_detail(
        format!("À côté d'une telle signature : {most} document(s) au plus."),
        format!("Beside such a signature: {most} document(s) at most."),
    ))
}

/// The documents beside the signature, each read when it is asked for.
struct PresentedDocuments<'a, 'c> {
    context: &'a Context<'c>,
    documents: &'a [DocumentSource],
}

impl Contents for PresentedDocuments<'_, '_> {
    fn read(&mut self, index: usize, piece: &mut dyn FnMut(&[u8])) -> Result<(), ContentsError> {
        let failed = |cause: &str| ContentsError {
            index,
            cause: cause.to_owned(),
        };
        let document = self.documents.get(index);
        let document = document.ok_or_else(|| failed("there is no such document"))?;
        let limit = self.context.agent.config.limits.document_bytes;
        Source::open(self.context, document, limit)
            .and_then(|source| {
                source.read_through(&mut Vec::new(), |bytes| {
                    piece(bytes);
                    Ok(())
                })
            })
            .map_err(|failure| failed(failure.code().name()))
    }
}

/// The name that a signature may know a document by.
fn name(document: &DocumentSource) -> Option<String> {
    match document {
        DocumentSource::Path(path) => {
            let name = std::path::Path::new(path).file_name()?;
            name.to_str().map(str::to_owned)
        }
        DocumentSource::Document(_) => None,
    }
}

fn response(reports: Vec<SignatureReport>, language: Language) -> VerifyResponse {
    let worst = reports.iter().map(|report| report.indication).max();
    let conclusion = Conclusion::from(worst.unwrap_or(Indication::Indeterminate));
    let mut reasons: Vec<String> = Vec::new();
    let mut explanation = Vec::new();
    for reason in reports.iter().flat_map(|report| &report.reasons) {
        reasons.push(reason.code.to_owned());
        explanation.push(explain(reason, language));
    }
    if reports.is_empty() {
        reasons.push("no-signature".to_owned());
        explanation.push(either(
            language,
            "Le fichier ne contient aucune signature.",
            "The file holds no signature.",
        ));
    }
    if conclusion == Conclusion::TotalPassed {
        explanation.push(either(
            language,
            "Tout ce qui est signé est intact, et chaque signataire est reconnu.",
            "All that is signed is intact, and every signer is trusted.",
        ));
    }
    // The whole answer names a signer only where there is one signature.
    let only = match reports.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    VerifyResponse {
        conclusion,
        reasons,
        explanation,
        profile: None,
        signer: only.and_then(|report| report.signer.clone()),
        structure: only.and_then(|report| report.structure.clone()),
        signing_time: only
            .and_then(|report| report.claimed_signing_time)
            .map(|time| time.0),
        submission_set: None,
        covered: Vec::new(),
        signatures: reports,
    }
}

/// The reasons' own words are English; what they mean for a reader stands here by main reason.
fn explain(reason: &Reason, language: Language) -> String {
    match language {
        Language::English => reason.explanation.clone(),
        Language::French => format!("{} ({})", french(reason.code), reason.explanation),
    }
}

fn french(code: &str) -> &'static str {
    match code {
        "authority-revoked" => "L'autorité qui a délivré le certificat est révoquée.",
        "certificate-expired" => {
            "Le certificat est expiré, et rien ne prouve que la signature soit antérieure."
        }
        "certificate-not-yet-valid" => "Le certificat n'est pas encore valable.",
        "certificate-revoked" => "Le certificat du signataire est révoqué.",
        "certificate-too-weak" | "key-too-weak" => "La clé ou l'algorithme est trop faible.",
        "certificate-use" => "Le certificat n'est pas prévu pour signer des documents.",
        "claimed-time-after-time-stamp" => "L'heure annoncée est postérieure à l'horodatage.",
        "claimed-time-in-the-future" => "La signature est datée du futur.",
        "container-content"
        | "container-limits"
        | "container-malformed"
        | "container-manifest"
        | "container-mimetype"
        | "container-name" => {
            "Le conteneur n'est pas un ASiC-E que tout logiciel lit de la même façon."
        }
        "document-changed" => "Un document a été modifié après la signature.",
        "document-missing" => "Un document signé n'a pas été présenté.",
        "document-unknown" => "Un document n'est pas couvert par cette signature.",
        "revocation-unknown" => "Le statut de révocation n'est pas connu.",
        "signature-wrong" => "La valeur de signature ne correspond pas à ce qui a été signé.",
        "test-certificate" => "Le certificat est un certificat de test.",
        "unknown-issuer" => "L'autorité du certificat n'est pas reconnue sur ce poste.",
        _ => "La signature ne tient pas ou ne peut pas être vérifiée.",
    }
}

fn either(language: Language, french: &str, english: &str) -> String {
    match language {
        Language::French => french.to_owned(),
        Language::English => english.to_owned(),
    }
}
