//! Every format at every level, from the making through the reader to the conclusion: the level is proved, from LT on by the file
//! and the anchors alone, years later too; with another store nothing is.

use crate::support::asic::{self, check_asic};
use crate::support::document_signer::DocumentSigner;
use crate::support::jades::{self, check_jades};
use crate::support::pdf;
use crate::support::time_stamping::{evidence, raise};
use crate::support::xades::check;
use crate::support::{NOW, Practice};
use paraphe_certs::{TrustStore, UnixTime};
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::signature::{
    CheckedSignature, DigestAlgorithm, Indication, Level, Packaging, PreparedSignature,
    SignatureFormat, SignatureReport, SignatureTrust, SubIndication, ValidationPolicy, conclude,
};
use paraphe_protocol::xades::{
    EmbeddedForm, XadesParameters, prepare_enveloped, prepare_enveloping,
};
use paraphe_protocol::{cades, pades};

const DOCUMENT: &[u8] = b"<lettre xmlns=\"urn:x\">TEST</lettre>";

/// A signature as its format's reader leaves it.
type Made = fn(&Practice, &DocumentSigner, Level) -> CheckedSignature;

const FORMATS: [(SignatureFormat, Made); 7] = [
    (SignatureFormat::Cades, |practice, signer, level| {
        let prepared = cades::prepare_attached(DOCUMENT.to_vec(), &signer.signer());
        cades::read(&raised(practice, signer, level, prepared.unwrap()), None).unwrap()
    }),
    (SignatureFormat::Xades, |practice, signer, level| {
        let prepared = prepare_enveloped(DOCUMENT, &parameters(signer));
        check(&raised(practice, signer, level, prepared.unwrap()), &[]).unwrap()
    }),
    (SignatureFormat::Xades, |practice, signer, level| {
        let form = EmbeddedForm::Base64;
        let prepared = prepare_enveloping(DOCUMENT, "text/xml", form, &parameters(signer));
        check(&raised(practice, signer, level, prepared.unwrap()), &[]).unwrap()
    }),
    (SignatureFormat::Pades, |practice, signer, level| {
        let signed = pdf::sign(practice, signer, &pdf::sample(), level, None);
        let mut signatures = pades::read(&signed).unwrap();
        assert_eq!(signatures.len(), 1);
        signatures.remove(0).outcome.unwrap()
    }),
    (SignatureFormat::Jades, |practice, signer, level| {
        let prepared = jades::prepared(signer, Packaging::Enveloping, &[("a", DOCUMENT)]);
        check_jades(&raised(practice, signer, level, prepared), &[]).unwrap()
    }),
    (SignatureFormat::Jades, |practice, signer, level| {
        let files = [("a", DOCUMENT)];
        let prepared = jades::prepared(signer, Packaging::Detached, &files);
        check_jades(&raised(practice, signer, level, prepared), &files).unwrap()
    }),
    (SignatureFormat::AsicE, |practice, signer, level| {
        let prepared = asic::prepared(signer, &[("a.xml", DOCUMENT)]);
        check_asic(&raised(practice, signer, level, prepared)).unwrap()
    }),
];

fn parameters(signer: &DocumentSigner) -> XadesParameters<'_> {
    XadesParameters {
        signer: signer.signer(),
        digest: signer.algorithm.digest(),
        claimed_role: None,
        commitment: None,
    }
}

fn raised(
    practice: &Practice,
    signer: &DocumentSigner,
    level: Level,
    prepared: Box<dyn PreparedSignature>,
) -> Vec<u8> {
    let value = signer.sign(prepared.to_be_signed());
    let mut file = prepared.complete(&value).unwrap();
    raise(
        practice,
        file.as_mut(),
        level,
        &[DOCUMENT],
        &evidence(practice),
        DigestAlgorithm::Sha256,
    );
    asic::written(&file.finish().unwrap(), &[("", DOCUMENT)])
}

fn judge(signature: &CheckedSignature, store: &TrustStore, now: UnixTime) -> SignatureReport {
    let trust = SignatureTrust {
        professionals: store,
        others: None,
        time_stamping: store,
        fetched: None,
    };
    conclude(signature.clone(), &trust, now, &ValidationPolicy::default())
}

#[test]
fn every_format_proves_every_level() {
    let practice = Practice::new();
    let stranger = Practice::new();
    let signer = DocumentSigner::new(&practice, SignatureAlgorithm::EcdsaP256Sha256);
    let soon = NOW.plus_seconds(300);
    for (format, make) in FORMATS {
        for level in Level::ALL {
            let signature = make(&practice, &signer, level);
            let report = judge(&signature, &practice.store, soon);
            assert_eq!(report.indication, Indication::TotalPassed, "{report:#?}");
            assert_eq!(
                (report.format, report.level),
                (Some(format), Some(level)),
                "{report:#?}"
            );
            assert!(report.signer.is_some());
            let stamps = usize::from(level >= Level::T) + usize::from(level == Level::LTA);
            assert_eq!(report.time_stamps.len(), stamps);
            assert!(report.time_stamps.iter().all(|stamp| stamp.proves));

            let report = judge(&signature, &stranger.store, soon);
            assert_eq!(report.indication, Indication::Indeterminate);
            assert_eq!(report.level, Some(Level::B));
            assert!(report.signer.is_none());

            // Two years on, with the anchors alone.
            let later = judge(
                &signature,
                &practice.store.anchors_only(),
                NOW.plus_days(730),
            );
            if level >= Level::LT {
                assert_eq!(later.indication, Indication::TotalPassed, "{later:#?}");
                assert_eq!(later.level, Some(level), "{later:#?}");
                assert_eq!(later.validation_time, NOW.plus_seconds(60));
            } else {
                let unknown = Some(SubIndication::NoCertificateChainFound);
                let not_known = Some(SubIndication::TryLater);
                let found = later.sub_indication;
                assert!(found == unknown || found == not_known, "{later:#?}");
            }
        }
    }
}
