//! Time stamps and evidence through a network that a test makes up, and the HTTP client against a server of its own.

#![allow(clippy::unwrap_used, reason = "tests")]

mod gathering;
mod http;
mod kept;
mod login_answer;
mod stamping;

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use paraphe_certs::test_pki::{
    Authority, CardPerson, CertificateTemplate, Issued, KeyAlgorithm, Level, OcspAnswering,
    RevocationReason, TestPki, TestPkiOptions, TimeStampingAuthority, Validity,
};
use paraphe_certs::{Certificate, TrustStore, UnixTime};

use super::{EvidenceSource, Fetch, FetchError, FetchRequest};
use crate::config::{Config, Trust};

const NOW: UnixTime = UnixTime(1_790_000_000);
const PERSONS: Authority = Authority::Persons(Level::Fort);
const ORGANIZATIONS: Authority = Authority::Organizations(Level::Elementaire);
const TSA: &str = "http://horodatage.simulateur.invalid/tsa";

/// What is on the other side of the network.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) pki: Mutex<TestPki>,
    pub(super) stamping: TimeStampingAuthority,
    /// What the time-stamping authority answers in place of a stamp.
    pub(super) stamping_answer: Mutex<Option<Vec<u8>>>,
    /// The time that it stamps.
    pub(super) stamping_time: UnixTime,
    pub(super) has_ocsp: bool,
    pub(super) has_lists: bool,
    /// What the OCSP responder answers in place of an answer to the request.
    pub(super) ocsp_answer: Mutex<Option<Vec<u8>>>,
    /// Nobody answers any more.
    silent: AtomicBool,
    asked: AtomicUsize,
}

impl Network {
    pub(super) fn new() -> Self {
        let options = TestPkiOptions {
            authorities: vec![PERSONS, ORGANIZATIONS],
            ..TestPkiOptions::quick()
        };
        let pki = TestPki::generate_with(&options, NOW).unwrap();
        let template = TimeStampingAuthority::template(Validity::of_card(NOW.plus_days(-1)));
        let issued = issue(&pki, ORGANIZATIONS, template.unwrap());
        Self {
            stamping: TimeStampingAuthority::new(&issued).unwrap(),
            pki: Mutex::new(pki),
            stamping_answer: Mutex::default(),
            stamping_time: NOW,
            has_ocsp: true,
            has_lists: true,
            ocsp_answer: Mutex::default(),
            silent: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
        }
    }

    pub(super) fn silence(&self, silent: bool) {
        self.silent.store(silent, Ordering::SeqCst);
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn signer(&self) -> Issued {
        let template =
            CardPerson::sample_physician().signature_template(Validity::of_card(NOW.plus_days(-1)));
        issue(&self.pki.lock().unwrap(), PERSONS, template)
    }

    pub(super) fn revoke(&self, certificate: &Certificate) {
        let mut pki = self.pki.lock().unwrap();
        let reason = RevocationReason::KeyCompromise;
        pki.revoke(certificate, NOW.plus_days(-1), reason).unwrap();
    }

    /// Roots and issuing authorities, without lists.
    pub(super) fn store(&self) -> TrustStore {
        let mut store = self.pki.lock().unwrap().trust_store(NOW).unwrap();
        store.clear_crls();
        store
    }

    /// A source with this network behind it, and its authorities in a directory.
    pub(super) fn source(self: &Arc<Self>, directory: &Path, fetch: bool) -> EvidenceSource {
        self.source_with(directory, |config| config.evidence.fetch = fetch)
    }

    pub(super) fn source_with(
        self: &Arc<Self>,
        directory: &Path,
        change: impl FnOnce(&mut Config),
    ) -> EvidenceSource {
        let anchors = directory.join("anchors");
        std::fs::create_dir_all(&anchors).unwrap();
        std::fs::create_dir_all(directory.join("intermediates")).unwrap();
        let pki = self.pki.lock().unwrap();
        std::fs::write(anchors.join("all.pem"), pki.anchors_pem()).unwrap();
        let below = directory.join("intermediates").join("all.pem");
        std::fs::write(below, pki.intermediates_pem()).unwrap();
        drop(pki);
        let mut config = Config::default();
        config.time_stamp.url = Some(TSA.to_owned());
        config.time_stamp.trust = Trust::below(directory, true);
        change(&mut config);
        EvidenceSource::new(
            Arc::new(config),
            Arc::clone(self) as Arc<dyn Fetch>,
            directory,
        )
    }
}

impl Fetch for Network {
    fn fetch(&self, request: &FetchRequest<'_>) -> Result<Vec<u8>, FetchError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.silent.load(Ordering::SeqCst) {
            return Err(FetchError::Connection {
                host: request.address.to_owned(),
                cause: "nobody there".to_owned(),
            });
        }
        let pki = self.pki.lock().unwrap();
        let body = request.post.map(|(_, body)| body);
        match (request.address, request.post) {
            (TSA, Some(("application/timestamp-query", query))) => {
                let instead = self.stamping_answer.lock().unwrap().clone();
                Ok(instead
                    .unwrap_or_else(|| self.stamping.reply(query, self.stamping_time).unwrap()))
            }
            (address, Some(("application/ocsp-request", query)))
                if address.starts_with("http://ocsp.") && self.has_ocsp =>
            {
                let instead = self.ocsp_answer.lock().unwrap().clone();
                Ok(instead
                    .unwrap_or_else(|| pki.ocsp_reply(query, &OcspAnswering::at(NOW)).unwrap()))
            }
            (address, None) if address.contains("/CRL/") && self.has_lists => {
                let lists = pki.crls(NOW).unwrap();
                let stem = |list: &paraphe_certs::test_pki::IssuedList| {
                    address.ends_with(&format!("{}.crl", list.authority.file_stem()))
                };
                Ok(lists.into_iter().find(stem).unwrap().list.der().to_vec())
            }
            (address, _) => {
                assert!(body.is_none_or(|body| !body.is_empty()));
                Err(FetchError::Connection {
                    host: address.to_owned(),
                    cause: "nobody there".to_owned(),
                })
            }
        }
    }
}

fn issue(pki: &TestPki, authority: Authority, template: CertificateTemplate) -> Issued {
    let template = CertificateTemplate {
        key: KeyAlgorithm::P256,
        ..template
    };
    pki.issue(authority, &template).unwrap()
}
