//! Signature wrapping on our own signatures: the eight classic shapes and those of 2025, for each packaging. None is accepted;
//! and whatever random edit is accepted, what comes out is what was signed.

use crate::support::Practice;
use crate::support::asic::{ZipEntry, check_asic, entries, signed, zip};
use crate::support::document_signer::DocumentSigner;
use crate::support::xades::{check, check_with_contents, parameters, sign_file, signed_detached};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::signature::{CheckedSignature, DigestAlgorithm, ReadError};
use paraphe_protocol::xades::{EmbeddedForm, prepare_enveloped, prepare_enveloping};
use proptest::prelude::*;

const FILES: [(&str, &[u8]); 1] = [("lettre.txt", b"Dose: 1 mg")];
const DS: &str = "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"";
const XADES: &str = "xmlns:xades=\"http://uri.etsi.org/01903/v1.3.2#\"";

fn enveloped(practice: &Practice) -> String {
    let document = "<lettre Id=\"L\"><dose>1 mg</dose></lettre>";
    let prepared = prepare_enveloped(document.as_bytes(), &parameters(practice)).unwrap();
    String::from_utf8(sign_file(practice, prepared)).unwrap()
}

fn enveloping(practice: &Practice, form: EmbeddedForm) -> String {
    let document = b"<dose>1 mg</dose>";
    let prepared = prepare_enveloping(document, "text/xml", form, &parameters(practice)).unwrap();
    String::from_utf8(sign_file(practice, prepared)).unwrap()
}

fn detached(practice: &Practice) -> String {
    String::from_utf8(signed_detached(practice, &FILES, DigestAlgorithm::Sha256)).unwrap()
}

/// From the first opening tag of this name to the last closing one.
fn element<'a>(text: &'a str, name: &str) -> &'a str {
    let start = text.find(&format!("<{name}")).unwrap();
    let end = text.rfind(&format!("</{name}>")).unwrap() + name.len() + 3;
    &text[start..end]
}

/// The value of the first attribute that starts so.
fn id_of<'a>(text: &'a str, prefix: &str) -> &'a str {
    let start = text.find(&format!("Id=\"{prefix}")).unwrap() + 4;
    &text[start..start + text[start..].find('"').unwrap()]
}

fn refused(name: &str, original: &str, forged: &str, files: &[(&str, &[u8])]) {
    assert_ne!(original, forged, "{name} changes nothing");
    if let Ok(signature) = check(forged.as_bytes(), files) {
        panic!(
            "{name} was accepted, covering {:?}: {forged}",
            signature.covered()
        );
    }
}

#[test]
fn classic_shapes_around_an_enveloped_signature() {
    let practice = Practice::new();
    let text = enveloped(&practice);
    check(text.as_bytes(), &[]).unwrap();
    let signature = element(&text, "ds:Signature");
    let bare = text.replace(signature, "");
    let evil = |inner: &str| format!("<lettre Id=\"E\"><dose>100 mg</dose>{inner}</lettre>");
    let object = |inner: &str| {
        signature.replace(
            "</ds:Signature>",
            &format!("<ds:Object>{inner}</ds:Object></ds:Signature>"),
        )
    };
    let to_root = |text: &str| text.replace("URI=\"\"", "URI=\"#L\"");
    let shapes = [
        ("XSW1", evil(&object(&text))),
        ("XSW2", evil(&format!("{bare}{signature}"))),
        ("XSW3", format!("<w>{}{text}</w>", evil(""))),
        ("XSW4", evil(&text)),
        ("XSW5", evil(&signature.replace("</ds:Signature>", &format!("{bare}</ds:Signature>")))),
        ("XSW6", evil(&object(&bare))),
        ("XSW7", text.replace("<dose>", &format!("<Extensions>{}</Extensions><dose>", evil("")))),
        ("XSW8", text.replace(signature, &object(&evil("")))),
        ("wrapped by Id", to_root(&evil(&format!("{bare}{signature}")))),
        ("sibling by Id", to_root(&format!("<w>{}{bare}{signature}</w>", evil("")))),
        ("in an object by Id", to_root(&evil(&object(&bare)))),
        ("in the unsigned properties", evil(&signature.replace(
            "</xades:SignedProperties>",
            &format!("</xades:SignedProperties><xades:UnsignedProperties>{bare}</xades:UnsignedProperties>"),
        ))),
        ("two signatures", text.replace(signature, &format!("{signature}{signature}"))),
        ("content behind", text.replace("</lettre>", "<dose>100 mg</dose></lettre>")),
        ("content before", text.replace("<dose>", "<dose>100 mg</dose><dose>")),
        ("an attribute", text.replace("<dose>", "<dose unite=\"kg\">")),
        ("a namespace", text.replace("<dose>", "<dose xmlns=\"urn:evil\">")),
        ("a processing instruction", text.replace("1 mg", "1<?x?> mg")),
        ("a doctype", format!("<!DOCTYPE lettre [<!ATTLIST dose Id ID \"L\">]>{text}")),
        ("an entity", format!("<!DOCTYPE lettre [<!ENTITY m \"100\">]>{}", text.replace("1 mg", "&m; mg"))),
        ("root renamed", text.replace("lettre", "ordonnance")),
        ("signed by nobody", bare.clone()),
    ];
    for (name, forged) in &shapes {
        refused(name, &text, forged, &[]);
    }
}

#[test]
fn shapes_around_an_enclosed_document() {
    let practice = Practice::new();
    for form in [EmbeddedForm::Base64, EmbeddedForm::Xml] {
        let text = enveloping(&practice, form);
        check(text.as_bytes(), &[]).unwrap();
        let id = id_of(&text, "O-");
        let start = text.find("<ds:Object").unwrap();
        let end = start + text[start..].find("</ds:Object>").unwrap() + "</ds:Object>".len();
        let object = &text[start..end];
        let evil = object
            .replace("1 mg", "9 mg")
            .replace("PGRvc2U+MSBtZzwvZG9zZT4=", "PGRvc2U+OSBtZzwvZG9zZT4=");
        let renamed = evil.replace(id, "O-evil");
        let close = "</ds:Signature>";
        let shapes = [
            ("forged in place", text.replace(object, &evil)),
            ("forged beside, same Id", text.replace(object, &format!("{evil}{object}"))),
            ("forged behind, same Id", text.replace(object, &format!("{object}{evil}"))),
            ("forged beside", text.replace(object, &format!("{renamed}{object}"))),
            ("forged behind", text.replace(object, &format!("{object}{renamed}"))),
            ("forged at the end", text.replace(close, &format!("{renamed}{close}"))),
            ("signed one nested", text.replace(object, &format!("<ds:Object Id=\"O-evil\">{object}<dose>9 mg</dose></ds:Object>"))),
            ("signed one in a manifest's place", text.replace(object, &format!("<ds:Object><ds:Manifest>{object}</ds:Manifest></ds:Object>"))),
            ("signed one among the properties", text.replace(object, &renamed).replace("<xades:SignedProperties", &format!("{object}<xades:SignedProperties"))),
            ("signed one among the unsigned properties", text.replace(object, &renamed).replace("</xades:SignedProperties>", &format!("</xades:SignedProperties><xades:UnsignedProperties><xades:UnsignedSignatureProperties>{object}</xades:UnsignedSignatureProperties></xades:UnsignedProperties>"))),
            ("signed one in the key information", text.replace(object, &renamed).replace("</ds:KeyInfo>", &format!("{object}</ds:KeyInfo>"))),
            ("an empty object", text.replace(object, &format!("{object}<ds:Object></ds:Object>"))),
            ("the Id in other spellings", text.replace(object, &format!("{}{object}", renamed.replace("Id=\"O-evil\"", &format!("ID=\"{id}\""))))),
            ("the Id by character reference", text.replace(object, &format!("{}{object}", renamed.replace("Id=\"O-evil\"", &format!("Id=\"{}\"", id.replacen('O', "&#79;", 1)))))),
            ("the Id as xml:id", text.replace(object, &format!("{}{object}", renamed.replace("Id=\"O-evil\"", &format!("xml:id=\"{id}\""))))),
            ("by XPointer", text.replace(&format!("URI=\"#{id}\""), &format!("URI=\"#xpointer(id('{id}'))\""))),
            ("everything by XPointer", text.replace(&format!("URI=\"#{id}\""), "URI=\"#xpointer(/)\"")),
            ("a signature around it", format!("<w>{text}<dose>9 mg</dose></w>")),
            ("alone in a wrapper", format!("<w a=\"9 mg\"><x/>{text}</w>")),
            (
                "with an attribute around it",
                format!("<w dose=\"9 mg\">{text}</w>"),
            ),
            ("alone in another element", format!("<w>{text}</w>")),
            ("a signature inside it", text.replace(object, &format!("<ds:Object>{text}</ds:Object>"))),
        ];
        for (name, forged) in &shapes {
            refused(name, &text, forged, &[]);
        }
    }
}

#[test]
fn shapes_of_2025_in_the_signature_itself() {
    let practice = Practice::new();
    let texts = [
        (enveloped(&practice), &[][..]),
        (enveloping(&practice, EmbeddedForm::Base64), &[][..]),
        (detached(&practice), &FILES[..]),
    ];
    for (text, files) in &texts {
        shapes_in(text, &|xml| check(xml.as_bytes(), files));
    }
}

/// The same in the element that a container demands around it, with the file beside it there.
#[test]
fn shapes_of_2025_in_the_signature_of_a_container() {
    let practice = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::RsaPkcs1Sha256);
    let container = signed(&signer, &FILES);
    let mut entries = entries(&container);
    let text = String::from_utf8(entries.pop().unwrap().data).unwrap();
    shapes_in(&text, &|xml| {
        let mut entries = entries.clone();
        entries.push(ZipEntry::stored("META-INF/signatures0.xml", xml.as_bytes()));
        check_asic(&zip(&entries))
    });
}

fn shapes_in(text: &str, read: &dyn Fn(&str) -> Result<CheckedSignature, ReadError>) {
    read(text).unwrap();
    let signed_info = element(text, "ds:SignedInfo");
    let value = element(text, "ds:SignatureValue");
    let key_info = element(text, "ds:KeyInfo");
    let properties = element(text, "xades:SignedProperties");
    let qualifying = element(text, "xades:QualifyingProperties");
    let digest_start = signed_info.find("<ds:DigestValue>").unwrap() + 16;
    let digest = &signed_info[digest_start..digest_start + 44];
    let evil_digest = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    let evil_info = signed_info.replace(digest, evil_digest);
    let evil_properties = properties.replace("2026-", "2025-");
    let method = "Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"";
    let c14n = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\">";
    let shapes = [
            ("two SignedInfo", text.replace(signed_info, &format!("{signed_info}{evil_info}"))),
            ("two SignedInfo, forged first", text.replace(signed_info, &format!("{evil_info}{signed_info}"))),
            ("a SignedInfo in an object", text.replace(signed_info, &evil_info).replace("</ds:Signature>", &format!("<ds:Object>{signed_info}</ds:Object></ds:Signature>"))),
            ("a SignedInfo in the key information", text.replace(signed_info, &evil_info).replace("</ds:KeyInfo>", &format!("{signed_info}</ds:KeyInfo>"))),
            ("a SignedInfo in SignedInfo", text.replace(signed_info, &signed_info.replace("</ds:SignedInfo>", &format!("{signed_info}</ds:SignedInfo>")))),
            ("a comment in DigestValue", text.replace(digest, &format!("{evil_digest}<!--{digest}-->"))),
            ("a comment before DigestValue", text.replace(digest, &format!("<!--{evil_digest}-->{digest}"))),
            ("a processing instruction in DigestValue", text.replace(digest, &format!("<?x {evil_digest}?>{digest}"))),
            ("CDATA in DigestValue", text.replace(digest, &format!("<![CDATA[{digest}]]>"))),
            ("two DigestValue", text.replace(&format!("<ds:DigestValue>{digest}"), &format!("<ds:DigestValue>{evil_digest}</ds:DigestValue><ds:DigestValue>{digest}"))),
            ("an element in DigestValue", text.replace(digest, &format!("{digest}<x></x>"))),
            ("a comment in the signature value", text.replacen("<ds:SignatureValue>", "<ds:SignatureValue><!--x-->", 1)),
            ("a comment in SigningTime", text.replace("2026-", "<!--2025-->2026-")),
            ("a comment in SignedInfo", text.replace("<ds:SignatureMethod", "<!--x--><ds:SignatureMethod")),
            ("a processing instruction in the key information", text.replace("<ds:X509Data>", "<?x?><ds:X509Data>")),
            ("two signature values", text.replace(value, &format!("{value}{value}"))),
            ("no signature value", text.replace(value, "")),
            ("two keys", text.replace(key_info, &format!("{key_info}{key_info}"))),
            ("no key", text.replace(key_info, "")),
            ("another order", text.replace(&format!("{signed_info}{value}"), &format!("{value}{signed_info}"))),
            ("properties twice", text.replace(properties, &format!("{evil_properties}{properties}"))),
            ("properties forged, signed ones unsigned", text.replace(properties, &format!("{evil_properties}<xades:UnsignedProperties>{properties}</xades:UnsignedProperties>"))),
            ("properties forged, signed ones in an object", text.replace(properties, &evil_properties.replace(" Id=", " X=")).replace("</ds:Signature>", &format!("<ds:Object>{properties}</ds:Object></ds:Signature>"))),
            ("qualifying properties twice", text.replace(qualifying, &format!("{qualifying}{qualifying}"))),
            ("qualifying properties of another signature", text.replace("Target=\"#S-", "Target=\"#T-")),
            ("qualifying properties in an object more", text.replace("</ds:Signature>", &format!("<ds:Object><xades:QualifyingProperties {XADES} Target=\"#{}\"><xades:SignedProperties Id=\"x\"></xades:SignedProperties></xades:QualifyingProperties></ds:Object></ds:Signature>", id_of(text, "S-")))),
            ("no qualifying properties", text.replace(qualifying, "")),
            ("properties of another type", text.replace("01903#SignedProperties", "01903#Other")),
            ("properties not referenced", text.replace("-P\"><ds:Transforms>", "-R0\"><ds:Transforms>")),
            ("the prefix of another namespace", text.replace(&format!("<ds:SignedInfo {DS}"), "<ds:SignedInfo xmlns:ds=\"urn:evil\"")),
            ("the name in another namespace", text.replace("<xades:SigningTime>", "<xades:SigningTime xmlns:xades=\"urn:evil\">")),
            ("the default namespace", text.replace("<ds:KeyInfo>", "<KeyInfo>").replace("</ds:KeyInfo>", "</KeyInfo>")),
            ("XPath", text.replacen(c14n, &format!("<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>true()</ds:XPath></ds:Transform>{c14n}"), 1)),
            ("XSLT", text.replacen(c14n, &format!("<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"></ds:Transform>{c14n}"), 1)),
            ("canonical twice", text.replacen(c14n, &format!("{c14n}</ds:Transform>{c14n}"), 1)),
            ("a keyed digest", text.replace(method, "Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256\"")),
            ("SHA-1", text.replace("http://www.w3.org/2001/04/xmlenc#sha256", "http://www.w3.org/2000/09/xmldsig#sha1")),
            ("a truncated output", text.replace("rsa-sha256\">", "rsa-sha256\"><ds:HMACOutputLength>0</ds:HMACOutputLength>")),
            ("references without URI", text.replacen(" URI=\"", " Uri=\"", 1)),
            ("fetched from the Web", text.replacen(" URI=\"", " URI=\"http://example.org/", 1)),
            ("a doctype", format!("<!DOCTYPE a>{text}")),
        ];
    let mut seen = 0;
    for (name, forged) in &shapes {
        // XML as is has transforms that others lack.
        if forged == text {
            continue;
        }
        seen += 1;
        if let Ok(signature) = read(forged) {
            panic!(
                "{name} was accepted, covering {:?}: {forged}",
                signature.covered()
            );
        }
    }
    assert!(
        seen >= shapes.len() - 3,
        "only {seen} shapes changed anything"
    );
}

/// Whatever is done to the file, what comes out is what was signed, or nothing does.
#[test]
fn no_edit_makes_the_signature_say_something_else() {
    let practice = Practice::new();
    let xml = enveloping(&practice, EmbeddedForm::Xml).into_bytes();
    let (_, signed) = check_with_contents(&xml, &[]).unwrap();
    let pieces = [
        "",
        "<",
        ">",
        "\"",
        "&#x41;",
        " ",
        "\n",
        "A",
        "=",
        "</ds:Object>",
        "<ds:Object>",
        "<!--",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?x?>",
        " Id=\"x\"",
        "\u{e9}",
        "<dose>9 mg</dose>",
        " xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"",
        " xmlns=\"urn:x\"",
    ];
    let edit = (
        0..xml.len(),
        0usize..24,
        proptest::sample::select(pieces.to_vec()),
    );
    let edits = proptest::collection::vec(edit, 1..4);
    let config = ProptestConfig::with_cases(600);
    let mut runner = proptest::test_runner::TestRunner::new(config);
    runner
        .run(&edits, |edits| {
            let mut changed = xml.clone();
            for (at, removed, piece) in edits {
                let at = at.min(changed.len());
                let end = (at + removed).min(changed.len());
                changed.splice(at..end, piece.bytes());
            }
            if let Ok((_, contents)) = check_with_contents(&changed, &[]) {
                prop_assert_eq!(&contents, &signed);
            }
            Ok(())
        })
        .unwrap();
    // Edits that change nothing that is signed exist: the property above is not empty.
    let harmless = [&xml[..], b"\n"].concat();
    assert_eq!(check_with_contents(&harmless, &[]).unwrap().1, signed);
}
