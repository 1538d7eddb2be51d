//! Lots that patients sign with tokens of their own, through real HTTPS: a certificate registered on the record, a lot accepted for
//! that very record, and everything else refused with nothing left.
//!
//! Needs the program `xmlsec1` and fails without it.

use crate::fixture::xmlsec1::xmlsec1_accepts;
use crate::fixture::{
    self, Card, NOW, Patients, TestLot, World, create_request, ins, number, patient_ins, sign_lot,
};
use paraphe_certs::test_pki::{CardPerson, Issued, Structure, Validity};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_record_server::lot::{CommitLotRequest, SignerMode};
use paraphe_record_server::problem::Code;
use paraphe_record_server::{Client, ClientError};

const PHYSICIAN: &str = "899700000017";
/// Matricule of another invented patient.
const OTHER: &str = "2610275999999";

/// A server that takes patients' lots, a physician in a session, and a record.
struct Practice {
    patients: Patients,
    world: World,
    card: Card,
    client: Client,
    record: String,
}

impl Practice {
    async fn start() -> Self {
        let patients = Patients::new(NOW);
        let world = World::start_with_patients(&patients).await;
        let (card, client, record) = world.physician_with_record().await;
        Self {
            patients,
            world,
            card,
            client,
            record,
        }
    }

    fn token(&self, name: &str) -> Issued {
        self.patients.token(name, Validity::of_card(NOW))
    }

    /// The record of another patient.
    async fn other_record(&self) -> String {
        let mut request = create_request(NOW);
        request.patient.nir = Some(number(OTHER));
        self.client.create_record(&request).await.unwrap().record
    }

    async fn register(&self, record: &str, token: &Issued) -> Result<String, Option<Code>> {
        let der = token.certificate.der();
        let registered = self.client.register_patient_certificate(record, der).await;
        registered
            .map(|receipt| receipt.sha256)
            .map_err(|error| error.code())
    }

    /// Sends a lot in this mode and commits it with this signature.
    async fn commit(
        &self,
        mode: SignerMode,
        lot: &TestLot,
        signature: &[u8],
    ) -> Result<paraphe_record_server::receipt::LotReceipt, ClientError> {
        let opened = self
            .client
            .fill_lot(mode, &self.record, lot.outgoing())
            .await
            .unwrap();
        let body = CommitLotRequest::new(signature);
        self.client.commit(&opened.lot, &body).await
    }

    /// The same is refused with this code, traced, and leaves nothing.
    async fn refused(&self, mode: SignerMode, lot: &TestLot, signature: &[u8], code: Code) {
        let before = self.world.stored();
        let error = self.commit(mode, lot, signature).await.unwrap_err();
        assert_eq!(error.code(), Some(code), "{error:?}");
        self.world
            .assert_refusal_traced("lot-commit", code.name())
            .await;
        assert_eq!(self.world.stored(), before, "nothing half-stored");
    }
}

fn sha256(token: &Issued) -> String {
    Sha256Digest::from_bytes(token.certificate.sha256()).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registered_token_signs_the_patients_lots_until_it_is_removed() {
    let practice = Practice::start().await;
    let (world, client) = (&practice.world, &practice.client);
    let token = practice.token("ESSAI-MARTIN PAUL");
    let pem = token.certificate.pem();
    let registered = client
        .register_patient_certificate(&practice.record, pem.as_bytes())
        .await
        .unwrap();
    assert_eq!(registered.sha256, sha256(&token));
    assert_eq!(registered.record, practice.record);
    assert_eq!(registered.registered_by, PHYSICIAN);

    let lot = TestLot::new(1);
    let signature = sign_lot(&token, &lot, &patient_ins(), NOW);
    let receipt = practice
        .commit(SignerMode::Patient, &lot, &signature)
        .await
        .unwrap();
    assert_eq!(receipt.signer_mode, SignerMode::Patient);
    assert_eq!(receipt.signer, sha256(&token));
    assert_eq!(receipt.approval, None);
    let folder = world.lot_folder(&practice.record, &receipt.lot);
    xmlsec1_accepts(practice.patients.trust(), &folder.join("signature.xml"));
    assert!(!folder.join("approval.json").exists());
    let listed = client.documents(&practice.record).await.unwrap().documents;
    assert_eq!((listed.len(), &listed[0].author), (3, &sha256(&token)));

    client
        .remove_patient_certificate(&practice.record, &registered.sha256)
        .await
        .unwrap();
    let trace = client.trace(&practice.record).await.unwrap().entries;
    for action in [
        "patient-certificate-register",
        "lot-commit",
        "patient-certificate-remove",
    ] {
        let line = trace.iter().find(|line| line.action == action).unwrap();
        assert_eq!(line.outcome, "done", "{action}");
        assert_eq!(line.patient_certificate, Some(sha256(&token)), "{action}");
        assert_eq!(line.actor.as_ref().unwrap().national_id, PHYSICIAN);
    }
    let told = serde_json::to_string(&trace).unwrap();
    assert!(!told.contains("ESSAI-MARTIN PAUL"), "{told}");
    // What was signed stays, and nothing more comes.
    assert_eq!(world.stored().rows, [1, 1, 3]);
    let next = TestLot::new(2);
    let signature = sign_lot(&token, &next, &patient_ins(), NOW);
    practice
        .refused(
            SignerMode::Patient,
            &next,
            &signature,
            Code::PatientCertificateUnknown,
        )
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_of_this_record_signs_nothing_on_it() {
    let practice = Practice::start().await;
    let (mode, lot) = (SignerMode::Patient, TestLot::new(1));
    let (token, others) = (practice.token("PAUL"), practice.token("JEANNE"));
    let signed_by = |token: &Issued| sign_lot(token, &lot, &patient_ins(), NOW);
    let code = Code::PatientCertificateUnknown;
    practice.refused(mode, &lot, &signed_by(&token), code).await;

    practice.register(&practice.record, &token).await.unwrap();
    let other_record = practice.other_record().await;
    practice.register(&other_record, &others).await.unwrap();
    let code = Code::PatientCertificateElsewhere;
    practice
        .refused(mode, &lot, &signed_by(&others), code)
        .await;
    // The right token with the other patient in what it signed.
    let signature = sign_lot(&token, &lot, &ins(OTHER), NOW);
    let code = Code::LotPatientMismatch;
    practice.refused(mode, &lot, &signature, code).await;
    // Other documents than those that were sent.
    let mut changed = lot.clone();
    changed.documents[1].bytes[0] ^= 1;
    let signature = sign_lot(&token, &changed, &patient_ins(), NOW);
    practice
        .refused(mode, &lot, &signature, Code::DocumentChanged)
        .await;
    practice
        .commit(mode, &lot, &signed_by(&token))
        .await
        .unwrap();
    practice
        .refused(mode, &lot, &signed_by(&token), Code::SubmissionSetReplayed)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn professionals_and_patients_do_not_sign_in_each_others_place() {
    let practice = Practice::start().await;
    let lot = TestLot::new(1);
    let patient = SignerMode::Patient;
    let token = practice.token("PAUL");
    practice.register(&practice.record, &token).await.unwrap();
    let by_patient = sign_lot(&token, &lot, &patient_ins(), NOW);
    practice
        .refused(
            SignerMode::ProfessionalCard,
            &lot,
            &by_patient,
            Code::CertificateNotTrusted,
        )
        .await;

    let by_card = practice.card.sign_lot(&lot, &patient_ins(), NOW);
    let code = Code::CertificateNotTrusted;
    practice.refused(patient, &lot, &by_card, code).await;
    // Not even where an authority of patients issued certificates of the professionals' profile.
    let pki = &practice.patients.pki;
    let physician = Card::issue(pki, &CardPerson::sample_physician(), NOW);
    let clinic = fixture::seal(pki, &Structure::sample_clinic());
    for key in [physician.signature(), &physician.authentication, &clinic] {
        let refused = practice.register(&practice.record, key).await;
        assert_eq!(refused, Err(Some(Code::CertificateWrongUse)));
    }
    for key in [physician.signature(), &clinic] {
        let signature = sign_lot(key, &lot, &patient_ins(), NOW);
        let code = Code::CertificateWrongUse;
        practice.refused(patient, &lot, &signature, code).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_that_are_not_in_force_are_refused() {
    let mut practice = Practice::start().await;
    let lot = TestLot::new(1);
    let token = practice.token("PAUL");
    let short = practice.patients.token(
        "PAUL",
        Validity {
            not_before: NOW,
            not_after: NOW.plus_seconds(300),
        },
    );
    for token in [&token, &short] {
        practice.register(&practice.record, token).await.unwrap();
    }
    practice.world.advance(400);
    practice.world.publish_lists();
    let signature = sign_lot(&short, &lot, &patient_ins(), NOW.plus_seconds(200));
    let (mode, code) = (SignerMode::Patient, Code::CertificateExpired);
    practice.refused(mode, &lot, &signature, code).await;

    let at = practice.world.now();
    practice.patients.revoke(&token.certificate, at);
    practice.world.advance(60);
    let signature = sign_lot(&token, &lot, &patient_ins(), at);
    let code = Code::CertificateRevoked;
    practice.refused(mode, &lot, &signature, code).await;
    let refused = practice.register(&practice.record, &token).await;
    assert_eq!(refused, Err(Some(code)));
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_is_bounded_and_for_those_who_feed() {
    let practice = Practice::start().await;
    let (world, client, record) = (&practice.world, &practice.client, &practice.record);
    let tokens: Vec<Issued> = (0..5).map(|_| practice.token("PAUL")).collect();
    let staff = world
        .logged_in(&world.login_card(&CardPerson::sample_staff()))
        .await;
    let der = tokens[0].certificate.der();
    let denied = staff.register_patient_certificate(record, der).await;
    assert_eq!(denied.unwrap_err().code(), Some(Code::AccessDenied));
    let nobody = world.client();
    let denied = nobody.register_patient_certificate(record, der).await;
    assert_eq!(denied.unwrap_err().code(), Some(Code::SessionMissing));

    let unknown = practice.register(&"0".repeat(32), &tokens[0]).await;
    assert_eq!(unknown, Err(Some(Code::RecordUnknown)));
    for bytes in [&b"no certificate"[..], &der[..der.len() - 1], b""] {
        let error = client.register_patient_certificate(record, bytes).await;
        assert_eq!(
            error.unwrap_err().code(),
            Some(Code::PatientCertificateMalformed)
        );
    }
    for token in &tokens[..4] {
        practice.register(record, token).await.unwrap();
    }
    let again = practice.register(record, &tokens[0]).await;
    assert_eq!(again, Err(Some(Code::PatientCertificateRegistered)));
    let too_many = practice.register(record, &tokens[4]).await;
    assert_eq!(too_many, Err(Some(Code::PatientCertificatesTooMany)));
    world
        .assert_refusal_traced(
            "patient-certificate-register",
            "patient-certificates-too-many",
        )
        .await;
    let other = practice.other_record().await;
    let elsewhere = practice.register(&other, &tokens[0]).await;
    assert_eq!(elsewhere, Err(Some(Code::PatientCertificateElsewhere)));

    // Only from its own record, and once.
    let digest = sha256(&tokens[0]);
    for (record, sha256) in [
        (&other, digest.as_str()),
        (record, &digest.to_uppercase()),
        (record, "00"),
    ] {
        let error = client.remove_patient_certificate(record, sha256).await;
        assert_eq!(
            error.unwrap_err().code(),
            Some(Code::PatientCertificateUnknown)
        );
    }
    client
        .remove_patient_certificate(record, &digest)
        .await
        .unwrap();
    practice.register(&other, &tokens[0]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_a_store_of_patients_registers_none() {
    let world = World::start().await;
    let (_, client, record) = world.physician_with_record().await;
    let token = Patients::new(NOW).token("PAUL", Validity::of_card(NOW));
    let error = client
        .register_patient_certificate(&record, token.certificate.der())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some(Code::SignerModeUnavailable));
}
