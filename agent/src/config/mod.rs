//! The agent's configuration: one TOML file (TOML 1.0), typed, strict. A word that is not known here, a value that
//! does not parse or a record server that is named and not described stops the agent at start-up with file, line and
//! remedy: a constraint that is not understood is never skipped.
//!
//! Search order: the path given with `--config`, `$XDG_CONFIG_HOME/paraphe/config.toml` (`~/.config` where the
//! variable is not set), `/etc/paraphe/config.toml`, built-in defaults. The first that exists is the only one read.
//! What each key means is in docs/configuration.md.

mod batch;
mod error;
mod explanation;
mod file;
mod mandate;
mod origin;
mod pairing;
mod record_server_name;
mod revocation;
mod search;
mod time_stamp;
mod token_name;
mod tunnel;
mod vihf;
mod vitale;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use batch::BatchConfig;
pub use error::{ConfigError, Fault};
pub use mandate::MandateLimits;
pub use origin::SiteOriginError;
pub(crate) use origin::parse as parse_origin;
pub use pairing::PairingConfig;
use paraphe_protocol::api::Right;
pub use paraphe_protocol::login::{Audience, Origin};
use paraphe_protocol::vihf::Sector;
pub use record_server_name::{RecordServerName, RecordServerNameError};
pub use revocation::RevocationConfig;
pub use search::Directories;
pub use time_stamp::{EvidenceConfig, TimeStampConfig};
pub use token_name::TokenName;
pub use tunnel::{RecordServerAddress, TunnelLimits};
pub use vihf::{VihfConfig, VihfRecipient};
pub use vitale::{VitaleComponent, VitaleComponentKind, VitalePlace};

pub use crate::token::pkcs11::KnownModule;

/// The port of the HTTPS door where the configuration does not name one.
pub const DEFAULT_PORT: u16 = 47443;

/// Where the machine's dispatcher is, where the configuration does not say it.
const DISPATCH_SOCKET: &str = "/run/paraphe/dispatch.sock";

/// Where the authorities of other signers are, where the configuration does not say it.
const DEFAULT_DOCUMENT_TRUST: &str = "/etc/paraphe/trust/documents";

/// How long a reader waits at its keypad where the configuration does not say it, seconds.
pub const DEFAULT_KEYPAD_SECONDS: u8 = 60;

/// Everything that an administrator can set. Every value has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The file that was read; `None`: built-in defaults.
    pub source: Option<PathBuf>,
    /// TCP port of the HTTPS door on 127.0.0.1 and ::1.
    pub port: u16,
    /// Record servers that a login may be made for.
    pub record_servers: Vec<RecordServer>,
    /// Web sites that may call the agent without being granted it by the person.
    pub sites: Vec<Site>,
    /// Other web sites.
    pub pairing: PairingConfig,
    /// Whom to trust.
    pub trust: Trust,
    /// Whom to trust besides, for signatures of documents by others than professionals and structures.
    pub document_trust: Trust,
    /// How fresh revocation data must be for certificates that are used now.
    pub revocation: RevocationConfig,
    /// Time stamps.
    pub time_stamp: TimeStampConfig,
    /// What is fetched for signatures of long term.
    pub evidence: EvidenceConfig,
    /// Where the HTTPS door's certificate and key are; `None`: `$XDG_STATE_HOME/paraphe/tls`.
    pub tls_directory: Option<PathBuf>,
    /// Socket of the machine's dispatcher: where it is, the dispatcher holds the port.
    pub dispatch_socket: PathBuf,
    /// Limits on what callers hand over, and on how long they wait for a card.
    pub limits: Limits,
    /// Bounds of mandates.
    pub mandate: MandateLimits,
    /// Bounds of tunnels.
    pub tunnel: TunnelLimits,
    /// What is kept of batches.
    pub batch: BatchConfig,
    /// Address of the bus on which the session manager is; `None`: the system's.
    pub session_bus: Option<String>,
    /// The program that shows a document to the person, absolute; `None`: `xdg-open` found in `PATH`.
    pub viewer: Option<PathBuf>,
    /// Defaults of a lot's documents.
    pub lot: LotDefaults,
    /// Signature profiles that are off unless they are wanted.
    pub signatures: Signatures,
    /// PKCS#11 modules that may be loaded, and no others.
    pub pkcs11_modules: Vec<Pkcs11Module>,
    /// Private keys in files.
    pub software_tokens: Vec<SoftwareToken>,
    /// How the PIN is asked for.
    pub pin_entry: PinEntryConfig,
    /// SAML assertions of the French record.
    pub vihf: VihfConfig,
    /// Programs that read Vitale data, in the order of preference.
    pub vitale_components: Vec<VitaleComponent>,
    /// Further places by which official Vitale components are recognised.
    pub vitale_places: Vec<VitalePlace>,
    /// Logging.
    pub log: LogConfig,
}

/// A record server of the agent's own table: the audience of a login comes from here, never from a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordServer {
    /// Short name, by which sites and callers name it.
    pub name: RecordServerName,
    /// What a person is shown.
    pub title: String,
    /// What the login assertion is addressed to.
    pub audience: Audience,
    /// Where tunnels reach it; `None`: none does.
    pub address: Option<RecordServerAddress>,
    /// What SAML assertions for it name.
    pub vihf: VihfRecipient,
}

/// A web site that may call the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Its exact origin, as the browser writes it.
    pub origin: Origin,
    /// The record server that its logins are for; `None`: it cannot ask for a login.
    pub record_server: Option<RecordServerName>,
    /// Whether it is given Web eID tokens.
    pub web_eid: bool,
    /// What it may ask for.
    pub rights: BTreeSet<Right>,
}

impl Site {
    /// A site of this origin that may ask for everything that sites can, and has no record server.
    #[must_use]
    pub fn of(origin: Origin) -> Self {
        Self {
            origin,
            record_server: None,
            web_eid: false,
            rights: BTreeSet::from(Right::ALL),
        }
    }
}

/// A PKCS#11 module that may be loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pkcs11Module {
    /// Short name, by which its slots are named.
    pub name: TokenName,
    /// Where it may be: the first file that is there is loaded.
    pub files: Vec<PathBuf>,
    /// How long one call may last before its process is ended, seconds.
    pub timeout_seconds: u8,
}

/// A private key in a file, with its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoftwareToken {
    /// Short name, by which it is chosen.
    pub name: TokenName,
    /// PKCS#12, or PEM with an encrypted key.
    pub path: PathBuf,
    /// The certificate, PEM or DER; `None`: in the PEM beside the key.
    pub certificate: Option<PathBuf>,
    /// A patient's: it signs lots of their own documents and does nothing else.
    pub is_patients: bool,
    /// Sector of activity of the structure, where it vouches for users in SAML assertions.
    pub sector: Option<Sector>,
}

/// How long a call to a module may last where the configuration does not say it, seconds: slow cards sign in a few.
pub const DEFAULT_MODULE_SECONDS: u8 = 30;

/// Directories of trust anchors, intermediate certificates and revocation lists. A directory that is not there is
/// empty: nothing is trusted by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// Root certificates, `*.pem` or DER `*.crt`, `*.cer`, `*.der`.
    pub anchors: PathBuf,
    /// Issuing certificates, same forms.
    pub intermediates: PathBuf,
    /// Revocation lists, `*.crl` or `*.pem`, PEM or DER.
    pub crls: PathBuf,
    /// Accept cards and persons of a test environment. Never on a production workstation.
    pub accept_test: bool,
}

/// Limits on what callers hand over, and on how long they wait for a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest document, bytes.
    pub document_bytes: u64,
    /// Documents that one caller may have handed over and not dropped.
    pub documents_held: u32,
    /// Documents of one lot.
    pub lot_documents: u32,
    /// All documents of one lot together, bytes.
    pub lot_bytes: u64,
    /// What cards may take of one operation's time, in all and without a person's entry.
    pub card_time: Duration,
}

impl Limits {
    /// Nobody waits longer than this for a card.
    pub const LONGEST_CARD_TIME: Duration = Duration::from_secs(30);
}

/// Signature profiles that are off unless they are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signatures {
    /// The DMP's old lot profile, with SHA-1: made and verified.
    pub dmp_legacy: bool,
}

/// Defaults of a lot's documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LotDefaults {
    /// `typeCode` (LOINC or national table) of a document for which the caller names none.
    pub type_code: String,
}

/// How the PIN is asked for on this workstation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinEntryConfig {
    /// Which way.
    pub method: PinEntryMethod,
    /// The pinentry program, absolute; `None`: `pinentry` found in `PATH`.
    pub program: Option<PathBuf>,
    /// Whether a PIN is typed on the reader's own keypad.
    pub keypad: KeypadUse,
    /// How long a reader waits at its keypad for each PIN, seconds.
    pub keypad_seconds: u8,
}

/// What is done with a reader's own keypad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeypadUse {
    /// The PIN is typed there where it suits the card.
    #[default]
    Auto,
    /// The PIN is always entered on the workstation.
    Never,
}

/// Ways to ask for the PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PinEntryMethod {
    /// A pinentry program where there is a display, the terminal otherwise.
    #[default]
    Auto,
    /// Always a pinentry program.
    Pinentry,
    /// Always the terminal.
    Terminal,
}

/// Logging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// Least severity written.
    pub level: LogLevel,
    /// Form.
    pub format: LogFormat,
}

/// Severities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Only errors.
    Error,
    /// Warnings too.
    Warn,
    /// What happened.
    #[default]
    Info,
    /// How it happened.
    Debug,
}

/// Forms of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON lines otherwise.
    #[default]
    Auto,
    /// JSON lines.
    Json,
    /// Text.
    Text,
}

impl Config {
    /// The record server of this name.
    #[must_use]
    pub fn record_server(&self, name: &str) -> Option<&RecordServer> {
        self.record_servers
            .iter()
            .find(|server| server.name.as_str() == name)
    }

    /// The site of exactly this origin.
    #[must_use]
    pub fn site(&self, origin: &str) -> Option<&Site> {
        self.sites
            .iter()
            .find(|site| site.origin.as_str() == origin)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            source: None,
            port: DEFAULT_PORT,
            record_servers: Vec::new(),
            sites: Vec::new(),
            pairing: PairingConfig::default(),
            trust: Trust::default(),
            document_trust: Trust::below(Path::new(DEFAULT_DOCUMENT_TRUST), false),
            revocation: RevocationConfig::default(),
            time_stamp: TimeStampConfig::default(),
            evidence: EvidenceConfig::default(),
            tls_directory: None,
            dispatch_socket: PathBuf::from(DISPATCH_SOCKET),
            limits: Limits::default(),
            mandate: MandateLimits::default(),
            tunnel: TunnelLimits::default(),
            batch: BatchConfig::default(),
            session_bus: None,
            viewer: None,
            lot: LotDefaults::default(),
            signatures: Signatures::default(),
            pkcs11_modules: Vec::new(),
            software_tokens: Vec::new(),
            pin_entry: PinEntryConfig {
                method: PinEntryMethod::Auto,
                program: None,
                keypad: KeypadUse::Auto,
                keypad_seconds: DEFAULT_KEYPAD_SECONDS,
            },
            vihf: VihfConfig::default(),
            vitale_components: Vec::new(),
            vitale_places: Vec::new(),
            log: LogConfig {
                level: LogLevel::Info,
                format: LogFormat::Auto,
            },
        }
    }
}

impl Trust {
    /// The three directories `anchors`, `intermediates` and `crls` below one.
    #[must_use]
    pub fn below(directory: &Path, accept_test: bool) -> Self {
        Self {
            anchors: directory.join("anchors"),
            intermediates: directory.join("intermediates"),
            crls: directory.join("crls"),
            accept_test,
        }
    }
}

impl Default for Trust {
    fn default() -> Self {
        Self {
            anchors: PathBuf::from("/etc/paraphe/trust/anchors"),
            intermediates: PathBuf::from("/etc/paraphe/trust/intermediates"),
            crls: PathBuf::from("/var/lib/paraphe/crls"),
            accept_test: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            document_bytes: 100 << 20,
            documents_held: 2_000,
            lot_documents: 2_000,
            lot_bytes: 2 << 30,
            card_time: Self::LONGEST_CARD_TIME,
        }
    }
}

impl Default for LotDefaults {
    fn default() -> Self {
        Self {
            // LOINC "Consultation note" (CR ou fiche de consultation).
            type_code: "11488-4".to_owned(),
        }
    }
}
