//! `paraphe lot sign`: a lot of files under one signature. What the agent made (the signature, CDA documents) is fetched
//! into the output directory piece by piece; what was signed as it was stays where it is.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, ValueEnum};
use paraphe_protocol::api::{
    DocumentDropRequest, DocumentGetRequest, DocumentSource, Language, LotDocumentRequest,
    LotPatient, LotProfile, LotSignRequest, Operation,
};
use serde_json::{Value, json};

use super::Ending;
use super::failure::Failure;
use super::new_file::{self, NewFile};
use super::output::{self, Lines, at, either, list, time};
use super::session::{Invocation, Session, invalid};

/// The signature's name in the output directory.
const SIGNATURE_FILE: &str = "signature.xml";
/// Longest title, characters (the API's limit).
const MAXIMUM_TITLE: usize = 128;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Profil de signature / signature profile
    #[arg(long, value_name = "dsg", default_value = "dsg")]
    profile: ProfileOption,
    /// INS du patient, 15 caractères / the patient's INS, 15 characters
    #[arg(long, value_name = "INS")]
    patient: String,
    /// Nom de naissance / birth name
    #[arg(long, value_name = "NOM/NAME")]
    birth_name: Option<String>,
    /// Prénoms de naissance / birth given names
    #[arg(long, value_name = "PRÉNOMS/NAMES")]
    given_names: Option<String>,
    /// Date de naissance / birth date
    #[arg(long, value_name = "AAAAMMJJ")]
    birth_date: Option<String>,
    /// Sexe / sex
    #[arg(long, value_name = "M|F")]
    sex: Option<String>,
    /// Code INSEE du lieu de naissance / INSEE code of the birth place
    #[arg(long, value_name = "CODE")]
    birth_place: Option<String>,
    /// Situation d'exercice de l'en-tête CDA / practice situation in the CDA header
    #[arg(long, value_name = "1-16")]
    practice_situation: Option<u8>,
    /// typeCode de tous les documents / typeCode of all documents
    #[arg(long, value_name = "CODE")]
    type_code: Option<String>,
    /// Enveloppe chaque document en CDA R2 niveau 1 / wraps each document as CDA R2 level 1
    #[arg(long)]
    cda: bool,
    /// Répertoire du résultat, créé au besoin / directory of the result, made where missing
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Les documents, dans l'ordre / the documents, in order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProfileOption {
    Dsg,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    arguments: Arguments,
) -> Result<Ending, Failure> {
    let directory = absolute(&arguments.output)?;
    fs::create_dir_all(&directory).map_err(|source| new_file::failed(&directory, source))?;
    let signature_path = directory.join(SIGNATURE_FILE);
    if signature_path.exists() {
        // Found before the PIN is asked for.
        return Err(new_file::failed(
            &signature_path,
            std::io::ErrorKind::AlreadyExists.into(),
        ));
    }
    let request = request(invocation, arguments)?;
    let mut answer = session.perform(Operation::LotSign, &request).await?;
    fetch(session, &mut answer["signature"], &signature_path).await?;
    let count = list(&answer, "/documents").len();
    for index in 0..count {
        let number = index.saturating_add(1);
        let document = &mut answer["documents"][index];
        let title = at(document, "/title");
        let path = directory.join(file_name(number, &title, &at(document, "/media_type")));
        fetch(session, &mut document["content"], &path).await?;
    }
    if invocation.options.json {
        output::json(&answer);
    } else {
        lines(&answer, invocation.language).print();
    }
    Ok(Ending::Done)
}

fn request(invocation: &Invocation, arguments: Arguments) -> Result<LotSignRequest, Failure> {
    let mut documents = Vec::new();
    for file in &arguments.files {
        documents.push(LotDocumentRequest {
            source: source(file, invocation.language)?,
            title: title(file),
            media_type: None,
            type_code: arguments.type_code.clone(),
        });
    }
    Ok(LotSignRequest {
        profile: match arguments.profile {
            ProfileOption::Dsg => LotProfile::Dsg,
        },
        patient: LotPatient {
            ins: arguments.patient,
            birth_name: arguments.birth_name,
            given_names: arguments.given_names,
            birth_date: arguments.birth_date,
            sex: arguments.sex,
            birth_place: arguments.birth_place,
        },
        documents,
        cda: arguments.cda,
        practice_situation: arguments.practice_situation,
        reader: invocation.options.reader.clone(),
        card: invocation.options.card.clone(),
    })
}

/// A file as the API names it: by its absolute path, which is text there.
pub(super) fn source(file: &Path, language: Language) -> Result<DocumentSource, Failure> {
    match absolute(file)?.into_os_string().into_string() {
        Ok(path) => Ok(DocumentSource::Path(path)),
        Err(_) => Err(invalid(
            language,
            "Le nom d'un fichier n'est pas en UTF-8.",
            "A file's name is not UTF-8.",
        )),
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|source| new_file::failed(path, source))
}

fn title(file: &Path) -> String {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    name.chars().take(MAXIMUM_TITLE).collect()
}

/// `001-ordonnance.xml`: letters, digits and hyphens only, whatever the title holds.
fn file_name(number: usize, title: &str, media_type: &str) -> String {
    let plain: String = title
        .chars()
        .map(|character| {
            if character.is_alphanumeric() {
                character
            } else {
                '-'
            }
        })
        .take(60)
        .collect();
    let extension = match media_type {
        "text/xml" | "application/xml" => "xml",
        "application/pdf" => "pdf",
        "text/plain" => "txt",
        "text/rtf" | "application/rtf" => "rtf",
        "image/jpeg" => "jpg",
        "image/tiff" => "tiff",
        _ => "bin",
    };
    format!("{number:03}-{plain}.{extension}")
}

/// Where `source` names a document that the agent holds: write it to `path`, let the agent forget it, name the path.
async fn fetch(session: &mut Session, source: &mut Value, path: &Path) -> Result<(), Failure> {
    let Some(document) = source["document"].as_str().map(str::to_owned) else {
        return Ok(());
    };
    let mut file = NewFile::begin(path)?;
    let mut offset = 0_u64;
    loop {
        let request = DocumentGetRequest {
            document: document.clone(),
            offset,
        };
        let piece = session.perform(Operation::DocumentGet, &request).await?;
        let bytes = STANDARD
            .decode(piece["content"].as_str().ok_or(Failure::Answer)?)
            .map_err(|_| Failure::Answer)?;
        file.write(&bytes)?;
        if piece["last"] == true {
            break;
        }
        let length = u64::try_from(bytes.len()).map_err(|_| Failure::Answer)?;
        if length == 0 {
            return Err(Failure::Answer);
        }
        offset = offset.checked_add(length).ok_or(Failure::Answer)?;
    }
    file.finish()?;
    session
        .perform(Operation::DocumentDrop, &DocumentDropRequest { document })
        .await?;
    *source = json!({ "path": path.to_string_lossy() });
    Ok(())
}

pub(super) fn lines(answer: &Value, language: Language) -> Lines {
    let say = |french, english| either(language, french, english);
    let mut lines = Lines::default();
    lines.row(say("Signature", "Signature"), at(answer, "/signature/path"));
    lines.row(
        say("Signataire", "Signer"),
        output::holder(&answer["signer"]),
    );
    lines.row(say("Carte", "Card"), at(answer, "/card"));
    lines.row(say("Date", "Date"), time(answer, "/signing_time"));
    lines.row(
        say("Lot (uniqueId)", "Lot (uniqueId)"),
        at(answer, "/submission_set"),
    );
    lines.row(
        say("Documents", "Documents"),
        list(answer, "/documents").len().to_string(),
    );
    for document in list(answer, "/documents") {
        let what = format!(
            "{}  {}",
            at(document, "/sha256"),
            at(document, "/content/path")
        );
        lines.indented(2, &at(document, "/unique_id"), what);
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{file_name, title};

    #[test]
    fn titles_never_choose_a_directory() {
        let name = file_name(7, "../../etc/passwd\n\u{202e}", "text/xml");
        assert_eq!(name, "007-------etc-passwd--.xml");
        assert_eq!(
            file_name(1, "Ordonnance été", "text/xml"),
            "001-Ordonnance-été.xml"
        );
        assert_eq!(title(Path::new("/a/b/ordonnance.pdf")), "ordonnance");
        assert_eq!(title(Path::new(&"x".repeat(300))).len(), 128);
    }
}
