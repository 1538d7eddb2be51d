//! `paraphe approve`: an approval of exactly the documents that a record server asked about, to be handed over as it is. The
//! server's request is a file, as the server answered it; what a structure's software chose itself is given beside it.

use std::path::PathBuf;

use clap::Args;
use paraphe_protocol::api::{ApproveDocumentRequest, ApproveRequest, Operation};
use paraphe_protocol::approval::ApprovalPurpose;
use paraphe_protocol::digest::Sha256Digest;
use paraphe_protocol::identifiers::Oid;
use serde::Deserialize;

use super::Ending;
use super::failure::Failure;
use super::handing_over::hand_over;
use super::lot_sign::source;
use super::new_file;
use super::output::{Lines, at, either};
use super::session::{Invocation, Session, invalid};

/// Most bytes of a record server's request.
const MAXIMUM_REQUEST: u64 = 16 << 20;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// La demande du serveur, telle qu'il l'a donnée (JSON) / the server's request, as it gave it (JSON)
    #[arg(long, value_name = "FILE")]
    request: PathBuf,
    /// Nom du serveur de dossiers dans la configuration / name of the record server in the configuration
    #[arg(long, value_name = "NOM/NAME")]
    server: String,
    /// INS du patient, 15 caractères / the patient's INS, 15 characters
    #[arg(long, value_name = "INS")]
    patient: String,
    /// Structure qui signera, si la demande ne la nomme pas / structure that will sign, where the request does not name it
    #[arg(long, value_name = "ID")]
    signer: Option<String>,
    /// uniqueId du lot, si la demande ne le donne pas / uniqueId of the lot, where the request does not give it
    #[arg(long, value_name = "OID")]
    submission_set: Option<Oid>,
    /// Fichier où écrire la validation ; sinon elle est affichée / file for the approval; else it is printed
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Les documents, dans l'ordre de la demande / the documents, in the request's order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

/// What is needed of a record server's request; what else it says is not read.
#[derive(Debug, Deserialize)]
struct ServerRequest {
    purpose: ApprovalPurpose,
    nonce: String,
    #[serde(default)]
    signer: Option<String>,
    #[serde(default)]
    submission_set: Option<Oid>,
    documents: Vec<ServerDocument>,
}

#[derive(Debug, Deserialize)]
struct ServerDocument {
    unique_id: Oid,
    title: String,
    media_type: Option<String>,
    sha256: Sha256Digest,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    arguments: Arguments,
) -> Result<Ending, Failure> {
    let request = request(invocation, &arguments)?;
    let answer = session.perform(Operation::Approve, &request).await?;
    let approval = format!("{}\n", answer["approval"]);
    let Some(path) = hand_over(invocation, &answer, &approval, arguments.output)? else {
        return Ok(Ending::Done);
    };
    let language = invocation.language;
    let mut lines = Lines::default();
    lines.row(either(language, "Carte", "Card"), at(&answer, "/card"));
    lines.row(either(language, "Pour", "For"), arguments.server);
    lines.row("Documents", at(&answer, "/documents"));
    lines.row(
        either(language, "Validation", "Approval"),
        path.display().to_string(),
    );
    lines.print();
    Ok(Ending::Done)
}

fn request(invocation: &Invocation, arguments: &Arguments) -> Result<ApproveRequest, Failure> {
    let language = invocation.language;
    let asked = read(invocation, arguments)?;
    if asked.documents.len() != arguments.files.len() {
        return Err(invalid(
            language,
            "La demande ne porte pas sur ce nombre de documents.",
            "The request is not about this number of documents.",
        ));
    }
    let mut documents = Vec::with_capacity(asked.documents.len());
    for (document, file) in asked.documents.into_iter().zip(&arguments.files) {
        documents.push(ApproveDocumentRequest {
            source: source(file, language)?,
            unique_id: document.unique_id,
            title: document.title,
            sha256: document.sha256,
            media_type: document.media_type,
        });
    }
    let missing = || {
        invalid(
            language,
            "Ni la demande ni la commande ne disent qui signera et quel lot (--signer, --submission-set).",
            "Neither the request nor the command says who will sign and which lot (--signer, --submission-set).",
        )
    };
    let signer = asked.signer.or_else(|| arguments.signer.clone());
    let submission_set = asked
        .submission_set
        .or_else(|| arguments.submission_set.clone());
    Ok(ApproveRequest {
        purpose: asked.purpose,
        nonce: asked.nonce,
        server: Some(arguments.server.clone()),
        signer: signer.ok_or_else(missing)?,
        submission_set: submission_set.ok_or_else(missing)?,
        patient: arguments.patient.clone(),
        documents,
        reader: invocation.options.reader.clone(),
        card: invocation.options.card.clone(),
    })
}

fn read(invocation: &Invocation, arguments: &Arguments) -> Result<ServerRequest, Failure> {
    let path = &arguments.request;
    let failed = |source| new_file::failed(path, source);
    if std::fs::metadata(path).map_err(failed)?.len() > MAXIMUM_REQUEST {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    let text = std::fs::read(path).map_err(failed)?;
    serde_json::from_slice(&text).map_err(|_| {
        invalid(
            invocation.language,
            "Le fichier n'est pas une demande de validation du serveur de dossiers.",
            "The file is not a record server's request for an approval.",
        )
    })
}
