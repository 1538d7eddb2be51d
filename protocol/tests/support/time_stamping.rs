//! What raises a signature above level B: tokens of the test PKI's time-stamping authority, and evidence of its other authorities.

use paraphe_certs::test_pki::{TimeStampingAuthority, Validity};
use paraphe_certs::{RevocationList, UnixTime};
use paraphe_protocol::signature::{
    DigestAlgorithm, DocumentsInMemory, Evidence, Level, SignatureFile,
};
use paraphe_protocol::time_stamp::{TimeStampRequest, TimeStampToken};

use super::{NOW, Practice};

/// An OCSPResponse that nobody looks into: status unauthorized, without an answer.
pub const OCSP_RESPONSE: &[u8] = &[0x30, 0x03, 0x0a, 0x01, 0x06];

/// A token over a digest, of an authority whose certificate was made the day before [`NOW`].
pub fn stamp(
    practice: &Practice,
    digest: DigestAlgorithm,
    imprint: &[u8],
    at: UnixTime,
) -> TimeStampToken {
    let validity = Validity::of_card(NOW.plus_days(-1));
    let template = TimeStampingAuthority::template(validity).unwrap();
    let issued = practice.pki.issue(Practice::ISSUER, &template).unwrap();
    let authority = TimeStampingAuthority::new(&issued).unwrap();
    let request = TimeStampRequest::new(digest, imprint, [7; 8], None).unwrap();
    let response = authority.reply(request.der(), at).unwrap();
    request.read_response(&response).unwrap()
}

/// Stamps a file, a minute after [`NOW`], over documents that are in memory. Gives the imprint and the token.
pub fn add_time_stamp(
    practice: &Practice,
    file: &mut dyn SignatureFile,
    digest: DigestAlgorithm,
    documents: &[&[u8]],
) -> (Vec<u8>, TimeStampToken) {
    let imprint = file.imprint(digest, &mut DocumentsInMemory(documents));
    let imprint = imprint.unwrap();
    let token = stamp(practice, digest, &imprint, NOW.plus_seconds(60));
    file.add_time_stamp(&token).unwrap();
    (imprint, token)
}

/// Raises a file of level B step by step; the stamp over everything has a digest of its own.
pub fn raise(
    practice: &Practice,
    file: &mut dyn SignatureFile,
    level: Level,
    documents: &[&[u8]],
    evidence: &Evidence,
    archive_digest: DigestAlgorithm,
) {
    if level >= Level::T {
        add_time_stamp(practice, file, DigestAlgorithm::Sha256, documents);
    }
    if level >= Level::LT {
        file.add_evidence(evidence).unwrap();
    }
    if level >= Level::LTA {
        add_time_stamp(practice, file, archive_digest, documents);
    }
    assert_eq!(file.level(), level);
}

/// Evidence of the practice's authorities.
pub fn evidence(practice: &Practice) -> Evidence {
    let mut evidence = Evidence::default();
    for (_, certificate) in practice.pki.authorities() {
        evidence.add_certificate(certificate.clone()).unwrap();
    }
    for list in practice.pki.crls(NOW).unwrap() {
        let list = RevocationList::from_pem_or_der(list.pem().as_bytes()).unwrap();
        evidence.add_revocation_list(list).unwrap();
    }
    evidence
}

/// The same and [`OCSP_RESPONSE`].
pub fn evidence_with_ocsp_response(practice: &Practice) -> Evidence {
    let mut evidence = evidence(practice);
    evidence.add_ocsp_response(OCSP_RESPONSE).unwrap();
    evidence
}
