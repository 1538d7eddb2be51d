//! Random faults, from a seed: what happens to whom, and after how long. The same seed gives the same plan; what a fault meets
//! depends on the machine's pace, so that every run tries something new.

use std::time::Duration;

/// A generator that needs no dependency (SplitMix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }

    /// From 0 to below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    pub fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }

    pub fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

/// What happens around a card.
#[derive(Debug, Clone, Copy)]
pub enum Disturbance {
    /// The card is pulled and put back after a moment.
    Pulled(Duration),
    /// The card goes to another reader.
    Moved,
    /// Another program resets it.
    Reset,
    /// Another program takes the reader for a moment.
    Held(Duration),
    /// The reader is unplugged and plugged in again.
    Unplugged(Duration),
    /// The card service stops and starts again.
    ServiceRestarted(Duration),
    /// The workstation sleeps.
    Slept,
}

/// One disturbance, when it comes.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    pub card: usize,
    pub after: Duration,
    pub what: Disturbance,
}

pub fn event(random: &mut Random, cards: usize) -> Event {
    let pause = Duration::from_millis(random.below(60) as u64);
    let what = match random.below(16) {
        0..=4 => Disturbance::Pulled(pause),
        5 | 6 => Disturbance::Moved,
        7..=9 => Disturbance::Reset,
        10 | 11 => Disturbance::Held(pause),
        12 | 13 => Disturbance::Unplugged(pause),
        14 => Disturbance::ServiceRestarted(pause),
        _ => Disturbance::Slept,
    };
    Event {
        card: random.below(cards),
        after: Duration::from_millis(random.below(40) as u64),
        what,
    }
}

/// A scenario of one rule, at a command that an operation may get to.
pub fn scenario(random: &mut Random) -> String {
    let at = random.below(60);
    let then = random.of(&[
        r#"{"status": "6F00"}"#,
        r#"{"status": "6982"}"#,
        r#"{"status": "6985"}"#,
        r#"{"status": "6A82"}"#,
        r#"{"status": "6C00"}"#,
        r#"{"status": "63C0"}"#,
        r#"{"answer": "9000"}"#,
        r#"{"answer": "30849000"}"#,
        r#"{"delay_ms": 30}"#,
        r#"{"reset": true}"#,
        r#"{"drop": true}"#,
        r#"{"execute": true, "drop": true}"#,
        r#"{"remove": {"back_after_ms": 20}}"#,
        r#"{"execute": true, "remove": {"back_after_ms": 20}}"#,
        r#"{"corrupt": {"byte": -1, "xor": "01"}}"#,
        r#"{"corrupt": {"byte": -2, "xor": "0F"}}"#,
        r#"{"truncate_to": 1}"#,
        r#"{"mute": true}"#,
    ]);
    let when = match random.below(6) {
        // At the PIN, and at a signature.
        0 => r#""command": "0. 20 00 01 ..""#.to_owned(),
        1 => r#""command": "0. 2A 9E 9A""#.to_owned(),
        2 => r#""ins": "88""#.to_owned(),
        _ => format!(r#""after_commands": {at}"#),
    };
    format!(r#"{{"rules": [{{"when": {{{when}}}, "then": {then}}}]}}"#)
}
