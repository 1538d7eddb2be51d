//! The agent's own page: opened from the Unix socket by a link that is good once, and closed to everybody else, whatever they send.

use std::process::{Command, Output};

use crate::serve::Place;

const SITE: &str = "https://dossier.example.fr";

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

struct Browser<'a> {
    place: &'a Place,
}

impl Browser<'_> {
    fn curl(&self, path: &str, headers: &[&str], more: &[&str]) -> Output {
        let mut command = Command::new("curl");
        command.args(["--silent", "--max-time", "60", "--include", "--cacert"]);
        command.arg(self.place.path("state/paraphe/tls/root.pem"));
        for header in headers {
            command.args(["--header", header]);
        }
        let url = format!("https://127.0.0.1:{}{path}", self.place.port);
        command
            .args(more)
            .arg(url)
            .output()
            .expect("curl is installed")
    }

    /// A request as the page's script makes it, unless told otherwise.
    fn page(&self, operation: &str, body: &str, origin: &str, session: Option<&str>) -> String {
        let origin = format!("Origin: {origin}");
        let word = session.map(|word| format!("X-Paraphe-Page: {word}"));
        let mut headers = vec![
            origin.as_str(),
            "X-Paraphe: 1",
            "Content-Type: application/json",
            "Sec-Fetch-Site: same-origin",
            "Sec-Fetch-Mode: cors",
            "Sec-Fetch-Dest: empty",
        ];
        headers.extend(word.as_deref());
        let output = self.curl(&format!("/v1/{operation}"), &headers, &["--data", body]);
        text(&output.stdout).to_owned()
    }
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("none")
}

fn json(answer: &str) -> serde_json::Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
fn it_is_opened_from_the_socket_and_from_nowhere_else() {
    let place = Place::new();
    // Nothing would serve it.
    assert_eq!(place.paraphe(&["open", "--print"]).status.code(), Some(1));
    assert!(place.paraphe(&["trust", "init"]).status.success());
    let agent = place.serve();
    let browser = Browser { place: &place };
    let own = format!("https://127.0.0.1:{}", place.port);

    let navigation = [
        "Sec-Fetch-Mode: navigate",
        "Sec-Fetch-Dest: document",
        "Sec-Fetch-Site: none",
        "Sec-Fetch-User: ?1",
    ];
    let page = browser.curl("/", &navigation, &[]);
    let page = text(&page.stdout);
    assert_eq!(status(page), "200", "{page}");
    for said in [
        "content-security-policy: default-src 'none'; script-src 'self'",
        "frame-ancestors 'none'",
        "x-frame-options: DENY",
        "cache-control: no-store",
        "cross-origin-opener-policy: same-origin",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("set-cookie") && !page.contains("access-control"));
    let framed = [
        navigation[0],
        "Sec-Fetch-Dest: iframe",
        "Sec-Fetch-Site: cross-site",
    ];
    let framed = browser.curl("/", &framed, &[]);
    assert_eq!(status(text(&framed.stdout)), "403");

    let link = place.paraphe(&["open", "--print"]);
    let link = text(&link.stdout).trim();
    let word = link.strip_prefix(&format!("{own}/#")).unwrap();
    let enter = format!("{{\"link\":\"{word}\"}}");
    // Other pages do not come in by it, not even those that have rights.
    for origin in [SITE, "https://evil.example", "null", "https://localhost"] {
        let refused = browser.page("page/enter", &enter, origin, None);
        assert_eq!(status(&refused), "403", "{origin}: {refused}");
    }
    assert_eq!(status(&browser.page("status", "{}", &own, None)), "403");
    assert_eq!(
        status(&browser.page("status", "{}", &own, Some(word))),
        "403"
    );
    let entered = browser.page("page/enter", &enter, &own, None);
    assert_eq!(status(&entered), "200", "{entered}");
    assert!(!entered.contains("access-control"), "{entered}");
    let session = json(&entered)["session"].as_str().unwrap().to_owned();
    let twice = browser.page("page/enter", &enter, &own, None);
    assert_eq!(json(&twice)["code"], "page-link-invalid");

    for operation in [
        "status",
        "grant/list",
        "pairing/list",
        "request/list",
        "mandate/status",
    ] {
        let answer = browser.page(operation, "{}", &own, Some(&session));
        assert_eq!(status(&answer), "200", "{operation}: {answer}");
        for origin in [SITE, "https://evil.example"] {
            let refused = browser.page(operation, "{}", origin, Some(&session));
            assert_eq!(status(&refused), "403", "{origin}: {refused}");
        }
    }
    let grants = json(&browser.page("grant/list", "{}", &own, Some(&session)));
    assert_eq!(grants["grants"][0]["origin"], SITE);
    // It looks and answers; it signs nothing, logs in nowhere, and opens no other page.
    for operation in [
        "sign",
        "lot/sign",
        "login",
        "vitale/read",
        "document/put",
        "open",
    ] {
        let refused = browser.page(operation, "{}", &own, Some(&session));
        assert_eq!(status(&refused), "403", "{operation}: {refused}");
    }
    drop(agent);
}
