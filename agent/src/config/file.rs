//! The TOML form (TOML 1.0) and its way into [`Config`]: unknown words are refused, values keep their place in the
//! text until they are checked, so that an error names its line.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use super::batch::{self, WrittenBatch};
use super::error::Fault;
use super::mandate::{self, WrittenMandate};
use super::origin;
use super::pairing::{self, WrittenPairing};
use super::revocation::{self, WrittenRevocation};
use super::time_stamp::{self, WrittenEvidence, WrittenTimeStamp};
use super::tunnel::{self, WrittenAddress, WrittenTunnel};
use super::vihf::{self, WrittenVihf};
use super::vitale::{self, WrittenVitaleComponent, WrittenVitalePlace};
use super::{
    Audience, Config, ConfigError, DEFAULT_KEYPAD_SECONDS, DEFAULT_MODULE_SECONDS, KeypadUse,
    KnownModule, Limits, LogConfig, LogFormat, LogLevel, LotDefaults, PinEntryConfig,
    PinEntryMethod, Pkcs11Module, RecordServer, RecordServerName, Signatures, Site, SoftwareToken,
    TokenName, Trust,
};

/// Longest configuration file, bytes.
const MAXIMUM_FILE_BYTES: u64 = 1 << 20;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Written {
    port: Option<Spanned<i64>>,
    record_server: Vec<WrittenRecordServer>,
    site: Vec<WrittenSite>,
    pairing: WrittenPairing,
    trust: WrittenTrust,
    revocation: WrittenRevocation,
    time_stamp: WrittenTimeStamp,
    evidence: WrittenEvidence,
    tls: WrittenTls,
    dispatch: WrittenDispatch,
    limits: WrittenLimits,
    mandate: WrittenMandate,
    tunnel: WrittenTunnel,
    batch: WrittenBatch,
    session_manager: WrittenSessionManager,
    viewer: WrittenViewer,
    lot: WrittenLot,
    signatures: WrittenSignatures,
    pin_entry: WrittenPinEntry,
    vihf: WrittenVihf,
    vitale_component: Vec<WrittenVitaleComponent>,
    vitale_place: Vec<WrittenVitalePlace>,
    pkcs11: Vec<WrittenPkcs11>,
    software: Vec<WrittenSoftware>,
    log: WrittenLog,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRecordServer {
    name: Spanned<String>,
    title: Spanned<String>,
    audience: Spanned<String>,
    tunnel: Option<WrittenAddress>,
    vihf_resource: Option<Spanned<String>>,
    vihf_audience: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSite {
    origin: Spanned<String>,
    record_server: Option<Spanned<String>>,
    #[serde(default)]
    web_eid: bool,
    rights: Option<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPkcs11 {
    name: Spanned<String>,
    module: Option<Spanned<PathBuf>>,
    known: Option<KnownModule>,
    timeout_seconds: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSoftware {
    name: Spanned<String>,
    path: Spanned<PathBuf>,
    certificate: Option<Spanned<PathBuf>>,
    #[serde(default)]
    patient: bool,
    sector: Option<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WrittenTrust {
    anchors: Option<Spanned<PathBuf>>,
    intermediates: Option<Spanned<PathBuf>>,
    crls: Option<Spanned<PathBuf>>,
    documents: Option<Spanned<PathBuf>>,
    accept_test: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WrittenTls {
    directory: Option<Spanned<PathBuf>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WrittenDispatch {
    socket: Option<Spanned<PathBuf>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WrittenLimits {
    document_bytes: Option<Spanned<i64>>,
    documents_held: Option<Spanned<i64>>,
    lot_documents: Option<Spanned<i64>>,
    lot_bytes: Option<Spanned<i64>>,
    card_seconds: Option<Spanned<i64>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WrittenSessionManager {
    bus: Option<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WrittenViewer {
    program: Option<Spanned<PathBuf>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WrittenLot {
    type_code: Option<Spanned<String>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WrittenSignatures {
    dmp_legacy: bool,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WrittenPinEntry {
    method: PinEntryMethod,
    program: Option<Spanned<PathBuf>>,
    keypad: KeypadUse,
    keypad_seconds: Option<Spanned<i64>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct WrittenLog {
    level: LogLevel,
    format: LogFormat,
}

/// `None`: there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Config>, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut text = String::new();
    file.take(MAXIMUM_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    parse(&text, path).map(Some)
}

pub(super) fn parse(text: &str, path: &Path) -> Result<Config, ConfigError> {
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAXIMUM_FILE_BYTES {
        return Err(ConfigError::TooLong {
            path: path.to_owned(),
            limit: MAXIMUM_FILE_BYTES,
        });
    }
    let place = Place { text, path };
    let written: Written = toml::from_str(text).map_err(|error| ConfigError::Syntax {
        path: path.to_owned(),
        line: place.line(error.span().unwrap_or_default()),
        message: error.message().replace('\n', ", "),
    })?;
    check(written, &place)
}

pub(super) struct Place<'a> {
    text: &'a str,
    path: &'a Path,
}

impl Place<'_> {
    fn line(&self, span: Range<usize>) -> usize {
        let before = self.text.bytes().take(span.start);
        1 + before.filter(|byte| *byte == b'\n').count()
    }

    pub(super) fn fault<T>(
        &self,
        key: &'static str,
        value: &Spanned<T>,
        fault: impl Into<Fault>,
    ) -> ConfigError {
        ConfigError::Value {
            path: self.path.to_owned(),
            line: self.line(value.span()),
            key,
            fault: fault.into(),
        }
    }

    pub(super) fn number(
        &self,
        key: &'static str,
        value: Option<&Spanned<i64>>,
        default: u64,
        most: u64,
    ) -> Result<u64, ConfigError> {
        let Some(value) = value else {
            return Ok(default);
        };
        match u64::try_from(*value.get_ref()) {
            Ok(number) if (1..=most).contains(&number) => Ok(number),
            _ => Err(self.fault(key, value, Fault::Range { least: 1, most })),
        }
    }

    pub(super) fn path(
        &self,
        key: &'static str,
        value: Option<Spanned<PathBuf>>,
    ) -> Result<Option<PathBuf>, ConfigError> {
        value.map(|value| self.absolute(key, value)).transpose()
    }

    pub(super) fn absolute(
        &self,
        key: &'static str,
        value: Spanned<PathBuf>,
    ) -> Result<PathBuf, ConfigError> {
        if value.get_ref().is_absolute() {
            Ok(value.into_inner())
        } else {
            Err(self.fault(key, &value, Fault::NotAbsolute))
        }
    }

    pub(super) fn sentence(
        &self,
        key: &'static str,
        value: &Spanned<String>,
        most: usize,
    ) -> Result<String, ConfigError> {
        let text = value.get_ref().trim();
        if text.is_empty() || text.chars().count() > most || text.chars().any(char::is_control) {
            return Err(self.fault(key, value, Fault::Text(most)));
        }
        Ok(text.to_owned())
    }
}

fn check(written: Written, place: &Place<'_>) -> Result<Config, ConfigError> {
    let defaults = Config::default();
    let port = place.number(
        "port",
        written.port.as_ref(),
        defaults.port.into(),
        u16::MAX.into(),
    )?;
    let mut names = HashSet::new();
    let record_servers = check_record_servers(written.record_server, place)?;
    let sites = check_sites(&written.site, &record_servers, place)?;
    let pairing = pairing::check(&written.pairing, &sites, place)?;
    let trust = Trust {
        anchors: place
            .path("trust.anchors", written.trust.anchors)?
            .unwrap_or(defaults.trust.anchors),
        intermediates: place
            .path("trust.intermediates", written.trust.intermediates)?
            .unwrap_or(defaults.trust.intermediates),
        crls: place
            .path("trust.crls", written.trust.crls)?
            .unwrap_or(defaults.trust.crls),
        accept_test: written.trust.accept_test,
    };
    let accept_test = trust.accept_test;
    let document_trust = match place.path("trust.documents", written.trust.documents)? {
        Some(directory) => Trust::below(&directory, accept_test),
        None => defaults.document_trust,
    };
    Ok(Config {
        source: Some(place.path.to_owned()),
        port: u16::try_from(port).unwrap_or(defaults.port),
        record_servers,
        sites,
        pairing,
        trust,
        document_trust,
        revocation: revocation::check(&written.revocation, place)?,
        time_stamp: time_stamp::check_time_stamp(written.time_stamp, accept_test, place)?,
        evidence: time_stamp::check_evidence(written.evidence, place)?,
        tls_directory: place.path("tls.directory", written.tls.directory)?,
        dispatch_socket: place
            .path("dispatch.socket", written.dispatch.socket)?
            .unwrap_or(defaults.dispatch_socket),
        limits: check_limits(&written.limits, place)?,
        mandate: mandate::check(&written.mandate, place)?,
        tunnel: tunnel::check(&written.tunnel, place)?,
        batch: batch::check(&written.batch, place)?,
        session_bus: match &written.session_manager.bus {
            Some(value) => Some(place.sentence("session_manager.bus", value, 256)?),
            None => None,
        },
        viewer: place.path("viewer.program", written.viewer.program)?,
        lot: LotDefaults {
            type_code: match &written.lot.type_code {
                Some(value) => place.sentence("lot.type_code", value, 64)?,
                None => defaults.lot.type_code,
            },
        },
        signatures: Signatures {
            dmp_legacy: written.signatures.dmp_legacy,
        },
        pkcs11_modules: check_modules(written.pkcs11, &mut names, place)?,
        software_tokens: check_software(written.software, &mut names, place)?,
        pin_entry: PinEntryConfig {
            method: written.pin_entry.method,
            program: place.path("pin_entry.program", written.pin_entry.program)?,
            keypad: written.pin_entry.keypad,
            keypad_seconds: keypad_seconds(written.pin_entry.keypad_seconds.as_ref(), place)?,
        },
        vihf: vihf::check(&written.vihf, place)?,
        vitale_components: vitale::check_components(written.vitale_component, place)?,
        vitale_places: vitale::check_places(written.vitale_place, place)?,
        log: LogConfig {
            level: written.log.level,
            format: written.log.format,
        },
    })
}

fn check_record_servers(
    written: Vec<WrittenRecordServer>,
    place: &Place<'_>,
) -> Result<Vec<RecordServer>, ConfigError> {
    let mut seen = HashSet::new();
    let mut servers = Vec::new();
    for entry in written {
        let name = RecordServerName::parse(entry.name.get_ref())
            .map_err(|error| place.fault("record_server.name", &entry.name, error))?;
        if !seen.insert(name.clone()) {
            return Err(place.fault("record_server.name", &entry.name, Fault::Twice));
        }
        servers.push(RecordServer {
            name,
            title: place.sentence("record_server.title", &entry.title, 128)?,
            audience: entry
                .audience
                .get_ref()
                .parse::<Audience>()
                .map_err(|error| place.fault("record_server.audience", &entry.audience, error))?,
            address: entry
                .tunnel
                .map(|address| tunnel::check_address(address, place))
                .transpose()?,
            vihf: vihf::check_recipient(entry.vihf_resource.as_ref(), entry.vihf_audience, place)?,
        });
    }
    Ok(servers)
}

fn check_sites(
    written: &[WrittenSite],
    servers: &[RecordServer],
    place: &Place<'_>,
) -> Result<Vec<Site>, ConfigError> {
    let mut seen = HashSet::new();
    let mut sites = Vec::new();
    for entry in written {
        let origin = origin::parse(entry.origin.get_ref())
            .map_err(|error| place.fault("site.origin", &entry.origin, error))?;
        if !seen.insert(origin.clone()) {
            return Err(place.fault("site.origin", &entry.origin, Fault::Twice));
        }
        let record_server = match &entry.record_server {
            None => None,
            Some(named) => match servers
                .iter()
                .find(|server| server.name.as_str() == named.get_ref())
            {
                Some(server) => Some(server.name.clone()),
                None => {
                    let fault = Fault::UnknownRecordServer(named.get_ref().clone());
                    return Err(place.fault("site.record_server", named, fault));
                }
            },
        };
        sites.push(Site {
            origin,
            record_server,
            web_eid: entry.web_eid,
            rights: pairing::check_rights(entry.rights.as_ref(), place)?,
        });
    }
    Ok(sites)
}

/// Part 10 has one byte for it; readers wait two minutes at most.
fn keypad_seconds(written: Option<&Spanned<i64>>, place: &Place<'_>) -> Result<u8, ConfigError> {
    let default = DEFAULT_KEYPAD_SECONDS;
    let seconds = place.number("pin_entry.keypad_seconds", written, default.into(), 120)?;
    Ok(u8::try_from(seconds).unwrap_or(default))
}

fn check_software(
    written: Vec<WrittenSoftware>,
    names: &mut HashSet<TokenName>,
    place: &Place<'_>,
) -> Result<Vec<SoftwareToken>, ConfigError> {
    let mut tokens = Vec::new();
    for entry in written {
        if !entry.path.get_ref().is_absolute() {
            return Err(place.fault("software.path", &entry.path, Fault::NotAbsolute));
        }
        tokens.push(SoftwareToken {
            name: token_name("software.name", &entry.name, names, place)?,
            path: entry.path.into_inner(),
            certificate: place.path("software.certificate", entry.certificate)?,
            is_patients: entry.patient,
            sector: vihf::check_sector(entry.sector.as_ref(), place)?,
        });
    }
    Ok(tokens)
}

/// A name that no module and no software token has yet.
fn token_name(
    key: &'static str,
    written: &Spanned<String>,
    names: &mut HashSet<TokenName>,
    place: &Place<'_>,
) -> Result<TokenName, ConfigError> {
    let name =
        TokenName::parse(written.get_ref()).map_err(|error| place.fault(key, written, error))?;
    if !names.insert(name.clone()) {
        return Err(place.fault(key, written, Fault::Twice));
    }
    Ok(name)
}

fn check_modules(
    written: Vec<WrittenPkcs11>,
    names: &mut HashSet<TokenName>,
    place: &Place<'_>,
) -> Result<Vec<Pkcs11Module>, ConfigError> {
    let mut modules = Vec::new();
    for entry in written {
        let name = token_name("pkcs11.name", &entry.name, names, place)?;
        let module = place.path("pkcs11.module", entry.module)?;
        let files = match (module, entry.known) {
            (Some(module), None) => vec![module],
            (None, Some(known)) => known.files(),
            _ => {
                return Err(place.fault(
                    "pkcs11.name",
                    &entry.name,
                    Fault::OneOf("module", "known"),
                ));
            }
        };
        let seconds = place.number(
            "pkcs11.timeout_seconds",
            entry.timeout_seconds.as_ref(),
            DEFAULT_MODULE_SECONDS.into(),
            120,
        )?;
        modules.push(Pkcs11Module {
            name,
            files,
            timeout_seconds: u8::try_from(seconds).unwrap_or(DEFAULT_MODULE_SECONDS),
        });
    }
    Ok(modules)
}

fn check_limits(written: &WrittenLimits, place: &Place<'_>) -> Result<Limits, ConfigError> {
    let default = Limits::default();
    let count = |key, value: &Option<Spanned<i64>>, default: u32| {
        let number = place.number(key, value.as_ref(), default.into(), 100_000)?;
        Ok(u32::try_from(number).unwrap_or(default))
    };
    let bytes = |key, value: &Option<Spanned<i64>>, default: u64| {
        place.number(key, value.as_ref(), default, 1 << 40)
    };
    Ok(Limits {
        document_bytes: bytes(
            "limits.document_bytes",
            &written.document_bytes,
            default.document_bytes,
        )?,
        documents_held: count(
            "limits.documents_held",
            &written.documents_held,
            default.documents_held,
        )?,
        lot_documents: count(
            "limits.lot_documents",
            &written.lot_documents,
            default.lot_documents,
        )?,
        lot_bytes: bytes("limits.lot_bytes", &written.lot_bytes, default.lot_bytes)?,
        card_time: Duration::from_secs(place.number(
            "limits.card_seconds",
            written.card_seconds.as_ref(),
            default.card_time.as_secs(),
            Limits::LONGEST_CARD_TIME.as_secs(),
        )?),
    })
}
