//! The story: reception creates a record, the physician logs in, signs a lot with one PIN entry and sends it; what must
//! be refused is refused; the trace is printed. Every answer is checked: the demo fails where the line does.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use paraphe_certs::UnixTime;
use paraphe_protocol::api::{
    BeneficiarySummary, CardReadRequest, DocumentSource, LoginRequest, LotDocumentRequest,
    LotDocumentResponse, LotPatient, LotProfile, LotSignRequest, Operation, RequestedBinding,
    VerifyRequest, VitaleReadRequest, VitaleReadResponse,
};
use paraphe_protocol::login::OfferedAlgorithms;
use paraphe_record_server::client::{ClientError, DocumentSource as Outgoing, OutgoingDocument};
use paraphe_record_server::lot::AnnouncedDocument;
use paraphe_record_server::patient::{Consent, ConsentForm};
use paraphe_record_server::record::CreateRecordRequest;
use serde_json::Value;

use super::DemoError;
use super::narration::{act, fact, refused, results, step};
use super::stage::{PATIENT_READER, PROFESSIONAL_READER, Stage};

/// One real document of each format that a record takes (tests/documents).
const DOCUMENTS: [(&str, &str, &str, &[u8]); 5] = [
    (
        "compte-rendu.pdf",
        "Compte rendu de consultation",
        "application/pdf",
        include_bytes!("../../../tests/documents/compte-rendu.pdf"),
    ),
    (
        "note-de-suivi.txt",
        "Note de suivi",
        "text/plain",
        include_bytes!("../../../tests/documents/note-de-suivi.txt"),
    ),
    (
        "lettre-de-liaison.rtf",
        "Lettre de liaison",
        "text/rtf",
        include_bytes!("../../../tests/documents/lettre-de-liaison.rtf"),
    ),
    (
        "photo-lesion.jpg",
        "Photographie",
        "image/jpeg",
        include_bytes!("../../../tests/documents/photo-lesion.jpg"),
    ),
    (
        "courrier-numerise.tiff",
        "Courrier numérisé",
        "image/tiff",
        include_bytes!("../../../tests/documents/courrier-numerise.tiff"),
    ),
];

/// Tells it, and leaves the results under `folder`.
pub(super) async fn tell(folder: &Path) -> Result<(), DemoError> {
    act("Le poste de travail", "the workstation");
    let mut stage = Stage::set(folder).await?;
    step(
        "Autorités de test, agent (porte HTTPS de cet ordinateur) et serveur de dossiers démarrés",
        "test authorities, agent (this computer's HTTPS door) and record server started",
    );
    fact(
        "simulé / simulated",
        "les cartes seulement / the cards only",
    );

    let (record, patient) = reception(&mut stage, folder).await?;
    let lot = physician(&mut stage, folder, &record, &patient).await?;
    send(&mut stage, folder, &record, &lot).await?;
    trace(&mut stage, folder, &record).await?;

    stage.strike().await?;
    results(folder);
    Ok(())
}

/// Reception staff: who is the patient, may a record be made, make it.
async fn reception(
    stage: &mut Stage,
    folder: &Path,
) -> Result<(String, BeneficiarySummary), DemoError> {
    act("L'accueil crée le dossier", "reception creates the record");
    stage
        .insert(PROFESSIONAL_READER, "reception-nominative")
        .await?;
    let who = holder(stage).await?;
    step("Carte de personnel (CPE) lue", "staff card (CPE) read");
    fact("titulaire / holder", &who);

    stage.insert(PATIENT_READER, "vitale-holder").await?;
    let vitale: VitaleReadResponse = stage
        .page
        .call(Operation::VitaleRead, &VitaleReadRequest::default())
        .await?;
    let patient = vitale
        .beneficiaries
        .into_iter()
        .next()
        .ok_or_else(|| DemoError::because("a Vitale card without beneficiary"))?;
    step("Carte Vitale lue", "Vitale card read");
    fact(
        "patient",
        format!("{} {}", patient.given_name, patient.family_name),
    );
    fact("provenance", "puce, non vérifiée / chip, unverified");

    log_in(stage).await?;
    let consent = Consent {
        given: true,
        form: ConsentForm::Checkbox,
        collected_by: who,
        collected_at: now(),
    };
    let mut request = CreateRecordRequest {
        patient: patient.clone(),
        consent: None,
    };
    must_be_refused(
        stage.records.create_record(&request).await,
        "Dossier sans consentement recueilli : refusé",
        "a record without recorded consent: refused",
    )?;
    request.consent = Some(consent);
    let receipt = stage.records.create_record(&request).await?;
    step(
        "Dossier créé, accusé reçu",
        "record created, receipt received",
    );
    fact("dossier / record", &receipt.record);
    write_json(&folder.join("record-receipt.json"), &receipt)?;
    must_be_refused(
        stage.records.create_record(&request).await,
        "Second dossier pour le même patient : refusé",
        "a second record for the same patient: refused",
    )?;
    must_be_refused(
        stage.records.documents(&receipt.record).await,
        "L'accueil veut consulter le dossier : refusé",
        "reception wants to consult the record: refused",
    )?;
    stage.records.logout().await?;
    Ok((receipt.record, patient))
}

/// A signed lot, as the page holds it.
struct Lot {
    signature: Vec<u8>,
    documents: Vec<(LotDocumentResponse, Vec<u8>)>,
}

/// The physician: log in, hand five documents over, sign them with one PIN entry, check the result.
async fn physician(
    stage: &mut Stage,
    folder: &Path,
    record: &str,
    patient: &BeneficiarySummary,
) -> Result<Lot, DemoError> {
    act("Le médecin signe un lot", "the physician signs a lot");
    stage.insert(PROFESSIONAL_READER, "physician").await?;
    let who = holder(stage).await?;
    step("Carte de médecin (CPS) lue", "physician's card (CPS) read");
    fact("titulaire / holder", who);
    log_in(stage).await?;
    let before = stage.records.documents(record).await?;
    fact(
        "documents du dossier / in the record",
        before.documents.len(),
    );

    let mut documents = Vec::new();
    for (name, title, media_type, content) in DOCUMENTS {
        let document = stage.page.put(content).await?;
        fact(name, format!("{} octets / bytes", content.len()));
        documents.push(LotDocumentRequest {
            sha256: None,
            source: DocumentSource::Document(document),
            title: title.to_owned(),
            media_type: Some(media_type.to_owned()),
            type_code: None,
        });
    }
    let request = LotSignRequest {
        profile: LotProfile::Dsg,
        patient: identity_traits(patient)?,
        documents,
        cda: true,
        practice_situation: Some(1),
        mandate: None,
        reader: None,
        card: None,
    };
    let signed: Value = stage.page.call(Operation::LotSign, &request).await?;
    let documents: Vec<LotDocumentResponse> =
        serde_json::from_value(signed["documents"].clone()).map_err(DemoError::because)?;
    let signature = named_document(&signed["signature"])?;
    step(
        "Cinq documents mis en forme CDA et signés par une seule saisie du code",
        "five documents wrapped as CDA and signed with a single PIN entry",
    );
    fact("lot", signed["submission_set"].as_str().unwrap_or_default());

    let verdict = verify(stage, &signature, &documents).await?;
    expect_conclusion(&verdict, "total-passed")?;
    step(
        "Signature vérifiée par l'agent : tout est couvert",
        "verified by the agent: all covered",
    );

    let mut lot = Lot {
        signature: stage.page.get(&signature).await?,
        documents: Vec::new(),
    };
    for document in documents {
        let content = match &document.content {
            DocumentSource::Document(name) => stage.page.get(name).await?,
            DocumentSource::Path(_) => return Err(DemoError::because("a path for a page")),
        };
        lot.documents.push((document, content));
    }
    let lot_folder = folder.join("lot");
    fs::create_dir_all(&lot_folder)?;
    fs::write(lot_folder.join("lot-signature.xml"), &lot.signature)?;
    write_json(&lot_folder.join("lot.json"), &signed)?;
    for ((name, ..), (_, content)) in DOCUMENTS.iter().zip(&lot.documents) {
        fs::write(lot_folder.join(format!("{name}.cda.xml")), content)?;
    }
    tampered(stage, &lot).await?;
    Ok(lot)
}

/// One byte of one document changes: the agent says which, the signature itself still holds.
async fn tampered(stage: &mut Stage, lot: &Lot) -> Result<(), DemoError> {
    let signature = stage.page.put(&lot.signature).await?;
    let mut documents = Vec::new();
    for (index, (_, content)) in lot.documents.iter().enumerate() {
        let content = if index == 0 {
            one_byte_changed(content)
        } else {
            content.clone()
        };
        documents.push(DocumentSource::Document(stage.page.put(&content).await?));
    }
    let request = VerifyRequest {
        signature: DocumentSource::Document(signature),
        documents,
    };
    let verdict: Value = stage.page.call(Operation::Verify, &request).await?;
    expect_conclusion(&verdict, "total-failed")?;
    refused(
        "Un octet d'un document changé : l'agent le voit",
        "one byte of a document changed: the agent sees it",
        verdict["explanation"][0].as_str().unwrap_or_default(),
    );
    Ok(())
}

/// The page sends the lot to its record server, first with a changed document, then as it was signed.
async fn send(stage: &mut Stage, folder: &Path, record: &str, lot: &Lot) -> Result<(), DemoError> {
    act(
        "Le serveur de dossiers vérifie",
        "the record server verifies",
    );
    let outgoing = |changed: Option<usize>| -> Vec<OutgoingDocument> {
        lot.documents
            .iter()
            .enumerate()
            .map(|(index, (document, content))| OutgoingDocument {
                announced: AnnouncedDocument {
                    unique_id: document.unique_id.to_string(),
                    title: document.title.clone(),
                    media_type: document.media_type.clone(),
                },
                source: Outgoing::Bytes(if changed == Some(index) {
                    one_byte_changed(content)
                } else {
                    content.clone()
                }),
            })
            .collect()
    };
    must_be_refused(
        stage
            .records
            .send_lot(record, outgoing(Some(2)), &lot.signature)
            .await,
        "Lot avec un document falsifié : refusé, rien n'est gardé",
        "lot with a tampered document: refused, nothing is kept",
    )?;
    let receipt = stage
        .records
        .send_lot(record, outgoing(None), &lot.signature)
        .await?;
    step("Lot accepté, accusé reçu", "lot accepted, receipt received");
    fact("documents", receipt.documents.len());
    write_json(&folder.join("lot-receipt.json"), &receipt)?;
    must_be_refused(
        stage
            .records
            .send_lot(record, outgoing(None), &lot.signature)
            .await,
        "Le même lot une seconde fois : refusé",
        "the same lot a second time: refused",
    )
}

/// Who did what, when, as the server kept it.
async fn trace(stage: &mut Stage, folder: &Path, record: &str) -> Result<(), DemoError> {
    act("La trace du dossier", "the record's trace");
    let trace = stage.records.trace(record).await?;
    for entry in &trace.entries {
        let actor = entry
            .actor
            .as_ref()
            .map_or("-", |actor| actor.national_id.as_str());
        let code = entry.code.as_deref().unwrap_or("");
        println_row(
            entry.at,
            actor,
            &entry.mode,
            &entry.action,
            &entry.outcome,
            code,
        );
    }
    write_json(&folder.join("trace.json"), &trace)?;
    Ok(())
}

fn println_row(at: UnixTime, actor: &str, mode: &str, action: &str, outcome: &str, code: &str) {
    let at = time::OffsetDateTime::from_unix_timestamp(at.0)
        .ok()
        .and_then(|at| {
            at.format(&time::format_description::well_known::Rfc3339)
                .ok()
        })
        .unwrap_or_default();
    fact(
        &at,
        format!("{actor:<24} {mode:<8} {action:<16} {outcome:<8} {code}"),
    );
}

async fn holder(stage: &mut Stage) -> Result<String, DemoError> {
    let card: Value = stage
        .page
        .call(Operation::CardRead, &CardReadRequest::default())
        .await?;
    card["holder"]["national_id"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| DemoError::because("a card without national identifier"))
}

/// Nonce from the server, assertion from the card, session from the server.
async fn log_in(stage: &mut Stage) -> Result<(), DemoError> {
    let given = stage.records.nonce().await?;
    let nonce = given.nonce;
    let offered = OfferedAlgorithms::new(given.offered).map_err(DemoError::because)?;
    let key = stage.records.key_thumbprint();
    let request = LoginRequest {
        nonce: nonce.clone(),
        offered: Some(offered),
        channel_binding: key.map(|key| RequestedBinding::of_key(key.as_bytes())),
        ..LoginRequest::default()
    };
    let login: Value = stage.page.call(Operation::Login, &request).await?;
    stage.records.login(&nonce, &login["assertion"]).await?;
    step(
        "Connexion : assertion signée par la carte, vérifiée par le serveur, session ouverte, liée à la clé de la page",
        "login: assertion signed by the card, verified by the server, session open, bound to the page's key",
    );
    must_be_refused(
        stage
            .records
            .with_session("")
            .login(&nonce, &login["assertion"])
            .await,
        "La même assertion une seconde fois : refusée",
        "the same assertion a second time: refused",
    )
}

async fn verify(
    stage: &mut Stage,
    signature: &str,
    documents: &[LotDocumentResponse],
) -> Result<Value, DemoError> {
    let request = VerifyRequest {
        signature: DocumentSource::Document(signature.to_owned()),
        documents: documents
            .iter()
            .map(|document| document.content.clone())
            .collect(),
    };
    stage.page.call(Operation::Verify, &request).await
}

fn expect_conclusion(verdict: &Value, expected: &str) -> Result<(), DemoError> {
    if verdict["conclusion"] == expected {
        Ok(())
    } else {
        Err(DemoError::because(format!("verification: {verdict}")))
    }
}

fn must_be_refused<T>(
    result: Result<T, ClientError>,
    french: &str,
    english: &'static str,
) -> Result<(), DemoError> {
    match result {
        Err(ClientError::Refused(problem)) => {
            refused(french, english, &problem.title);
            Ok(())
        }
        Err(error) => Err(error.into()),
        Ok(_) => Err(DemoError::WronglyAccepted(english)),
    }
}

/// What the identity service would give for this patient: the card has no birth place.
fn identity_traits(patient: &BeneficiarySummary) -> Result<LotPatient, DemoError> {
    let nir = patient
        .nir
        .as_ref()
        .ok_or_else(|| DemoError::because("a patient without number"))?;
    Ok(LotPatient {
        ins: format!("{}{}", nir.number, nir.key),
        birth_name: Some(patient.family_name.clone()),
        given_names: Some(patient.given_name.clone()),
        birth_date: Some(patient.birth_date.clone()),
        sex: Some(
            if nir.number.starts_with('1') {
                "M"
            } else {
                "F"
            }
            .to_owned(),
        ),
        birth_place: Some("99999".to_owned()),
    })
}

fn named_document(source: &Value) -> Result<String, DemoError> {
    source["document"]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| DemoError::because("the signature is not a document"))
}

fn one_byte_changed(content: &[u8]) -> Vec<u8> {
    let mut changed = content.to_vec();
    let middle = changed.len() / 2;
    if let Some(byte) = changed.get_mut(middle) {
        *byte ^= 1;
    }
    changed
}

fn write_json(path: &Path, value: &impl serde::Serialize) -> Result<(), DemoError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(DemoError::because)?;
    text.push(b'\n');
    Ok(fs::write(path, text)?)
}

fn now() -> UnixTime {
    UnixTime::from(SystemTime::now())
}
