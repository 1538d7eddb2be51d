//! Documents whole, and cut at every offset: the outcome never depends on the chunks.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const PDF: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";
const RTF: &[u8] = b"{\\rtf1\\ansi Bonjour \\b Madame\\b0 .\\par}\r\n";
const JPEG: &[u8] = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x48\x00\x48\x00\x00\xff\xd9";
const TIFF: &[u8] = b"II*\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00";
const TEXT: &[u8] =
    "Température 38 °C <37,5 la veille ; suivi œdème. 😀\r\n\tà revoir\n".as_bytes();

fn inspect(
    declared: Option<DocumentFormat>,
    chunks: &[&[u8]],
) -> Result<InspectedDocument, DocumentError> {
    let mut inspector = Inspector::new(declared, DocumentLimits::default());
    for chunk in chunks {
        inspector.update(chunk)?;
    }
    inspector.finish()
}

/// Two documents at once, in chunks of other sizes.
fn in_turns([one, other]: [&[u8]; 2]) -> [Result<InspectedDocument, DocumentError>; 2] {
    let start = || Inspector::new(None, DocumentLimits::default());
    let (mut first, mut second) = (start(), start());
    let mut results = [Ok(()), Ok(())];
    let (mut chunks, mut other_chunks) = (one.chunks(17), other.chunks(1000));
    loop {
        let pair = (chunks.next(), other_chunks.next());
        if pair == (None, None) {
            break;
        }
        let (chunk, other_chunk) = (pair.0.unwrap_or_default(), pair.1.unwrap_or_default());
        let taken = Inspector::update_both(&mut first, chunk, &mut second, other_chunk);
        for (result, taken) in results.iter_mut().zip(taken) {
            *result = result.and(taken);
        }
    }
    let [first_result, second_result] = results;
    [
        first_result.and_then(|()| first.finish()),
        second_result.and_then(|()| second.finish()),
    ]
}

/// The outcome of the whole, after checking that no cut changes it.
fn outcome(bytes: &[u8]) -> Result<DocumentFormat, DocumentError> {
    let whole = inspect(None, &[bytes]);
    for cut in 0..=bytes.len() {
        let (first, second) = bytes.split_at(cut);
        assert_eq!(inspect(None, &[first, second]), whole, "cut at {cut}");
    }
    let singles: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(inspect(None, &singles), whole, "byte by byte");
    for other in [PDF, TEXT, b"\x00\x01nothing", b""] {
        let alone = inspect(None, &[other]);
        assert_eq!(in_turns([bytes, other]), [whole, alone], "the first of two");
        assert_eq!(in_turns([other, bytes]), [alone, whole], "the second");
    }
    if let Ok(document) = whole {
        assert_eq!(document.size, bytes.len() as u64);
        assert_eq!(document.sha256, Sha256Digest::of(bytes));
    }
    whole.map(|document| document.format)
}

fn active(kind: ActiveContent) -> Result<DocumentFormat, DocumentError> {
    Err(DocumentError::ActiveContent { kind })
}

fn with(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text.contains(from));
    text.replacen(from, to, 1).into_bytes()
}

#[test]
fn the_five_formats_are_recognised() {
    for (bytes, format) in [
        (PDF, DocumentFormat::Pdf),
        (RTF, DocumentFormat::Rtf),
        (JPEG, DocumentFormat::Jpeg),
        (TIFF, DocumentFormat::Tiff),
        (TEXT, DocumentFormat::Text),
        (b"MM\x00\x2a\x00\x00\x00\x08\x00\x00", DocumentFormat::Tiff),
        (b"ok", DocumentFormat::Text),
        (b"\xef\xbb\xbfok", DocumentFormat::Text),
    ] {
        assert_eq!(outcome(bytes), Ok(format));
        assert_eq!(inspect(Some(format), &[bytes]).unwrap().format, format);
    }
}

#[test]
fn the_declared_type_must_be_the_content() {
    for (declared, bytes, found) in [
        (DocumentFormat::Text, PDF, DocumentFormat::Pdf),
        (DocumentFormat::Pdf, TEXT, DocumentFormat::Text),
        (DocumentFormat::Jpeg, TIFF, DocumentFormat::Tiff),
        (DocumentFormat::Text, RTF, DocumentFormat::Rtf),
    ] {
        assert_eq!(
            inspect(Some(declared), &[bytes]),
            Err(DocumentError::FormatMismatch { declared, found })
        );
    }
}

#[test]
fn foreign_files_are_refused() {
    for bytes in [
        &b"PK\x03\x04\x14\x00\x06\x00"[..],
        b"\x89PNG\r\n\x1a\n\x00\x00",
        b"\x7fELF\x02\x01\x01\x00",
        b"MZ\x90\x00\x03\x00\x00\x00",
        b"\xff\xfeB\x00o\x00n\x00",
    ] {
        assert_eq!(outcome(bytes), Err(DocumentError::UnknownFormat));
    }
    assert_eq!(outcome(b""), Err(DocumentError::Empty));
}

#[test]
fn polyglots_are_refused() {
    let mut late = b"GIF89a text ".to_vec();
    late.extend_from_slice(PDF);
    assert_eq!(outcome(&late), Err(DocumentError::Polyglot { at: 12 }));
    let mut jpeg = b"\xff\xd8\xff\xfe\x00\x20".to_vec();
    jpeg.extend_from_slice(PDF);
    jpeg.extend_from_slice(b"\xff\xd9");
    assert_eq!(outcome(&jpeg), Err(DocumentError::Polyglot { at: 6 }));
    let mut twice = PDF.to_vec();
    twice.extend_from_slice(PDF);
    assert_eq!(
        outcome(&twice),
        Err(DocumentError::Polyglot { at: PDF.len() })
    );
}

#[test]
fn truncated_files_are_refused() {
    for (bytes, format) in [
        (&PDF[..PDF.len() - 6], DocumentFormat::Pdf),
        (&RTF[..RTF.len() - 3], DocumentFormat::Rtf),
        (&JPEG[..JPEG.len() - 1], DocumentFormat::Jpeg),
    ] {
        assert_eq!(outcome(bytes), Err(DocumentError::Truncated { format }));
    }
}

#[test]
fn text_must_be_utf8_without_control_characters() {
    let latin1 = b"R\xe9sultat normal";
    assert_eq!(outcome(latin1), Err(DocumentError::UnknownFormat));
    let text = Some(DocumentFormat::Text);
    assert_eq!(
        inspect(text, &[latin1]),
        Err(DocumentError::TextEncoding { at: 1 })
    );
    let late = b"Bonjour, r\xe9sultat normal";
    for cut in 0..late.len() {
        let (first, second) = late.split_at(cut);
        assert_eq!(
            inspect(text, &[first, second]),
            Err(DocumentError::TextEncoding { at: 10 }),
            "cut at {cut}"
        );
    }
    assert_eq!(
        inspect(text, &[b"Bonjour, mad\x00ame"]),
        Err(DocumentError::ControlCharacter { at: 12 })
    );
    assert_eq!(
        inspect(text, &["Bonjour é".as_bytes().split_last().unwrap().1]),
        Err(DocumentError::TextEncoding { at: 8 })
    );
    for bytes in [
        &b"Bonjour, \xed\xa0\x80"[..],
        b"Bonjour, \xc0\xaf",
        b"Bonjour, \xf5\x80\x80\x80",
    ] {
        assert_eq!(
            inspect(text, &[bytes]),
            Err(DocumentError::TextEncoding { at: 9 })
        );
    }
}

#[test]
fn late_problems_do_not_depend_on_the_first_chunk() {
    assert_eq!(
        outcome(b"Bonjour, mad\x00ame"),
        Err(DocumentError::ControlCharacter { at: 12 })
    );
    assert_eq!(
        outcome(b"Bonjour, r\xe9sultat"),
        Err(DocumentError::TextEncoding { at: 10 })
    );
}

#[test]
fn text_that_a_browser_would_run_is_refused() {
    for tag in [
        "<script>",
        "<SCRIPT src=x>",
        "<!DOCTYPE html>",
        "<html>",
        "<svg/onload=x>",
        "<iframe ",
    ] {
        let text = format!("Compte rendu {tag} fin");
        assert_eq!(
            outcome(text.as_bytes()),
            active(ActiveContent::Markup),
            "{tag}"
        );
    }
    for text in ["a < script", "<scripts", "x <htm", "<<b>"] {
        let text = format!("Compte rendu {text} fin");
        assert_eq!(outcome(text.as_bytes()), Ok(DocumentFormat::Text), "{text}");
    }
    assert_eq!(outcome(b"Bonjour <script"), active(ActiveContent::Markup));
    assert_eq!(outcome(b"Bonjour <<script>"), active(ActiveContent::Markup));
}

#[test]
fn pdf_names_that_act_are_refused() {
    for (name, kind) in [
        ("/S/JavaScript", ActiveContent::JavaScript),
        ("/S /J#61vaScript ", ActiveContent::JavaScript),
        ("/#4A#61#76#61#53#63#72#69#70#74", ActiveContent::JavaScript),
        ("/Launch", ActiveContent::Launch),
        ("/XFA[", ActiveContent::XfaForm),
        ("/EmbeddedFiles 3 0 R", ActiveContent::EmbeddedFile),
        ("/Type/EmbeddedFile", ActiveContent::EmbeddedFile),
        ("/RichMedia", ActiveContent::RichMedia),
        ("/SubmitForm", ActiveContent::FormAction),
        ("/GoToE", ActiveContent::RemoteGoTo),
        ("/Encrypt 9 0 R", ActiveContent::Encryption),
    ] {
        let bytes = with(PDF, "/Catalog", &format!("/Catalog{name}"));
        assert_eq!(outcome(&bytes), active(kind), "{name}");
    }
    for name in [
        "/OpenAction[3 0 R/Fit]",
        "/JavaScripts",
        "/Javascript",
        "/XF",
        "/LaunchPad",
        "/J#ZZ",
        "/#4",
    ] {
        let bytes = with(PDF, "/Catalog", &format!("/Catalog{name}"));
        assert_eq!(outcome(&bytes), Ok(DocumentFormat::Pdf), "{name}");
    }
}

#[test]
fn a_name_is_found_wherever_it_stands() {
    let found = Err(DocumentError::ActiveContent {
        kind: ActiveContent::JavaScript,
    });
    for name in [
        "/JavaScript",
        "/#4aavaScript",
        "/J#61vaScript",
        "/#4A#61vaScript",
    ] {
        for filling in ["/", "/J", "/Jx", "x"] {
            for before in 0..150 {
                for after in [1, 70] {
                    let filled = filling.repeat(before);
                    let end = " ".repeat(after);
                    let text = format!("%PDF-1.4\n{filled} {name}{end}\n%%EOF\n");
                    let outcome = inspect(None, &[text.as_bytes()]);
                    assert_eq!(outcome, found, "{name} behind {before} times {filling}");
                }
            }
        }
    }
}

#[test]
fn rtf_objects_are_refused() {
    for word in ["\\objdata 0105", "\\objupdate", "\\objocx", "\\objautlink"] {
        let bytes = with(RTF, "Bonjour", &format!("{{\\object{word}}}"));
        assert_eq!(
            outcome(&bytes),
            active(ActiveContent::EmbeddedObject),
            "{word}"
        );
    }
    let bytes = with(RTF, "Bonjour", "\\objdatax \\\\ obj");
    assert_eq!(outcome(&bytes), Ok(DocumentFormat::Rtf));
}

#[test]
fn sizes_are_bounded() {
    let limits = DocumentLimits { max_bytes: 10 };
    let mut inspector = Inspector::new(None, limits);
    inspector.update(b"0123456789").unwrap();
    assert_eq!(
        inspector.update(b"0"),
        Err(DocumentError::TooLarge { limit: 10 })
    );
}

#[test]
fn media_types_are_exact() {
    for format in DocumentFormat::ALL {
        assert_eq!(format.media_type().parse(), Ok(*format));
        let json = serde_json::to_string(format).unwrap();
        assert_eq!(
            serde_json::from_str::<DocumentFormat>(&json).unwrap(),
            *format
        );
    }
    for media_type in [
        "",
        "text/html",
        "text/plain; charset=iso-8859-1",
        "image/png",
        "application/xml",
    ] {
        assert!(media_type.parse::<DocumentFormat>().is_err());
    }
}
