//! `paraphe-softcard`: simulated cards in virtual readers of `pcscd`, from the command line.
//!
//! One card for each `--vpcd` or `--reader`. Standard output carries one `ready` line a card and the answers to control
//! lines; everything else is a log on standard error. SIGTERM or SIGINT ends the program.

mod control;

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use clap::{Parser, Subcommand};
use paraphe_softcard::{CardSlot, Endpoint, PkiDirectory, Profile, Scenario, Trace};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use control::Control;

/// How long a reader may take to see a card before a line on standard error says that it is missing.
const READER_PATIENCE: Duration = Duration::from_secs(10);

/// Simulated health cards (CPS3, CPS4, Vitale) in virtual readers of pcscd.
///
/// Everything on these cards is fictitious: people, numbers, and a PKI made on this machine, which relying parties find in
/// the PKI directory (anchors/, intermediates/, crls/).
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    args_conflicts_with_subcommands = true,
    after_help = "\
Standard output, one line each:
  ready ENDPOINT PROFILE SERIAL      the reader has seen the card
  done remove ENDPOINT ...           a control line was carried out
  error ...                          a control line was not
Standard input, one line each (an end of input changes nothing unless --until-eof):
  remove ENDPOINT                    pull the card
  insert ENDPOINT                    put it back
  swap ENDPOINT PROFILE[@SCENARIO]   put another card in its place
  scenario ENDPOINT FILE             begin a scenario; none instead of a file ends it
  type ENDPOINT DIGITS               type on the PIN pad of a reader whose socket is named *.pinpad or *.pinpad-bcd
  cancel ENDPOINT                    press its cancel key

Example: a physician's and a patient's card in the two slots of Debian's vpcd
  paraphe-softcard --pki pki --vpcd 35963=physician --vpcd 35964=vitale-family"
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Task>,

    /// Folder of the test PKI; made where it is missing.
    #[arg(long, value_name = "DIR", default_value = "softcard-pki")]
    pki: PathBuf,

    /// A card in the vpcd slot on this port of 127.0.0.1; PROFILE is a shipped name or a path. SCENARIO is a
    /// file of scripted faults. Repeatable.
    #[arg(long, value_name = "PORT=PROFILE[@SCENARIO]", value_parser = parse_vpcd)]
    vpcd: Vec<Placement>,

    /// A card in the slot of Paraphe's own reader driver that listens on this Unix socket. Repeatable.
    #[arg(long, value_name = "SOCKET=PROFILE[@SCENARIO]", value_parser = parse_reader)]
    reader: Vec<Placement>,

    /// Scripted faults for every card that has none of its own; see tests/softcard/scenarios/README.md.
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,

    /// Log every APDU to this file, PINs masked.
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,

    /// Stop when standard input ends.
    #[arg(long)]
    until_eof: bool,

    /// List the shipped profiles and stop.
    #[arg(long)]
    list_profiles: bool,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Make the test PKI in a folder, or renew its revocation lists, and stop.
    Pki {
        /// The folder.
        directory: PathBuf,
        /// Revoke the certificates of the card with this serial number. Repeatable.
        #[arg(long, value_name = "SERIAL")]
        revoke: Vec<String>,
    },
}

/// A card to be put in a reader.
#[derive(Debug, Clone)]
struct Placement {
    endpoint: Endpoint,
    /// Profile, or profile and scenario.
    card: String,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("paraphe-softcard: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    if arguments.list_profiles {
        for name in Profile::shipped_names() {
            let profile = Profile::shipped(name)?;
            say(&format!("{name:28} {}", profile.description()));
        }
        return Ok(());
    }
    if let Some(Task::Pki { directory, revoke }) = arguments.command {
        let mut pki = PkiDirectory::open_or_create(&directory, SystemTime::now().into())?;
        for serial in revoke {
            pki.revoke_card(&serial)?;
        }
        say(&format!("done pki {}", directory.display()));
        return Ok(());
    }
    let placements = [arguments.vpcd, arguments.reader].concat();
    if placements.is_empty() {
        return Err("no card: give at least one --vpcd or --reader (see --help)".into());
    }
    let scenario = arguments.scenario.as_deref().map(Scenario::from_path);
    let scenario = scenario.transpose()?;
    let trace = arguments.trace.as_deref().map(Trace::create).transpose()?;
    let mut pki = PkiDirectory::open_or_create(&arguments.pki, SystemTime::now().into())?;
    let mut slots = Vec::new();
    let mut ready = Vec::new();
    for placement in placements {
        let mut card = control::make_card(&placement.card, &mut pki)?;
        if let Some(scenario) = &scenario
            && !card.has_scenario()
        {
            card.set_scenario(Some(scenario), &mut pki)?;
        }
        ready.push(format!(
            "ready {} {} {}",
            placement.endpoint,
            placement.card,
            card.serial()
        ));
        slots.push(CardSlot::insert(placement.endpoint, card, trace.clone()));
    }
    serve(&slots.into(), ready, pki, arguments.until_eof)
}

/// Reports readiness and carries out control lines, until a signal (or the end of input, where that counts).
fn serve(
    slots: &Arc<[CardSlot]>,
    ready: Vec<String>,
    pki: PkiDirectory,
    until_eof: bool,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let (ended, end_of_input) = oneshot::channel();
        // Neither thread is joined: a reader that never comes or a blocked read must not keep the program.
        let reported = Arc::clone(slots);
        std::thread::spawn(move || report_ready(&reported, &ready));
        let control = Control::new(Arc::clone(slots), pki);
        std::thread::spawn(move || {
            obey(control);
            if until_eof {
                // The receiver is gone when a signal came first.
                let _ = ended.send(());
            } else {
                // Kept, so that the end of input is no end.
                loop {
                    std::thread::park();
                }
            }
        });
        tokio::select! {
            _ = terminate.recv() => tracing::info!("stopped by SIGTERM"),
            _ = interrupt.recv() => tracing::info!("stopped by SIGINT"),
            Ok(()) = end_of_input => tracing::info!("stopped by the end of input"),
        }
        Ok(())
    })
}

fn report_ready(slots: &[CardSlot], lines: &[String]) {
    for (slot, line) in slots.iter().zip(lines) {
        while let Err(error) = slot.wait_ready(READER_PATIENCE) {
            tracing::warn!("{error}; still trying");
        }
        say(line);
    }
}

/// Carries out control lines until input ends.
fn obey(mut control: Control) {
    for line in std::io::stdin().lock().lines() {
        let Ok(line) = line else { return };
        if !line.trim().is_empty() {
            say(&control.carry_out(&line));
        }
    }
}

/// One line on standard output, at once.
fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    // Whoever read the lines may be gone; the cards go on.
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}

fn parse_vpcd(text: &str) -> Result<Placement, String> {
    let (port, card) = split(text)?;
    let number = match port.strip_prefix("0x") {
        Some(digits) => u16::from_str_radix(digits, 16),
        None => port.parse(),
    };
    let port = number.map_err(|_| format!("{port:?} is not a port"))?;
    Ok(Placement {
        endpoint: Endpoint::Vpcd(port),
        card,
    })
}

fn parse_reader(text: &str) -> Result<Placement, String> {
    let (path, card) = split(text)?;
    Ok(Placement {
        endpoint: Endpoint::Reader(PathBuf::from(path)),
        card,
    })
}

fn split(text: &str) -> Result<(&str, String), String> {
    match text.rsplit_once('=') {
        Some((endpoint, card)) if !endpoint.is_empty() && !card.is_empty() => {
            Ok((endpoint, card.to_owned()))
        }
        _ => Err("expected ENDPOINT=PROFILE".to_owned()),
    }
}
