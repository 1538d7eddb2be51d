//! A request, its answer, and the token that comes of them.

use paraphe_protocol::signature::DigestAlgorithm;
use paraphe_protocol::time_stamp::{Accuracy, TimeStampRequest, TimeStampToken};

use super::{NOW, authority, pki};

#[test]
fn a_token_answers_its_request() {
    let authority = authority(&pki());
    for digest in DigestAlgorithm::ALL {
        let imprint = digest.digest(b"signature value").unwrap();
        let request = TimeStampRequest::new(digest, &imprint, [0x80; 8], Some("1.2.3.4")).unwrap();
        let response = authority.reply(request.der(), NOW).unwrap();
        let token = request.read_response(&response).unwrap();
        assert_eq!(token.info().digest(), digest);
        assert_eq!(token.info().imprint(), imprint);
        assert_eq!(token.info().time(), NOW);
        assert_eq!(token.info().policy(), "1.2.3.4");
        let second = Accuracy {
            seconds: 1,
            microseconds: 0,
        };
        assert_eq!(token.info().accuracy(), Some(second));
        assert_eq!(
            token.verify(&[]).unwrap(),
            *authority.certificate(),
            "the signer is the authority"
        );
        assert!(response.ends_with(token.der()), "as it was sent");
        assert_eq!(TimeStampToken::from_der(token.der()).unwrap(), token);
    }
}

#[test]
fn both_references_to_the_certificate_are_taken() {
    let authority = authority(&pki()).with_sha1_reference();
    let token = authority.stamp(&[7; 32], NOW).unwrap();
    let token = TimeStampToken::from_der(&token).unwrap();
    assert_eq!(token.verify(&[]).unwrap(), *authority.certificate());
}
