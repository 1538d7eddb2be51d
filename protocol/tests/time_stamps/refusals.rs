//! What is not a time stamp, not of these bytes, or not by an authority.

use paraphe_certs::der;
use paraphe_certs::test_pki::{TimeStampingAuthority, Validity};
use paraphe_protocol::signature::DigestAlgorithm::Sha256;
use paraphe_protocol::time_stamp::{
    FailureReason, TimeStampError, TimeStampRequest, TimeStampToken,
};

use super::{ISSUER, NOW, authority, pki};

fn request(content: &[u8], nonce: u8, policy: Option<&str>) -> TimeStampRequest {
    let imprint = Sha256.digest(content).unwrap();
    TimeStampRequest::new(Sha256, &imprint, [nonce; 8], policy).unwrap()
}

#[test]
fn an_answer_to_another_request() {
    let authority = authority(&pki());
    let asked = request(b"one", 1, None);
    let of = |other: &TimeStampRequest| {
        let response = authority.reply(other.der(), NOW).unwrap();
        asked.read_response(&response)
    };
    assert!(of(&asked).is_ok());
    assert_eq!(of(&request(b"two", 1, None)), Err(TimeStampError::Imprint));
    assert_eq!(of(&request(b"one", 2, None)), Err(TimeStampError::Nonce));
    let with_policy = request(b"one", 1, Some("1.2.3"));
    let response = authority.reply(asked.der(), NOW).unwrap();
    assert!(matches!(
        with_policy.read_response(&response),
        Err(TimeStampError::Policy { .. })
    ));
    let digest = Sha256.digest(b"one").unwrap();
    let without_nonce = authority.stamp(&digest.try_into().unwrap(), NOW).unwrap();
    let granted = der::sequence(&[der::unsigned_integer(&[0])]);
    let response = der::sequence(&[granted, without_nonce]);
    assert_eq!(asked.read_response(&response), Err(TimeStampError::Nonce));
}

#[test]
fn an_authority_that_refuses_is_quoted() {
    let asked = request(b"one", 1, None);
    for (bit, reason) in [
        (0, FailureReason::Algorithm),
        (2, FailureReason::Request),
        (5, FailureReason::DataFormat),
        (14, FailureReason::TimeNotAvailable),
        (15, FailureReason::Policy),
        (16, FailureReason::Extension),
        (17, FailureReason::AdditionalInformation),
        (25, FailureReason::System),
    ] {
        let response = TimeStampingAuthority::refusal(bit, "not\ntoday");
        let refused = TimeStampError::Refused {
            status: 2,
            reason: Some(reason),
            text: "nottoday".into(),
        };
        assert_eq!(asked.read_response(&response), Err(refused));
    }
}

#[test]
fn certificates_that_may_not_stamp() {
    let pki = pki();
    let verify = |template| {
        let issued = pki.issue(ISSUER, &template).unwrap();
        let token = TimeStampingAuthority::new(&issued)
            .unwrap()
            .stamp(&[7; 32], NOW)
            .unwrap();
        TimeStampToken::from_der(&token).unwrap().verify(&[])
    };
    let good = TimeStampingAuthority::template(Validity::of_card(NOW)).unwrap();
    assert!(verify(good.clone()).is_ok());
    let mut not_critical = good.clone();
    not_critical.extensions[0].critical = false;
    let mut without = good.clone();
    without.extensions.clear();
    let mut with_another = good.clone();
    let purposes = ["1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.4"]
        .map(|purpose| der::object_identifier(purpose).unwrap());
    with_another.extensions[0].value = der::sequence(&purposes);
    for template in [not_critical, without, with_another] {
        assert_eq!(verify(template), Err(TimeStampError::CertificatePurpose));
    }
}

#[test]
fn every_changed_byte_is_noticed() {
    let authority = authority(&pki());
    let token = authority.stamp(&[7; 32], NOW).unwrap();
    let read = |der: &[u8]| -> Result<(), TimeStampError> {
        let read = TimeStampToken::from_der(der)?;
        let signer = read.verify(&[])?;
        // what nobody signs may differ; what the token says and who says it may not
        assert_eq!(read.info().imprint(), [7; 32]);
        assert_eq!(read.info().time(), NOW);
        assert_eq!(signer, *authority.certificate());
        Ok(())
    };
    read(&token).unwrap();
    let mut accepted = Vec::new();
    for place in 0..token.len() {
        let mut changed = token.clone();
        changed[place] ^= 0x01;
        if read(&changed).is_ok() {
            accepted.push(place);
        }
    }
    // Nobody signs the list of digest algorithms before the content, and nothing depends on it.
    let list = [0x31, 0x0d, 0x30, 0x0b, 0x06, 0x09];
    let list = token.windows(list.len()).position(|bytes| bytes == list);
    let list = list.unwrap();
    let inside = |place: &usize| (list..list + 15).contains(place);
    assert!(accepted.iter().all(inside), "{accepted:?}");
    for cut in 0..token.len() {
        assert!(TimeStampToken::from_der(&token[..cut]).is_err());
    }
}
