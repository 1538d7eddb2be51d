//! A CPS3 from its reset to the holder's identity and both certificates, cold and seen before; and one signature.
//!
//! Prints the number of APDUs, GET RESPONSE included, and measures the driver's and the simulator's time together: a real
//! card adds its own milliseconds per APDU, which is why the APDUs are the figure that counts.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a bench stops where it cannot go on"
)]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use paraphe_benches::{WiredCard, wired};
use paraphe_protocol::card::{
    Atr, CardCache, CardModel, LastTry, Pin, ProfessionalCard, VerifiedCard,
};
use paraphe_protocol::digest::Sha256Digest;

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

fn verified<R>(
    card: &mut WiredCard,
    work: impl FnOnce(&mut VerifiedCard<'_, '_, WiredCard>) -> R,
) -> R {
    let model = model(card);
    let mut open = ProfessionalCard::open(card, model).unwrap();
    let mut verified = open
        .verify_pin(Pin::from_digits(b"1234").unwrap(), LastTry::Refused)
        .unwrap();
    work(&mut verified)
}

fn card(criterion: &mut Criterion) {
    let mut card = wired("physician");
    let mut cache = CardCache::new();
    let cold = identify(&mut card, &mut cache);
    let seen_before = identify(&mut card, &mut cache);
    let signature = verified(&mut card, |verified| {
        // The first one reads the certificate that its answer is checked against.
        verified.sign_signature(&Sha256Digest::of(b"x")).unwrap();
        let before = verified.exchanges();
        verified.sign_signature(&Sha256Digest::of(b"x")).unwrap();
        verified.exchanges() - before
    });
    println!(
        "APDUs, CPS3: identity and both certificates, cold {cold} (incumbent 54), seen before {seen_before}; signature {signature} (incumbent 7)"
    );

    let mut group = criterion.benchmark_group("cps3");
    group.bench_function("identity and certificates, cold", |bencher| {
        bencher.iter_batched_ref(
            CardCache::new,
            |cache| identify(&mut card, cache),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("identity and certificates, seen before", |bencher| {
        bencher.iter(|| identify(&mut card, &mut cache));
    });
    group.bench_function("signature, PIN already given", |bencher| {
        verified(&mut card, |verified| {
            bencher.iter(|| verified.sign_signature(&Sha256Digest::of(b"x")).unwrap());
        });
    });
    group.finish();
}

criterion_group!(benches, card);
criterion_main!(benches);
