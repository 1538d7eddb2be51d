//! The command line: one file per command. A command's words are the operation's name (`card/read` is `paraphe card read`);
//! `--json` prints exactly the API's answer. Work is done by the running agent, through its Unix socket, or in this very
//! process where none runs or where the PIN is handed over for unattended work.
//!
//! Exit status: 0 done, 1 refused or failed (a problem with its code was printed), 2 wrong usage, 3 the person said no.
//! No option, argument or variable ever takes a PIN.

mod approve;
mod audit;
mod batch;
mod batch_progress;
mod card_read;
#[cfg(feature = "softcard")]
mod demo;
mod dispatch;
mod doctor;
mod events;
mod failure;
mod fetched_document;
mod grant;
mod handing_over;
mod login;
mod lot_directory;
mod lot_sign;
mod mandate;
mod new_file;
mod open;
mod openapi;
mod options;
mod output;
mod pairing;
mod pin;
mod pin_entry;
mod request;
mod serve;
mod session;
mod show;
mod sign;
#[cfg(feature = "softcard")]
mod soft_cards;
mod status;
mod trust;
mod trust_anchors;
mod trust_browsers;
mod trust_install;
mod tunnel;
mod verify;
mod viewer;
mod vihf;
mod vitale_read;

#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use paraphe_protocol::api::Operation;

use failure::Failure;
use options::CommonOptions;
use session::{Invocation, Session};

use crate::token::pkcs11::{HELPER_COMMAND, run_helper};

/// Reads health cards, proves who is at the keyboard, signs lots of documents.
#[derive(Debug, Parser)]
#[command(
    name = "paraphe",
    version,
    about = "Lit les cartes CPS et Vitale, prouve qui est au clavier, signe des lots de documents.\n\
             Reads CPS and Vitale cards, proves who is at the keyboard, signs lots of documents.",
    after_help = "Code de retour / exit status: 0 fait / done, 1 refusé ou échoué / refused or failed, \
                  2 mauvais usage / wrong usage, 3 la personne a dit non / the person said no."
)]
struct CommandLine {
    #[command(flatten)]
    options: CommonOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one in a process")]
enum Command {
    #[command(flatten)]
    Operation(OperationCommand),
    /// Le certificat local de l'agent / the agent's local certificate
    #[command(subcommand)]
    Trust(trust::TrustCommand),
    /// Le document OpenAPI de ce programme / this program's OpenAPI document
    Openapi,
    /// Lance l'agent / runs the agent
    Serve,
    /// Tient le port pour les agents de plusieurs utilisateurs / holds the port for the agents of several users
    Dispatch,
    /// Le processus d'un module PKCS#11, lancé par l'agent / the process of a PKCS#11 module, started by the agent
    #[command(name = HELPER_COMMAND, hide = true)]
    Pkcs11Helper,
    /// Toute l'histoire sur des cartes simulées / the whole story on simulated cards
    #[cfg(feature = "softcard")]
    Demo(demo::Arguments),
}

/// Commands that are operations of the API.
#[derive(Debug, Subcommand)]
enum OperationCommand {
    /// Versions, lecteurs, cartes, avertissements / versions, readers, cards, warnings
    Status,
    /// Ce qui ne va pas sur ce poste, et qui peut y remédier / what is wrong on this workstation, and who can mend it
    Doctor,
    /// Ce qui change aux lecteurs / what changes at the readers
    Events(events::Arguments),
    /// Une validation de documents, signée par la carte, pour un serveur de dossiers / a card-signed approval of documents for a
    /// record server
    Approve(approve::Arguments),
    /// Le journal de ce qui a été fait avec une carte / the journal of what was done with a card
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Beaucoup de documents, signés un par un / many documents, each signed by itself
    #[command(subcommand)]
    Batch(batch::BatchCommand),
    /// La carte du professionnel / the professional's card
    #[command(subcommand)]
    Card(CardCommand),
    /// La carte Vitale / the Vitale card
    #[command(subcommand)]
    Vitale(VitaleCommand),
    /// Les sites autorisés / the sites that have rights
    #[command(subcommand)]
    Grant(grant::GrantCommand),
    /// Une preuve d'identité pour un serveur de dossiers / a proof of identity for a record server
    Login(login::Arguments),
    /// Les lots de documents / lots of documents
    #[command(subcommand)]
    Lot(LotCommand),
    /// Une saisie du code pour plusieurs signatures / one PIN entry for several signatures
    #[command(subcommand)]
    Mandate(mandate::MandateCommand),
    /// Ouvre la page de l'agent / opens the agent's own page
    Open(open::Arguments),
    /// La demande de code ouverte / the question for a PIN that is open
    #[command(subcommand)]
    Request(request::RequestCommand),
    /// Les sites qui demandent des droits / the sites that ask for rights
    #[command(subcommand)]
    Pairing(pairing::PairingCommand),
    /// Montre un document tel qu'il serait signé / shows a document as it would be signed
    Show(show::Arguments),
    /// Signe un document (XAdES, CAdES, PAdES...) / signs a document
    Sign(sign::Arguments),
    /// Le code porteur / the PIN
    #[command(subcommand)]
    Pin(PinCommand),
    /// Un port local qui mène à un serveur de dossiers, par la carte / a local port that leads to a record server, by the card
    #[command(subcommand)]
    Tunnel(tunnel::TunnelCommand),
    /// Vérifie une signature, de lot ou de document / checks a signature, of a lot or a document
    Verify(verify::Arguments),
    /// Le jeton SAML du dossier (VIHF) / the record's SAML assertion (VIHF)
    Vihf(vihf::Arguments),
}

#[derive(Debug, Subcommand)]
enum CardCommand {
    /// Titulaire, certificats, code porteur / holder, certificates, PIN state
    Read(card_read::Arguments),
}

#[derive(Debug, Subcommand)]
enum VitaleCommand {
    /// Les bénéficiaires / the beneficiaries
    Read(vitale_read::Arguments),
}

#[derive(Debug, Subcommand)]
enum LotCommand {
    /// Signe un lot avec une seule saisie du code / signs a lot with one PIN entry
    Sign(lot_sign::Arguments),
}

/// Codes come from the dialogue, or unattended from --pin-fd or --pin-file: a line each.
#[derive(Debug, Subcommand)]
enum PinCommand {
    /// Essais restants, sans en perdre / tries left, without losing one
    Status,
    /// Nouveau code par l'ancien ; sans surveillance : ancien, puis nouveau, une ligne chacun / new PIN by the old one;
    /// unattended: old, then new, one line each
    Change,
    /// Nouveau code par le code de déblocage ; sans surveillance : déblocage, puis nouveau / new PIN by the unblocking code;
    /// unattended: unblocking code, then new PIN
    Unblock,
}

/// How long the process waits at its end for threads that are about to leave the card service.
const LAST_CARD_CALLS: Duration = Duration::from_millis(500);

/// How a command ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// All is done and all holds.
    Done,
    /// Done, and the answer is no: a signature that does not hold.
    Refused,
}

/// Run the command that this process was started with.
#[must_use]
pub fn run() -> ExitCode {
    // Clap prints what is wrong and ends the process with status 2 (0 for --help and --version).
    let line = CommandLine::parse();
    if matches!(line.command, Command::Pkcs11Helper) {
        return run_helper();
    }
    let language = line.options.language();
    let json = line.options.json;
    let ending = perform(line);
    crate::reader::wait_for_card_threads(LAST_CARD_CALLS);
    match ending {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Refused) => ExitCode::from(1),
        Err(failure) => {
            let problem = failure.problem(language);
            output::problem(&problem, language, json);
            ExitCode::from(failure::exit_status(&problem))
        }
    }
}

fn perform(line: CommandLine) -> Result<Ending, Failure> {
    let invocation = Invocation::new(line.options)?;
    match line.command {
        Command::Trust(command) => trust::run(&invocation, &command),
        Command::Openapi => openapi::run(&invocation),
        Command::Serve => serve::run(&invocation),
        Command::Dispatch => dispatch::run(&invocation),
        // Served before anything is read of the configuration.
        Command::Pkcs11Helper => Ok(Ending::Done),
        #[cfg(feature = "softcard")]
        Command::Demo(arguments) => demo::run(&invocation, arguments),
        Command::Operation(command) => {
            invocation.log_errors_only()?;
            let runtime = session::runtime()?;
            let ending = runtime.block_on(perform_operation(&invocation, command));
            // A PIN dialogue that nobody waits for any more must not keep the process.
            runtime.shutdown_background();
            ending
        }
    }
}

async fn perform_operation(
    invocation: &Invocation,
    command: OperationCommand,
) -> Result<Ending, Failure> {
    let mut session = Session::open(invocation).await?;
    match command {
        OperationCommand::Status => status::run(invocation, &mut session).await,
        OperationCommand::Doctor => doctor::run(invocation, &mut session).await,
        OperationCommand::Events(arguments) => {
            events::run(invocation, &mut session, &arguments).await
        }
        OperationCommand::Approve(arguments) => {
            approve::run(invocation, &mut session, arguments).await
        }
        OperationCommand::Audit(command) => audit::run(invocation, &mut session, command).await,
        OperationCommand::Batch(command) => batch::run(invocation, &mut session, command).await,
        OperationCommand::Card(CardCommand::Read(arguments)) => {
            card_read::run(invocation, &mut session, &arguments).await
        }
        OperationCommand::Vitale(VitaleCommand::Read(arguments)) => {
            vitale_read::run(invocation, &mut session, arguments).await
        }
        OperationCommand::Open(arguments) => open::run(invocation, &mut session, &arguments).await,
        OperationCommand::Request(command) => request::run(invocation, &mut session, command).await,
        OperationCommand::Grant(command) => grant::run(invocation, &mut session, command).await,
        OperationCommand::Pairing(command) => pairing::run(invocation, &mut session, command).await,
        OperationCommand::Login(arguments) => login::run(invocation, &mut session, arguments).await,
        OperationCommand::Lot(LotCommand::Sign(arguments)) => {
            lot_sign::run(invocation, &mut session, arguments).await
        }
        OperationCommand::Mandate(command) => mandate::run(invocation, &mut session, command).await,
        OperationCommand::Show(arguments) => show::run(invocation, &mut session, &arguments).await,
        OperationCommand::Sign(arguments) => sign::run(invocation, &mut session, &arguments).await,
        OperationCommand::Pin(PinCommand::Status) => pin::status(invocation, &mut session).await,
        OperationCommand::Pin(PinCommand::Change) => {
            pin::set(invocation, &mut session, Operation::PinChange).await
        }
        OperationCommand::Pin(PinCommand::Unblock) => {
            pin::set(invocation, &mut session, Operation::PinUnblock).await
        }
        OperationCommand::Tunnel(command) => tunnel::run(invocation, &mut session, command).await,
        OperationCommand::Vihf(arguments) => vihf::run(invocation, &mut session, arguments).await,
        OperationCommand::Verify(arguments) => {
            verify::run(invocation, &mut session, &arguments).await
        }
    }
}
