//! `paraphe sign`: one signature in a format of the field, into a file that does not exist yet.

use std::path::{Path, PathBuf};

use clap::Args;
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::{
    ErrorCode, Language, Operation, Problem, SignDocumentRequest, SignRequest,
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

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Format de signature : xades, cades, pades, jades / signature format
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
    /// Fichier du résultat, qui n'existe pas encore / file for the result, not there yet
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Le document ; plusieurs pour une XAdES ou une JAdES détachée / the document; several for detached XAdES and JAdES
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
    let request = request(invocation, arguments)?;
    let mut answer = session.perform(Operation::Sign, &request).await?;
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
    Ok(Ending::Done)
}

fn request(invocation: &Invocation, arguments: &Arguments) -> Result<SignRequest, Failure> {
    let language = invocation.language;
    let mut documents = Vec::new();
    for file in &arguments.files {
        documents.push(SignDocumentRequest {
            source: source(file, language)?,
            name: name(file, language)?,
            media_type: arguments.media_type.clone(),
        });
    }
    Ok(SignRequest {
        format: arguments.format,
        packaging: arguments.packaging,
        level: arguments.level,
        algorithm: arguments.algorithm,
        documents,
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
