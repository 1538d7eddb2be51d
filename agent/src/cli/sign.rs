//! `paraphe sign`: one signature in a format of the field, into a file that does not exist yet.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use clap::Args;
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::{
    DocumentDropRequest, DocumentSource, ErrorCode, Language, MarkRequest, Operation, Problem,
    SignDocumentRequest, SignRequest,
};
use paraphe_protocol::signature::{Level, Packaging, SignatureFormat};
use serde_json::{Value, json};

use super::Ending;
use super::failure::Failure;
use super::fetched_document;
use super::lot_sign::source;
use super::new_file::NewFile;
use super::output::{self, Lines, at, either, list, time};
use super::session::{Invocation, Session, invalid};
use super::{show, viewer};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Format de signature : xades, cades, pades, jades, asic-e / signature format
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    format: SignatureFormat,
    /// enveloped, enveloping, detached ; absent : la plus courante du format / the format's usual one
    #[arg(long, value_name = "PACKAGING", value_parser = packaging)]
    packaging: Option<Packaging>,
    /// Niveau à atteindre : B, T, LT, LTA / level to reach
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    level: Option<Level>,
    /// Algorithme, comme RS256 ou PS256 ; absent : le premier que la carte connaît / algorithm; absent: the card's first
    #[arg(long, value_name = "NAME")]
    algorithm: Option<SignatureAlgorithm>,
    /// Type du document ; absent : d'après son contenu / the document's type; absent: found from its content
    #[arg(long, value_name = "TYPE")]
    media_type: Option<String>,
    /// Montre d'abord ce qui sera signé, et signe cela même / shows what will be signed first, and signs just that
    #[arg(long)]
    show: bool,
    /// Marque visible d'un PDF, en points depuis le bas à gauche / visible mark of a PDF, in points from the bottom left
    #[arg(long, value_name = "PAGE:LEFT,BOTTOM,WIDTH,HEIGHT", value_parser = mark_place)]
    mark: Option<MarkRequest>,
    /// Ligne de la marque ; absent : le signataire et la date / line of the mark; absent: signer and date
    #[arg(long, value_name = "TEXT", requires = "mark")]
    mark_line: Vec<String>,
    /// Mandat sous lequel signer, sans saisie / mandate to sign under, without entry
    #[arg(long, value_name = "MANDATE")]
    mandate: Option<String>,
    /// Fichier du résultat, qui n'existe pas encore / file for the result, not there yet
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Le document ; plusieurs pour une XAdES ou JAdES détachée ou un ASiC-E / the document; several for detached XAdES and JAdES, and ASiC-E
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

fn format(name: &str) -> Result<SignatureFormat, String> {
    named(name, &SignatureFormat::ALL, |format| format.name())
}

fn packaging(name: &str) -> Result<Packaging, String> {
    use Packaging::{Detached, Enveloped, Enveloping};
    let all = [Enveloped, Enveloping, Detached];
    named(name, &all, |packaging| packaging.name())
}

fn level(name: &str) -> Result<Level, String> {
    named(&name.to_ascii_uppercase(), &Level::ALL, |level| {
        level.name()
    })
}

fn mark_place(text: &str) -> Result<MarkRequest, String> {
    let form = || "PAGE:LEFT,BOTTOM,WIDTH,HEIGHT, as 1:50,50,200,60".to_owned();
    let (page, place) = text.split_once(':').ok_or_else(form)?;
    let numbers: Result<Vec<u16>, _> = place.split(',').map(str::parse).collect();
    match (page.parse(), numbers.as_deref()) {
        (Ok(page), Ok([left, bottom, width, height])) => Ok(MarkRequest {
            page,
            left: *left,
            bottom: *bottom,
            width: *width,
            height: *height,
            lines: Vec::new(),
        }),
        _ => Err(form()),
    }
}

fn mark(arguments: &Arguments) -> Option<MarkRequest> {
    let place = arguments.mark.as_ref()?;
    Some(MarkRequest {
        lines: arguments.mark_line.clone(),
        ..place.clone()
    })
}

fn named<T: Copy>(name: &str, all: &[T], name_of: impl Fn(T) -> &'static str) -> Result<T, String> {
    let found = all.iter().copied().find(|one| name_of(*one) == name);
    found.ok_or_else(|| {
        let names: Vec<_> = all.iter().map(|one| name_of(*one)).collect();
        names.join(", ")
    })
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    arguments: &Arguments,
) -> Result<Ending, Failure> {
    // Begun before the PIN is asked for.
    let mut file = NewFile::begin(&arguments.output)?;
    let path = std::path::absolute(&arguments.output)
        .map_err(|source| super::new_file::failed(&arguments.output, source))?;
    let snapshots = match arguments.show {
        true => show(invocation, session, arguments).await?,
        false => Vec::new(),
    };
    let request = request(invocation, arguments, &snapshots)?;
    let mut answer = session.perform(Operation::Sign, &request).await?;
    for snapshot in &snapshots {
        let document = at(snapshot, "/document");
        let dropped = DocumentDropRequest { document };
        session.perform(Operation::DocumentDrop, &dropped).await?;
    }
    let document = answer["signature"]["document"].as_str();
    let document = document.ok_or(Failure::Answer)?.to_owned();
    fetched_document::fetch(session, document, |bytes| file.write(bytes)).await?;
    file.finish()?;
    answer["signature"] = json!({ "path": path.to_string_lossy() });
    if invocation.options.json {
        output::json(&answer);
    } else {
        lines(&answer, invocation.language).print();
    }
    if answer["level_problem"].is_null() {
        Ok(Ending::Done)
    } else {
        // The file is there, and is not what was asked for.
        if !invocation.options.json {
            let problem = serde_json::from_value(answer["level_problem"].take());
            let problem = problem.map_err(|_| Failure::Answer)?;
            output::problem(&problem, invocation.language, false);
        }
        Ok(Ending::Refused)
    }
}

/// Shows every document, and asks for a yes where a person sits at the terminal; elsewhere the PIN is it.
async fn show(
    invocation: &Invocation,
    session: &mut Session,
    arguments: &Arguments,
) -> Result<Vec<Value>, Failure> {
    let language = invocation.language;
    let mut snapshots = Vec::new();
    for file in &arguments.files {
        let media_type = arguments.media_type.clone();
        let snapshot = show::snapshot(invocation, session, file, media_type).await?;
        show::show(invocation, session, file, &snapshot).await?;
        snapshots.push(snapshot);
    }
    let question = either(
        language,
        "Signer ce qui vient d'être montré ? [o/N]",
        "Sign what was just shown? [y/N]",
    );
    if std::io::stdin().is_terminal()
        && !matches!(viewer::answer(question).as_str(), "o" | "oui" | "y" | "yes")
    {
        let problem = Problem::new(ErrorCode::OperationCancelled, language);
        return Err(Failure::Problem(Box::new(problem)));
    }
    Ok(snapshots)
}

fn request(
    invocation: &Invocation,
    arguments: &Arguments,
    snapshots: &[Value],
) -> Result<SignRequest, Failure> {
    let language = invocation.language;
    let mut documents = Vec::new();
    for (index, file) in arguments.files.iter().enumerate() {
        let snapshot = snapshots.get(index);
        let sha256 = snapshot.map(|snapshot| at(snapshot, "/sha256").parse());
        documents.push(SignDocumentRequest {
            // What was shown, and not what the file is by now.
            source: match snapshot {
                Some(snapshot) => DocumentSource::Document(at(snapshot, "/document")),
                None => source(file, language)?,
            },
            name: name(file, language)?,
            media_type: arguments.media_type.clone(),
            sha256: sha256.transpose().map_err(|_| Failure::Answer)?,
        });
    }
    Ok(SignRequest {
        format: arguments.format,
        packaging: arguments.packaging,
        level: arguments.level,
        algorithm: arguments.algorithm,
        documents,
        mark: mark(arguments),
        mandate: arguments.mandate.clone(),
        reader: invocation.options.reader.clone(),
        card: invocation.options.card.clone(),
    })
}

fn name(file: &Path, language: Language) -> Result<String, Failure> {
    match file.file_name() {
        None => Err(Failure::Problem(Box::new(Problem::new(
            ErrorCode::DocumentMissing,
            language,
        )))),
        Some(name) => name.to_str().map(str::to_owned).ok_or_else(|| {
            invalid(
                language,
                "Le nom d'un fichier n'est pas en UTF-8.",
                "A file's name is not UTF-8.",
            )
        }),
    }
}

pub(super) fn lines(answer: &Value, language: Language) -> Lines {
    let say = |french, english| either(language, french, english);
    let mut lines = Lines::default();
    lines.row(say("Signature", "Signature"), at(answer, "/signature/path"));
    let kind = ["/format", "/packaging", "/level", "/algorithm"].map(|key| at(answer, key));
    lines.row(say("Format", "Format"), kind.join(" · "));
    lines.row(say("Signataire", "Signer"), output::signer(answer));
    lines.row(say("Carte", "Card"), at(answer, "/card"));
    lines.row(say("Date", "Date"), time(answer, "/signing_time"));
    for document in list(answer, "/documents") {
        lines.row(say("Document", "Document"), at(document, "/name"));
    }
    lines
}
