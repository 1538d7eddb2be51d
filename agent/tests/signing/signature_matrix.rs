//! Every format, packaging and level, by every kind of token: soft CPS3, soft CPS4, SoftHSM through PKCS#11, and a software key. Each result is
//! accepted by a program that nobody here wrote (`openssl cms`, `xmlsec1`, `pdfsig`, jwcrypto, `unzip`) and by `verify`, which tells the level.
//!
//! Needs `openssl`, `xmlsec1`, `pdfsig` (poppler-utils), `unzip`, SoftHSM 2 and the judges' Python, and fails without them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use crate::soft_hsm::SoftHsm;
use crate::stage::documents::fetched;
use crate::stage::time_stamping::TimeStampingServer;
use crate::stage::trust::texts;
use crate::stage::{self, Answer, Card, Stage};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use openssl::pkey::PKey;
use openssl::symm::Cipher;
use paraphe_certs::test_pki::CardPerson;
use paraphe_certs::{Category, Certificate, UnixTime};
use paraphe_protocol::api::Operation;
use serde_json::{Value, json};

const LEVELS: [&str; 4] = ["B", "T", "LT", "LTA"];
const PASSPHRASE: &str = "phrase secrète d'essai";

/// A format with a packaging, and the document that it signs.
const ROWS: [(&str, &str, &str); 9] = [
    ("cades", "detached", "photo-lesion.jpg"),
    ("cades", "enveloping", "note-de-suivi.txt"),
    ("xades", "detached", "compte-rendu.pdf"),
    ("xades", "enveloping", "lettre-de-liaison.rtf"),
    ("xades", "enveloped", "synthese.xml"),
    ("pades", "enveloped", "compte-rendu.pdf"),
    ("jades", "detached", "photo-lesion.jpg"),
    ("jades", "enveloping", "note-de-suivi.txt"),
    ("asic-e", "enveloping", "compte-rendu.pdf"),
];

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <synthese xmlns=\"urn:exemple:synthese\"><titre>Synthèse</titre><texte>Suivi à 3 mois.</texte></synthese>\n";

/// The documents of the rows in one folder, where detached signatures find them.
fn documents() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/documents");
    for (_, _, name) in ROWS {
        if name.ends_with(".xml") {
            fs::write(folder.path().join(name), XML).unwrap();
        } else {
            fs::copy(shipped.join(name), folder.path().join(name)).unwrap();
        }
    }
    folder
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Result<String, String> {
    let output = Command::new(program)
        .current_dir(folder)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be run: {error}"));
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        Err(text)
    }
}

/// What the others say of a signature file in the folder of its documents.
fn judge(folder: &Path, file: &str, format: &str, packaging: &str, document: &str) {
    let told = match format {
        "cades" => {
            let mut arguments = vec![
                "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-purpose", "any",
            ];
            arguments.extend(["-CAfile", "anchors.pem", "-in", file, "-out", "content"]);
            if packaging == "detached" {
                arguments.extend(["-content", document]);
            }
            run(folder, "openssl", &arguments)
        }
        "asic-e" => {
            // What it takes out is judged as a signature beside its document.
            run(folder, "unzip", &["-t", file]).unwrap();
            let inside = folder.join("inside");
            run(folder, "unzip", &["-o", file, "-d", "inside"]).unwrap();
            let signature = inside.join("META-INF/signatures0.xml");
            fs::rename(signature, inside.join("signature.xml")).unwrap();
            judge(&inside, "signature.xml", "xades", "detached", document);
            fs::remove_dir_all(inside)
                .map_err(|error| error.to_string())
                .map(|()| String::new())
        }
        "xades" => {
            let mut arguments = vec!["--verify".to_owned()];
            // It takes one certificate from each file.
            for (option, directory) in [
                ("--trusted-pem", stage::pki().anchors()),
                ("--untrusted-pem", stage::pki().intermediates()),
            ] {
                for entry in fs::read_dir(directory).unwrap() {
                    let path = entry.unwrap().path();
                    arguments.extend([option.to_owned(), path.to_str().unwrap().to_owned()]);
                }
            }
            arguments.push(file.to_owned());
            let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
            run(folder, "xmlsec1", &arguments)
        }
        "jades" => judge_jades(folder, file, packaging, document),
        _ => run(folder, "pdfsig", &["-nocert", file]).and_then(|told| {
            match told.contains("Signature is Valid") && !told.contains("Invalid") {
                true => Ok(told),
                false => Err(told),
            }
        }),
    };
    told.unwrap_or_else(|told| panic!("{format} {packaging}: {told}"));
}

/// jwcrypto, with the certificate that the signature carries: whose it is, is `verify`'s to say.
fn judge_jades(
    folder: &Path,
    file: &str,
    packaging: &str,
    document: &str,
) -> Result<String, String> {
    let written: Value = serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap();
    let header = URL_SAFE_NO_PAD.decode(written["protected"].as_str().unwrap());
    let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
    let certificate = STANDARD.decode(header["x5c"][0].as_str().unwrap()).unwrap();
    let certificate = Certificate::from_der(&certificate).unwrap();
    fs::write(folder.join("signer.pem"), certificate.pem()).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let python = target.join("judges/bin/python");
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/interop/verify_jades.py"
    );
    let mut arguments = vec![script, file, "signer.pem"];
    if packaging == "detached" {
        arguments.extend([document, document]);
    }
    run(folder, python.to_str().unwrap(), &arguments)
}

/// Every row at every level with the token that is named, or the only one; each answer of the stage is one secret.
async fn matrix(
    stage: &Stage,
    token: Option<&str>,
    algorithm: Option<&str>,
    answer: &dyn Fn() -> Answer,
) {
    let folder = documents();
    let folder = folder.path();
    let pki = stage::pki();
    fs::write(folder.join("anchors.pem"), texts(&pki.anchors())).unwrap();
    for (format, packaging, document) in ROWS {
        for level in LEVELS {
            let mut body = json!({
                "format": format, "packaging": packaging, "level": level,
                "documents": [{"source": {"path": folder.join(document)}, "name": document}],
            });
            if let Some(token) = token {
                body["reader"] = json!(token);
            }
            // This xmlsec1 knows no PSS; signxml judges that (protocol/tests).
            let algorithm = algorithm.map(|name| match format {
                "xades" | "asic-e" => name.replace("PS", "RS"),
                _ => name.to_owned(),
            });
            if let Some(algorithm) = algorithm {
                body["algorithm"] = json!(algorithm);
            }
            stage.will_answer(answer());
            let what = format!("{format} {packaging} {level}");
            let signed = stage.perform(Operation::Sign, body).await;
            let signed = signed.unwrap_or_else(|problem| panic!("{what}: {problem:?}"));
            assert_eq!(signed["level"], level, "{what}");
            let bytes = fetched(stage, &signed["signature"]).await;
            let body = json!({"document": signed["signature"]["document"]});
            stage.perform(Operation::DocumentDrop, body).await.unwrap();
            let file = format!("signature.{}", signed["extension"].as_str().unwrap());
            fs::write(folder.join(&file), bytes).unwrap();
            judge(folder, &file, format, packaging, document);
            let beside: Vec<PathBuf> = match packaging {
                "detached" => vec![folder.join(document)],
                _ => vec![],
            };
            let sources: Vec<_> = beside.iter().map(|path| json!({"path": path})).collect();
            let body = json!({"signature": {"path": folder.join(&file)}, "documents": sources});
            let report = stage.perform(Operation::Verify, body).await.unwrap();
            assert_eq!(report["conclusion"], "total-passed", "{what}: {report:#}");
            let signature = &report["signatures"][0];
            assert_eq!(signature["format"], format, "{what}");
            assert_eq!(signature["packaging"], packaging, "{what}");
            assert_eq!(signature["level"], level, "{what}: {report:#}");
            assert_eq!(signature["algorithm"], signed["algorithm"], "{what}");
            fs::remove_file(folder.join(&file)).unwrap();
        }
    }
}

fn pin() -> Answer {
    Answer::Pin("1234")
}

async fn by_card(profile: &str, algorithm: &str) {
    let server = TimeStampingServer::start();
    let stage = Stage::with(vec![], false, &server.configuration());
    let card = Card::shipped(profile);
    stage.insert("Lecteur 1", &card);
    matrix(&stage, None, Some(algorithm), &pin).await;
    let counters = card.counters();
    let signatures = (ROWS.len() * LEVELS.len()) as u64;
    assert_eq!(
        (counters.verifies, counters.private_key_operations),
        (signatures, signatures)
    );
}

#[tokio::test]
async fn a_cps3_signs_every_format_at_every_level() {
    by_card("physician", "RS256").await;
}

#[tokio::test]
async fn a_cps4_signs_every_format_at_every_level() {
    by_card("physician-cps4", "PS256").await;
}

#[tokio::test]
async fn a_token_of_a_module_signs_every_format_at_every_level() {
    let server = TimeStampingServer::start();
    let hsm = SoftHsm::new();
    hsm.card("matrix", &CardPerson::sample_physician());
    let configuration = hsm.configuration() + &server.configuration();
    let stage = Stage::with_helper(vec![], false, &configuration, &hsm.helper());
    matrix(&stage, None, None, &pin).await;
}

#[tokio::test]
async fn a_software_key_signs_every_format_at_every_level() {
    let server = TimeStampingServer::start();
    let person = CardPerson {
        category: Category::TestSoftware,
        card_serial: None,
        ..CardPerson::sample_physician()
    };
    let now = UnixTime::from(SystemTime::now());
    let issued = stage::pki().with_authorities(|pki| pki.issue_card(&person, now));
    let issued = issued.unwrap().unwrap().signature;
    let key = issued.private_key_pkcs8_pem.expose();
    let key = PKey::private_key_from_pem(key.as_bytes()).unwrap();
    let key = key
        .private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), PASSPHRASE.as_bytes())
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sign.pem");
    let pem = String::from_utf8(key).unwrap() + &issued.certificate.pem();
    fs::write(&path, pem).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    let configuration = format!(
        "[[software]]\nname = \"sign\"\npath = {path:?}\n\n{}",
        server.configuration()
    );
    let stage = Stage::with(vec![], false, &configuration);
    matrix(&stage, Some("sign"), Some("RS512"), &|| {
        Answer::Passphrase(PASSPHRASE)
    })
    .await;
}
