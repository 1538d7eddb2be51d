//! The question for a PIN, looked at elsewhere while it is open: who asks, what would be signed, and by nobody else than the person.

use std::sync::{Arc, Mutex};

use crate::stage::{Answer, Card, SITE, SITE_WITHOUT_SERVER, Stage, site};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use paraphe::caller::Caller;
use paraphe_protocol::api::{Language, Operation};
use serde_json::{Value, json};
use tokio::runtime::Handle;

type Seen = Arc<Mutex<Vec<(String, Result<Value, String>)>>>;

#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_signed_can_be_looked_at_while_the_pin_is_asked_for() {
    let stage = Stage::new(vec![Answer::Pin("1234"), Answer::Pin("1234")]);
    stage.insert("Lecteur 1", &Card::shipped("physician"));
    let page = Caller::OwnPage;
    let content = "Ordonnance : paracétamol.\n";
    let put = json!({"content": STANDARD.encode(content), "offset": 0, "last": true});
    let put = stage
        .perform_as(&site(SITE), Operation::DocumentPut, put)
        .await;
    let document = put.unwrap()["document"].clone();

    let seen: Seen = Arc::default();
    let (agent, handle, kept) = (stage.agent.clone(), Handle::current(), Arc::clone(&seen));
    stage.meanwhile(move || {
        let ask = |caller: &Caller, operation: Operation, body: Value| {
            let body = body.to_string().into_bytes();
            let answer = agent.perform(caller, operation, &body, Language::English);
            let answer = handle.block_on(answer);
            let answer = answer
                .map(|answer| serde_json::from_str::<Value>(answer.get()).unwrap())
                .map_err(|problem| problem.code.name().to_owned());
            kept.lock()
                .unwrap()
                .push((operation.name().to_owned(), answer.clone()));
            answer
        };
        let open = ask(&Caller::OwnPage, Operation::RequestList, json!({})).unwrap();
        let request = open["requests"][0]["request"].clone();
        let first = json!({"request": request, "document": 1});
        let shown = ask(&Caller::OwnPage, Operation::RequestShow, first.clone()).unwrap();
        let piece = json!({"request": request, "document": shown["document"], "offset": 3});
        let _piece = ask(&Caller::OwnPage, Operation::RequestGet, piece.clone());
        let foreign = json!({"request": request, "document": "d-0", "offset": 0});
        let _unknown = ask(&Caller::OwnPage, Operation::RequestGet, foreign);
        let _none = ask(
            &Caller::OwnPage,
            Operation::RequestShow,
            json!({"request": request, "document": 2}),
        );
        let other: Caller = site(SITE_WITHOUT_SERVER);
        let _refused = ask(&other, Operation::RequestShow, first);
        let _refused = ask(&other, Operation::RequestGet, piece);
    });
    let body = json!({"format": "cades", "documents": [{"source": {"document": document}, "name": "ordonnance.txt"}]});
    let signed = stage.perform_as(&site(SITE), Operation::Sign, body).await;
    assert!(signed.is_ok(), "{signed:?}");

    let seen = seen.lock().unwrap().clone();
    let [list, shown, piece, unknown, none, refused, also_refused] = seen.as_slice() else {
        panic!("{seen:?}");
    };
    let request = &list.1.as_ref().unwrap()["requests"][0];
    let statement = request["statement"].as_str().unwrap();
    assert!(
        statement.contains(SITE) && statement.contains("ordonnance.txt"),
        "{statement}"
    );
    assert_eq!(request["documents"], json!([{"title": "ordonnance.txt"}]));
    assert_eq!(request["on_keypad"], false);
    assert_eq!(shown.1.as_ref().unwrap()["text"], content);
    let piece = piece.1.as_ref().unwrap();
    assert_eq!(piece["content"], STANDARD.encode(&content.as_bytes()[3..]));
    assert_eq!(piece["last"], true);
    for missing in [unknown, none] {
        assert_eq!(missing.1, Err("document-missing".to_owned()));
    }
    for refused in [refused, also_refused] {
        assert_eq!(refused.1, Err("operation-not-for-sites".to_owned()));
    }

    // Nothing is open any more.
    let open = stage
        .perform_as(&page, Operation::RequestList, json!({}))
        .await;
    assert_eq!(open.unwrap()["requests"], json!([]));
}

#[tokio::test]
async fn on_its_own_page_the_person_sees_and_stops_everybody_s_mandates() {
    let stage = Stage::new(vec![Answer::Pin("1234")]);
    stage.insert("Lecteur 1", &Card::shipped("physician"));
    let page = Caller::OwnPage;
    let cursor = stage
        .perform_as(&page, Operation::Events, json!({}))
        .await
        .unwrap()["cursor"]
        .clone();
    let body = json!({"purpose": "Ordonnances", "maximum_count": 2});
    let mandate = stage
        .perform_as(&site(SITE), Operation::MandateOpen, body)
        .await
        .unwrap();
    let all = stage
        .perform_as(&page, Operation::MandateStatus, json!({}))
        .await
        .unwrap();
    assert_eq!(all["mandates"][0]["origin"], SITE);
    assert_eq!(all["mandates"][0]["remaining"], 2);
    let told = stage
        .perform_as(&page, Operation::Events, json!({"cursor": cursor}))
        .await;
    let told = told.unwrap().to_string();
    for kind in ["request-opened", "request-ended", "mandate-opened"] {
        assert!(told.contains(kind), "{kind}: {told}");
    }
    let stop = json!({"mandate": mandate["mandate"]});
    let stopped = stage
        .perform_as(&page, Operation::MandateClose, stop.clone())
        .await;
    assert_eq!(stopped.unwrap()["end"]["reason"], "closed");
    let own = stage
        .perform_as(&site(SITE), Operation::MandateStatus, stop)
        .await
        .unwrap();
    assert_eq!(own["mandates"][0]["end"]["reason"], "closed");
    assert_eq!(own["mandates"][0].get("origin"), None);
}
