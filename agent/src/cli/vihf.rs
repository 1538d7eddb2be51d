//! `paraphe vihf`: a SAML assertion of the French record, to be handed over as it is, once.

use std::path::PathBuf;

use clap::Args;
use paraphe_protocol::api::{Operation, VihfRequest};
use paraphe_protocol::vihf::{PurposeOfUse, VihfMode};

use super::Ending;
use super::failure::Failure;
use super::handing_over::hand_over;
use super::output::{Lines, at, either, instant};
use super::session::{Invocation, Session};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Nom du serveur de dossiers dans la configuration / name of the record server in the configuration
    #[arg(long, value_name = "NOM/NAME")]
    server: String,
    /// Mode : DIRECTE, INDIRECTE ou INDIRECTE_RENFORCEE / mode, one of these
    #[arg(long, default_value = "DIRECTE", value_parser = mode)]
    mode: VihfMode,
    /// INS du patient, 15 caractères / the patient's INS, 15 characters
    #[arg(long, value_name = "INS")]
    patient: Option<String>,
    /// Accès : normal, bris_de_glace ou centre_15 / access, one of these
    #[arg(long, default_value = "normal", value_parser = purpose)]
    purpose: PurposeOfUse,
    /// Motif du bris de glace / reason of the break-glass
    #[arg(long, value_name = "TEXTE/TEXT")]
    reason: Option<String>,
    /// Numéro de la situation d'exercice, s'il y en a plusieurs / number of the practice situation, where there are several
    #[arg(long, value_name = "N")]
    situation: Option<u8>,
    /// Spécialité, si la carte en dit plusieurs / speciality, where the card states several
    #[arg(long, value_name = "CODE")]
    speciality: Option<String>,
    /// Nom du cachet de structure dans la configuration / name of the structure's seal in the configuration
    #[arg(long, value_name = "NOM/NAME")]
    structure: Option<String>,
    /// Fichier où écrire le jeton ; sinon il est affiché / file for the assertion; else it is printed
    #[arg(long, short, value_name = "PATH")]
    output: Option<PathBuf>,
}

fn mode(text: &str) -> Result<VihfMode, String> {
    VihfMode::from_name(text).ok_or_else(|| VihfMode::ALL.map(VihfMode::name).join(", "))
}

fn purpose(text: &str) -> Result<PurposeOfUse, String> {
    let codes = || PurposeOfUse::ALL.map(PurposeOfUse::code).join(", ");
    PurposeOfUse::from_code(text).ok_or_else(codes)
}

pub(super) async fn run(
    invocation: &Invocation,
    session: &mut Session,
    arguments: Arguments,
) -> Result<Ending, Failure> {
    let request = VihfRequest {
        mode: arguments.mode,
        server: Some(arguments.server.clone()),
        patient: arguments.patient,
        purpose: arguments.purpose,
        reason: arguments.reason,
        practice_situation: arguments.situation,
        speciality: arguments.speciality,
        structure: arguments.structure,
        reader: invocation.options.reader.clone(),
        card: invocation.options.card.clone(),
    };
    let answer = session.perform(Operation::Vihf, &request).await?;
    let assertion = format!("{}\n", at(&answer, "/assertion"));
    let Some(path) = hand_over(invocation, &answer, &assertion, arguments.output)? else {
        return Ok(Ending::Done);
    };
    let language = invocation.language;
    let mut lines = Lines::default();
    lines.row(either(language, "Carte", "Card"), at(&answer, "/card"));
    lines.row(either(language, "Pour", "For"), arguments.server);
    lines.row("Mode", at(&answer, "/mode"));
    lines.row(either(language, "Accès", "Access"), at(&answer, "/purpose"));
    lines.row("Structure", at(&answer, "/structure_id"));
    lines.row(
        either(language, "Valable jusqu'à", "Good until"),
        instant(answer["expires_at"].as_i64().unwrap_or_default()),
    );
    lines.row(
        either(language, "Jeton", "Assertion"),
        path.display().to_string(),
    );
    lines.print();
    Ok(Ending::Done)
}
