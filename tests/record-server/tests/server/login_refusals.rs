//! Logins that must be refused, each with its own code, through real HTTPS. A failed attempt burns its nonce, and every
//! attempt is in the trace.

use crate::fixture::{self, AUDIENCE, NOW, ORIGIN, World, assertion};
use paraphe_certs::CardKind;
use paraphe_certs::test_pki::{CardPerson, RevocationReason, Validity};
use paraphe_protocol::identifiers::Environment;
use paraphe_protocol::login::LoginAssertion;
use paraphe_record_server::problem::Code;
use paraphe_record_server::{Client, Limits};
use serde_json::json;

/// Presents this assertion and expects this refusal, traced; then that the nonce was burnt by it.
async fn refused(
    world: &World,
    client: &mut Client,
    nonce: &str,
    assertion: &LoginAssertion,
    code: Code,
) {
    let before = world.stored();
    let error = client.login(nonce, assertion).await.unwrap_err();
    assert_eq!(error.code(), Some(code));
    world.assert_refusal_traced("login", code.name()).await;
    let error = client.login(nonce, assertion).await.unwrap_err();
    assert_eq!(
        error.code(),
        Some(Code::NonceUsed),
        "a failed attempt burns its nonce"
    );
    assert_eq!(world.stored(), before);
}

async fn nonce(client: &Client) -> String {
    client.nonce().await.unwrap().nonce
}

#[tokio::test(flavor = "multi_thread")]
async fn nonces_serve_once_and_expire() {
    let world = World::start().await;
    let card = world.login_card(&CardPerson::sample_physician());
    let mut client = world.client();

    let used = nonce(&client).await;
    let proof = card.assertion(&used, NOW);
    client.login(&used, &proof).await.unwrap();
    let error = client.login(&used, &proof).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::NonceUsed));
    world.assert_refusal_traced("login", "nonce-used").await;

    let late = nonce(&client).await;
    world.advance(120);
    let proof = card.assertion(&late, world.now());
    refused(&world, &mut client, &late, &proof, Code::NonceExpired).await;

    // A nonce that this server never issued, and texts that are none.
    let foreign = "A".repeat(43);
    let proof = card.assertion(&foreign, world.now());
    for text in [foreign.as_str(), "", "AAAA", "é"] {
        let error = client.login(text, &proof).await.unwrap_err();
        assert_eq!(error.code(), Some(Code::NonceUnknown), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_submissions_of_one_assertion_one_succeeds() {
    let world = World::start().await;
    let card = world.login_card(&CardPerson::sample_physician());
    let client = world.client();
    let nonce = nonce(&client).await;
    let proof = card.assertion(&nonce, NOW);
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let (mut client, nonce, proof) = (world.client(), nonce.clone(), proof.clone());
        attempts.spawn(async move {
            client
                .login(&nonce, &proof)
                .await
                .map_err(|error| error.code())
        });
    }
    let outcomes = attempts.join_all().await;
    assert_eq!(outcomes.len(), 50);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refusals = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(refusals.copied().all(|code| code == Some(Code::NonceUsed)));
    let trace = world.server().trace().await.unwrap();
    assert_eq!(trace.len(), 50, "every attempt is traced");
    assert_eq!(
        trace.iter().filter(|line| line.outcome == "done").count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assertion_for_somebody_else_does_not_hold_here() {
    let world = World::start().await;
    let card = world.login_card(&CardPerson::sample_physician());
    let mut client = world.client();
    let other_nonce = nonce(&client).await;
    let cases = [
        ("autre.invalid", ORIGIN),
        ("dossier.invalid.", ORIGIN),
        ("Dossier.invalid", ORIGIN),
        (AUDIENCE, "https://autre.invalid"),
        (AUDIENCE, "https://dossier.invalid:8443"),
        (AUDIENCE, "https://xn--dossier-9ua.invalid"),
    ];
    for (audience, origin) in cases {
        let nonce = nonce(&client).await;
        let proof = assertion(&card.authentication, &nonce, audience, origin, NOW);
        let code = Code::AssertionSignatureInvalid;
        refused(&world, &mut client, &nonce, &proof, code).await;
        // The same with what the agent says beside it: then the reason is told.
        let nonce = self::nonce(&client).await;
        let proof = assertion(&card.authentication, &nonce, audience, origin, NOW);
        let made_for = json!({"audience": audience, "origin": origin});
        let error = client.login_made_for(&nonce, &proof, Some(&made_for)).await;
        let code = if audience == AUDIENCE {
            Code::AssertionOtherOrigin
        } else {
            Code::AssertionOtherAudience
        };
        assert_eq!(error.unwrap_err().code(), Some(code), "{audience} {origin}");
    }
    // Made for another nonce of this very server.
    for (made_for, code) in [
        (None, Code::AssertionSignatureInvalid),
        (
            Some(json!({"nonce": other_nonce})),
            Code::AssertionOtherNonce,
        ),
    ] {
        let nonce = nonce(&client).await;
        let proof = card.assertion(&other_nonce, NOW);
        let error = client
            .login_made_for(&nonce, &proof, made_for.as_ref())
            .await;
        assert_eq!(error.unwrap_err().code(), Some(code));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signature_key_does_not_log_in() {
    let world = World::start().await;
    let card = world.card(&CardPerson::sample_physician());
    let mut client = world.client();
    let nonce = nonce(&client).await;
    let proof = assertion(card.signature(), &nonce, AUDIENCE, ORIGIN, NOW);
    refused(
        &world,
        &mut client,
        &nonce,
        &proof,
        Code::CertificateWrongUse,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_revoked_while_the_server_runs_is_refused() {
    let mut world = World::start().await;
    let card = world.login_card(&CardPerson::sample_physician());
    let mut client = world.logged_in(&card).await;
    let certificate = card.authentication.certificate.clone();
    world
        .pki
        .revoke(&certificate, NOW, RevocationReason::KeyCompromise)
        .unwrap();
    world.advance(10);
    world.publish_lists();
    let fresh = nonce(&client).await;
    let proof = card.assertion(&fresh, world.now());
    refused(
        &world,
        &mut client,
        &fresh,
        &proof,
        Code::CertificateRevoked,
    )
    .await;

    // Lists that have expired say nothing any more.
    world.advance(30 * 86_400);
    let other = world.login_card(&CardPerson::sample_nurse());
    let fresh = nonce(&client).await;
    let proof = other.assertion(&fresh, world.now());
    refused(
        &world,
        &mut client,
        &fresh,
        &proof,
        Code::CertificateRevocationUnknown,
    )
    .await;

    // A list that cannot be read leaves the previous ones in force: still refused, never accepted.
    std::fs::write(world.trust_folder().join("crls/broken.crl"), "not a list").unwrap();
    let fresh = nonce(&client).await;
    let proof = other.assertion(&fresh, world.now());
    refused(
        &world,
        &mut client,
        &fresh,
        &proof,
        Code::CertificateRevocationUnknown,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_and_foreign_cards_are_refused() {
    let world = World::start().await;
    let mut client = world.client();
    let past = Validity {
        not_before: NOW.plus_days(-1_000),
        not_after: NOW.plus_days(-1),
    };
    let expired = world.login_card_valid(&CardPerson::sample_physician(), past);
    let fresh = nonce(&client).await;
    let proof = expired.assertion(&fresh, NOW);
    refused(
        &world,
        &mut client,
        &fresh,
        &proof,
        Code::CertificateExpired,
    )
    .await;

    let elsewhere = World::start().await;
    let foreign = elsewhere.login_card(&CardPerson::sample_physician());
    let fresh = nonce(&client).await;
    let proof = foreign.assertion(&fresh, NOW);
    refused(
        &world,
        &mut client,
        &fresh,
        &proof,
        Code::CertificateNotTrusted,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_assertion_is_refused() {
    let world = World::start().await;
    let card = world.login_card(&CardPerson::sample_physician());
    let mut client = world.client();
    for away in [-400, 400] {
        let fresh = nonce(&client).await;
        let proof = card.assertion(&fresh, NOW.plus_seconds(away));
        refused(&world, &mut client, &fresh, &proof, Code::AssertionExpired).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn test_cards_stay_out_of_production() {
    let world = World::start_with(Environment::Production, Limits::default()).await;
    let card = world.login_card(&CardPerson::sample_physician());
    let mut client = world.client();
    let fresh = nonce(&client).await;
    let proof = card.assertion(&fresh, NOW);
    refused(&world, &mut client, &fresh, &proof, Code::TestCardRefused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cards_without_rights_open_no_session() {
    let world = World::start().await;
    let mut client = world.client();
    let authorised = CardPerson {
        card_serial: Some("8025000001/2800000099".to_owned()),
        ..CardPerson::new(CardKind::Cpa, "3999999904/000000019")
    };
    let named = CardPerson {
        family_name: Some("ESSAI".to_owned()),
        ..authorised
    };
    for person in [CardPerson::sample_student(), named] {
        let card = world.login_card(&person);
        let fresh = nonce(&client).await;
        let proof = card.assertion(&fresh, NOW);
        refused(&world, &mut client, &fresh, &proof, Code::AccessDenied).await;
        let trace = world.server().trace().await.unwrap();
        let denied = trace
            .iter()
            .rev()
            .find(|line| line.code.as_deref() == Some("access-denied"));
        let actor = denied.unwrap().actor.as_ref().unwrap();
        assert_eq!(
            actor.card_kind, person.kind,
            "who was refused is known: the card was verified"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end() {
    let world = World::start().await;
    let (_, physician, record) = world.physician_with_record().await;
    let lot = physician
        .open_lot(&record, fixture::TestLot::new(1).announced())
        .await
        .unwrap();
    assert_eq!(world.stored().staged, 1);
    world.advance(3_600);
    let error = physician.documents(&record).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::SessionExpired));
    world
        .assert_refusal_traced("documents-list", "session-expired")
        .await;
    let error = physician.commit_lot(&lot.lot, b"<x/>").await.unwrap_err();
    assert_eq!(error.code(), Some(Code::SessionExpired));
    assert_eq!(world.stored().staged, 0, "its open lot went with it");

    let stranger = world.client().with_session(&"A".repeat(43));
    let error = stranger.documents(&record).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::SessionUnknown));
    let error = world.client().documents(&record).await.unwrap_err();
    assert_eq!(error.code(), Some(Code::SessionMissing));
}
