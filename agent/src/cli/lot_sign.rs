//! `paraphe lot sign`: a lot of files under one signature, into a directory that holds everything: the documents as they were
//! signed, the signature, and the answer ([`LotDirectory`]).

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use paraphe_protocol::api::{
    DocumentSource, ErrorCode, Language, LotDocumentRequest, LotPatient, LotProfile,
    LotSignRequest, Operation, Problem,
};
use serde_json::Value;

use super::Ending;
use super::failure::{Failure, about_file};
use super::lot_directory::LotDirectory;
use super::new_file;
use super::output::{self, Lines, at, either, list, time};
use super::session::{Invocation, Session, invalid, value};

/// Longest title, characters (the API's limit).
const MAXIMUM_TITLE: usize = 128;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Profil de signature / signature profile
    #[arg(long, value_name = "dsg|dmp-legacy", default_value = "dsg")]
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
    /// Mandat sous lequel signer, sans saisie / mandate to sign under, without entry
    #[arg(long, value_name = "MANDATE")]
    mandate: Option<String>,
    /// Répertoire du résultat, absent ou vide / directory of the result, absent or empty
    #[arg(long, short, value_name = "DIR")]
    output: PathBuf,
    /// Les documents, dans l'ordre / the documents, in order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProfileOption {
    Dsg,
    DmpLegacy,
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    arguments: Arguments,
) -> Result<Ending, Failure> {
    let wanted = absolute(&arguments.output)?;
    let request = request(invocation, arguments)?;
    let answer = match session {
        // In this process the documents go straight to their place.
        Session::Here(agent, language) => {
            let body = serde_json::to_vec(&request).map_err(|_| Failure::Answer)?;
            let answer = agent
                .sign_lot_into(&body, &wanted, *language)
                .await
                .map_err(|problem| Failure::Problem(Box::new(problem)))?;
            value(&answer)?
        }
        Session::Running(..) => {
            // Begun before the PIN is asked for.
            let directory = LotDirectory::begin(&wanted)?;
            let answer = session.perform(Operation::LotSign, &request).await?;
            directory.fill(session, answer).await?
        }
    };
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
            sha256: None,
            source: source(file, invocation.language)?,
            title: title(file),
            media_type: None,
            type_code: arguments.type_code.clone(),
        });
    }
    Ok(LotSignRequest {
        profile: match arguments.profile {
            ProfileOption::Dsg => LotProfile::Dsg,
            ProfileOption::DmpLegacy => LotProfile::DmpLegacy,
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
        mandate: arguments.mandate,
        reader: invocation.options.reader.clone(),
        card: invocation.options.card.clone(),
    })
}

/// A file as the API names it: by its absolute path, which is text there.
/// A file for the agent to read. One that cannot be read is told here, by the name that the person typed.
pub(super) fn source(file: &Path, language: Language) -> Result<DocumentSource, Failure> {
    if let Err(error) = rustix::fs::access(file, rustix::fs::Access::READ_OK) {
        let detail = about_file(file, &error.into(), language);
        let problem = Problem::new(ErrorCode::DocumentMissing, language).with_detail(detail);
        return Err(Failure::Problem(Box::new(problem)));
    }
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

pub(super) fn lines(answer: &Value, language: Language) -> Lines {
    let say = |french, english| either(language, french, english);
    let mut lines = Lines::default();
    lines.row(say("Signature", "Signature"), at(answer, "/signature/path"));
    lines.row(say("Signataire", "Signer"), output::signer(answer));
    lines.row(say("Carte", "Card"), at(answer, "/card"));
    lines.row(say("Date", "Date"), time(answer, "/signing_time"));
    lines.row(
        say("Lot (uniqueId)", "Lot (uniqueId)"),
        at(answer, "/submission_set"),
    );
    for (index, document) in list(answer, "/documents").iter().enumerate() {
        let label = format!("Document {}", index.saturating_add(1));
        lines.row(&label, at(document, "/content/path"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::title;

    #[test]
    fn a_title_is_the_files_name_and_not_too_long() {
        assert_eq!(title(Path::new("/a/b/ordonnance.pdf")), "ordonnance");
        assert_eq!(title(Path::new(&"é".repeat(300))).chars().count(), 128);
    }
}
