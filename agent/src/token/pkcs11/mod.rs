//! Tokens behind PKCS#11 modules (OASIS PKCS#11 v2.40, v3.0). A module is other people's code: it runs in a helper process of
//! its own, is loaded only where the configuration names it, and what it answers is read like a card's answers. Certificates
//! are chosen by the use that they state, never by identifier or label; the key is the one with the certificate's CKA_ID; a
//! token's identity (slot, label, maker, model, serial number) is met again in every call; the token is logged out after each
//! operation.

mod error;
mod frame;
mod helper;
mod helper_process;
mod known_modules;
mod loaded_module;
mod mechanism;
mod message;
mod supervision;
mod unlocked_token;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use paraphe_certs::{
    CardLogin, CardSignature, Category, Certificate, CertificateUse, Holder, UnixTime,
};
use paraphe_protocol::api::{Assurance, CardSummary, ErrorCode};

use super::{Access, Token};
use crate::config::Pkcs11Module;
use crate::events::EventLog;
use crate::operation::summary_of_atr;
use crate::pin::TriesLeft;
use crate::problem::Failure;
use crate::reader::{CardEnd, ReaderView, Readers};
// The fuzz target of the messages has it here too.
use crate::trusted_file;
use message::{Answer, Call, Identity, SlotState, StoredCertificate};
use supervision::Module;

pub(crate) use error::{Pkcs11Error, Pkcs11Fault};
pub(crate) use helper::{COMMAND as HELPER_COMMAND, run as run_helper};
pub use helper_process::HelperProgram;
pub use known_modules::KnownModule;
pub(crate) use message::{Bytes, Refusal, Tries};

/// How long resetting a card may wait for other programs.
const RESET_LIMIT: Duration = Duration::from_secs(5);
/// Longest slot description that PKCS#11 has room for, bytes.
const DESCRIPTION_BYTES: usize = 64;

/// The configured modules.
#[derive(Debug)]
pub(crate) struct Modules {
    modules: Vec<Arc<Module>>,
    watched: OnceLock<()>,
}

/// A token that a module shows, not read yet.
#[derive(Debug, Clone)]
pub(crate) struct Pkcs11Candidate {
    module: Arc<Module>,
    slot: SlotState,
    /// As `status` names it.
    pub(crate) place: String,
}

/// How a token behind a module is reached.
#[derive(Debug, Clone)]
pub(crate) struct Pkcs11Access {
    module: Arc<Module>,
    slot: SlotState,
    /// CKA_ID of the certificates that were chosen.
    authentication_key: Option<Bytes>,
    signature_key: Option<Bytes>,
    authentication: Option<Certificate>,
    signature: Option<Certificate>,
}

/// A module as `status` tells it.
#[derive(Debug)]
pub(crate) struct ModuleView {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) failure: Option<Failure>,
    pub(crate) tokens: Vec<Pkcs11Candidate>,
}

impl Modules {
    pub(crate) fn new(configured: &[Pkcs11Module], program: &HelperProgram) -> Self {
        Self {
            modules: configured
                .iter()
                .map(|module| Arc::new(Module::new(module, program.clone())))
                .collect(),
            watched: OnceLock::new(),
        }
    }

    /// Starts to watch for tokens that come and go; the second time nothing happens.
    pub(crate) fn watch(&self, readers: &Readers, events: &EventLog) {
        self.watched.get_or_init(|| {
            for module in &self.modules {
                if let Err(error) = supervision::watch(module, readers.clone(), events.clone()) {
                    tracing::error!(module = module.name(), %error, "no thread for the module");
                }
            }
        });
    }

    /// Every module with its tokens as last seen; asked now where it never was.
    pub(crate) fn views(&self) -> Vec<ModuleView> {
        self.modules
            .iter()
            .map(|module| {
                if !module.seen().asked {
                    // What is wrong is in what was seen.
                    let _seen = module.slots();
                }
                let seen = module.seen();
                ModuleView {
                    name: module.name().to_owned(),
                    failure: seen.failure(module.name()),
                    tokens: candidates(module, &seen.slots),
                    description: seen.description,
                }
            })
            .collect()
    }

    /// Every token that a module shows now, and what went wrong with modules.
    pub(crate) fn tokens(&self) -> (Vec<Pkcs11Candidate>, Vec<Failure>) {
        let (mut tokens, mut failures) = (Vec::new(), Vec::new());
        for module in &self.modules {
            match module.slots() {
                Ok(slots) => tokens.extend(candidates(module, &slots)),
                Err(error) => failures.push(error.into()),
            }
        }
        (tokens, failures)
    }

    /// The module whose slots' names begin so.
    pub(crate) fn is_place(&self, place: &str) -> bool {
        self.modules.iter().any(|module| {
            place
                .strip_prefix(module.name())
                .is_some_and(|rest| rest.starts_with('/'))
        })
    }
}

impl Pkcs11Candidate {
    /// The token's serial number, as far as it has one.
    pub(crate) fn serial(&self) -> &str {
        &self.slot.token.serial
    }

    /// Kind, serial number, label.
    pub(crate) fn summary(&self) -> CardSummary {
        summary_of(&self.slot)
    }

    /// Whether a reader shows the same card and a driver of ours serves it.
    pub(crate) fn is_told_by_a_reader(&self, readers: &[ReaderView]) -> bool {
        is_told_by_a_reader(&self.slot, readers)
    }

    /// Reads the certificates, which takes no PIN.
    pub(crate) fn read(self, now: UnixTime) -> Result<Token, Failure> {
        let mut helper = self.module.hold();
        let call = Call::Certificates {
            token: self.slot.token.clone(),
        };
        let limit = self.module.limit();
        let answer = self.module.ask(&mut helper, call, [b"", b""], limit)?;
        let Answer::Certificates {
            certificates: stored,
            algorithms,
        } = answer
        else {
            return Err(self.module.error(Pkcs11Fault::Nonsense).into());
        };
        drop(helper);
        let certificates: Vec<_> = stored.into_iter().filter_map(readable).collect();
        let (authentication_key, authentication) =
            chosen(&certificates, CardLogin::allows, now)?.unzip();
        let (signature_key, signature) = chosen(&certificates, CardSignature::allows, now)?.unzip();
        Ok(Token {
            place: self.place,
            summary: summary_of(&self.slot),
            serial: self.slot.token.serial.clone(),
            assurance: assurance(signature.as_ref().or(authentication.as_ref())),
            authentication: authentication.clone(),
            signature: signature.clone(),
            technical: None,
            offered_algorithms: algorithms,
            access: Access::Pkcs11(Box::new(Pkcs11Access {
                module: self.module,
                slot: self.slot,
                authentication_key,
                signature_key,
                authentication,
                signature,
            })),
        })
    }
}

impl Pkcs11Access {
    /// What the token's flags say of the tries.
    pub(super) fn tries_left(&self) -> Result<TriesLeft, Failure> {
        match self.slot.tries {
            Tries::Blocked => Err(self
                .module
                .error(Pkcs11Fault::Refused(Refusal::PinBlocked))
                .into()),
            tries => Ok(tries.into()),
        }
    }

    /// A failure of this token's module.
    pub(crate) fn error(&self, fault: Pkcs11Fault) -> Pkcs11Error {
        self.module.error(fault)
    }

    /// Whether the module showed the token when it was last asked; the modules are watched by then.
    pub(crate) fn is_seen(&self) -> bool {
        let slots = self.module.seen().slots;
        slots.iter().any(|slot| slot.token == self.slot.token)
    }

    /// The flags themselves.
    pub(crate) fn tries(&self) -> Tries {
        self.slot.tries
    }

    /// Whether the PIN is typed on the reader and never comes here.
    pub(crate) fn has_keypad(&self) -> bool {
        self.slot.keypad
    }

    /// Leaves the card reset where its slot is a reader that the agent sees too: C_Logout of some modules (OpenSC) leaves the
    /// card verified, and another program would find it so.
    pub(crate) fn leave_reset(&self, readers: &Readers) {
        let views = readers.list().unwrap_or_default();
        let Some(view) = views.iter().find(|view| is_slot_of(&self.slot, view)) else {
            return;
        };
        if let Err(error) = readers.run(&view.target, RESET_LIMIT, |_| ((), CardEnd::Reset)) {
            tracing::warn!(%error, "the card behind a module could not be reset");
        }
    }

    /// Whether its PIN is a text rather than digits.
    pub(crate) fn takes_text(&self) -> bool {
        let certificate = self.signature.as_ref().or(self.authentication.as_ref());
        assurance(certificate) == Assurance::Software
    }

    /// Fewest and most bytes of a PIN.
    pub(crate) fn pin_bytes(&self) -> [usize; 2] {
        self.slot.pin_bytes
    }
}

impl From<Tries> for TriesLeft {
    fn from(tries: Tries) -> Self {
        match tries {
            Tries::Blocked => Self::Exactly(0),
            Tries::Last => Self::Exactly(1),
            Tries::Few => Self::Few,
            Tries::Several => Self::Several,
        }
    }
}

fn candidates(module: &Arc<Module>, slots: &[SlotState]) -> Vec<Pkcs11Candidate> {
    slots
        .iter()
        .map(|slot| Pkcs11Candidate {
            module: Arc::clone(module),
            place: place_of(module.name(), slot, slots),
            slot: slot.clone(),
        })
        .collect()
}

/// The name of a slot: that of its module, and its description, with its number where two have the same.
fn place_of(module: &str, slot: &SlotState, all: &[SlotState]) -> String {
    let same = all
        .iter()
        .filter(|other| other.description == slot.description)
        .count();
    let Identity { slot: number, .. } = slot.token;
    if same > 1 || slot.description.is_empty() {
        format!("{module}/{} [{number}]", slot.description)
    } else {
        format!("{module}/{}", slot.description)
    }
}

fn summary_of(slot: &SlotState) -> CardSummary {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    CardSummary {
        kind: "pkcs11".to_owned(),
        atr: None,
        serial: text(&slot.token.serial),
        label: text(&slot.token.label),
    }
}

/// Most modules describe a slot by its reader's name, cut at the room that there is.
fn is_slot_of(slot: &SlotState, view: &ReaderView) -> bool {
    let name = &*view.target.reader;
    let cut = name.len() > DESCRIPTION_BYTES && name.starts_with(&slot.description);
    name.trim() == slot.description || (cut && !slot.description.is_empty())
}

/// Whether a reader shows the same card and a driver of ours serves it.
fn is_told_by_a_reader(slot: &SlotState, readers: &[ReaderView]) -> bool {
    readers.iter().any(|view| {
        let served = view
            .atr
            .as_deref()
            .is_some_and(|atr| summary_of_atr(atr).kind != "unknown");
        is_slot_of(slot, view) && served
    })
}

/// By what the issuer says holds the key: a module cannot prove that there is a card behind it.
fn assurance(certificate: Option<&Certificate>) -> Assurance {
    match certificate.map(Holder::from_certificate) {
        Some(Ok(holder)) if matches!(holder.category, Category::Card | Category::TestCard) => {
            Assurance::Holder
        }
        _ => Assurance::Software,
    }
}

fn readable(stored: StoredCertificate) -> Option<(Bytes, Certificate)> {
    // What is no certificate, or an authority's, is nobody's.
    let certificate = Certificate::from_padded_der(&stored.der.0).ok()?;
    (!certificate.is_ca()).then_some((stored.identifier, certificate))
}

/// The one certificate of a use. Of several the one that is valid now; where that is not one, nothing says which is meant.
fn chosen(
    certificates: &[(Bytes, Certificate)],
    allows: impl Fn(&Certificate) -> bool,
    now: UnixTime,
) -> Result<Option<(Bytes, Certificate)>, Failure> {
    let of_use: Vec<_> = certificates
        .iter()
        .filter(|(_, certificate)| allows(certificate))
        .collect();
    let valid: Vec<_> = of_use
        .iter()
        .filter(|(_, certificate)| {
            (certificate.not_before()..=certificate.not_after()).contains(&now)
        })
        .copied()
        .collect();
    match (valid.as_slice(), of_use.as_slice()) {
        ([only], _) | ([], [only]) => Ok(Some((*only).clone())),
        ([], []) => Ok(None),
        ([], [first, ..]) => Ok(Some((*first).clone())),
        _ => Err(Failure::new(ErrorCode::CertificateInvalid).with_detail(
            "Le support porte plusieurs certificats valables pour le même usage ; rien ne dit lequel est le bon.",
            "The token has several valid certificates of one use; nothing says which is meant.",
        )),
    }
}
