//! `paraphe verify`: a reasoned report; the exit status says whether all holds.

use std::path::PathBuf;

use clap::Args;
use paraphe_protocol::api::{Language, Operation, VerifyRequest};
use serde_json::Value;

use super::Ending;
use super::failure::Failure;
use super::lot_sign::source;
use super::output::{self, Lines, at, either, list, time};
use super::session::{Invocation, Session};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Le fichier de signature / the signature file
    signature: PathBuf,
    /// Les documents du lot, dans un ordre quelconque / the lot's documents, in any order
    documents: Vec<PathBuf>,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    arguments: &Arguments,
) -> Result<Ending, Failure> {
    let language = invocation.language;
    let mut documents = Vec::new();
    for document in &arguments.documents {
        documents.push(source(document, language)?);
    }
    let request = VerifyRequest {
        signature: source(&arguments.signature, language)?,
        documents,
    };
    let answer = session.perform(Operation::Verify, &request).await?;
    if invocation.options.json {
        output::json(&answer);
    } else {
        lines(&answer, language).print();
    }
    match at(&answer, "/conclusion").as_str() {
        "total-passed" => Ok(Ending::Done),
        _ => Ok(Ending::Refused),
    }
}

pub(super) fn lines(answer: &Value, language: Language) -> Lines {
    let say = |french, english| either(language, french, english);
    let mut lines = Lines::default();
    let conclusion = match at(answer, "/conclusion").as_str() {
        "total-passed" => say("valable", "valid"),
        "total-failed" => say("NON VALABLE", "NOT VALID"),
        _ => say("indéterminée", "undetermined"),
    };
    lines.row(say("Signature", "Signature"), conclusion);
    for explanation in list(answer, "/explanation") {
        lines.row(
            say("Explication", "Explanation"),
            explanation.as_str().unwrap_or_default(),
        );
    }
    lines.row("Codes", reasons(answer));
    lines.row(say("Signataire", "Signer"), output::signer(answer));
    lines.row(
        say("Date annoncée", "Claimed date"),
        time(answer, "/signing_time"),
    );
    lines.row(say("Profil", "Profile"), at(answer, "/profile"));
    lines.row(
        say("Lot (uniqueId)", "Lot (uniqueId)"),
        at(answer, "/submission_set"),
    );
    for document in list(answer, "/covered") {
        let matched = if document["matched"] == true {
            say("conforme", "matches")
        } else {
            say("ABSENT OU MODIFIÉ", "MISSING OR CHANGED")
        };
        lines.row(say("Document", "Document"), at(document, "/unique_id"));
        lines.indented(2, say("État", "State"), matched);
    }
    for signature in list(answer, "/signatures") {
        let kind = ["/format", "/packaging", "/level", "/algorithm"].map(|key| at(signature, key));
        let kind: Vec<_> = kind.into_iter().filter(|part| !part.is_empty()).collect();
        lines.row("Signature", kind.join(" · "));
        let subject = match output::signer(signature) {
            signer if signer.is_empty() => at(signature, "/subject"),
            signer => signer,
        };
        lines.indented(2, say("Signataire", "Signer"), subject);
        lines.indented(
            2,
            say("Date annoncée", "Claimed date"),
            time(signature, "/claimed_signing_time"),
        );
        lines.indented(
            2,
            say("Révocation", "Revocation"),
            at(signature, "/revocation"),
        );
        for stamp in list(signature, "/time_stamps") {
            lines.indented(2, say("Horodatage", "Time stamp"), time(stamp, "/time"));
        }
        for covered in list(signature, "/covered") {
            lines.indented(2, say("Signé", "Signed"), at(covered, "/name"));
        }
    }
    lines
}

fn reasons(answer: &Value) -> String {
    let reasons: Vec<&str> = list(answer, "/reasons")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    reasons.join(", ")
}
