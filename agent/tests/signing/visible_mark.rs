//! The visible mark of a PDF signature as callers ask for it: judged by `pdfsig` and `qpdf`, and looked for in what `pdftoppm` draws.
//!
//! Needs poppler-utils and qpdf.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::stage::documents::{fetched, shipped};
use crate::stage::{Answer, Card, Stage};
use paraphe_protocol::api::{ErrorCode, Operation};
use serde_json::{Value, json};

/// An A4 page, points.
const PAGE: (usize, usize) = (595, 842);
const LEFT: usize = 330;
const BOTTOM: usize = 36;
const WIDTH: usize = 220;
const HEIGHT: usize = 60;

fn document() -> PathBuf {
    shipped("compte-rendu.pdf")
}

fn request(format: &str, mark: &Value) -> Value {
    json!({
        "format": format,
        "documents": [{"source": {"path": document()}, "name": "compte-rendu.pdf"}],
        "mark": mark,
    })
}

fn mark() -> Value {
    json!({"page": 1, "left": LEFT, "bottom": BOTTOM, "width": WIDTH, "height": HEIGHT})
}

async fn signed(stage: &Stage, mark: &Value, path: &Path) {
    stage.will_answer(Answer::Pin("1234"));
    let body = request("pades", mark);
    let signed = stage.perform(Operation::Sign, body).await.unwrap();
    fs::write(path, fetched(stage, &signed["signature"]).await).unwrap();
    let body = json!({"signature": {"path": path}, "documents": []});
    let told = stage.perform(Operation::Verify, body).await.unwrap();
    assert_eq!(told["conclusion"], "total-passed", "{told:#}");
}

fn run(program: &str, arguments: &[&str], path: &Path) -> Vec<u8> {
    let output = Command::new(program)
        .args(arguments)
        .arg(path)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program}: {output:?}");
    output.stdout
}

/// The first page in shades of grey, a pixel a point, from the top left.
fn drawn(path: &Path) -> Vec<u8> {
    let image = run("pdftoppm", &["-r", "72", "-gray", "-singlefile"], path);
    let header = format!("P5\n{} {}\n255\n", PAGE.0, PAGE.1);
    image
        .strip_prefix(header.as_bytes())
        .unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&image[..20])))
        .to_vec()
}

/// How many pixels differ inside the mark's place, and how many outside.
fn differences(one: &[u8], other: &[u8]) -> (usize, usize) {
    let top = PAGE.1 - BOTTOM - HEIGHT;
    let mut count = (0, 0);
    for (index, (before, after)) in one.iter().zip(other).enumerate() {
        if before.abs_diff(*after) < 64 {
            continue;
        }
        let (column, row) = (index % PAGE.0, index / PAGE.0);
        // A pixel of tolerance for where a drawer rounds.
        let inside =
            (LEFT - 1..=LEFT + WIDTH).contains(&column) && (top - 1..=top + HEIGHT).contains(&row);
        match inside {
            true => count.0 += 1,
            false => count.1 += 1,
        }
    }
    count
}

#[tokio::test]
async fn a_mark_is_drawn_where_it_was_asked_for_and_nowhere_else() {
    let stage = Stage::new(vec![]);
    stage.insert("Lecteur 1", &Card::shipped("physician"));
    let folder = tempfile::tempdir().unwrap();
    let before = drawn(&document());
    let own_words = json!({"lines": ["Lu et approuvé", "Cabinet d'exemple"]});
    for (name, lines, expected) in [
        ("usual", json!({}), ["Signé par ", " UTC"]),
        ("own", own_words, ["Lu et approuvé", "Cabinet d'exemple"]),
    ] {
        let mut mark = mark();
        if let Some(lines) = lines.get("lines") {
            mark["lines"] = lines.clone();
        }
        let path = folder.path().join(format!("{name}.pdf"));
        signed(&stage, &mark, &path).await;
        let told = String::from_utf8(run("pdfsig", &["-nocert"], &path)).unwrap();
        assert!(told.contains("Signature is Valid"), "{told}");
        run("qpdf", &["--check"], &path);
        let (inside, outside) = differences(&before, &drawn(&path));
        // The frame alone has more than five hundred points.
        assert!(inside > 500, "{name}: {inside}");
        assert_eq!(outside, 0, "{name}");
        // The words are in the appearance, whatever fonts the drawer has.
        let plain = folder.path().join("plain.pdf");
        let arguments = ["--qdf", "--object-streams=disable"];
        let status = Command::new("qpdf")
            .args(arguments)
            .arg(&path)
            .arg(&plain)
            .status()
            .unwrap();
        assert!(status.success());
        let plain = fs::read(&plain).unwrap();
        for words in expected {
            // Windows-1252 in hexadecimal; for these characters it is Latin-1.
            let hexadecimal: String = words
                .chars()
                .map(|character| format!("{:02X}", u32::from(character)))
                .collect();
            let found = plain
                .windows(hexadecimal.len())
                .any(|window| window == hexadecimal.as_bytes());
            assert!(found, "{name}: {words}");
        }
    }
    // Without a mark nothing is drawn.
    let path = folder.path().join("invisible.pdf");
    signed(&stage, &Value::Null, &path).await;
    assert_eq!(differences(&before, &drawn(&path)), (0, 0));
}

#[tokio::test]
async fn a_mark_that_cannot_be_is_refused_before_anybody_is_asked() {
    let stage = Stage::new(vec![]);
    let card = Card::shipped("physician");
    stage.insert("Lecteur 1", &card);
    let with = |key: &str, value: Value| {
        let mut mark = mark();
        mark[key] = value;
        request("pades", &mark)
    };
    for (body, expected) in [
        (request("cades", &mark()), ErrorCode::RequestInvalid),
        (request("xades", &mark()), ErrorCode::RequestInvalid),
        (with("page", json!(0)), ErrorCode::RequestInvalid),
        (with("page", json!(2)), ErrorCode::DocumentNotSignable),
        (with("width", json!(5)), ErrorCode::DocumentNotSignable),
        (with("height", json!(700)), ErrorCode::DocumentNotSignable),
        (
            with("lines", json!(vec!["x"; 9])),
            ErrorCode::DocumentNotSignable,
        ),
        (with("left", json!(-3)), ErrorCode::RequestInvalid),
        (with("colour", json!("red")), ErrorCode::RequestInvalid),
    ] {
        let refused = stage.perform(Operation::Sign, body.clone()).await;
        assert_eq!(refused.unwrap_err().code, expected, "{body}");
    }
    assert!(stage.asked().is_empty());
    assert_eq!(card.counters().verifies, 0);
}
