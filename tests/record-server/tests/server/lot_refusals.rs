//! Lots that must be refused, each with its own code, through real HTTPS; after each nothing of them is left, on disk
//! or in tables, and the refusal is in the trace.

use crate::fixture::{Card, NOW, TestDocument, TestLot, World, ins, patient_ins};
use paraphe_certs::test_pki::{Authority, CardPerson, Level, RevocationReason, Validity};
use paraphe_protocol::identifiers::Environment;
use paraphe_record_server::client::DocumentSource;
use paraphe_record_server::problem::Code;
use paraphe_record_server::{Client, Limits};
use tokio::io::AsyncReadExt as _;

/// Sends these documents with this signature and expects this refusal of the commit, with nothing left.
async fn refused(
    world: &World,
    client: &Client,
    record: &str,
    sent: &TestLot,
    signature: &[u8],
    code: Code,
) {
    let before = world.stored();
    let error = client
        .send_lot(record, sent.outgoing(), signature)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(code), "{error:?}");
    world.assert_refusal_traced("lot-commit", code.name()).await;
    assert_eq!(world.stored(), before, "nothing half-stored");
    assert_eq!(before.staged, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_exactly_what_was_signed() {
    let world = World::start().await;
    let (card, client, record) = world.physician_with_record().await;
    let lot = TestLot::new(1);
    let signature = card.sign_lot(&lot, &patient_ins(), NOW);

    let mut changed = lot.clone();
    changed.documents[1].bytes[0] ^= 1;
    refused(
        &world,
        &client,
        &record,
        &changed,
        &signature,
        Code::DocumentChanged,
    )
    .await;

    let mut missing = lot.clone();
    missing.documents.pop();
    refused(
        &world,
        &client,
        &record,
        &missing,
        &signature,
        Code::DocumentMissing,
    )
    .await;

    let mut extra = lot.clone();
    extra.documents.push(TestDocument::new(77));
    refused(
        &world,
        &client,
        &record,
        &extra,
        &signature,
        Code::DocumentExtra,
    )
    .await;

    // The right bytes under each other's identifier.
    let mut swapped = lot.clone();
    let (first, second) = (
        lot.documents[0].bytes.clone(),
        lot.documents[1].bytes.clone(),
    );
    swapped.documents[0].bytes = second;
    swapped.documents[1].bytes = first;
    refused(
        &world,
        &client,
        &record,
        &swapped,
        &signature,
        Code::DocumentChanged,
    )
    .await;

    // The order does not matter, the identifiers do.
    let mut reordered = lot.clone();
    reordered.documents.reverse();
    client
        .send_lot(&record, reordered.outgoing(), &signature)
        .await
        .unwrap();
    assert_eq!(world.stored().rows, [1, 1, 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_that_do_not_hold_are_refused() {
    let world = World::start().await;
    let (card, client, record) = world.physician_with_record().await;
    let lot = TestLot::new(1);
    let signature = card.sign_lot(&lot, &patient_ins(), NOW);
    refused(
        &world,
        &client,
        &record,
        &lot,
        b"",
        Code::LotSignatureMalformed,
    )
    .await;
    refused(
        &world,
        &client,
        &record,
        &lot,
        b"<Signature/>",
        Code::LotSignatureMalformed,
    )
    .await;

    let text = String::from_utf8(signature.clone()).unwrap();
    let begin = text.find("SignatureValue>").unwrap() + "SignatureValue>".len();
    let mut forged = signature.clone();
    forged[begin] = if forged[begin] == b'A' { b'B' } else { b'A' };
    refused(
        &world,
        &client,
        &record,
        &lot,
        &forged,
        Code::LotSignatureInvalid,
    )
    .await;

    let dated = card.sign_lot(&lot, &patient_ins(), NOW.plus_seconds(3_600));
    refused(
        &world,
        &client,
        &record,
        &lot,
        &dated,
        Code::LotSignatureInvalid,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_signer_is_the_sessions_holder_with_the_same_card() {
    let world = World::start().await;
    let (card, client, record) = world.physician_with_record().await;
    let lot = TestLot::new(1);
    let colleague = world.card(&CardPerson::sample_nurse());
    let by_colleague = colleague.sign_lot(&lot, &patient_ins(), NOW);
    refused(
        &world,
        &client,
        &record,
        &lot,
        &by_colleague,
        Code::LotSignerMismatch,
    )
    .await;

    // The same person with another card, and with a card without number.
    for card_serial in [Some("8025000001/2800099999".to_owned()), None] {
        let other = CardPerson {
            card_serial,
            ..CardPerson::sample_physician()
        };
        let signature = world.card(&other).sign_lot(&lot, &patient_ins(), NOW);
        refused(
            &world,
            &client,
            &record,
            &lot,
            &signature,
            Code::LotSignerMismatch,
        )
        .await;
    }
    // The same person and card number, from another authority.
    let person = CardPerson::sample_physician();
    let template = person.signature_template(Validity::of_card(NOW));
    let elsewhere = Authority::Persons(Level::Standard);
    let other = world
        .login_card(&person)
        .with_signature(world.pki.issue(elsewhere, &template).unwrap());
    let signature = other.sign_lot(&lot, &patient_ins(), NOW);
    refused(
        &world,
        &client,
        &record,
        &lot,
        &signature,
        Code::LotSignerMismatch,
    )
    .await;
    // A renewed certificate on the same card is the same card.
    let renewed = world.card(&CardPerson::sample_physician());
    let signature = renewed.sign_lot(&lot, &patient_ins(), NOW);
    client
        .send_lot(&record, lot.outgoing(), &signature)
        .await
        .unwrap();
    drop(card);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_certificate_revoked_since_the_login_is_refused() {
    let mut world = World::start().await;
    let (card, client, record) = world.physician_with_record().await;
    let lot = TestLot::new(1);
    let signature = card.sign_lot(&lot, &patient_ins(), NOW);
    let certificate = card.signature().certificate.clone();
    world
        .pki
        .revoke(&certificate, NOW, RevocationReason::KeyCompromise)
        .unwrap();
    world.advance(5);
    world.publish_lists();
    refused(
        &world,
        &client,
        &record,
        &lot,
        &signature,
        Code::CertificateRevoked,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_patient_is_the_records() {
    let world = World::start().await;
    let (card, client, record) = world.physician_with_record().await;
    let lot = TestLot::new(1);
    let other = card.sign_lot(&lot, &ins("2620275999998"), NOW);
    refused(
        &world,
        &client,
        &record,
        &lot,
        &other,
        Code::LotPatientMismatch,
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_submission_set_and_a_document_are_stored_once() {
    let world = World::start().await;
    let (card, client, record) = world.physician_with_record().await;
    let lot = TestLot::new(1);
    let signature = card.sign_lot(&lot, &patient_ins(), NOW);
    client
        .send_lot(&record, lot.outgoing(), &signature)
        .await
        .unwrap();
    refused(
        &world,
        &client,
        &record,
        &lot,
        &signature,
        Code::SubmissionSetReplayed,
    )
    .await;

    // Another set with other documents, but one identifier that was already stored.
    let mut other = TestLot::new(2);
    other.documents[2].unique_id = lot.documents[0].unique_id.clone();
    let signature = card.sign_lot(&other, &patient_ins(), NOW);
    refused(
        &world,
        &client,
        &record,
        &other,
        &signature,
        Code::DocumentIdentifierUsed,
    )
    .await;

    // The same set in many sessions at once: one is stored.
    let racing = TestLot::new(3);
    let signature = card.sign_lot(&racing, &patient_ins(), NOW);
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let client = world.logged_in(&card).await;
        let (record, documents, signature) = (record.clone(), racing.outgoing(), signature.clone());
        attempts.spawn(async move {
            client
                .send_lot(&record, documents, &signature)
                .await
                .map_err(|error| error.code())
        });
    }
    let outcomes = attempts.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    let refusals = outcomes.iter().filter_map(|outcome| outcome.as_ref().err());
    assert!(
        refusals
            .copied()
            .all(|code| code == Some(Code::SubmissionSetReplayed))
    );
    assert_eq!(world.stored().rows, [1, 2, 6]);
    assert_eq!(world.stored().staged, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_too_long_is_cut_while_it_comes() {
    let limits = Limits {
        document_bytes: 100_000,
        ..Limits::default()
    };
    let world = World::start_with(Environment::Test, limits).await;
    let (card, client, record) = world.physician_with_record().await;
    let before = world.stored();
    let sources: [fn() -> DocumentSource; 2] = [
        // Length told in advance, and not told.
        || DocumentSource::Bytes(vec![b'a'; 100_001]),
        || DocumentSource::Reader(Box::new(tokio::io::repeat(b'a').take(3_000_000))),
    ];
    for source in sources {
        let opened = client
            .open_lot(&record, TestLot::new(1).announced())
            .await
            .unwrap();
        assert_eq!(opened.maximum_document_bytes, 100_000);
        let first = DocumentSource::Bytes(vec![b'b'; 100_000]);
        client.put_document(&opened.lot, 1, first).await.unwrap();
        let error = client
            .put_document(&opened.lot, 2, source())
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some(Code::DocumentTooLarge), "{error:?}");
        world
            .assert_refusal_traced("document-put", "document-too-large")
            .await;
        assert_eq!(world.stored(), before, "the whole lot is gone");
        let error = client.commit_lot(&opened.lot, b"<x/>").await.unwrap_err();
        assert_eq!(error.code(), Some(Code::LotUnknown));
    }
    drop(card);
}

#[tokio::test(flavor = "multi_thread")]
async fn lots_are_filled_in_order_of_the_rules() {
    let world = World::start().await;
    let (card, client, record) = world.physician_with_record().await;
    let lot = TestLot::new(1);
    let code = |error: paraphe_record_server::ClientError| error.code();

    let error = client
        .open_lot("unknown", lot.announced())
        .await
        .map_err(code)
        .unwrap_err();
    assert_eq!(error, Some(Code::RecordUnknown));
    let error = client
        .open_lot(&record, Vec::new())
        .await
        .map_err(code)
        .unwrap_err();
    assert_eq!(error, Some(Code::LotEmpty));
    let many = (0..51)
        .map(|index| TestDocument::new(index).announced())
        .collect();
    let error = client
        .open_lot(&record, many)
        .await
        .map_err(code)
        .unwrap_err();
    assert_eq!(error, Some(Code::LotTooManyDocuments));

    let opened = client.open_lot(&record, lot.announced()).await.unwrap();
    let bytes = |index: usize| DocumentSource::Bytes(lot.documents[index].bytes.clone());
    client.put_document(&opened.lot, 1, bytes(0)).await.unwrap();
    let error = client
        .put_document(&opened.lot, 1, bytes(0))
        .await
        .map_err(code)
        .unwrap_err();
    assert_eq!(error, Some(Code::DocumentAlreadyReceived));
    for number in [0, 4] {
        let error = client
            .put_document(&opened.lot, number, bytes(0))
            .await
            .map_err(code)
            .unwrap_err();
        assert_eq!(error, Some(Code::DocumentUnknown));
    }
    // Another session cannot touch it.
    let colleague: Card = world.login_card(&CardPerson::sample_nurse());
    let other = world.logged_in(&colleague).await;
    let error = other
        .put_document(&opened.lot, 2, bytes(1))
        .await
        .map_err(code)
        .unwrap_err();
    assert_eq!(error, Some(Code::LotUnknown));
    let error = other
        .abandon_lot(&opened.lot)
        .await
        .map_err(code)
        .unwrap_err();
    assert_eq!(error, Some(Code::LotUnknown));
    let error = other
        .commit_lot(&opened.lot, b"<x/>")
        .await
        .map_err(code)
        .unwrap_err();
    assert_eq!(error, Some(Code::LotUnknown));
    assert_eq!(world.stored().staged, 1, "none of that ended the lot");

    // Committed before everything came: ended.
    let signature = card.sign_lot(&lot, &patient_ins(), NOW);
    client.put_document(&opened.lot, 3, bytes(2)).await.unwrap();
    let error = client
        .commit_lot(&opened.lot, &signature)
        .await
        .map_err(code)
        .unwrap_err();
    assert_eq!(error, Some(Code::DocumentMissing));
    world
        .assert_refusal_traced("lot-commit", "document-missing")
        .await;
    assert_eq!(world.stored().staged, 0);

    // An empty document ends its lot.
    let opened = client.open_lot(&record, lot.announced()).await.unwrap();
    let empty = DocumentSource::Bytes(Vec::new());
    let error = client
        .put_document(&opened.lot, 1, empty)
        .await
        .map_err(code)
        .unwrap_err();
    assert_eq!(error, Some(Code::DocumentEmpty));
    assert_eq!(world.stored().staged, 0);

    // Abandoned, and left until it expires.
    let opened = client.open_lot(&record, lot.announced()).await.unwrap();
    client.abandon_lot(&opened.lot).await.unwrap();
    assert_eq!(world.stored().staged, 0);
    client.open_lot(&record, lot.announced()).await.unwrap();
    assert_eq!(world.stored().staged, 1);
    world.advance(600);
    world.server().sweep();
    assert_eq!(world.stored().staged, 0);
    assert_eq!(world.stored().rows, [1, 0, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_loses_one_document_only() {
    let world = World::start().await;
    let (card, client, record) = world.physician_with_record().await;
    let lot = TestLot::new(1);
    let signature = card.sign_lot(&lot, &patient_ins(), NOW);
    let opened = client.open_lot(&record, lot.announced()).await.unwrap();
    let bytes = |index: usize| DocumentSource::Bytes(lot.documents[index].bytes.clone());
    client.put_document(&opened.lot, 1, bytes(0)).await.unwrap();
    // The client's reader fails half way: the connection breaks.
    let broken = failing_reader();
    let error = client
        .put_document(&opened.lot, 2, DocumentSource::Reader(broken))
        .await
        .unwrap_err();
    assert_eq!(error.code(), None, "no answer came");
    // Sent again; the server may take a moment to notice that the first sender is gone.
    loop {
        match client.put_document(&opened.lot, 2, bytes(1)).await {
            Ok(_) => break,
            Err(error) => assert_eq!(error.code(), Some(Code::DocumentAlreadyReceived)),
        }
    }
    client.put_document(&opened.lot, 3, bytes(2)).await.unwrap();
    client.commit_lot(&opened.lot, &signature).await.unwrap();
    assert_eq!(world.stored().rows, [1, 1, 3]);
    assert_eq!(world.stored().staged, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_what_it_was_announced_to_be() {
    let world = World::start().await;
    let (_, client, record) = world.physician_with_record().await;
    let before = world.stored();
    let cases = [
        (b"%PDF-1.4 not text".as_slice(), Code::DocumentFormat),
        (b"caf\xe9 in Latin-1".as_slice(), Code::DocumentFormat),
    ];
    for (bytes, code) in cases {
        let opened = client
            .open_lot(&record, TestLot::new(1).announced())
            .await
            .unwrap();
        let source = DocumentSource::Bytes(bytes.to_vec());
        let error = client
            .put_document(&opened.lot, 1, source)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some(code));
        world
            .assert_refusal_traced("document-put", code.name())
            .await;
        assert_eq!(world.stored(), before);
    }
}

/// Gives some bytes, then fails.
fn failing_reader() -> Box<dyn tokio::io::AsyncRead + Send + Unpin> {
    struct Failing(bool);
    impl tokio::io::AsyncRead for Failing {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _context: &mut std::task::Context<'_>,
            buffer: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            if self.0 {
                return std::task::Poll::Ready(Err(std::io::Error::other("taken out")));
            }
            self.0 = true;
            buffer.put_slice(&[b'x'; 1_000]);
            std::task::Poll::Ready(Ok(()))
        }
    }
    Box::new(Failing(false))
}
