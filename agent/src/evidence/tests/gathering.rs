//! Evidence from lists at hand, from responders and from published lists, and a signature raised to the top with it.

use std::sync::Arc;

use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer as Signing;
use paraphe_certs::{DocumentSigning, TrustStore};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::cades;
use paraphe_protocol::signature::{
    DocumentsInMemory, Evidence, Indication, Level, Output, SignatureTrust, Signer, SubIndication,
    ValidationPolicy, conclude,
};

use super::super::{EvidenceError, EvidenceSource};
use super::{NOW, Network};
use crate::problem::Failure;

const DOCUMENT: &[u8] = b"Lettre de liaison, TEST SIMULATEUR\n";

fn gather(
    network: &Arc<Network>,
    store: &TrustStore,
    fetch: bool,
) -> Result<Evidence, EvidenceError> {
    let directory = tempfile::tempdir().unwrap();
    let source = network.source(directory.path(), fetch);
    let mut evidence = Evidence::default();
    let signer = network.signer().certificate;
    source.gather::<DocumentSigning>(store, &signer, &[], NOW, &mut evidence)?;
    Ok(evidence)
}

#[test]
fn lists_at_hand_need_no_network() {
    let network = Arc::new(Network::new());
    let store = network.pki.lock().unwrap().trust_store(NOW).unwrap();
    let evidence = gather(&network, &store, false).unwrap();
    assert_eq!(evidence.certificates().len(), 1, "the issuing authority");
    assert_eq!(evidence.revocation_lists().len(), 2);
    assert!(evidence.ocsp_responses().is_empty());
    assert_eq!(network.asked(), 0);
}

#[test]
fn a_holder_s_certificate_is_asked_about_and_an_authority_s_looked_up() {
    let network = Arc::new(Network::new());
    let evidence = gather(&network, &network.store(), true).unwrap();
    assert_eq!(evidence.revocation_lists().len(), 1, "the root's");
    assert_eq!(evidence.ocsp_responses().len(), 1);
    assert_eq!(network.asked(), 2);
    let without_responder = Arc::new(Network {
        has_ocsp: false,
        ..Network::new()
    });
    let evidence = gather(&without_responder, &without_responder.store(), true).unwrap();
    assert_eq!(evidence.revocation_lists().len(), 2);
    assert!(evidence.ocsp_responses().is_empty());
}

#[test]
fn without_revocation_data_there_is_no_long_term() {
    let offline = Arc::new(Network {
        has_ocsp: false,
        has_lists: false,
        ..Network::new()
    });
    for fetch in [true, false] {
        let error = gather(&offline, &offline.store(), fetch).unwrap_err();
        let EvidenceError::NoRevocationData { attempts, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(attempts.is_empty(), !fetch, "{attempts:?}");
        let code = Failure::from(error).code();
        assert_eq!(code, ErrorCode::CertificateRevocationUnknown);
    }
    let network = Arc::new(Network::new());
    let directory = tempfile::tempdir().unwrap();
    let source = network.source(directory.path(), true);
    let signer = network.signer().certificate;
    network.revoke(&signer);
    let (store, mut evidence) = (network.store(), Evidence::default());
    let error = source.gather::<DocumentSigning>(&store, &signer, &[], NOW, &mut evidence);
    let code = Failure::from(error.unwrap_err()).code();
    assert_eq!(code, ErrorCode::CertificateRevoked);
}

#[test]
fn an_address_is_asked_only_for_a_certificate_that_holds() {
    let network = Arc::new(Network::new());
    let error = gather(&network, &TrustStore::new(), true).unwrap_err();
    assert_eq!(
        Failure::from(error).code(),
        ErrorCode::CertificateNotTrusted
    );
    assert_eq!(network.asked(), 0);
}

#[test]
fn many_signatures_ask_once() {
    let network = Arc::new(Network::new());
    let directory = tempfile::tempdir().unwrap();
    let source = network.source(directory.path(), true);
    let (store, signer) = (network.store(), network.signer().certificate);
    for _ in 0..5 {
        let mut evidence = Evidence::default();
        source
            .gather::<DocumentSigning>(&store, &signer, &[], NOW, &mut evidence)
            .unwrap();
        assert_eq!(network.asked(), 2);
    }
}

/// A CAdES signature around the document, raised to a level.
fn signed(network: &Network, source: &EvidenceSource, store: &TrustStore, level: Level) -> Vec<u8> {
    let issued = network.signer();
    let algorithm = SignatureAlgorithm::EcdsaP256Sha256;
    let signer = Signer {
        certificate: &issued.certificate,
        chain: &[],
        algorithm,
        signing_time: NOW,
    };
    let pem = issued.private_key_pkcs8_pem.expose();
    let key = PKey::private_key_from_pem(pem.as_bytes()).unwrap();
    let prepared = cades::prepare_attached(DOCUMENT.to_vec(), &signer).unwrap();
    let mut signing = Signing::new(MessageDigest::sha256(), &key).unwrap();
    let value = signing.sign_oneshot_to_vec(prepared.to_be_signed());
    let value = algorithm.from_cms_value(&value.unwrap()).unwrap();
    let mut file = prepared.complete(&value).unwrap();
    let (certificate, mut contents) = (signer.certificate, DocumentsInMemory(&[DOCUMENT]));
    source
        .raise(file.as_mut(), level, certificate, store, &mut contents, NOW)
        .unwrap();
    assert_eq!(file.level(), level);
    match file.finish().unwrap() {
        Output::Whole(bytes) => bytes,
        Output::Appended(_) | Output::Container(_) => panic!("a whole file"),
    }
}

#[test]
fn a_signature_is_raised_to_the_top_and_proves_itself_with_the_anchors_alone() {
    let network = Arc::new(Network::new());
    let directory = tempfile::tempdir().unwrap();
    let source = network.source(directory.path(), true);
    let store = network.store();
    for level in Level::ALL {
        let bytes = signed(&network, &source, &store, level);
        let checked = cades::read(&bytes, None).unwrap();
        let mut anchors = store.anchors_only();
        // Up to T the verifier needs its own authorities and lists.
        if level <= Level::T {
            anchors = network.pki.lock().unwrap().trust_store(NOW).unwrap();
        }
        let trust = SignatureTrust {
            professionals: &anchors,
            others: None,
            time_stamping: &anchors,
            fetched: None,
        };
        let report = conclude(checked, &trust, NOW, &ValidationPolicy::default());
        assert_eq!(report.indication, Indication::TotalPassed, "{report:#?}");
        assert_eq!(report.level, Some(level));
    }
}

#[test]
fn a_verification_asks_where_it_does_not_know() {
    let network = Arc::new(Network::new());
    let directory = tempfile::tempdir().unwrap();
    let making = network.source(directory.path(), true);
    let store = network.store();
    let bytes = signed(&network, &making, &store, Level::T);
    let checked = cades::read(&bytes, None).unwrap();
    // Nobody is asked where that is not allowed, or where everything is known.
    let offline = network.source(directory.path(), false);
    let before = network.asked();
    let report = offline.conclude(&checked, &store, NOW).unwrap();
    assert_eq!(report.sub_indication, Some(SubIndication::TryLater));
    assert_eq!(report.level, Some(Level::B));
    assert_eq!(network.asked(), before);
    let asking = network.source(directory.path(), true);
    let report = asking.conclude(&checked, &store, NOW).unwrap();
    assert_eq!(report.indication, Indication::TotalPassed, "{report:#?}");
    assert_eq!(report.level, Some(Level::T));
    assert!(network.asked() > before);
    let after = network.asked();
    assert!(asking.conclude(&checked, &store, NOW).is_ok());
    assert_eq!(
        network.asked(),
        after,
        "what was fetched is kept for a while"
    );
    // What cannot be had leaves the question open.
    let away = Arc::new(Network {
        has_ocsp: false,
        has_lists: false,
        ..Network::new()
    });
    let bytes = signed(
        &away,
        &away.source(directory.path(), true),
        &away.store(),
        Level::T,
    );
    let checked = cades::read(&bytes, None).unwrap();
    let source = away.source(directory.path(), true);
    let report = source.conclude(&checked, &away.store(), NOW).unwrap();
    assert_eq!(report.sub_indication, Some(SubIndication::TryLater));
}
