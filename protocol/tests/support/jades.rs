//! What the JAdES tests share: documents in memory, and jwcrypto, which nobody here wrote.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use paraphe_protocol::jades::{self, prepare_attached, prepare_detached};
use paraphe_protocol::signature::{
    CheckedSignature, DetachedDocument, Packaging, PreparedSignature, ReadError, SignedContent,
};
use serde_json::Value;

use super::document_signer::DocumentSigner;
use super::judges::python;
use super::presented::with_presented;
use super::xades::whole;

/// Reads with these documents presented.
pub fn check_jades(file: &[u8], files: &[(&str, &[u8])]) -> Result<CheckedSignature, ReadError> {
    check_jades_with_contents(file, files).map(|(signature, _)| signature)
}

pub fn check_jades_with_contents(
    file: &[u8],
    files: &[(&str, &[u8])],
) -> Result<(CheckedSignature, Vec<SignedContent>), ReadError> {
    with_presented(files, |presented| {
        jades::read_with_contents(file, presented)
    })
}

pub fn detached(signer: &DocumentSigner, files: &[(&str, &[u8])]) -> Vec<DetachedDocument> {
    let documents = files.iter().map(|(name, bytes)| DetachedDocument {
        name: (*name).to_owned(),
        media_type: "application/octet-stream".to_owned(),
        digest: signer.algorithm.digest().digest(bytes).unwrap(),
    });
    documents.collect()
}

/// A signature beside these documents, or around the first of them.
pub fn prepared(
    signer: &DocumentSigner,
    packaging: Packaging,
    files: &[(&str, &[u8])],
) -> Box<dyn PreparedSignature> {
    match packaging {
        Packaging::Detached => prepare_detached(&detached(signer, files), &signer.signer()),
        _ => prepare_attached(files[0].1, "text/plain", &signer.signer()),
    }
    .unwrap()
}

/// The same, signed.
pub fn signed(signer: &DocumentSigner, packaging: Packaging, files: &[(&str, &[u8])]) -> Vec<u8> {
    let prepared = prepared(signer, packaging, files);
    let value = signer.sign(prepared.to_be_signed());
    whole(prepared.complete(&value).unwrap().finish().unwrap())
}

/// A signature whose protected header was edited before it was signed; everything else as it would be.
pub fn signed_with(
    signer: &DocumentSigner,
    packaging: Packaging,
    files: &[(&str, &[u8])],
    edit: impl FnOnce(&mut Value),
) -> Vec<u8> {
    let mut file: Value = serde_json::from_slice(&signed(signer, packaging, files)).unwrap();
    let protected = URL_SAFE_NO_PAD.decode(file["protected"].as_str().unwrap());
    let mut header: Value = serde_json::from_slice(&protected.unwrap()).unwrap();
    edit(&mut header);
    sign_protected(signer, &mut file, header.to_string().as_bytes());
    file.to_string().into_bytes()
}

/// Signs a file anew, with this protected header.
pub fn sign_protected(signer: &DocumentSigner, file: &mut Value, protected: &[u8]) {
    let protected = URL_SAFE_NO_PAD.encode(protected);
    let payload = file["payload"].as_str().unwrap_or_default();
    let value = signer.sign(format!("{protected}.{payload}").as_bytes());
    file["signature"] = URL_SAFE_NO_PAD.encode(value).into();
    file["protected"] = protected.into();
}

/// Whether jwcrypto accepts, with these documents beside; gives the payload.
pub fn jwcrypto(
    signer: &DocumentSigner,
    file: &[u8],
    files: &[(&str, &[u8])],
) -> Result<Vec<u8>, String> {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../tests/interop/verify_jades.py"
    );
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("signature.json"), file).unwrap();
    std::fs::write(at("certificate.pem"), signer.certificate.pem()).unwrap();
    let mut command = Command::new(python());
    command
        .args([script, "signature.json", "certificate.pem"])
        .current_dir(folder.path());
    for (number, (name, bytes)) in files.iter().enumerate() {
        let file = format!("document-{number}");
        std::fs::write(at(&file), bytes).unwrap();
        command.args([*name, file.as_str()]);
    }
    let output = command.output().unwrap();
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
