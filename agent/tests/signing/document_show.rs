//! `document/show`, and what it is for: the bytes that were looked at are the bytes that are signed, or nothing is. A file that
//! changes between the two never gets a signature over what nobody saw.

use std::fs;
use std::path::Path;

use crate::stage::documents::{fetched, shipped};
use crate::stage::home::Home;
use crate::stage::{Answer, Card, SITE, SITE_WITHOUT_SERVER, Stage, code, site};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paraphe_protocol::api::{ErrorCode, MAXIMUM_SHOWN_TEXT, Operation};
use paraphe_protocol::digest::Sha256Digest;
use serde_json::{Value, json};

const BEFORE: &str = "Dose : 10 mg par jour.\n";
const AFTER: &str = "Dose : 90 mg par jour.\n";

async fn show(stage: &Stage, path: &Path) -> Value {
    let body = json!({"source": {"path": path}});
    stage.perform(Operation::DocumentShow, body).await.unwrap()
}

fn codes(shown: &Value) -> Vec<String> {
    let problems = shown["problems"].as_array().into_iter().flatten();
    problems
        .map(|problem| problem["code"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn what_was_shown_is_signed_whatever_the_file_is_by_then() {
    let stage = Stage::new(vec![Answer::Pin("1234"), Answer::Pin("1234")]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ordonnance.txt");
    fs::write(&path, BEFORE).unwrap();
    let shown = show(&stage, &path).await;
    assert_eq!(shown["text"], BEFORE);
    assert_eq!(shown["media_type"], "text/plain");
    assert_eq!(shown["text_is_cut"], false);
    assert_eq!(codes(&shown), [""; 0]);
    let digest = Sha256Digest::of(BEFORE.as_bytes()).to_string();
    assert_eq!(shown["sha256"], digest);
    fs::write(&path, AFTER).unwrap();

    // By its path, on the condition that it is what was shown: refused before anybody is asked, alone and in a lot.
    let by_path = json!({"path": path});
    let single = json!({"format": "cades", "packaging": "enveloping", "documents": [
        {"source": by_path, "name": "ordonnance.txt", "sha256": digest}
    ]});
    let lot = json!({"profile": "dsg", "patient": {"ins": "282049999900264"}, "documents": [
        {"source": by_path, "title": "Ordonnance", "sha256": digest}
    ]});
    for (operation, body) in [(Operation::Sign, &single), (Operation::LotSign, &lot)] {
        let refused = stage.perform(operation, body.clone()).await;
        assert_eq!(code(&refused), ErrorCode::DocumentChanged);
    }
    assert!(stage.asked().is_empty());
    assert_eq!(card.counters().verifies, 0);

    // By the snapshot's name: what was shown.
    let snapshot = json!({"document": shown["document"]});
    for (operation, mut body) in [(Operation::Sign, single), (Operation::LotSign, lot)] {
        body["documents"][0]["source"] = snapshot.clone();
        let signed = stage.perform(operation, body).await.unwrap();
        assert_eq!(signed["documents"][0]["sha256"], digest);
        if operation == Operation::Sign {
            let file = fetched(&stage, &signed["signature"]).await;
            let holds = |text: &str| {
                let mut windows = file.windows(text.len());
                windows.any(|window| window == text.as_bytes())
            };
            assert!(holds(BEFORE) && !holds(AFTER));
            let body = json!({"signature": signed["signature"], "documents": []});
            let told = stage.perform(Operation::Verify, body).await.unwrap();
            assert_eq!(told["conclusion"], "total-passed", "{told:#}");
        }
    }
    assert_eq!(fetched(&stage, &shown).await, BEFORE.as_bytes());
}

#[tokio::test]
async fn nothing_in_a_text_hides() {
    let stage = Stage::new(vec![]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("note.txt");
    fs::write(&path, "10\u{202e}01 mg\u{200b}, é\n").unwrap();
    let shown = show(&stage, &path).await;
    assert_eq!(shown["text"], "10⟨U+202E⟩01 mg⟨U+200B⟩, é\n");

    // A terminal's commands are seen, and the document is not signed.
    fs::write(&path, "a\u{1b}[2Jb").unwrap();
    let shown = show(&stage, &path).await;
    assert_eq!(shown["text"], "a⟨U+001B⟩[2Jb");
    assert_eq!(codes(&shown), ["document-format"]);

    fs::write(&path, b"Pr\xe9nom en Latin-1, ce que personne ne sait").unwrap();
    let shown = show(&stage, &path).await;
    assert_eq!(shown.get("text"), None);
    assert_eq!(codes(&shown), ["document-format"]);

    // Cut in the middle of a character.
    let long = "é".repeat(MAXIMUM_SHOWN_TEXT / 2 + 10);
    fs::write(&path, format!("x{long}")).unwrap();
    let shown = show(&stage, &path).await;
    assert_eq!(shown["text_is_cut"], true);
    let text = shown["text"].as_str().unwrap();
    assert_eq!(text.len(), MAXIMUM_SHOWN_TEXT - 1);
    assert!(text.starts_with("xé") && text.ends_with('é'));

    let path = folder.path().join("synthese.xml");
    fs::write(&path, "<?xml version=\"1.0\"?><a>\u{2066}b</a>").unwrap();
    let shown = show(&stage, &path).await;
    assert_eq!(shown["media_type"], "application/xml");
    assert!(shown["text"].as_str().unwrap().contains("⟨U+2066⟩"));
    assert_eq!(codes(&shown), [""; 0]);
    fs::write(&path, "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>").unwrap();
    let shown = show(&stage, &path).await;
    assert_eq!(codes(&shown), ["document-format"]);
}

#[tokio::test]
async fn what_acts_is_told_and_is_not_signed() {
    let stage = Stage::new(vec![]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pdf");
    let plain = fs::read(shipped("compte-rendu.pdf")).unwrap();
    let shown = show(&stage, &shipped("compte-rendu.pdf")).await;
    assert_eq!(shown["media_type"], "application/pdf");
    assert_eq!(shown.get("text"), None);
    assert_eq!(codes(&shown), [""; 0]);
    assert_eq!(fetched(&stage, &shown).await, plain);

    let active = [
        plain.as_slice(),
        b"\n9 0 obj\n<</S/JavaScript/JS(app.alert(1))>>\nendobj\n%%EOF\n",
    ];
    fs::write(&path, active.concat()).unwrap();
    let shown = show(&stage, &path).await;
    assert_eq!(codes(&shown), ["document-active-content"]);
    assert_eq!(shown["media_type"], "application/pdf");
    assert_eq!(fetched(&stage, &shown).await, active.concat());
    for format in ["cades", "pades", "xades"] {
        let body = json!({"format": format, "documents": [
            {"source": {"document": shown["document"]}, "name": "a.pdf"}
        ]});
        let refused = stage.perform(Operation::Sign, body).await;
        assert_eq!(code(&refused), ErrorCode::DocumentActiveContent, "{format}");
    }
    assert_eq!(card.counters().verifies, 0);
}

#[tokio::test]
async fn a_site_looks_at_what_it_put_and_at_nothing_else() {
    let stage = Stage::new(vec![]);
    let caller = site(SITE);
    let by_path = json!({"source": {"path": shipped("note-de-suivi.txt")}});
    let refused = stage.perform_as(&caller, Operation::DocumentShow, by_path);
    assert_eq!(code(&refused.await), ErrorCode::PathNotAllowed);
    let put = json!({"offset": 0, "content": STANDARD.encode(BEFORE), "last": true});
    let put = stage.perform_as(&caller, Operation::DocumentPut, put).await;
    let document = put.unwrap()["document"].clone();
    let body = json!({"source": {"document": document}});
    let shown = stage.perform_as(&caller, Operation::DocumentShow, body.clone());
    let shown = shown.await.unwrap();
    // It is its own snapshot.
    assert_eq!(shown["document"], document);
    assert_eq!(shown["text"], BEFORE);
    let other = site(SITE_WITHOUT_SERVER);
    let refused = stage.perform_as(&other, Operation::DocumentShow, body);
    assert_eq!(code(&refused.await), ErrorCode::DocumentMissing);
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_command_shows_text_by_itself_and_the_rest_in_the_viewer() {
    let home = Home::new("");
    let photo = shipped("photo-lesion.jpg");
    let output = home.paraphe(&["show", photo.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).contains("image/jpeg"));
    assert_eq!(
        fs::read(home.path("seen")).unwrap(),
        fs::read(&photo).unwrap()
    );
    let mode = fs::read_to_string(home.path("seen.mode")).unwrap();
    let (mode, place) = mode.trim().split_once(' ').unwrap();
    assert_eq!(mode, "400");
    assert!(place.ends_with("/photo-lesion.jpg"), "{place}");
    assert!(Path::new(place).starts_with(home.path("run")), "{place}");

    let note = home.path("note.txt");
    fs::write(&note, "a\u{202e}b\n").unwrap();
    fs::remove_file(home.path("seen")).unwrap();
    let output = home.paraphe(&["show", note.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).contains("a⟨U+202E⟩b"));
    assert!(!home.path("seen").exists());
    let output = home.paraphe(&["--json", "show", photo.to_str().unwrap()]);
    let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(shown["media_type"], "image/jpeg");
    assert!(!home.path("seen").exists());
}

#[test]
fn a_viewer_that_cannot_be_started_is_told() {
    let home = Home::new("exit 3");
    let photo = shipped("photo-lesion.jpg");
    let output = home.paraphe(&["show", photo.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(text(&output.stderr).contains("[viewer] program"));
    let left = fs::read_dir(home.path("run/paraphe/shown"))
        .unwrap()
        .count();
    assert_eq!(left, 0);
}

#[test]
fn what_the_viewer_got_is_signed_though_the_file_changed_meanwhile() {
    let document = "compte-rendu.pdf";
    let home = Home::new("cp \"$HOME/other.pdf\" \"$HOME/compte-rendu.pdf\"");
    let path = home.path(document);
    fs::copy(shipped(document), &path).unwrap();
    let before = fs::read(&path).unwrap();
    // A PDF as good as the first.
    let other = [before.as_slice(), b"\n% autre\n%%EOF\n"].concat();
    fs::write(home.path("other.pdf"), &other).unwrap();
    let signed = home.path("signed.pdf");
    let arguments = [
        "sign",
        "--show",
        "--format",
        "pades",
        "-o",
        signed.to_str().unwrap(),
    ];
    let pin = home.path("pin");
    let more = ["--pin-file", pin.to_str().unwrap(), path.to_str().unwrap()];
    let output = home.paraphe(&[arguments.as_slice(), &more].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(fs::read(home.path("seen")).unwrap(), before);
    assert_eq!(fs::read(&path).unwrap(), other);
    let signed = fs::read(&signed).unwrap();
    assert!(signed.starts_with(&before));
    assert!(!signed.starts_with(&other));
}

#[test]
fn a_person_at_the_terminal_is_asked_and_the_copy_goes_when_they_are_done() {
    let home = Home::new("");
    let path = shipped("compte-rendu.pdf");
    let (signed, pin) = (home.path("signed.pdf"), home.path("pin"));
    let arguments = [
        "sign",
        "--show",
        "--format",
        "pades",
        "-o",
        signed.to_str().unwrap(),
        "--pin-file",
        pin.to_str().unwrap(),
        path.to_str().unwrap(),
    ];
    // Enter ends the showing; then the answer.
    let output = home.at_a_terminal(&arguments, "\nn\n");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(text(&output.stdout).contains("Sign what was just shown?"));
    assert!(!signed.exists());
    let output = home.at_a_terminal(&arguments, "\ny\n");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(
        fs::read(&signed)
            .unwrap()
            .starts_with(&fs::read(&path).unwrap())
    );
    let left = fs::read_dir(home.path("run/paraphe/shown"))
        .unwrap()
        .count();
    assert_eq!(left, 0);
}
