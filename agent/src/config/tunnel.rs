//! `[tunnel]`: what a tunnel may be at most. `[record_server.tunnel]`: where a record server is reached by one, and whom to trust for
//! its certificate.

use std::path::PathBuf;
use std::time::Duration;

use paraphe_protocol::tls::TlsVersion;
use rustls_pki_types::ServerName;
use serde::Deserialize;
use toml::Spanned;

use super::file::Place;
use super::{ConfigError, Fault};

/// Where the authorities of record servers are, where the configuration does not say it.
const DEFAULT_ANCHORS: &str = "/etc/paraphe/trust/servers";
const DEFAULT_PORT: u16 = 443;
/// Longest host name (RFC 1035 section 2.3.4), characters.
const MAXIMUM_HOST: usize = 253;

/// What a tunnel may be at most: nobody can open one beyond it, and the person is asked for each all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TunnelLimits {
    /// Handshakes that the card signs with one PIN entry.
    pub maximum_handshakes: u32,
    /// How long.
    pub maximum_duration: Duration,
    /// It ends when nothing passes for so long.
    pub idle: Duration,
    /// Connections at once, of each tunnel.
    pub maximum_connections: u32,
}

impl Default for TunnelLimits {
    fn default() -> Self {
        Self {
            maximum_handshakes: 100,
            maximum_duration: Duration::from_secs(6 * 3600),
            idle: Duration::from_secs(15 * 60),
            maximum_connections: 64,
        }
    }
}

/// Where a record server is reached by a tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordServerAddress {
    /// Its name or address, which its certificate must be for.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The certificates of its authorities: a PEM file, or a directory of them. No other authority is trusted for it.
    pub anchors: PathBuf,
    /// The one version of TLS that is spoken; `None`: the highest that the card can do.
    pub tls: Option<TlsVersion>,
}

impl RecordServerAddress {
    /// As it stands in `Host` (RFC 9110 section 7.2).
    #[must_use]
    pub fn authority(&self) -> String {
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        match self.port {
            DEFAULT_PORT => host,
            port => format!("{host}:{port}"),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WrittenTunnel {
    maximum_handshakes: Option<Spanned<i64>>,
    maximum_minutes: Option<Spanned<i64>>,
    idle_seconds: Option<Spanned<i64>>,
    maximum_connections: Option<Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenAddress {
    host: Spanned<String>,
    port: Option<Spanned<i64>>,
    anchors: Option<Spanned<PathBuf>>,
    tls: Option<TlsVersion>,
}

pub(super) fn check(
    written: &WrittenTunnel,
    place: &Place<'_>,
) -> Result<TunnelLimits, ConfigError> {
    let default = TunnelLimits::default();
    let count = |key, value: &Option<Spanned<i64>>, default: u32, most| {
        let number = place.number(key, value.as_ref(), default.into(), most)?;
        Ok(u32::try_from(number).unwrap_or(default))
    };
    let minutes = place.number(
        "tunnel.maximum_minutes",
        written.maximum_minutes.as_ref(),
        default.maximum_duration.as_secs() / 60,
        24 * 60,
    )?;
    let idle = place.number(
        "tunnel.idle_seconds",
        written.idle_seconds.as_ref(),
        default.idle.as_secs(),
        24 * 3600,
    )?;
    Ok(TunnelLimits {
        maximum_handshakes: count(
            "tunnel.maximum_handshakes",
            &written.maximum_handshakes,
            default.maximum_handshakes,
            100_000,
        )?,
        maximum_duration: Duration::from_secs(minutes * 60),
        idle: Duration::from_secs(idle),
        maximum_connections: count(
            "tunnel.maximum_connections",
            &written.maximum_connections,
            default.maximum_connections,
            256,
        )?,
    })
}

pub(super) fn check_address(
    written: WrittenAddress,
    place: &Place<'_>,
) -> Result<RecordServerAddress, ConfigError> {
    let host = written.host.get_ref().clone();
    if host.len() > MAXIMUM_HOST || ServerName::try_from(host.as_str()).is_err() {
        return Err(place.fault("record_server.tunnel.host", &written.host, Fault::Host));
    }
    let port = place.number(
        "record_server.tunnel.port",
        written.port.as_ref(),
        DEFAULT_PORT.into(),
        u16::MAX.into(),
    )?;
    Ok(RecordServerAddress {
        host,
        port: u16::try_from(port).unwrap_or(DEFAULT_PORT),
        anchors: place
            .path("record_server.tunnel.anchors", written.anchors)?
            .unwrap_or_else(|| PathBuf::from(DEFAULT_ANCHORS)),
        tls: written.tls,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;
    use std::time::Duration;

    use paraphe_protocol::tls::TlsVersion;

    use crate::config::Config;

    fn parse(more: &str) -> Result<Config, String> {
        let server =
            "[[record_server]]\nname = \"dossier\"\ntitle = \"Dossier\"\naudience = \"x\"\n";
        let text = format!("{server}{more}");
        Config::from_toml(&text, Path::new("test.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_record_server_may_have_an_address() {
        assert_eq!(parse("").unwrap().record_servers[0].address, None);
        let config = parse("[record_server.tunnel]\nhost = \"dmp.example\"\ntls = \"1.2\"\n");
        let address = config.unwrap().record_servers.remove(0).address.unwrap();
        assert_eq!(address.authority(), "dmp.example");
        assert_eq!(address.tls, Some(TlsVersion::Tls12));
        assert_eq!(address.anchors, Path::new("/etc/paraphe/trust/servers"));
        let config = parse("[record_server.tunnel]\nhost = \"::1\"\nport = 8443\n");
        let address = config.unwrap().record_servers.remove(0).address.unwrap();
        assert_eq!(address.authority(), "[::1]:8443");
        for wrong in [
            "host = \"https://dmp.example\"",
            "host = \"\"",
            "host = \"a b\"",
            "host = \"dmp.example\"\nport = 0",
            "host = \"dmp.example\"\ntls = \"1.1\"",
            "host = \"dmp.example\"\nanchors = \"relative.pem\"",
            "host = \"dmp.example\"\nverify = false",
        ] {
            let refused = parse(&format!("[record_server.tunnel]\n{wrong}\n"));
            assert!(refused.is_err(), "{wrong}");
        }
    }

    #[test]
    fn bounds_have_bounds() {
        let config = parse("[tunnel]\nidle_seconds = 2\nmaximum_handshakes = 7\n").unwrap();
        assert_eq!(config.tunnel.idle, Duration::from_secs(2));
        assert_eq!(config.tunnel.maximum_handshakes, 7);
        for wrong in [
            "idle_seconds = 0",
            "maximum_connections = 1000",
            "seconds = 1",
        ] {
            assert!(parse(&format!("[tunnel]\n{wrong}\n")).is_err(), "{wrong}");
        }
    }
}
