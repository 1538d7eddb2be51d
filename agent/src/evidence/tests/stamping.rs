//! What the configured authority answers, and what a person is told of it.

use std::sync::Arc;

use paraphe_certs::test_pki::TimeStampingAuthority;
use paraphe_protocol::api::ErrorCode;

use super::super::EvidenceError;
use super::{NOW, Network};
use crate::problem::Failure;

fn code(error: EvidenceError) -> ErrorCode {
    Failure::from(error).code()
}

#[test]
fn a_stamp_of_a_trusted_authority_comes_back() {
    let directory = tempfile::tempdir().unwrap();
    let network = Arc::new(Network::new());
    let source = network.source(directory.path(), true);
    assert!(source.has_time_stamps());
    let token = source.stamp(&[7; 32], NOW).unwrap();
    assert_eq!(token.info().imprint(), [7; 32]);
    let again = source.stamp(&[7; 32], NOW).unwrap();
    assert_ne!(token, again, "each request has a nonce of its own");
}

#[test]
fn what_does_not_hold_is_not_taken() {
    let directory = tempfile::tempdir().unwrap();
    let network = Arc::new(Network::new());
    let source = network.source(directory.path(), true);
    let answer = |answer: Vec<u8>| {
        *network.stamping_answer.lock().unwrap() = Some(answer);
        code(source.stamp(&[7; 32], NOW).unwrap_err())
    };
    let refusal = TimeStampingAuthority::refusal(0, "no such digest here");
    assert_eq!(answer(refusal), ErrorCode::TimeStampRefused);
    assert_eq!(answer(Vec::new()), ErrorCode::TimeStampInvalid);
    assert_eq!(answer(b"<html>".to_vec()), ErrorCode::TimeStampInvalid);
    // an answer to somebody else's request
    let digest: [u8; 32] = [8; 32];
    let request = paraphe_protocol::time_stamp::TimeStampRequest::new(
        paraphe_protocol::signature::DigestAlgorithm::Sha256,
        &digest,
        [1; 8],
        None,
    );
    let other = network.stamping.reply(request.unwrap().der(), NOW).unwrap();
    assert_eq!(answer(other), ErrorCode::TimeStampInvalid);
}

#[test]
fn an_authority_that_is_not_trusted_or_has_another_time() {
    let directory = tempfile::tempdir().unwrap();
    let stranger = Arc::new(Network::new());
    let ours = Arc::new(Network::new());
    drop(ours.source(directory.path(), true));
    // The configuration trusts our PKI, the answers come from the stranger's.
    let config = {
        let mut config = crate::config::Config::default();
        config.time_stamp.url = Some(super::TSA.to_owned());
        config.time_stamp.trust = crate::config::Trust::below(directory.path(), true);
        Arc::new(config)
    };
    let source = super::EvidenceSource::new(config, stranger, directory.path());
    let error = source.stamp(&[7; 32], NOW).unwrap_err();
    assert_eq!(code(error), ErrorCode::TimeStampInvalid);

    let directory = tempfile::tempdir().unwrap();
    let late = Arc::new(Network {
        stamping_time: NOW.plus_seconds(601),
        ..Network::new()
    });
    let source = late.source(directory.path(), true);
    assert!(matches!(
        source.stamp(&[7; 32], NOW),
        Err(EvidenceError::Clock { .. })
    ));
    assert!(source.stamp(&[7; 32], NOW.plus_seconds(1)).is_ok());
}

#[test]
fn no_authority_and_none_that_answers() {
    let config = Arc::new(crate::config::Config::default());
    let network = Arc::new(Network::new());
    let directory = tempfile::tempdir().unwrap();
    let fetch = Arc::clone(&network) as Arc<dyn super::Fetch>;
    let source = super::EvidenceSource::new(config, fetch, directory.path());
    assert!(!source.has_time_stamps());
    let error = source.stamp(&[7; 32], NOW).unwrap_err();
    assert_eq!(code(error), ErrorCode::TimeStampNotConfigured);
    assert_eq!(network.asked(), 0);

    let mut config = crate::config::Config::default();
    config.time_stamp.url = Some("http://elsewhere.invalid/".to_owned());
    let source = super::EvidenceSource::new(Arc::new(config), network, directory.path());
    let error = source.stamp(&[7; 32], NOW).unwrap_err();
    assert_eq!(code(error), ErrorCode::TimeStampUnreachable);
}
