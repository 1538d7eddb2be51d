//! `verify`: a reasoned report on a signature and its documents, with the trust of this workstation's configuration: a lot's, or
//! one in a format of the field ([`signature_file`]).
//! Documents are matched by content and never wholly in memory. A file that cannot be verified is a report too, not an
//! error: errors are documents that cannot be read and a configuration that cannot be used.

mod container;
mod signature_file;

use paraphe_protocol::api::{
    Conclusion, CoveredDocument, DocumentSource, ErrorCode, Language, VerifyRequest, VerifyResponse,
};
use paraphe_protocol::asic::{self, RandomAccess as _};
use paraphe_protocol::digest::{Sha256Digest, Sha256Hasher};
use paraphe_protocol::lot::legacy::{DmpLegacy, LegacyDigests, LegacyHasher, LegacyPresented};
use paraphe_protocol::lot::{
    DocumentOutcome, ExaminedLot, LotLimits, LotReason, LotReport, PresentedDocuments,
};

use super::document_source::Source;
use super::hashing::read_in_parallel;
use super::reading::Reading;
use super::{Context, card_certificate};
use crate::problem::Failure;
use signature_file::FileFormat;

/// Largest container, bytes: what its headers can say.
const MAXIMUM_CONTAINER_BYTES: u64 = 4 << 30;
/// Largest signature file, bytes: 10,000 references of some 300 bytes and certificates, or a document with its signature inside.
const MAXIMUM_SIGNATURE_BYTES: u64 = 96 << 20;

pub(super) fn perform(
    context: &Context<'_>,
    request: &VerifyRequest,
) -> Result<VerifyResponse, Failure> {
    let limits = context.agent.config.limits;
    let lot_limits = LotLimits {
        max_documents: usize::try_from(limits.lot_documents).unwrap_or(usize::MAX),
    };
    if request.documents.len() > lot_limits.max_documents {
        return Err(ErrorCode::LotTooManyDocuments.into());
    }
    let trust = context.agent.trust.load()?;
    let named = |failure: Failure| failure.about("Fichier de signature.", "Signature file.");
    let source = Source::open(context, &request.signature, MAXIMUM_CONTAINER_BYTES);
    let source = source.map_err(named)?;
    let mut beginning = [0; 4];
    if source.read_exact_at(&mut beginning, 0).is_ok() && asic::is_container(&beginning) {
        return container::examine(context, &source, &request.documents, &trust);
    }
    let signature = read_signature(source).map_err(named)?;
    if let Some(format) = FileFormat::of(&signature) {
        return format.examine(context, &signature, &request.documents, &trust);
    }
    let legacy = DmpLegacy::where_enabled(context.agent.config.signatures.dmp_legacy);
    let now = card_certificate::now();
    let examine = || {
        Ok(ExaminedLot::examine(
            &signature,
            legacy,
            &trust,
            now,
            &lot_limits,
        ))
    };
    let open = |source: &DocumentSource| {
        let source = Source::open(context, source, limits.document_bytes)?;
        Ok((source, Digests::begin(legacy)))
    };
    let close = |_: &DocumentSource, digests: Digests| Ok(digests.finish());
    let (lot, digests) = read_in_parallel(examine, &request.documents, open, close)?;
    let (digests, legacy_digests): (Vec<_>, Vec<_>) = digests.into_iter().unzip();
    let legacy_digests: Vec<_> = legacy_digests.into_iter().flatten().collect();
    let has_documents = !digests.is_empty();
    let report = lot.compare(
        has_documents.then_some(PresentedDocuments::ByContent(&digests)),
        has_documents.then_some(LegacyPresented::ByContent(&legacy_digests)),
    );
    Ok(response(report, context.language))
}

/// The digests of a document by which a lot knows it.
struct Digests {
    sha256: Sha256Hasher,
    /// Where lots of the old profile are accepted.
    legacy: Option<LegacyHasher>,
}

impl Digests {
    fn begin(legacy: Option<DmpLegacy>) -> Self {
        Self {
            sha256: Sha256Hasher::new(),
            legacy: legacy.map(LegacyHasher::new),
        }
    }

    fn finish(self) -> (Sha256Digest, Option<LegacyDigests>) {
        (self.sha256.finish(), self.legacy.map(LegacyHasher::finish))
    }

    fn take_legacy(&mut self, piece: &[u8]) {
        if let Some(hasher) = &mut self.legacy {
            hasher.update(piece);
        }
    }
}

impl Reading for Digests {
    fn take(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.sha256.update(piece);
        self.take_legacy(piece);
        Ok(())
    }

    fn take_both(
        first: &mut Self,
        first_piece: &[u8],
        second: &mut Self,
        second_piece: &[u8],
    ) -> [Result<(), Failure>; 2] {
        Sha256Hasher::update_both(
            &mut first.sha256,
            first_piece,
            &mut second.sha256,
            second_piece,
        );
        first.take_legacy(first_piece);
        second.take_legacy(second_piece);
        [Ok(()), Ok(())]
    }
}

fn read_signature(source: Source) -> Result<Vec<u8>, Failure> {
    let source = source.of_at_most(MAXIMUM_SIGNATURE_BYTES)?;
    let mut content = Vec::new();
    source.read_through(&mut Vec::new(), |piece| {
        content.extend_from_slice(piece);
        Ok(())
    })?;
    Ok(content)
}

fn response(report: LotReport, language: Language) -> VerifyResponse {
    let conclusion = Conclusion::from(report.indication);
    let mut explanation: Vec<_> = report
        .reasons
        .iter()
        .map(|reason| explain(reason, language))
        .collect();
    if conclusion == Conclusion::TotalPassed {
        explanation.push(match language {
            Language::French => {
                "La signature est valable et couvre exactement les documents présentés.".to_owned()
            }
            Language::English => {
                "The signature holds and covers exactly the documents presented.".to_owned()
            }
        });
    }
    VerifyResponse {
        conclusion,
        reasons: report
            .reasons
            .iter()
            .map(|reason| reason.code.to_owned())
            .collect(),
        explanation,
        profile: Some(report.profile.to_owned()),
        signer: report.signer,
        structure: report.structure,
        signing_time: report.signing_time.map(|time| time.0),
        submission_set: report
            .submission_set_id
            .map(|unique_id| unique_id.as_str().to_owned()),
        covered: report
            .documents
            .into_iter()
            .map(|document| CoveredDocument {
                unique_id: document.unique_id.as_str().to_owned(),
                sha256: document.sha256.as_ref().map(Sha256Digest::to_string),
                sha1: document.sha1,
                matched: document.outcome == DocumentOutcome::Intact,
            })
            .collect(),
        signatures: Vec::new(),
    }
}

/// The protocol explains in English; the French sentences stand here, by stable code.
fn explain(reason: &LotReason, language: Language) -> String {
    let french = match reason.code {
        "xml-refused" => "Le fichier n'est pas un XML accepté.",
        "structure" => "Le fichier n'est pas une signature de lot d'un profil connu.",
        "unexpected-content" => {
            "Une partie signée contient autre chose que ce que le profil prévoit."
        }
        "weak-algorithm" => "La signature emploie un algorithme trop faible.",
        "unknown-algorithm" => "La signature emploie un algorithme que le profil ne connaît pas.",
        "signed-part-altered" => "Une partie signée a été modifiée après la signature.",
        "too-many-documents" => "Le lot a plus de documents que la limite.",
        "no-document" => "Le lot n'a aucun document.",
        "duplicate-reference" => "Le même identifiant figure deux fois dans le lot.",
        "submission-set-mismatch" => "Le lot de soumission n'est pas celui attendu.",
        "patient-mismatch" => "Le lot a été signé pour un autre patient.",
        "certificate-unreadable" => "Un certificat de la signature est illisible.",
        "certificate-mismatch" => {
            "Le certificat joint n'est pas celui que le signataire a désigné."
        }
        "key-refused" => "La clé du signataire est refusée.",
        "signature-wrong" => "La valeur de signature ne correspond pas à ce qui a été signé.",
        "certificate-refused" => "Le certificat du signataire est refusé.",
        "signed-in-the-future" => "La signature est datée du futur.",
        "signed-outside-validity" => {
            "La signature est datée hors de la validité du certificat du signataire."
        }
        "documents-not-presented" => "Aucun document présenté : seule la signature a été vérifiée.",
        "document-changed" => "Un document a été modifié après la signature.",
        "document-missing" => "Un document du lot manque.",
        "document-unknown" => "Un document présenté n'appartient pas à ce lot, ou a été modifié.",
        "document-repeated" => "Un document a été présenté deux fois.",
        _ => return reason.explanation.clone(),
    };
    match language {
        // The English words add positions and identifiers.
        Language::French => format!("{french} ({})", reason.explanation),
        Language::English => reason.explanation.clone(),
    }
}
