//! The whole line through real HTTPS: reception creates the record, the physician logs in and sends a signed lot, the
//! documents come back byte by byte, every action is in the trace.

use crate::fixture::{NOW, TestLot, World, create_request, patient, patient_ins};
use paraphe_certs::test_pki::CardPerson;
use paraphe_record_server::client::DocumentSource;
use paraphe_record_server::problem::Code;

#[tokio::test(flavor = "multi_thread")]
async fn from_reception_to_the_stored_lot() {
    let world = World::start().await;
    let reception = world
        .logged_in(&world.login_card(&CardPerson::sample_service_card()))
        .await;
    let before = reception
        .record_exists(&patient().nir.unwrap())
        .await
        .unwrap();
    assert!(!before.exists);
    let receipt = reception.create_record(&create_request(NOW)).await.unwrap();
    assert_eq!(receipt.created_by, "3999999904/000000018");
    assert_eq!(receipt.patient_identity_oid, "1.2.250.1.213.1.4.10");
    assert_eq!(receipt.created_at, NOW);

    let card = world.card(&CardPerson::sample_physician());
    let physician = world.logged_in(&card).await;
    let found = physician
        .record_exists(&patient().nir.unwrap())
        .await
        .unwrap();
    assert_eq!(found.record.as_ref(), Some(&receipt.record));

    let lot = TestLot::new(1);
    let signature = card.sign_lot(&lot, &patient_ins(), world.now());
    let stored = physician
        .send_lot(&receipt.record, lot.outgoing(), &signature)
        .await
        .unwrap();
    assert_eq!(stored.signer, "899700000017");
    assert_eq!(stored.submission_set, lot.submission_set.to_string());
    assert_eq!(stored.documents.len(), 3);

    let listed = physician.documents(&receipt.record).await.unwrap();
    assert_eq!(listed.documents.len(), 3);
    for (document, listed) in lot.documents.iter().zip(&listed.documents) {
        assert_eq!(listed.unique_id, document.unique_id.to_string());
        let bytes = physician
            .document(&receipt.record, &listed.unique_id, 1_000)
            .await
            .unwrap();
        assert_eq!(bytes, document.bytes);
    }
    let picture = world.stored();
    assert_eq!(picture.rows, [1, 1, 3]);
    assert_eq!(picture.files.len(), 4, "three documents and the signature");
    assert_eq!(picture.staged, 0);

    let trace = physician.trace(&receipt.record).await.unwrap().entries;
    let seen: Vec<_> = trace
        .iter()
        .map(|line| (line.action.as_str(), line.outcome.as_str()))
        .collect();
    let expected = [
        ("record-exists", "done"),
        ("record-create", "done"),
        ("record-exists", "done"),
        ("lot-open", "done"),
        ("lot-commit", "done"),
        ("documents-list", "done"),
        ("document-read", "done"),
        ("document-read", "done"),
        ("document-read", "done"),
    ];
    assert_eq!(seen, expected);
    let number = patient().nir.unwrap();
    let matricule = format!("{}{}", number.number, number.key);
    for line in &trace {
        assert_eq!(line.mode, "DIRECTE");
        assert_eq!(line.patient.as_deref(), Some(matricule.as_str()));
        assert!(line.actor.is_some());
        assert_eq!(line.at, NOW);
    }
    let creator = trace[1].actor.as_ref().unwrap();
    assert_eq!(creator.national_id, "3999999904/000000018");
    let author = trace[4].actor.as_ref().unwrap();
    assert_eq!(author.national_id, "899700000017");
    assert_eq!(trace[4].lot.as_deref(), Some(stored.lot.as_str()));

    let mut physician = physician;
    physician.logout().await.unwrap();
    let gone = physician.documents(&receipt.record).await.unwrap_err();
    assert_eq!(gone.code(), Some(Code::SessionMissing));
    let all = world.server().trace().await.unwrap();
    let logins = all.iter().filter(|line| line.action == "login").count();
    assert_eq!(logins, 2);
    assert!(all.iter().any(|line| line.action == "logout"));
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_come_from_files_and_readers_of_any_length() {
    let world = World::start().await;
    let (card, client, record) = world.physician_with_record().await;
    let mut lot = TestLot::new(1);
    for (document, length) in lot.documents.iter_mut().zip([1, 65_536, 4_999_999]) {
        document.bytes = vec![b'a'; length];
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("document.txt");
    std::fs::write(&path, &lot.documents[1].bytes).unwrap();
    let signature = card.sign_lot(&lot, &patient_ins(), world.now());
    let mut outgoing = lot.outgoing();
    outgoing[1].source = DocumentSource::Path(path);
    outgoing[2].source = DocumentSource::Reader(Box::new(std::io::Cursor::new(
        lot.documents[2].bytes.clone(),
    )));
    let receipt = client
        .send_lot(&record, outgoing, &signature)
        .await
        .unwrap();
    for (document, stored) in lot.documents.iter().zip(&receipt.documents) {
        assert_eq!(stored.size, document.bytes.len() as u64);
        let bytes = client
            .document(&record, &stored.unique_id, 5_000_000)
            .await
            .unwrap();
        assert!(bytes == document.bytes, "{} bytes", bytes.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_after_a_restart() {
    let world = World::start().await;
    let (card, physician, record) = world.physician_with_record().await;
    let lot = TestLot::new(1);
    let signature = card.sign_lot(&lot, &patient_ins(), world.now());
    physician
        .send_lot(&record, lot.outgoing(), &signature)
        .await
        .unwrap();
    // A lot is open and half filled when the server goes down.
    let half = TestLot::new(2);
    let opened = physician.open_lot(&record, half.announced()).await.unwrap();
    let bytes = half.documents[0].bytes.clone();
    physician
        .put_document(&opened.lot, 1, DocumentSource::Bytes(bytes))
        .await
        .unwrap();
    let mut picture = world.stored();
    assert_eq!(picture.staged, 1);
    // What a crash between rename and commit would leave.
    let orphan = world
        .data
        .path()
        .join("documents")
        .join(&record)
        .join("0123");
    std::fs::create_dir(&orphan).unwrap();
    std::fs::write(orphan.join("1"), "never committed").unwrap();

    let world = world.restart().await;
    picture.staged = 0;
    assert_eq!(
        world.stored(),
        picture,
        "neither staging nor orphan is left, nothing else changed"
    );
    let physician = world.again(&physician);
    assert_eq!(
        physician.documents(&record).await.unwrap().documents.len(),
        3
    );
    let error = physician
        .commit_lot(&opened.lot, b"<x/>")
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(Code::LotUnknown));
}
