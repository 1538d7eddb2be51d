//! `paraphe audit list | verify | export`: the journal of what was done with a card.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use paraphe_protocol::api::{
    AuditExportRequest, AuditHead, AuditListRequest, AuditVerifyRequest, Language, Operation,
};
use serde_json::Value;

use super::Ending;
use super::failure::Failure;
use super::fetched_document::fetch;
use super::new_file::NewFile;
use super::output::{self, Lines, at, either, list, time};
use super::session::{Invocation, Session, invalid};

#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Les dernières inscriptions / the latest entries
    List(ListArguments),
    /// Vérifie que rien n'a été changé ni retiré / checks that nothing was changed or taken out
    Verify(VerifyArguments),
    /// Copie le journal dans un fichier / copies the journal to a file
    Export(ExportArguments),
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Seulement avant cette inscription / only before this entry
    #[arg(long, value_name = "N")]
    before: Option<u64>,
    /// Combien, 200 au plus / how many, 200 at most
    #[arg(long, value_name = "N")]
    limit: Option<u16>,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// Fin du journal notée plus tôt, numéro et empreinte / end of the journal that was noted earlier, number and digest
    #[arg(long, value_name = "N:SHA256")]
    noted: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// Le fichier à faire / the file to make
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Depuis ce moment, en secondes depuis 1970 / from this time on, seconds since 1970
    #[arg(long, value_name = "SECONDS")]
    from: Option<i64>,
    /// Jusqu'à ce moment, exclu / before this time
    #[arg(long, value_name = "SECONDS")]
    to: Option<i64>,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    command: AuditCommand,
) -> Result<Ending, Failure> {
    let language = invocation.language;
    let (answer, ending) = match command {
        AuditCommand::List(ListArguments { before, limit }) => {
            let request = AuditListRequest { before, limit };
            let answer = session.perform(Operation::AuditList, &request).await?;
            (answer, Ending::Done)
        }
        AuditCommand::Verify(arguments) => {
            let noted = arguments
                .noted
                .map(|text| head(&text, language))
                .transpose()?;
            let request = AuditVerifyRequest { noted };
            let answer = session.perform(Operation::AuditVerify, &request).await?;
            let ending = if answer["intact"] == true {
                Ending::Done
            } else {
                Ending::Refused
            };
            (answer, ending)
        }
        AuditCommand::Export(arguments) => {
            let mut file = NewFile::begin(&arguments.output)?;
            let (from, to) = (arguments.from, arguments.to);
            let request = AuditExportRequest { from, to };
            let answer = session.perform(Operation::AuditExport, &request).await?;
            let document = answer["document"]
                .as_str()
                .ok_or(Failure::Answer)?
                .to_owned();
            fetch(session, document, |bytes| file.write(bytes)).await?;
            file.finish()?;
            (answer, Ending::Done)
        }
    };
    if invocation.options.json {
        output::json(&answer);
    } else {
        lines(&answer, language).print();
    }
    Ok(ending)
}

fn head(text: &str, language: Language) -> Result<AuditHead, Failure> {
    let read = || {
        let (sequence, sha256) = text.split_once(':')?;
        Some(AuditHead {
            sequence: sequence.parse().ok()?,
            sha256: sha256.parse().ok()?,
        })
    };
    read().ok_or_else(|| {
        invalid(
            language,
            "--noted : numéro:empreinte, comme `paraphe audit verify` l'affiche.",
            "--noted: number:digest, as `paraphe audit verify` prints it.",
        )
    })
}

fn lines(answer: &Value, language: Language) -> Lines {
    let say = |french, english| either(language, french, english);
    let mut lines = Lines::default();
    for entry in list(answer, "/entries") {
        let label = format!("{}  {}", at(entry, "/sequence"), time(entry, "/at"));
        lines.row(&label, sentence(entry, language));
    }
    if let Some(intact) = answer["intact"].as_bool() {
        lines.row(
            say("Journal", "Journal"),
            if intact {
                say("intact", "intact")
            } else {
                say("ALTÉRÉ", "CHANGED")
            },
        );
        lines.row(say("Défaut", "Fault"), at(answer, "/fault"));
    }
    lines.row(say("Inscriptions", "Entries"), at(answer, "/entries"));
    if answer["head"].is_object() {
        let head = format!(
            "{}:{}",
            at(answer, "/head/sequence"),
            at(answer, "/head/sha256")
        );
        lines.row(say("Fin à noter", "End to note"), head);
    }
    lines
}

/// `login: done; https://dossier.example.fr; card 99000001`.
fn sentence(entry: &Value, language: Language) -> String {
    let say = |french, english| either(language, french, english);
    let outcome = match entry["outcome"].as_str() {
        Some("begun") => say("commencé", "begun"),
        Some("done") => say("fait", "done"),
        _ => say("refusé", "refused"),
    };
    let caller = match entry["caller"]["site"].as_str() {
        Some(origin) => origin.to_owned(),
        None => say("vous", "you").to_owned(),
    };
    let mut parts = vec![format!("{}: {outcome}", at(entry, "/operation")), caller];
    let about = &entry["about"];
    for (label, pointer) in [
        (say("carte", "card"), "/card"),
        (say("serveur", "server"), "/server"),
        ("", "/format"),
        ("", "/purpose"),
        (say("motif", "reason"), "/reason"),
        (say("pour", "for"), "/origin"),
        (say("fin", "end"), "/ended"),
        (say("nombre", "count"), "/count"),
    ] {
        let value = at(about, pointer);
        if !value.is_empty() {
            parts.push(format!("{label} {value}").trim().to_owned());
        }
    }
    parts.push(at(entry, "/code"));
    parts.retain(|part| !part.is_empty());
    parts.join("; ")
}
