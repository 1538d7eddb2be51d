//! The table of situations: what was signed when, what proves it, what is known of the certificates, and what must be said.

#![allow(clippy::unwrap_used, reason = "tests")]

use paraphe_certs::test_pki::{
    Authority, CardPerson, CertificateTemplate, Issued, KeyAlgorithm, Level as Assurance,
    OcspAnswering, RevocationReason, Structure, TestPki, TestPkiOptions, TimeStampingAuthority,
    Validity,
};
use paraphe_certs::{Certificate, TrustStore, UnixTime};

use super::{
    AlgorithmConstraints, SignatureTrust, TimeStampRevocation, ValidationPolicy, conclude, refused,
};
use crate::algorithm::SignatureAlgorithm;
use crate::signature::{
    CheckedSignature, Covered, Evidence, ImprintedTimeStamp, Indication, Level, Packaging,
    ReadError, SignatureFormat, SignatureReport, SubIndication,
};
use crate::time_stamp::TimeStampToken;

/// When the document was signed.
const SIGNED: UnixTime = UnixTime(1_790_000_000);
const PERSONS: Authority = Authority::Persons(Assurance::Fort);
const ORGANIZATIONS: Authority = Authority::Organizations(Assurance::Elementaire);

fn days(count: i64) -> UnixTime {
    SIGNED.plus_days(count)
}

/// A PKI, a signer and a time-stamping authority.
struct World {
    pki: TestPki,
    signer: Certificate,
    stamping: TimeStampingAuthority,
}

impl World {
    /// The signer's certificate lives from 100 days before to 30 days after signing, the authority's for three years.
    fn new() -> Self {
        let pki = pki();
        let template = CardPerson::sample_physician().signature_template(Validity {
            not_before: days(-100),
            not_after: days(30),
        });
        let signer = issue(&pki, PERSONS, template).certificate;
        let stamping = stamping(&pki, Validity::of_card(days(-100)));
        Self {
            pki,
            signer,
            stamping,
        }
    }

    fn signature(&self) -> CheckedSignature {
        CheckedSignature {
            format: SignatureFormat::Cades,
            packaging: Packaging::Detached,
            level: Level::B,
            algorithm: SignatureAlgorithm::EcdsaP256Sha256,
            signer: self.signer.clone(),
            claimed_signing_time: Some(SIGNED),
            covered: vec![Covered {
                name: "lettre.pdf".into(),
                bytes: Some(5),
                presented: Some(0),
            }],
            signature_time_stamps: Vec::new(),
            archive_time_stamps: Vec::new(),
            evidence: Evidence::default(),
        }
    }

    fn stamp(&self, at: UnixTime) -> ImprintedTimeStamp {
        stamp_by(&self.stamping, at)
    }

    /// A signature stamped a minute after it was made.
    fn stamped(&self) -> CheckedSignature {
        CheckedSignature {
            signature_time_stamps: vec![self.stamp(SIGNED.plus_seconds(60))],
            ..self.signature()
        }
    }

    /// The same with all authorities and the lists of that day.
    fn long_term(&self) -> CheckedSignature {
        CheckedSignature {
            evidence: evidence(&self.pki, days(0)),
            ..self.stamped()
        }
    }

    /// Trust in this PKI's roots, with lists of a day.
    fn judge(&self, signature: CheckedSignature, lists: i64, now: i64) -> SignatureReport {
        let store = store(&self.pki, Some(days(lists)));
        conclude(signature, &trust(&store, &store), days(now), &policy())
    }

    /// Trust in this PKI's roots alone.
    fn judge_alone(&self, signature: CheckedSignature, now: i64) -> SignatureReport {
        let store = store(&self.pki, None);
        conclude(signature, &trust(&store, &store), days(now), &policy())
    }
}

fn pki() -> TestPki {
    let options = TestPkiOptions {
        authorities: vec![PERSONS, ORGANIZATIONS],
        ..TestPkiOptions::quick()
    };
    TestPki::generate_with(&options, SIGNED).unwrap()
}

fn issue(pki: &TestPki, authority: Authority, template: CertificateTemplate) -> Issued {
    let template = CertificateTemplate {
        key: KeyAlgorithm::P256,
        ..template
    };
    pki.issue(authority, &template).unwrap()
}

fn stamping(pki: &TestPki, validity: Validity) -> TimeStampingAuthority {
    let template = TimeStampingAuthority::template(validity).unwrap();
    TimeStampingAuthority::new(&issue(pki, ORGANIZATIONS, template)).unwrap()
}

fn stamp_by(authority: &TimeStampingAuthority, at: UnixTime) -> ImprintedTimeStamp {
    ImprintedTimeStamp {
        token: TimeStampToken::from_der(&authority.stamp(&[7; 32], at).unwrap()).unwrap(),
        imprint_matches: true,
    }
}

/// All authorities below the roots, and lists of a day.
fn evidence(pki: &TestPki, day: UnixTime) -> Evidence {
    let mut evidence = Evidence::default();
    for (authority, certificate) in pki.authorities() {
        if !authority.is_root() {
            evidence.add_certificate(certificate.clone()).unwrap();
        }
    }
    for issued in pki.crls(day).unwrap() {
        evidence.add_revocation_list(issued.list).unwrap();
    }
    evidence
}

fn store(pki: &TestPki, lists: Option<UnixTime>) -> TrustStore {
    let full = pki.trust_store(lists.unwrap_or(SIGNED)).unwrap();
    if lists.is_some() {
        full
    } else {
        full.anchors_only()
    }
}

fn trust<'a>(professionals: &'a TrustStore, time_stamping: &'a TrustStore) -> SignatureTrust<'a> {
    SignatureTrust {
        professionals,
        others: None,
        time_stamping,
        fetched: None,
    }
}

fn policy() -> ValidationPolicy {
    ValidationPolicy::default()
}

/// Outcome, first reason's name and proved level in one comparison.
#[track_caller]
fn expect(
    report: &SignatureReport,
    sub_indication: Option<SubIndication>,
    code: Option<&str>,
    level: Level,
) {
    let found = (
        report.sub_indication,
        report.reasons.first().map(|reason| reason.code),
        report.level,
    );
    assert_eq!(found, (sub_indication, code, Some(level)), "{report:#?}");
    let indication = sub_indication.map_or(Indication::TotalPassed, SubIndication::indication);
    assert_eq!(report.indication, indication);
}

#[track_caller]
fn expect_passed(report: &SignatureReport, level: Level) {
    expect(report, None, None, level);
}

#[test]
fn a_fresh_signature_passes() {
    let world = World::new();
    let report = world.judge(world.signature(), 1, 1);
    expect_passed(&report, Level::B);
    assert_eq!(report.validation_time, days(1));
    assert_eq!(report.revocation, Some("crl"));
    assert_eq!(report.chain.len(), 3);
    let signer = report.signer.unwrap();
    assert_eq!(signer.national_id.as_str(), "899700000017");
    assert!(report.structure.is_none());
    assert_eq!(report.covered[0].name, "lettre.pdf");
}

#[test]
fn an_expired_certificate_needs_a_time_stamp() {
    let world = World::new();
    let expired = Some(SubIndication::OutOfBoundsNoPoe);
    let report = world.judge(world.signature(), 40, 40);
    expect(&report, expired, Some("certificate-expired"), Level::B);
    assert!(
        report.signer.is_none(),
        "nobody is named on a path that does not hold"
    );
    // With the stamp, the lists must be of a time when the certificate was still on them.
    let report = world.judge(world.stamped(), 29, 40);
    expect_passed(&report, Level::T);
    assert_eq!(report.validation_time, SIGNED.plus_seconds(60));
    assert!(report.time_stamps[0].proves);
    let authority = report.time_stamps[0].authority.as_ref().unwrap();
    assert!(authority.contains("HORODATAGE"));
    // A stamp that came after the end proves nothing that helps.
    let late = CheckedSignature {
        signature_time_stamps: vec![world.stamp(days(31))],
        ..world.signature()
    };
    let report = world.judge(late, 40, 40);
    expect(&report, expired, Some("certificate-expired"), Level::T);
}

#[test]
fn a_revoked_certificate_needs_an_older_time_stamp() {
    let mut world = World::new();
    let revoked = Some(SubIndication::RevokedNoPoe);
    let signer = world.signer.clone();
    world
        .pki
        .revoke(&signer, days(2), RevocationReason::KeyCompromise)
        .unwrap();
    let report = world.judge(world.signature(), 3, 3);
    expect(&report, revoked, Some("certificate-revoked"), Level::B);
    expect_passed(&world.judge(world.stamped(), 3, 3), Level::T);
    let after = CheckedSignature {
        signature_time_stamps: vec![world.stamp(days(2))],
        ..world.signature()
    };
    let report = world.judge(after, 3, 3);
    expect(&report, revoked, Some("certificate-revoked"), Level::T);
    // A store that has not heard of it yet does not outweigh a file that has.
    let mut told = world.signature();
    told.evidence = evidence(&world.pki, days(3));
    let store = store(&pki(), Some(days(3)));
    let own = TrustStore::from_pem_bundle(world.pki.anchors_pem().as_bytes());
    let mut own = own.unwrap();
    own.accept_test(true);
    let report = conclude(told, &trust(&own, &store), days(3), &policy());
    expect(&report, revoked, Some("certificate-revoked"), Level::B);
}

#[test]
fn a_revoked_authority_is_told_apart() {
    let mut world = World::new();
    let authority = world.pki.authorities().find(|(name, _)| *name == PERSONS);
    let authority = authority.unwrap().1.clone();
    world
        .pki
        .revoke(&authority, days(1), RevocationReason::KeyCompromise)
        .unwrap();
    let report = world.judge(world.signature(), 2, 2);
    let revoked = Some(SubIndication::RevokedCaNoPoe);
    expect(&report, revoked, Some("authority-revoked"), Level::B);
    expect_passed(&world.judge(world.stamped(), 2, 2), Level::T);
}

#[test]
fn time_stamps_that_prove_nothing() {
    let world = World::new();
    let now = days(3);
    let judge = |time_stamp: ImprintedTimeStamp, stamping: &TrustStore| {
        let signature = CheckedSignature {
            signature_time_stamps: vec![time_stamp],
            ..world.signature()
        };
        let professionals = store(&world.pki, Some(now));
        let report = conclude(signature, &trust(&professionals, stamping), now, &policy());
        expect_passed(&report, Level::B);
        assert_eq!(report.validation_time, now);
        report.time_stamps[0].reason.as_ref().unwrap().code
    };
    let ours = store(&world.pki, Some(now));
    let good = || world.stamp(SIGNED);
    assert_eq!(judge(good(), &store(&pki(), Some(now))), "unknown-issuer");
    assert_eq!(judge(good(), &TrustStore::new()), "unknown-issuer");
    let wrong = ImprintedTimeStamp {
        imprint_matches: false,
        ..good()
    };
    assert_eq!(judge(wrong, &ours), "time-stamp-imprint");
    assert_eq!(judge(world.stamp(days(4)), &ours), "time-stamp-order");
    let expired = stamping(
        &world.pki,
        Validity {
            not_before: days(-9),
            not_after: days(2),
        },
    );
    assert_eq!(
        judge(stamp_by(&expired, SIGNED), &ours),
        "certificate-expired"
    );
    let before = stamp_by(&expired, days(-10));
    assert_eq!(judge(before, &ours), "time-stamp-outside-validity");
    let altered = {
        let mut der = world.stamping.stamp(&[7; 32], SIGNED).unwrap();
        let last = der.len() - 1;
        der[last] ^= 1;
        TimeStampToken::from_der(&der).map(|token| ImprintedTimeStamp {
            token,
            imprint_matches: true,
        })
    };
    assert_eq!(judge(altered.unwrap(), &ours), "time-stamp-signature");
    let issuer = world.pki.intermediates_pem();
    let mut without_lists = ours.anchors_only();
    without_lists
        .add_intermediates_pem(issuer.as_bytes())
        .unwrap();
    assert_eq!(judge(good(), &without_lists), "revocation-unknown");
}

#[test]
fn a_revoked_time_stamping_authority_proves_nothing() {
    let mut world = World::new();
    let certificate = world.stamping.certificate().clone();
    world
        .pki
        .revoke(&certificate, days(1), RevocationReason::KeyCompromise)
        .unwrap();
    let report = world.judge(world.stamped(), 2, 2);
    expect_passed(&report, Level::B);
    assert_eq!(
        report.time_stamps[0].reason.as_ref().unwrap().code,
        "certificate-revoked"
    );
    // Stamped again before that, the first stamp goes on proving.
    let other = stamping(&world.pki, Validity::of_card(days(-1)));
    let again = CheckedSignature {
        archive_time_stamps: vec![stamp_by(&other, SIGNED.plus_seconds(120))],
        ..world.stamped()
    };
    let report = world.judge(again, 2, 2);
    expect_passed(&report, Level::T);
    assert!(report.time_stamps.iter().all(|stamp| stamp.proves));
}

#[test]
fn what_the_rule_on_stamping_authorities_changes() {
    let world = World::new();
    let professionals = store(&world.pki, Some(days(20)));
    let issuer = world.pki.intermediates_pem();
    let mut stamping = store(&world.pki, None);
    stamping.add_intermediates_pem(issuer.as_bytes()).unwrap();
    let judge = |signature: CheckedSignature, rule| {
        let policy = ValidationPolicy {
            time_stamp_revocation: rule,
            ..policy()
        };
        let report = conclude(
            signature,
            &trust(&professionals, &stamping),
            days(20),
            &policy,
        );
        report.time_stamps[0].proves
    };
    use TimeStampRevocation::{AtPresent, AtStamping, WhereKnown};
    assert!(!judge(world.stamped(), AtPresent));
    assert!(!judge(world.stamped(), AtStamping));
    assert!(judge(world.stamped(), WhereKnown));
    // lists of the day of signing, seven days long
    assert!(!judge(world.long_term(), AtPresent));
    assert!(judge(world.long_term(), AtStamping));
    assert!(judge(world.long_term(), WhereKnown));
}

#[test]
fn levels_are_proved_and_not_claimed() {
    let world = World::new();
    let claim = |signature: CheckedSignature| CheckedSignature {
        level: Level::LTA,
        ..signature
    };
    expect_passed(&world.judge(claim(world.signature()), 1, 1), Level::B);
    expect_passed(&world.judge(claim(world.stamped()), 1, 1), Level::T);
    expect_passed(&world.judge(world.long_term(), 1, 1), Level::LT);
    // The file alone carries all, also years later and after its signer's certificate expired.
    expect_passed(&world.judge_alone(world.long_term(), 900), Level::LT);
    let archived = CheckedSignature {
        archive_time_stamps: vec![world.stamp(days(1))],
        ..world.long_term()
    };
    // The last stamp's authority is known from the lists of the store.
    expect_passed(&world.judge(archived.clone(), 1, 1), Level::LTA);
    // Lists of other authorities make no long term.
    let others = CheckedSignature {
        evidence: evidence(&pki(), days(0)),
        ..world.stamped()
    };
    expect_passed(&world.judge(others, 1, 1), Level::T);
    // An archive stamp without the first one proves the time, and no level above B.
    let without = CheckedSignature {
        signature_time_stamps: Vec::new(),
        ..archived
    };
    let report = world.judge(without, 1, 1);
    expect_passed(&report, Level::B);
    assert_eq!(report.validation_time, days(1));
}

#[test]
fn an_archive_stamp_outlives_the_first_authority() {
    let mut world = World::new();
    world.stamping = stamping(
        &world.pki,
        Validity {
            not_before: days(-10),
            not_after: days(60),
        },
    );
    let second = stamping(&world.pki, Validity::of_card(days(40)));
    let archived = CheckedSignature {
        archive_time_stamps: vec![stamp_by(&second, days(50))],
        ..world.long_term()
    };
    let report = world.judge(archived.clone(), 100, 100);
    expect_passed(&report, Level::LTA);
    assert_eq!(report.validation_time, SIGNED.plus_seconds(60));
    let too_late = CheckedSignature {
        archive_time_stamps: vec![stamp_by(&second, days(61))],
        ..archived
    };
    let report = world.judge(too_late, 100, 100);
    let expired = Some(SubIndication::OutOfBoundsNoPoe);
    expect(&report, expired, Some("certificate-expired"), Level::B);
}

#[test]
fn revocation_that_is_not_known() {
    let world = World::new();
    let later = Some(SubIndication::TryLater);
    let code = Some("revocation-unknown");
    // Lists live for seven days.
    let report = world.judge(world.signature(), 1, 10);
    expect(&report, later, code, Level::B);
    assert_eq!(report.chain.len(), 3, "the path is told");
    // Dated after the present.
    expect(&world.judge(world.signature(), 3, 2), later, code, Level::B);
}

#[test]
fn ocsp_answers_in_the_file() {
    let mut world = World::new();
    let respond = |world: &World, unknown: bool| {
        let mut evidence = evidence(&world.pki, days(1));
        let mut only_response = Evidence::default();
        for certificate in evidence.certificates() {
            only_response.add_certificate(certificate.clone()).unwrap();
        }
        // The list of the root, for the authority; the signer only by OCSP.
        for list in evidence.revocation_lists() {
            if !list.covers(&world.signer) {
                only_response.add_revocation_list(list.clone()).unwrap();
            }
        }
        let how = OcspAnswering {
            unknown,
            ..OcspAnswering::at(days(1))
        };
        let response = world.pki.ocsp_response(&world.signer, &how).unwrap();
        only_response.add_ocsp_response(&response).unwrap();
        evidence = only_response;
        CheckedSignature {
            evidence,
            ..world.signature()
        }
    };
    let report = world.judge_alone(respond(&world, false), 1);
    expect_passed(&report, Level::B);
    assert_eq!(report.revocation, Some("ocsp"));
    let report = world.judge_alone(respond(&world, true), 1);
    let later = Some(SubIndication::TryLater);
    expect(&report, later, Some("revocation-unknown"), Level::B);
    let signer = world.signer.clone();
    world
        .pki
        .revoke(&signer, days(0), RevocationReason::Superseded)
        .unwrap();
    let report = world.judge_alone(respond(&world, false), 1);
    let revoked = Some(SubIndication::RevokedNoPoe);
    expect(&report, revoked, Some("certificate-revoked"), Level::B);
    // What was fetched counts like what stands in the file.
    let fetched = respond(&world, false).evidence;
    let store = store(&world.pki, None);
    let trust = SignatureTrust {
        fetched: Some(&fetched),
        ..trust(&store, &store)
    };
    let report = conclude(world.signature(), &trust, days(1), &policy());
    expect(&report, revoked, Some("certificate-revoked"), Level::B);
}

#[test]
fn signers_of_other_authorities() {
    let world = World::new();
    let (ours, theirs) = (store(&world.pki, Some(days(1))), pki());
    let other = store(&theirs, Some(days(1)));
    let foreign = issue(
        &theirs,
        PERSONS,
        CardPerson::sample_physician().signature_template(Validity::of_card(days(-1))),
    );
    let signature = || CheckedSignature {
        signer: foreign.certificate.clone(),
        ..world.signature()
    };
    // The names of both PKIs are the same; the keys are not.
    let report = conclude(signature(), &trust(&ours, &ours), days(1), &policy());
    assert_eq!(report.indication, Indication::Indeterminate);
    assert!(report.signer.is_none());

    let mut template = Structure::sample_clinic().seal_template(Validity::of_card(days(-1)));
    template.extensions.clear();
    let by_name = issue(&theirs, ORGANIZATIONS, template).certificate;
    let signature = || CheckedSignature {
        signer: by_name.clone(),
        ..world.signature()
    };
    let nobody = TrustStore::new();
    let unknown = Some(SubIndication::NoCertificateChainFound);
    let report = conclude(signature(), &trust(&nobody, &ours), days(1), &policy());
    expect(&report, unknown, Some("unknown-issuer"), Level::B);
    let both = SignatureTrust {
        others: Some(&other),
        ..trust(&nobody, &ours)
    };
    let report = conclude(signature(), &both, days(1), &policy());
    expect_passed(&report, Level::B);
    assert!(report.signer.is_none() && report.structure.is_none());
    assert!(report.subject.unwrap().contains("SERVEUR SIMULATEUR"));
    // Another authority cannot make a professional.
    let physician = CheckedSignature {
        signer: foreign.certificate.clone(),
        ..world.signature()
    };
    let report = conclude(physician, &both, days(1), &policy());
    expect_passed(&report, Level::B);
    assert!(report.signer.is_none());
}

#[test]
fn certificates_that_sign_no_documents() {
    let world = World::new();
    let template =
        CardPerson::sample_physician().authentication_template(Validity::of_card(days(-1)));
    let login = issue(&world.pki, PERSONS, template).certificate;
    let signature = CheckedSignature {
        signer: login,
        ..world.signature()
    };
    let constraints = Some(SubIndication::ChainConstraintsFailure);
    let report = world.judge(signature, 1, 1);
    expect(&report, constraints, Some("certificate-use"), Level::B);
    let mut production = store(&world.pki, Some(days(1)));
    production.accept_test(false);
    let report = conclude(
        world.signature(),
        &trust(&production, &production),
        days(1),
        &policy(),
    );
    expect(&report, constraints, Some("test-certificate"), Level::B);
}

#[test]
fn times_that_contradict_each_other() {
    let world = World::new();
    let claims = |time, signature: CheckedSignature| CheckedSignature {
        claimed_signing_time: time,
        ..signature
    };
    let future = claims(Some(days(5)), world.signature());
    let constraints = Some(SubIndication::SigConstraintsFailure);
    let code = Some("claimed-time-in-the-future");
    expect(&world.judge(future, 1, 1), constraints, code, Level::B);
    let after = claims(Some(days(1)), world.stamped());
    let order = Some(SubIndication::TimestampOrderFailure);
    let code = Some("claimed-time-after-time-stamp");
    expect(&world.judge(after, 2, 2), order, code, Level::T);
    let within = claims(Some(SIGNED.plus_seconds(200)), world.stamped());
    expect_passed(&world.judge(within, 1, 1), Level::T);
    let none = claims(None, world.signature());
    expect_passed(&world.judge(none, 1, 1), Level::B);
    // Only a stamp proves that a signature is older than its certificate.
    let early = CheckedSignature {
        signature_time_stamps: vec![stamp_by(
            &stamping(&world.pki, Validity::of_card(days(-300))),
            days(-200),
        )],
        claimed_signing_time: None,
        ..world.signature()
    };
    let report = world.judge(early, 1, 1);
    assert_eq!(report.indication, Indication::TotalFailed);
    let early = Some(SubIndication::NotYetValid);
    expect(&report, early, Some("certificate-not-yet-valid"), Level::T);
}

#[test]
fn keys_grow_too_weak() {
    let mut world = World::new();
    let template = CardPerson::sample_physician().signature_template(Validity::of_card(days(-1)));
    world.signer = world.pki.issue(PERSONS, &template).unwrap().certificate;
    assert_eq!(world.signer.rsa_modulus_bits(), Some(2048));
    let store = store(&world.pki, Some(days(9)));
    let policy = ValidationPolicy {
        algorithms: AlgorithmConstraints::default().with_rsa_until(2049, days(8)),
        ..policy()
    };
    let judge = |signature| conclude(signature, &trust(&store, &store), days(9), &policy);
    let report = judge(world.signature());
    let weak = Some(SubIndication::CryptoConstraintsFailureNoPoe);
    expect(&report, weak, Some("key-too-weak"), Level::B);
    expect_passed(&judge(world.stamped()), Level::T);
    let late = CheckedSignature {
        signature_time_stamps: vec![world.stamp(days(8).plus_seconds(1))],
        ..world.signature()
    };
    let weak = Some(SubIndication::CryptoConstraintsFailure);
    expect(&judge(late), weak, Some("key-too-weak"), Level::T);
    // The default table: 2048 bits until the end of 2030.
    let constraints = AlgorithmConstraints::default();
    let at = |at| {
        constraints
            .weak_key([&world.signer], UnixTime(at))
            .is_some()
    };
    assert!(!at(1_924_991_999) && at(1_924_992_000));
}

#[test]
fn what_is_no_signature_is_told_as_such() {
    let error = ReadError {
        sub_indication: SubIndication::HashFailure,
        code: "document-changed",
        explanation: "changed".into(),
    };
    let report = refused(&error, SIGNED);
    assert_eq!(report.indication, Indication::TotalFailed);
    assert_eq!(report.reasons[0].code, "document-changed");
    let error = ReadError {
        sub_indication: SubIndication::SignedDataNotFound,
        ..error
    };
    assert_eq!(
        refused(&error, SIGNED).indication,
        Indication::Indeterminate
    );
}
