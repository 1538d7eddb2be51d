//! A CPS3 and a CPS4 from their reset to the holder's identity and both certificates, cold and seen before; and one
//! signature of each key. Once on cards without delay, where only the driver's and the simulator's own time counts, and once on cards
//! that take 5 ms for each APDU and 350 ms for a private-key operation, as real ones about do.
//!
//! Prints the number of APDUs, GET RESPONSE included, beside those that the issuer's own module sends to such cards (counted
//! by hand: that module cannot be part of a bench).

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench stops where it cannot go on"
)]

use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use paraphe_benches::{WiredCard, wired, wired_with};
use paraphe_protocol::card::{
    Atr, CardCache, CardModel, LastTry, Pin, ProfessionalCard, VerifiedCard,
};
use paraphe_protocol::digest::Sha256Digest;
use paraphe_softcard::profile::Timing;

/// A card that is as slow as the ones that the incumbent's published times were taken on.
const REAL: Timing = Timing {
    milliseconds_per_apdu: 5,
    milliseconds_per_private_key_operation: 350,
};

/// A card, and the APDUs that the issuer's module sends to it: opening with certificates, seen before, signature key,
/// authentication key.
struct Subject {
    name: &'static str,
    profile: &'static str,
    incumbent: [u64; 4],
}

const SUBJECTS: [Subject; 2] = [
    Subject {
        name: "cps3",
        profile: "physician",
        incumbent: [58, 12, 7, 5],
    },
    Subject {
        name: "cps4",
        profile: "physician-cps4",
        incumbent: [39, 6, 3, 4],
    },
];

/// One signature by one of the two keys.
type Sign = fn(&mut VerifiedCard<'_, '_, WiredCard>);

fn model(card: &WiredCard) -> CardModel {
    CardModel::identify(&Atr::from_bytes(card.0.atr()).unwrap())
}

/// Opens, reads identity and both certificates; gives the APDUs that took.
fn identify(card: &mut WiredCard, cache: &mut CardCache) -> u64 {
    let model = model(card);
    let mut open = ProfessionalCard::open_known(card, model, cache).unwrap();
    open.identity().unwrap();
    open.certificates().unwrap();
    open.remember(cache);
    open.exchanges()
}

/// On a card that was read before, so that the first signature is as short as the next.
fn verified<R>(
    card: &mut WiredCard,
    cache: &CardCache,
    work: impl FnOnce(&mut VerifiedCard<'_, '_, WiredCard>) -> R,
) -> R {
    let model = model(card);
    let mut open = ProfessionalCard::open_known(card, model, cache).unwrap();
    let mut verified = open
        .verify_pin(Pin::from_digits(b"1234").unwrap(), LastTry::Refused)
        .unwrap();
    work(&mut verified)
}

fn sign_document(card: &mut VerifiedCard<'_, '_, WiredCard>) {
    card.sign_signature(&Sha256Digest::of(b"x")).unwrap();
}

fn sign_login(card: &mut VerifiedCard<'_, '_, WiredCard>) {
    card.sign_authentication(&Sha256Digest::of(b"x")).unwrap();
}

/// APDUs of one signature.
fn apdus(card: &mut VerifiedCard<'_, '_, WiredCard>, sign: Sign) -> u64 {
    let before = card.exchanges();
    sign(card);
    card.exchanges() - before
}

fn count(subject: &Subject) {
    let mut card = wired(subject.profile);
    let mut cache = CardCache::new();
    let cold = identify(&mut card, &mut cache);
    let warm = identify(&mut card, &mut cache);
    let (signature, login) = verified(&mut card, &cache, |card| {
        (apdus(card, sign_document), apdus(card, sign_login))
    });
    let [cold_theirs, warm_theirs, signature_theirs, login_theirs] = subject.incumbent;
    println!(
        "APDUs, {}: identity and both certificates {cold} ({cold_theirs}), seen before {warm} ({warm_theirs}), \
         signature {signature} ({signature_theirs}), login {login} ({login_theirs}); the issuer's module in brackets",
        subject.name
    );
}

fn measure(criterion: &mut Criterion, subject: &Subject, pace: &str, timing: Timing) {
    let mut card = wired_with(subject.profile, timing);
    let mut cache = CardCache::new();
    identify(&mut card, &mut cache);
    let mut group = criterion.benchmark_group(format!("{}, {pace}", subject.name));
    if timing != Timing::default() {
        group.sample_size(10);
        group.measurement_time(Duration::from_secs(4));
    }
    group.bench_function("identity and certificates, cold", |bencher| {
        bencher.iter_batched_ref(
            CardCache::new,
            |cache| identify(&mut card, cache),
            BatchSize::PerIteration,
        );
    });
    group.bench_function("identity and certificates, seen before", |bencher| {
        bencher.iter(|| identify(&mut card, &mut cache));
    });
    let signatures: [(&str, Sign); 2] = [
        ("signature, PIN already given", sign_document),
        ("login, PIN already given", sign_login),
    ];
    for (name, sign) in signatures {
        group.bench_function(name, |bencher| {
            verified(&mut card, &cache, |card| bencher.iter(|| sign(card)));
        });
    }
    group.finish();
}

fn card(criterion: &mut Criterion) {
    for subject in &SUBJECTS {
        count(subject);
        measure(criterion, subject, "no delay", Timing::default());
        measure(criterion, subject, "5 ms and 350 ms", REAL);
    }
}

criterion_group!(benches, card);
criterion_main!(benches);
