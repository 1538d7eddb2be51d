//! Every fuzz target on its seeds, each cut at many places and changed at many bytes, and on noise. The changes are the
//! same at every run; a finding names target, seed and change.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::PathBuf;

use paraphe_fuzz_replay::TARGETS;

/// Cuts and changes of each seed, at most.
const CHANGES: usize = 120;
/// Inputs of noise for each target.
const NOISE: usize = 60;

fn fuzz_folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz"))
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(fuzz_folder().join("corpus-seeds").join(target)) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

/// A small generator (xorshift), so that every run makes the same inputs.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % bound.max(1)
    }
}

fn inputs(target: &str) -> Vec<Vec<u8>> {
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    let mut inputs = vec![Vec::new()];
    for seed in seeds(target) {
        for change in 0..CHANGES {
            let mut input = seed.clone();
            match change % 4 {
                0 => input.truncate(noise.below(seed.len())),
                1 => {
                    let place = noise.below(seed.len());
                    if let Some(byte) = input.get_mut(place) {
                        *byte ^= u8::try_from(noise.below(255)).unwrap() + 1;
                    }
                }
                2 => {
                    let place = noise.below(seed.len());
                    if let Some(byte) = input.get_mut(place) {
                        *byte = [0x00, 0x7F, 0x80, 0x81, 0x82, 0xFF][noise.below(6)];
                    }
                }
                _ => {
                    let (from, to) = (noise.below(seed.len()), noise.below(seed.len()));
                    let piece = seed[from.min(to)..from.max(to)].to_vec();
                    let place = noise.below(input.len());
                    input.splice(place..place, piece);
                }
            }
            inputs.push(input);
        }
        inputs.push(seed);
    }
    for _ in 0..NOISE {
        let length = noise.below(600);
        inputs.push(
            (0..length)
                .map(|_| u8::try_from(noise.next() & 0xFF).unwrap())
                .collect(),
        );
    }
    inputs
}

#[test]
fn no_target_fails_on_seeds_changes_or_noise() {
    let mut seeded = 0;
    for (name, run) in TARGETS {
        for (number, input) in inputs(name).into_iter().enumerate() {
            let outcome = catch_unwind(|| run(&input));
            assert!(
                outcome.is_ok(),
                "{name} fails on input {number} of {} bytes",
                input.len()
            );
        }
        seeded += usize::from(!seeds(name).is_empty());
    }
    assert!(seeded >= 6, "the seeds were not found");
}

#[test]
fn every_target_of_the_fuzzer_is_replayed() {
    let on_disk: BTreeSet<String> = std::fs::read_dir(fuzz_folder().join("fuzz_targets"))
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let replayed: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(on_disk, replayed);
}
