//! The OCSP answer that a login needs: asked each time, with a nonce, and refused without.

use std::sync::Arc;

use paraphe_certs::test_pki::{CardPerson, OcspAnswering, Validity};
use paraphe_certs::{CardLogin, Certificate, Freshness, PathError, TrustStore};

use super::{NOW, Network, PERSONS, issue};

fn a_card(network: &Network) -> Certificate {
    let person = CardPerson::sample_physician();
    let template = person.authentication_template(Validity::of_card(NOW.plus_days(-1)));
    issue(&network.pki.lock().unwrap(), PERSONS, template).certificate
}

fn store(network: &Network) -> TrustStore {
    let mut store = network.pki.lock().unwrap().trust_store(NOW).unwrap();
    let mut freshness = Freshness::default();
    freshness.login_needs_answer = true;
    store.set_freshness(freshness);
    store
}

fn login(network: &Arc<Network>, card: &Certificate, nonce: bool) -> Result<(), PathError> {
    let state = tempfile::tempdir().unwrap();
    let source = network.source_with(state.path(), |config| {
        config.revocation.nonce = nonce;
    });
    let store = source.with_login_answer::<CardLogin>(&store(network), card, NOW);
    store.unwrap().verify::<CardLogin>(card, NOW).map(drop)
}

#[test]
fn a_login_is_asked_about_each_time() {
    let network = Arc::new(Network::new());
    let card = a_card(&network);
    assert_eq!(login(&network, &card, true), Ok(()));
    assert_eq!(login(&network, &card, true), Ok(()));
    assert_eq!(
        network.asked(),
        2,
        "nothing that was kept answers for a login"
    );
    network.silence(true);
    assert!(matches!(
        login(&network, &card, true),
        Err(PathError::NoFreshAnswer { .. })
    ));
}

#[test]
fn an_answer_without_the_nonce_is_taken_only_where_that_is_configured() {
    let network = Arc::new(Network::new());
    let card = a_card(&network);
    let prepared = {
        let pki = network.pki.lock().unwrap();
        pki.ocsp_response(&card, &OcspAnswering::at(NOW)).unwrap()
    };
    *network.ocsp_answer.lock().unwrap() = Some(prepared);
    assert!(matches!(
        login(&network, &card, true),
        Err(PathError::NoFreshAnswer { .. })
    ));
    assert_eq!(login(&network, &card, false), Ok(()));
    // About another card it says nothing, nonce or not.
    let other = a_card(&network);
    let about_other = {
        let pki = network.pki.lock().unwrap();
        pki.ocsp_response(&other, &OcspAnswering::at(NOW)).unwrap()
    };
    *network.ocsp_answer.lock().unwrap() = Some(about_other);
    assert!(matches!(
        login(&network, &card, false),
        Err(PathError::NoFreshAnswer { .. })
    ));
}

#[test]
fn nobody_is_asked_about_a_card_whose_path_does_not_hold() {
    let network = Arc::new(Network::new());
    let card = a_card(&network);
    let state = tempfile::tempdir().unwrap();
    let source = network.source(state.path(), true);
    let stranger = source.with_login_answer::<CardLogin>(&TrustStore::new(), &card, NOW);
    assert!(stranger.is_ok());
    assert_eq!(network.asked(), 0);
}
