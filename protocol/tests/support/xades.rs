//! What the XAdES tests share: documents in memory, and xmlsec1.

use std::process::Command;

use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::signature::{
    CheckedSignature, DigestAlgorithm, Output, PreparedSignature, ReadError, Signer,
};
use paraphe_protocol::xades::{self, DetachedDocument, SignedContent, XadesParameters};

use super::presented::with_presented;
use super::{NOW, Practice, sign};

/// Reads with these documents presented.
pub fn check(xml: &[u8], files: &[(&str, &[u8])]) -> Result<CheckedSignature, ReadError> {
    check_with_contents(xml, files).map(|(signature, _)| signature)
}

pub fn check_with_contents(
    xml: &[u8],
    files: &[(&str, &[u8])],
) -> Result<(CheckedSignature, Vec<SignedContent>), ReadError> {
    with_presented(files, |presented| xades::read_with_contents(xml, presented))
}

pub fn parameters(practice: &Practice) -> XadesParameters<'_> {
    XadesParameters {
        signer: Signer {
            certificate: &practice.card.signature.certificate,
            chain: &[],
            algorithm: SignatureAlgorithm::RsaPkcs1Sha256,
            signing_time: NOW,
        },
        digest: DigestAlgorithm::Sha256,
        claimed_role: Some("Médecin généraliste"),
        commitment: Some(xades::Commitment::ProofOfOrigin),
    }
}

pub fn sign_file(practice: &Practice, prepared: Box<dyn PreparedSignature>) -> Vec<u8> {
    let value = sign(&practice.card.signature, prepared.to_be_signed());
    whole(prepared.complete(&value).unwrap().finish().unwrap())
}

pub fn whole(output: Output) -> Vec<u8> {
    match output {
        Output::Whole(bytes) => bytes,
        Output::Appended(_) | Output::Container(_) => panic!("a whole file was expected"),
    }
}

pub fn signed_detached(
    practice: &Practice,
    files: &[(&str, &[u8])],
    digest: DigestAlgorithm,
) -> Vec<u8> {
    let mut parameters = parameters(practice);
    parameters.digest = digest;
    let documents: Vec<_> = files
        .iter()
        .map(|(name, bytes)| DetachedDocument {
            name: (*name).to_owned(),
            media_type: "application/octet-stream".to_owned(),
            digest: digest.digest(bytes).unwrap(),
        })
        .collect();
    sign_file(
        practice,
        xades::prepare_detached(&documents, &parameters).unwrap(),
    )
}

/// Whether xmlsec1 accepts; it finds detached documents in its working directory.
pub fn xmlsec1(practice: &Practice, xml: &[u8], files: &[(&str, &[u8])]) -> Result<(), String> {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::write(at("anchor.pem"), practice.pki.anchors_pem()).unwrap();
    std::fs::write(at("authorities.pem"), practice.pki.intermediates_pem()).unwrap();
    std::fs::write(at("signature.xml"), xml).unwrap();
    let mut command = Command::new("xmlsec1");
    command
        .args(["--verify", "--trusted-pem", "anchor.pem"])
        .args(["--untrusted-pem", "authorities.pem"])
        .args(["--verification-time", "2026-11-22 10:00:00"])
        .current_dir(&directory);
    for (name, bytes) in files {
        std::fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        std::fs::write(at(name), bytes).unwrap();
    }
    let output = command
        .arg("signature.xml")
        .output()
        .unwrap_or_else(|error| panic!("xmlsec1 cannot be run (apt install xmlsec1): {error}"));
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
