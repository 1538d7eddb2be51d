//! A CPS4 of few words: the files of [`ScriptedCard`] on logical channel 1 under T=1, the keys 10
//! and 20, and another program that may take the application away.

use openssl::md::Md;
use openssl::pkey::{PKey, Private};
use openssl::pkey_ctx::PkeyCtx;
use openssl::rsa::Padding;
use openssl::sign::RsaPssSaltlen;

use super::scripted_card::{ScriptedCard, issued};
use crate::card::apdu::TransmissionProtocol;
use crate::card::transport::{Transport, TransportError};

pub(super) struct ScriptedCps4 {
    pub(super) card: ScriptedCard,
    /// What is answered to selections and keys until the way back was gone.
    pub(super) lost: bool,
    /// Losing it again after this many commands, for ever.
    pub(super) loses_after: Option<usize>,
    steps_back: usize,
    pub(super) recoveries: usize,
    selected: Vec<u8>,
    environment: Option<(u8, u8)>,
    chain: Vec<u8>,
    pub(super) in_folder: bool,
    pub(super) pin_state: Vec<u8>,
    pub(super) tries_left: [u8; 2],
    /// Every command that carried a code, and every VERIFY without one.
    pub(super) secrets: Vec<Vec<u8>>,
    pub(super) commands: usize,
}

impl ScriptedCps4 {
    pub(super) fn new() -> Self {
        let mut card = ScriptedCard::new();
        card.with_unblocking_code();
        let [signature, authentication] = issued();
        card.set_private_keys(&[(1, 0x10), (2, 0x20)]);
        card.keys.insert(0x10, signature.key.clone());
        card.keys.insert(0x20, authentication.key.clone());
        Self {
            card,
            lost: false,
            loses_after: None,
            steps_back: 0,
            recoveries: 0,
            selected: Vec::new(),
            environment: None,
            chain: Vec::new(),
            in_folder: false,
            pin_state: Vec::new(),
            tries_left: [3, 3],
            secrets: Vec::new(),
            commands: 0,
        }
    }

    fn by_name(&mut self, channel: u8, name: &[u8]) -> Vec<u8> {
        let step = match (channel, name) {
            (1, [0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00]) => 1,
            (0, [0x80, 0x25, 0, 0, 1, 0xFF, 0, 2]) => 2,
            (1, [0x80, 0x25, 0, 0, 1, 0xFF, 1, 0]) => 3,
            _ => return vec![0x6A, 0x82],
        };
        self.in_folder = false;
        if step == 3 && !self.lost {
            return vec![0x90, 0x00];
        }
        self.steps_back = if step == self.steps_back + 1 { step } else { 0 };
        if self.steps_back == 3 {
            self.lost = false;
            self.recoveries += 1;
        }
        vec![if self.lost && step == 3 { 0x69 } else { 0x90 }, 0x00]
    }

    fn by_path(&mut self, path: &[u8], wants_answer: bool) -> Vec<u8> {
        if self.lost {
            return vec![0x69, 0x85];
        }
        self.in_folder = path == [0x00, 0x01];
        if self.in_folder {
            return vec![0x90, 0x00];
        }
        if !self.card.files.contains_key(path) {
            return vec![0x6A, 0x82];
        }
        assert!(
            wants_answer,
            "a file is selected with its control information"
        );
        self.selected = path.to_vec();
        vec![0x6F, 0x04, 0x80, 0x02, 0x01, 0x00, 0x90, 0x00]
    }

    fn read(&self, offset: [u8; 2], wanted: u8) -> Vec<u8> {
        let content = self.card.files.get(&self.selected).unwrap();
        let offset = usize::from(u16::from_be_bytes(offset));
        let wanted = if wanted == 0 {
            256
        } else {
            usize::from(wanted)
        };
        let rest = content.get(offset..).unwrap_or_default();
        [&rest[..wanted.min(rest.len())], &[0x90, 0x00]].concat()
    }

    fn key(&self, reference: u8) -> &PKey<Private> {
        &self.card.keys[&reference]
    }

    fn refusal(&self) -> Option<Vec<u8>> {
        if self.lost {
            Some(vec![0x69, 0x85])
        } else if !self.in_folder {
            Some(vec![0x6A, 0x88])
        } else if self.pin_state.is_empty() {
            Some(vec![0x69, 0x82])
        } else {
            None
        }
    }

    fn compute_signature(&mut self, hash: &[u8]) -> Vec<u8> {
        let Some((algorithm, reference)) = self.environment else {
            return vec![0x69, 0x85];
        };
        let key = self.key(reference & 0x7F);
        let mut context = PkeyCtx::new(key).unwrap();
        context.sign_init().unwrap();
        context.set_signature_md(Md::sha256()).unwrap();
        match algorithm {
            0x28 if reference == 0x90 => context.set_rsa_padding(Padding::PKCS1).unwrap(),
            0x2C => {
                context.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
                context
                    .set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)
                    .unwrap();
            }
            _ => return vec![0x6A, 0x80],
        }
        let mut signature = Vec::new();
        context.sign_to_vec(hash, &mut signature).unwrap();
        [signature, vec![0x90, 0x00]].concat()
    }

    fn raw(&mut self) -> Vec<u8> {
        let block = std::mem::take(&mut self.chain);
        let Some((0xB8, reference)) = self.environment else {
            return vec![0x69, 0x85];
        };
        let key = self.key(reference).rsa().unwrap();
        let mut signature = vec![0; 256];
        key.private_encrypt(&block, &mut signature, Padding::NONE)
            .unwrap();
        [signature, vec![0x90, 0x00]].concat()
    }

    fn tries(&self, reference: u8) -> Vec<u8> {
        match self.tries_left[usize::from(reference) - 1] {
            0 => vec![0x69, 0x83],
            left => vec![0x63, 0xC0 | left],
        }
    }

    fn answer(&mut self, command: &[u8]) -> Vec<u8> {
        match command {
            [channel, 0xA4, 0x04, 0x0C, _, name @ ..] => self.by_name(*channel, name),
            [0x01, 0xA4, 0x08, 0x00, length, rest @ ..] => {
                let (path, expected) = rest.split_at(usize::from(*length));
                self.by_path(path, expected == [0])
            }
            [0x01, 0xB0, high, low, wanted] => self.read([*high, *low], *wanted),
            [0x01, 0x20, 0x00, reference @ (1 | 2)] if !self.lost => self.tries(*reference),
            [0x01, 0x20, 0x00, 1, 8, data @ ..] => {
                if data == b"1234\xFF\xFF\xFF\xFF" {
                    self.pin_state = data.to_vec();
                    vec![0x90, 0x00]
                } else {
                    self.tries_left[0] -= 1;
                    self.tries(1)
                }
            }
            [0x01, 0x20, 0x00, 2, 8, data @ ..] if data == b"87654321" => vec![0x90, 0x00],
            [0x01, 0x24, 0x01, 0x01, 8, ..] | [0x01, 0x2C, 0x03, 0x81] => vec![0x90, 0x00],
            [0x01, 0x22 | 0x2A, ..] | [0x11, 0x2A, ..] => {
                if let Some(refusal) = self.refusal() {
                    return refusal;
                }
                self.operate(command)
            }
            _ => vec![0x69, 0x85],
        }
    }

    fn operate(&mut self, command: &[u8]) -> Vec<u8> {
        match command {
            [0x01, 0x22, 0x81, 0xB6, 4, 0x91, 2, algorithm, reference] => {
                self.environment = Some((*algorithm, *reference));
                vec![0x90, 0x00]
            }
            [0x01, 0x22, 0x41, 0xB8, 3, 0x83, 1, reference] => {
                self.environment = Some((0xB8, *reference));
                vec![0x90, 0x00]
            }
            [0x01, 0x2A, 0x9E, 0x9A, 0x20, hash @ .., 0x00] => self.compute_signature(hash),
            [0x11, 0x2A, 0x80, 0x86, 0xFF, data @ ..] => {
                self.chain = data.to_vec();
                vec![0x90, 0x00]
            }
            [0x01, 0x2A, 0x80, 0x86, 0x01, last, 0x00] => {
                self.chain.push(*last);
                self.raw()
            }
            _ => vec![0x6D, 0x00],
        }
    }
}

impl Transport for ScriptedCps4 {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        self.commands += 1;
        if matches!(command, [_, 0x20 | 0x24 | 0x2C, ..]) {
            self.secrets.push(command.to_vec());
        }
        if self.loses_after.is_some_and(|after| self.commands > after) {
            self.lost = true;
            self.in_folder = false;
        }
        let answer = self.answer(command);
        Ok(answer)
    }

    fn agreed_protocol(&self) -> Option<TransmissionProtocol> {
        Some(TransmissionProtocol::T1)
    }
}
