//! The configuration file: every rule with a text that breaks it, and the line that the error names.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::{Path, PathBuf};

use paraphe_protocol::api::{ErrorCode, Language, Right};

use super::origin::parse_with;
use super::{Config, ConfigError, Directories, SiteOriginError};

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::from_toml(text, Path::new("config.toml"))
}

#[test]
fn the_documented_example_is_read_as_it_stands() {
    let document = include_str!("../../../docs/configuration.md");
    let example = document
        .split("```toml\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .unwrap();
    let config = parse(example).unwrap();
    assert_eq!(config.port, 47443);
    assert_eq!(config.sites.len(), 4);
    assert_eq!(config.sites.iter().filter(|site| site.web_eid).count(), 1);
    let reception = config.site("https://accueil.example.fr").unwrap();
    assert_eq!(reception.rights, [Right::ReadPatient].into());
    assert_eq!(config.sites[0].rights, Right::ALL.into());
    assert!(config.pairing.allowed);
    assert_eq!(config.pairing.forbidden.len(), 1);
    assert_eq!(config.record_servers.len(), 1);
    assert_eq!(config.pin_entry, Config::default().pin_entry);
    let site = config.site("https://dossier.example.fr").unwrap();
    assert_eq!(site.record_server.as_ref().unwrap().as_str(), "regional");
    assert_eq!(
        config.record_server("regional").unwrap().audience.as_str(),
        "https://dossier.example.fr"
    );
    assert_eq!(config.limits, super::Limits::default());
    assert_eq!(config.trust, super::Trust::default());
    assert_eq!(config.lot, super::LotDefaults::default());
    assert_eq!(config.batch, super::BatchConfig::default());
    assert_eq!(config.revocation, super::RevocationConfig::default());
    assert_eq!((config.session_bus, config.viewer), (None, None));
    let [component] = &config.vitale_components[..] else {
        panic!("one component")
    };
    assert_eq!(component.name, "lecture");
    assert_eq!(component.timeout_seconds, 30);
    assert_eq!(config.vitale_places.len(), 1);
    assert_eq!(config.log.level, super::LogLevel::Info);
}

#[test]
fn freshness_has_limits_that_make_it_stricter_only() {
    let text = "[revocation]\nlist_hours = 24\nanswer_minutes = 5\nocsp_at_login = true\nocsp_nonce = false\n";
    let revocation = parse(text).unwrap().revocation;
    assert_eq!(revocation.freshness.list_seconds, Some(86_400));
    assert_eq!(revocation.freshness.answer_seconds, 300);
    assert!(revocation.freshness.login_needs_answer && !revocation.nonce);
    let default = parse("[revocation]\n").unwrap().revocation;
    assert_eq!(default, super::RevocationConfig::default());
    assert_eq!(default.freshness.list_seconds, None);
    for wrong in [
        "list_hours = 0",
        "list_hours = 8785",
        "answer_minutes = 10081",
        "nonce = true",
    ] {
        assert!(
            parse(&format!("[revocation]\n{wrong}\n")).is_err(),
            "{wrong}"
        );
    }
}

#[test]
fn modules_and_software_tokens_are_named_once_and_nothing_else_says_what_is_loaded() {
    let refused = |text: &str| parse(text).unwrap_err().to_string();
    let module = "[[pkcs11]]\nname = \"one\"\nmodule = \"/usr/lib/one.so\"\n";
    let config = parse(module).unwrap();
    assert_eq!(
        config.pkcs11_modules[0].files,
        [PathBuf::from("/usr/lib/one.so")]
    );
    assert_eq!(config.pkcs11_modules[0].timeout_seconds, 30);
    let known = parse("[[pkcs11]]\nname = \"one\"\nknown = \"opensc\"\n").unwrap();
    assert!(known.pkcs11_modules[0].files.len() > 1);
    let software = "[[software]]\nname = \"one\"\npath = \"/etc/one.p12\"\n";
    parse(software).unwrap();
    for (text, fault) in [
        (
            format!("{module}{module}"),
            "config.toml:5: pkcs11.name: stands twice",
        ),
        (
            format!("{module}{software}"),
            "config.toml:5: software.name: stands twice",
        ),
        (module.replace("/usr/lib/", ""), "must be an absolute path"),
        (software.replace("/etc/", ""), "must be an absolute path"),
        (
            format!("{module}known = \"softhsm\"\n"),
            "exactly one of module and known",
        ),
        (
            "[[pkcs11]]\nname = \"one\"\n".to_owned(),
            "exactly one of module and known",
        ),
        (format!("{module}timeout_seconds = 121\n"), "from 1 to 120"),
        (format!("{module}constraint = true\n"), "unknown field"),
        (format!("{software}pin = \"1234\"\n"), "unknown field"),
    ] {
        let said = refused(&text);
        assert!(said.contains(fault), "{said}");
    }
}

#[test]
fn an_empty_file_is_the_defaults() {
    let config = parse("").unwrap();
    assert_eq!(
        Config {
            source: None,
            ..config
        },
        Config::default()
    );
}

#[test]
fn every_broken_rule_is_refused_at_its_line() {
    let server =
        "[[record_server]]\nname = \"a\"\ntitle = \"A\"\naudience = \"https://a.example\"\n";
    let cases: &[(&str, usize, &str)] = &[
        ("colour = 1", 1, "unknown field"),
        ("\nport = \"x\"", 2, "invalid type"),
        ("port = 0", 1, "from 1 to 65535"),
        (
            "[[site]]\norigin = \"https://a.example\"\nrights = [\"all\"]",
            3,
            "must be log-in, read-patient, read-professional or sign",
        ),
        (
            "[[site]]\norigin = \"https://a.example\"\nrights = [\"sign\",\n\"sign\"]",
            4,
            "stands twice",
        ),
        (
            "[[site]]\norigin = \"https://a.example\"\n[pairing]\nforbidden = [\"https://a.example\"]",
            4,
            "stands twice",
        ),
        (
            "[pairing]\nforbidden = [\"https://*.example\"]",
            2,
            "no wildcard",
        ),
        ("port = 65536", 1, "from 1 to 65535"),
        ("port = -1", 1, "from 1 to 65535"),
        ("[[site]]\norigin = \"http://a.example\"", 2, "https://"),
        (
            "[[site]]\norigin = \"https://a.example/\"",
            2,
            "trailing slash",
        ),
        ("[[site]]\norigin = \"https://*.example\"", 2, "no wildcard"),
        (
            "[[site]]\norigin = \"https://a.example\"\nallow_pin = true",
            3,
            "unknown field",
        ),
        (
            "[[site]]\norigin = \"https://a.example\"\nrecord_server = \"b\"",
            3,
            "no [[record_server]]",
        ),
        (
            "[[site]]\nrecord_server = \"b\"",
            1,
            "missing field `origin`",
        ),
        (
            "[[site]]\norigin = \"https://a.example\"\n[[site]]\norigin = \"https://a.example\"",
            4,
            "twice",
        ),
        (
            "[[record_server]]\nname = \"A b\"\ntitle = \"t\"\naudience = \"x\"",
            2,
            "lower-case",
        ),
        (
            "[[record_server]]\nname = \"a\"\ntitle = \"\"\naudience = \"x\"",
            3,
            "printable",
        ),
        (
            "[[record_server]]\nname = \"a\"\ntitle = \"t\"\naudience = \"a b\"",
            4,
            "visible ASCII",
        ),
        ("[trust]\nanchors = \"here\"", 2, "absolute"),
        ("[trust]\nrevocation = \"off\"", 2, "unknown field"),
        ("[limits]\nlot_documents = 0", 2, "from 1 to"),
        ("[limits]\ndocument_bytes = 99999999999999", 2, "from 1 to"),
        ("[limits]\ncard_seconds = 31", 2, "from 1 to 30"),
        ("[batch]\nkeep_days = 0", 2, "from 1 to 3650"),
        ("[batch]\nkeep_days = 3651", 2, "from 1 to 3650"),
        ("[batch]\nmaximum_kept = 10001", 2, "from 1 to 10000"),
        ("[session_manager]\nbus = \"\"", 2, "printable"),
        ("[viewer]\nprogram = \"evince\"", 2, "absolute"),
        ("[pin_entry]\nmethod = \"guess\"", 2, "unknown variant"),
        ("[pin_entry]\nprogram = \"pinentry\"", 2, "absolute"),
        ("[pin_entry]\nkeypad = \"always\"", 2, "unknown variant"),
        ("[pin_entry]\nkeypad_seconds = 0", 2, "from 1 to 120"),
        ("[pin_entry]\nkeypad_seconds = 121", 2, "from 1 to 120"),
        (
            "[[vitale_component]]\nname = \"chip\"\nkind = \"phone-app\"\nprogram = \"/p\"",
            2,
            "kept for something else",
        ),
        (
            "[[vitale_component]]\nname = \"a\"\nkind = \"reader\"\nprogram = \"/p\"",
            3,
            "unknown variant",
        ),
        (
            "[[vitale_component]]\nname = \"a\"\nkind = \"phone-app\"\nprogram = \"p\"",
            4,
            "absolute",
        ),
        (
            "[[vitale_place]]\ncomponent = \"galss\"\npath = \"galss.ini\"",
            3,
            "absolute",
        ),
        ("[log]\nlevel = \"trace\"", 2, "unknown variant"),
        ("port = 1\nport = 2", 2, "duplicate key"),
        ("port =", 1, ""),
    ];
    for (text, line, needle) in cases {
        let error = parse(text).unwrap_err();
        let message = error.to_string();
        assert!(message.contains(needle), "{text:?}: {message}");
        assert!(
            message.starts_with(&format!("config.toml:{line}: ")),
            "{text:?}: {message}"
        );
        let problem = error.problem(Language::French);
        assert_eq!(problem.code, ErrorCode::ConfigurationInvalid);
        let detail = problem.detail.unwrap();
        assert!(detail.contains(&format!("ligne {line}")), "{detail}");
        assert_ne!(error.problem(Language::English).detail.unwrap(), detail);
    }
    let twice = parse(&format!("{server}{server}")).unwrap_err().to_string();
    assert_eq!(twice, "config.toml:6: record_server.name: stands twice");
}

#[test]
fn this_machine_is_no_site_in_a_release_build() {
    for good in [
        "https://a.example",
        "https://intranet",
        "https://10.1.2.3",
        "https://localhost.example",
    ] {
        assert_eq!(parse_with(good, false).unwrap().as_str(), good);
    }
    for own in [
        "https://localhost",
        "https://localhost:8443",
        "https://a.localhost",
        "https://127.0.0.1",
        "https://127.1.2.3:8443",
        "https://0.0.0.0",
        "https://[::1]:8443",
        "https://[::]",
    ] {
        assert_eq!(
            parse_with(own, false),
            Err(SiteOriginError::Loopback),
            "{own}"
        );
        assert!(parse_with(own, true).is_ok(), "{own}");
    }
    for never in [
        "http://localhost:8443",
        "http://a.example",
        "https://A.example",
        "null",
    ] {
        for loopback_allowed in [true, false] {
            assert!(
                matches!(
                    parse_with(never, loopback_allowed),
                    Err(SiteOriginError::NotAnOrigin(_))
                ),
                "{never}"
            );
        }
    }
}

#[test]
fn the_search_order_holds() {
    let home = tempfile::tempdir().unwrap();
    let directories = Directories::from_lookup(|name| {
        (name == "XDG_CONFIG_HOME").then(|| home.path().as_os_str().to_owned())
    });
    let personal = home.path().join("paraphe/config.toml");
    std::fs::create_dir(home.path().join("paraphe")).unwrap();
    std::fs::write(&personal, "port = 1111").unwrap();
    let config = Config::load(None, &directories).unwrap();
    assert_eq!((config.port, config.source), (1111, Some(personal)));

    let given = home.path().join("given.toml");
    std::fs::write(&given, "port = 2222").unwrap();
    let config = Config::load(Some(&given), &directories).unwrap();
    assert_eq!(config.port, 2222);

    let missing = home.path().join("missing.toml");
    assert!(matches!(
        Config::load(Some(&missing), &directories),
        Err(ConfigError::Unreadable { path, .. }) if path == missing
    ));
}

#[test]
fn xdg_fallbacks_are_under_home_and_relative_values_are_ignored() {
    let directories = Directories::from_lookup(|name| match name {
        "HOME" => Some("/home/test".into()),
        "XDG_STATE_HOME" => Some("relative".into()),
        "XDG_RUNTIME_DIR" => Some("/run/user/1000".into()),
        _ => None,
    });
    assert_eq!(
        directories.config,
        Some(PathBuf::from("/home/test/.config/paraphe"))
    );
    assert_eq!(
        directories.tls(&Config::default()),
        Some(PathBuf::from("/home/test/.local/state/paraphe/tls"))
    );
    assert_eq!(
        directories.socket(),
        Some(PathBuf::from("/run/user/1000/paraphe/agent.sock"))
    );
    let nowhere = Directories::from_lookup(|_| None);
    assert_eq!(nowhere, Directories::default());
}
