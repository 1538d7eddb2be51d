//! `paraphe-foreign-card PORT`: a PIV card (NIST SP 800-73-4) in the slot of Debian's `vpcd` on this port, until the reader goes away.
//!
//! The application and its key store are Nitrokey's `piv-authenticator` on software Trussed, unmodified: a signing card that
//! nobody in this project wrote, for the agent's generic path. Only the glue is ours. The card is as from the factory, keeps
//! everything in memory, and forgets it at the end: PIN 123456, PUK 12345678, management key 01 to 08 three times. Prints
//! `ready` when the reader has seen it.

mod key_store;
mod reader_link;
mod short_apdu;

use std::io::{self, Write as _};
use std::process::ExitCode;

use iso7816::Status;
use piv_authenticator::{Authenticator, Options};
use trussed::virt::{StoreConfig, with_platform};

use key_store::{BACKENDS, KeyStore};
use reader_link::{Message, ReaderLink};
use short_apdu::{LONGEST, ShortApdus, WholeCommand};

/// Direct convention, T=1: the one that the virtual smart card project gives its own ISO 7816 card; no health card has it.
const ATR: [u8; 11] = [
    0x3B, 0x95, 0x13, 0x81, 0x01, 0x80, 0x73, 0xFF, 0x01, 0x00, 0x0B,
];
/// Identifies the card in its CHUID.
const CARD_IDENTIFIER: [u8; 16] = [0x11; 16];

fn main() -> ExitCode {
    let Some(port) = std::env::args()
        .nth(1)
        .and_then(|port| port.parse::<u16>().ok())
    else {
        eprintln!("usage: paraphe-foreign-card PORT");
        return ExitCode::from(2);
    };
    let outcome = with_platform(StoreConfig::ram(), |platform| {
        platform.run_client_with_backends("piv", KeyStore::new(), BACKENDS, |client| {
            let options = Options::default().uuid(Some(CARD_IDENTIFIER));
            let mut card = Authenticator::new(client, options);
            let link = ReaderLink::open(port)?;
            serve(link, |question| match question {
                Question::Reset => {
                    card.deselect();
                    Ok(Vec::new())
                }
                Question::Command(command) => {
                    let mut answer = heapless::Vec::<u8, LONGEST>::new();
                    card.respond(command.as_view(), &mut answer)?;
                    Ok(answer.to_vec())
                }
            })
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("paraphe-foreign-card: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the application is asked.
enum Question<'a> {
    Reset,
    Command(&'a WholeCommand),
}

/// Answers the reader until it goes away.
fn serve(
    mut link: ReaderLink,
    mut card: impl FnMut(Question<'_>) -> Result<Vec<u8>, Status>,
) -> io::Result<()> {
    let mut apdus = ShortApdus::default();
    let mut was_seen = false;
    while let Some(message) = link.receive()? {
        match message {
            Message::GetAtr => {
                link.send(&ATR)?;
                if !was_seen {
                    was_seen = true;
                    writeln!(io::stdout(), "ready")?;
                }
            }
            Message::PowerOn => {}
            Message::Reset => {
                apdus = ShortApdus::default();
                // Resetting says nothing.
                let _ = card(Question::Reset);
            }
            Message::Command(command) => {
                let answer = apdus.answer(&command, |whole| card(Question::Command(whole)));
                link.send(&answer)?;
            }
        }
    }
    Ok(())
}
