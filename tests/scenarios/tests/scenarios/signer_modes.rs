//! Lots of the record that somebody else than the professional's card signs, from the card behind the real pcscd to the record server's
//! program: the server signs after `paraphe approve` by the session's card, a structure's software certificate signs under the approval
//! of the person responsible. xmlsec1 accepts both signatures.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use openssl::pkey::PKey;
use openssl::symm::Cipher;
use paraphe_certs::UnixTime;
use paraphe_certs::test_pki::{Authority, Issued, Level, Structure, Validity};
use paraphe_record_server::client::{Client, DocumentSource, OutgoingDocument};
use paraphe_record_server::lot::{
    AnnouncedDocument, CommitLotRequest, SignerMode, SubmittedApproval,
};
use paraphe_record_server::problem::Code;
use paraphe_scenarios::{
    CardsInReaders, PATIENT, RunningRecordServer, Workstation, judges, key_of, login, outgoing,
    path_of, project, record_of_patient, sign_lot,
};
use paraphe_softcard::PkiDirectory;
use paraphe_softcard::pcscd::ReaderKind;
use serde_json::Value;

const PHYSICIAN: &str = "899700000013";
const PASSPHRASE: &str = "phrase secrète d'essai";

/// Everything, with a physician in a session and a record of theirs.
struct Place {
    workstation: Workstation,
    cards: CardsInReaders,
    server: RunningRecordServer,
    records: Client,
    record: String,
    pin: String,
}

impl Place {
    async fn new() -> Self {
        let workstation = Workstation::new(env!("CARGO_TARGET_TMPDIR"));
        let cards = CardsInReaders::insert(
            &[ReaderKind::Vpcd],
            &["physician"],
            workstation.path(),
            workstation.pki(),
        );
        let host = seal(&workstation, "1999999912");
        let certificate = workstation.private_file("host.pem", &host.certificate.pem());
        let key = workstation.private_file("host.key", host.private_key_pkcs8_pem.expose());
        let responsible =
            workstation.private_file("responsible", &format!("1999999904 {PHYSICIAN}\n"));
        let server = RunningRecordServer::start_with(
            workstation.path(),
            workstation.pki(),
            &[
                "--lot-cert".as_ref(),
                certificate.as_os_str(),
                "--lot-key".as_ref(),
                key.as_os_str(),
                "--responsible".as_ref(),
                responsible.as_os_str(),
            ],
        );
        let pin = workstation.pin_file("1234").to_str().unwrap().to_owned();
        let mut records = server.client();
        let nonce = records.nonce().await.unwrap().nonce;
        let binding = key_of(&records);
        let mut arguments = login(&nonce, &pin);
        arguments.extend(["--jkt", &binding.value]);
        let answer = workstation.paraphe(&cards, &arguments).done();
        records.login(&nonce, &answer["assertion"]).await.unwrap();
        let record = records
            .create_record(&record_of_patient(PHYSICIAN))
            .await
            .unwrap()
            .record;
        Self {
            workstation,
            cards,
            server,
            records,
            record,
            pin,
        }
    }

    /// `paraphe approve` of these files for what the server asks about this lot; `more` is what the server does not know.
    async fn approve(
        &self,
        lot: &str,
        files: &[PathBuf],
        more: &[&str],
    ) -> paraphe_scenarios::Answer {
        let asked = self.records.approval_request(lot).await.unwrap();
        let request = serde_json::to_string(&asked).unwrap();
        let request = self.workstation.private_file("request.json", &request);
        let mut arguments = vec!["approve", "--server", "dossier", "--patient", PATIENT];
        arguments.extend(["--request", request.to_str().unwrap()]);
        arguments.extend(["--reader", self.cards.reader(0), "--pin-file", &self.pin]);
        arguments.extend(more);
        arguments.extend(files.iter().map(|file| file.to_str().unwrap()));
        let mut answer = self.workstation.paraphe(&self.cards, &arguments);
        if answer.status == 0 {
            answer.json["nonce"] = Value::from(asked.nonce);
        }
        answer
    }

    fn stored(&self, lot: &str) -> PathBuf {
        let documents = self.workstation.path().join("record-server/documents");
        documents.join(&self.record).join(lot)
    }
}

fn submitted(approved: &Value) -> SubmittedApproval {
    SubmittedApproval {
        nonce: approved["nonce"].as_str().unwrap().to_owned(),
        approval: serde_json::from_value(approved["approval"].clone()).unwrap(),
    }
}

/// A structure's certificate for lots.
fn seal(workstation: &Workstation, structure_id: &str) -> Issued {
    let now = UnixTime::from(SystemTime::now());
    let structure = Structure {
        structure_id: structure_id.to_owned(),
        ..Structure::sample_clinic()
    };
    let template = structure.seal_template(Validity::of_card(now));
    let issuer = Authority::Organizations(Level::Elementaire);
    PkiDirectory::open_or_create(workstation.pki(), now)
        .unwrap()
        .with_authorities(|pki| pki.issue(issuer, &template))
        .unwrap()
        .unwrap()
}

fn files() -> Vec<PathBuf> {
    ["compte-rendu.pdf", "note-de-suivi.txt"]
        .map(|name| project().join("tests/documents").join(name))
        .to_vec()
}

fn unsigned(files: &[PathBuf]) -> Vec<OutgoingDocument> {
    let types = ["application/pdf", "text/plain"];
    let documents = (1..).zip(files).zip(types);
    documents
        .map(|((number, file), media_type)| OutgoingDocument {
            announced: AnnouncedDocument {
                unique_id: format!("2.25.{number}"),
                title: format!("Document {number}"),
                media_type: media_type.to_owned(),
            },
            source: DocumentSource::Path(file.clone()),
        })
        .collect()
}

#[tokio::test]
async fn the_server_signs_what_the_card_approved() {
    let mut place = Place::new().await;
    let files = files();
    let lot = place
        .records
        .fill_lot(
            SignerMode::ServerCertificate,
            &place.record,
            unsigned(&files),
        )
        .await
        .unwrap()
        .lot;
    // Other bytes than the server has cost no PIN.
    let before = place.cards.pin_presentations();
    let other = place.workstation.path().join("autre.txt");
    std::fs::write(&other, "Une autre note.\n").unwrap();
    let wrong = [files[0].clone(), other];
    let _ = place
        .approve(&lot, &wrong, &[])
        .await
        .refused("approval-document-mismatch");
    assert_eq!(place.cards.pin_presentations(), before);

    let approved = place.approve(&lot, &files, &[]).await.done();
    assert_eq!(place.cards.pin_presentations(), before + 1);
    let body = CommitLotRequest::approved(submitted(&approved));
    let receipt = place.records.commit(&lot, &body).await.unwrap();
    assert_eq!(receipt.signer, "1999999912");
    assert_eq!(receipt.approval.unwrap().approved_by, PHYSICIAN);
    let signature = place.stored(&receipt.lot).join("signature.xml");
    judges::xmlsec1_accepts_lot(&signature, place.workstation.pki());
    let verified = verify(&place, &signature, &files);
    assert_eq!(verified["conclusion"], "total-passed", "{verified}");

    // The same approval a second time.
    let again = place
        .records
        .fill_lot(
            SignerMode::ServerCertificate,
            &place.record,
            unsigned(&files),
        )
        .await
        .unwrap()
        .lot;
    let replayed = place.records.commit(&again, &body).await.unwrap_err();
    assert_eq!(replayed.code(), Some(Code::NonceUnknown));
    assert!(place.server.stop());
}

#[tokio::test]
async fn a_structures_software_signs_what_its_responsible_person_approved() {
    let mut place = Place::new().await;
    let clinic = seal(&place.workstation, "1999999904");
    let key = PKey::private_key_from_pem(clinic.private_key_pkcs8_pem.expose().as_bytes()).unwrap();
    let key = key
        .private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), PASSPHRASE.as_bytes())
        .unwrap();
    let text = String::from_utf8(key).unwrap() + &clinic.certificate.pem();
    let path = place.workstation.private_file("clinic.pem", &text);
    let software = format!("[[software]]\nname = \"clinic\"\npath = {path:?}\n");
    place.workstation.configure(&software);
    let passphrase = place.workstation.private_file("passphrase", PASSPHRASE);
    let folder = place.workstation.path().join("lot");
    let files = files();
    let mut arguments = sign_lot(PATIENT, passphrase.to_str().unwrap(), &folder, &files);
    let name = software_name(&place);
    arguments.extend(["--reader", &name]);
    let signed = place.workstation.paraphe(&place.cards, &arguments).done();
    assert_eq!(
        signed["structure"]["structure_id"], "1999999904",
        "{signed}"
    );
    let xml = std::fs::read(path_of(&signed["signature"])).unwrap();

    let mode = SignerMode::StructureCertificate;
    let lot = place
        .records
        .fill_lot(mode, &place.record, outgoing(&signed))
        .await
        .unwrap()
        .lot;
    let set = signed["submission_set"].as_str().unwrap();
    let more = ["--signer", "1999999904", "--submission-set", set];
    let approved = place.approve(&lot, &files, &more).await.done();
    let body = CommitLotRequest::sealed(&xml, submitted(&approved));
    let receipt = place.records.commit(&lot, &body).await.unwrap();
    assert_eq!(receipt.signer, "1999999904");
    assert_eq!(receipt.approval.unwrap().approved_by, PHYSICIAN);
    judges::xmlsec1_accepts_lot(
        &place.stored(&receipt.lot).join("signature.xml"),
        place.workstation.pki(),
    );
    let trace = place.records.trace(&place.record).await.unwrap();
    let commit = trace.entries.last().unwrap();
    assert_eq!(commit.signer_mode.as_deref(), Some(mode.name()));
    assert_eq!(commit.approval.as_ref().unwrap().approved_by, PHYSICIAN);
    assert!(place.server.stop());
}

/// The name by which the software token is asked for.
fn software_name(place: &Place) -> String {
    let status = place.workstation.paraphe(&place.cards, &["status"]).done();
    let tokens = status["tokens"].as_array().unwrap();
    let names = tokens.iter().filter_map(|token| token["name"].as_str());
    let mut found = names.filter(|name| name.contains("clinic"));
    found
        .next()
        .unwrap_or_else(|| panic!("{status}"))
        .to_owned()
}

fn verify(place: &Place, signature: &Path, files: &[PathBuf]) -> Value {
    let mut arguments = vec!["verify", signature.to_str().unwrap()];
    arguments.extend(files.iter().map(|file| file.to_str().unwrap()));
    place.workstation.paraphe(&place.cards, &arguments).done()
}
