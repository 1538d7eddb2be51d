//! A card of few words for the driver's own tests: files by path, one PIN, two keys, and the
//! switches that the simulator does not have.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use openssl::asn1::Asn1Time;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::{Padding, Rsa};
use openssl::x509::extension::KeyUsage;
use openssl::x509::{X509, X509NameBuilder};

use crate::card::ef_dir::CPS_APPLICATION;
use crate::card::tlv::{Tag, write};
use crate::card::transport::{Transport, TransportError};

/// How the card says that a file ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum End {
    CorrectedLength,
    ShortAnswer,
    Warning,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Verify(u16),
    /// To CHANGE REFERENCE DATA and RESET RETRY COUNTER.
    Change(u16),
    NoCounters,
    FlipSignature,
    CutSignature,
}

pub(super) struct ScriptedCard {
    pub(super) files: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) keys: BTreeMap<u8, PKey<Private>>,
    selected: Option<Vec<u8>>,
    pending: Vec<u8>,
    pub(super) end: End,
    pub(super) fault: Option<Fault>,
    pub(super) tries_left: u8,
    pub(super) unblocking_tries_left: u8,
    pub(super) unblocking_uses_left: u8,
    pub(super) presentations: usize,
    pub(super) presented: Vec<u8>,
    /// Every command that carried a code.
    pub(super) secrets: Vec<Vec<u8>>,
    /// Control reference template and key of each MANAGE SECURITY ENVIRONMENT.
    pub(super) environments: Vec<(u8, u8)>,
}

pub(super) struct Issued {
    pub(super) key: PKey<Private>,
    pub(super) certificate: Vec<u8>,
}

/// Keys are made once a process.
pub(super) fn issued() -> &'static [Issued; 2] {
    static ISSUED: OnceLock<[Issued; 2]> = OnceLock::new();
    ISSUED.get_or_init(|| {
        let issue = |usage: &KeyUsage| {
            let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
            let mut name = X509NameBuilder::new().unwrap();
            // As long as the names and extensions of a real one.
            name.append_entry_by_text("CN", &"SIMULATEUR".repeat(6))
                .unwrap();
            let name = name.build();
            let mut builder = X509::builder().unwrap();
            builder.set_version(2).unwrap();
            builder.set_subject_name(&name).unwrap();
            builder.set_issuer_name(&name).unwrap();
            builder
                .set_not_before(&Asn1Time::days_from_now(0).unwrap())
                .unwrap();
            builder
                .set_not_after(&Asn1Time::days_from_now(1).unwrap())
                .unwrap();
            builder.set_pubkey(&key).unwrap();
            builder.append_extension(usage.build().unwrap()).unwrap();
            builder.sign(&key, MessageDigest::sha256()).unwrap();
            Issued {
                certificate: builder.build().to_der().unwrap(),
                key,
            }
        };
        [
            issue(KeyUsage::new().critical().non_repudiation()),
            issue(KeyUsage::new().critical().digital_signature()),
        ]
    })
}

pub(super) fn tlv(tag: u32, value: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, Tag::new(tag), &value.concat());
    out
}

fn path(file: &[u8]) -> Vec<u8> {
    tlv(0x30, &[&tlv(0x04, &[&[0x3F, 0x00], file])])
}

impl ScriptedCard {
    pub(super) const SIGNATURE_KEY: u8 = 0x81;
    pub(super) const AUTHENTICATION_KEY: u8 = 0x82;
    pub(super) const SIGNATURE_FILE: [u8; 4] = [0x00, 0x01, 0xA0, 0x01];
    const AUTHENTICATION_FILE: [u8; 4] = [0x00, 0x01, 0xA0, 0x02];

    pub(super) fn new() -> Self {
        let [signature, authentication] = issued();
        let mut card = Self {
            files: BTreeMap::new(),
            keys: BTreeMap::from([
                (Self::SIGNATURE_KEY, signature.key.clone()),
                (Self::AUTHENTICATION_KEY, authentication.key.clone()),
            ]),
            selected: None,
            pending: Vec::new(),
            end: End::CorrectedLength,
            fault: None,
            tries_left: 3,
            unblocking_tries_left: 10,
            unblocking_uses_left: 100,
            presentations: 0,
            presented: Vec::new(),
            secrets: Vec::new(),
            environments: Vec::new(),
        };
        card.set(
            &[0xD0, 0x03],
            vec![
                0x5A, 0x0A, 0x80, 0x25, 0, 0, 1, 0x99, 0x00, 0x00, 0x01, 0x1F,
            ],
        );
        let record = tlv(
            0x61,
            &[
                &tlv(0x4F, &[&CPS_APPLICATION]),
                &tlv(0x51, &[&[0x3F, 0, 0, 1]]),
            ],
        );
        card.set(&[0x2F, 0x00], record);
        let directories = [(0xA8, 0x01), (0xA0, 0x02), (0xA4, 0x05), (0xA7, 0x06)];
        card.set(
            &[0, 1, 0x50, 0x31],
            directories
                .map(|(tag, id)| tlv(tag, &[&path(&[0, 1, 0x70, id])]))
                .concat(),
        );
        card.set_pin(&[0x03, 0x03, 0x04, 0x0C, 0x10], 8, &[0x04, 0x01, 0xFF]);
        card.set_private_keys(&[(1, Self::SIGNATURE_KEY), (2, Self::AUTHENTICATION_KEY)]);
        card.set_certificates(&[(1, Self::SIGNATURE_FILE), (2, Self::AUTHENTICATION_FILE)]);
        card.set_situations(&[]);
        card.set(&Self::SIGNATURE_FILE, signature.certificate.clone());
        card.set(
            &Self::AUTHENTICATION_FILE,
            authentication.certificate.clone(),
        );
        card
    }

    /// The content of the file behind 3F00.
    pub(super) fn set(&mut self, file: &[u8], content: Vec<u8>) {
        self.files.insert(file.to_vec(), content);
    }

    pub(super) fn remove(&mut self, file: &[u8]) {
        self.files.remove(file).unwrap();
    }

    pub(super) fn set_certificates(&mut self, certificates: &[(u8, [u8; 4])]) {
        let entry = |(id, file): &(u8, [u8; 4])| {
            tlv(
                0x30,
                &[
                    &tlv(
                        0x30,
                        &[&tlv(0x0C, &[b"Certificat"]), &[0x03, 0x02, 0x08, 0x00]],
                    ),
                    &tlv(0x30, &[&tlv(0x04, &[&CPS_APPLICATION, &[*id]])]),
                    &tlv(0xA1, &[&tlv(0x30, &[&path(file)])]),
                ],
            )
        };
        self.set(
            &[0, 1, 0x70, 0x05],
            certificates.iter().flat_map(entry).collect(),
        );
    }

    pub(super) fn set_private_keys(&mut self, keys: &[(u8, u8)]) {
        let entry = |(id, reference): &(u8, u8)| {
            tlv(
                0x30,
                &[
                    &tlv(
                        0x30,
                        &[
                            &tlv(0x0C, &[b"Cle"]),
                            &[0x03, 0x02, 0x07, 0x80],
                            &[0x04, 0x01, 0x01],
                        ],
                    ),
                    // The usage says the same of every key: it must not be believed.
                    &tlv(
                        0x30,
                        &[
                            &tlv(0x04, &[&CPS_APPLICATION, &[*id]]),
                            &[0x03, 0x02, 0x05, 0x60],
                            &[0x02, 0x02, 0x00, *reference],
                        ],
                    ),
                    &tlv(
                        0xA1,
                        &[&tlv(
                            0x30,
                            &[&[0x30, 0x02, 0x04, 0x00], &[0x02, 0x02, 0x08, 0x00]],
                        )],
                    ),
                ],
            )
        };
        self.set(&[0, 1, 0x70, 0x02], keys.iter().flat_map(entry).collect());
    }

    pub(super) fn set_situations(&mut self, situations: &[(u8, Option<&[u8]>)]) {
        let mut directory = Vec::new();
        for (number, content) in situations {
            let file = [0, 1, 0xD1, 0x20 + number];
            let label = format!("CPS_ACTIVITY_{number:02}_PS");
            directory.extend(tlv(
                0x30,
                &[
                    &tlv(0x30, &[&tlv(0x0C, &[label.as_bytes()])]),
                    &tlv(0x30, &[]),
                    &tlv(0xA1, &[&path(&file)]),
                ],
            ));
            if let Some(content) = content {
                self.set(&file, content.to_vec());
            }
        }
        self.set(&[0, 1, 0x70, 0x06], directory);
    }

    fn set_pin(&mut self, flags: &[u8], stored: u8, padding: &[u8]) {
        let attributes = tlv(
            0x30,
            &[
                flags,
                &[
                    0x0A, 0x01, 0x01, 0x02, 0x01, 0x04, 0x02, 0x01, stored, 0x02, 0x01, 0x04, 0x80,
                    0x01, 0x01,
                ],
                padding,
            ],
        );
        let common = tlv(0x30, &[&tlv(0x0C, &[b"Code porteur"]), &[0x03, 0x01, 0x08]]);
        let entry = tlv(
            0x30,
            &[
                &common,
                &tlv(0x30, &[&[0x04, 0x01, 0x01]]),
                &tlv(0xA1, &[&attributes]),
            ],
        );
        self.set(&[0, 1, 0x70, 0x01], entry);
    }

    /// Adds the code that unblocks, in the form of a real card: eight digits, reference 2.
    pub(super) fn with_unblocking_code(&mut self) {
        let attributes = tlv(
            0x30,
            &[&[
                0x03, 0x03, 0x04, 0x1D, 0x10, 0x0A, 0x01, 0x02, 0x02, 0x01, 0x08, 0x02, 0x01, 0x08,
                0x02, 0x01, 0x08, 0x80, 0x01, 0x02,
            ]],
        );
        let entry = tlv(
            0x30,
            &[
                &tlv(0x30, &[&tlv(0x0C, &[b"Code de deblocage"])]),
                &tlv(0x30, &[&[0x04, 0x01, 0x04]]),
                &tlv(0xA1, &[&attributes]),
            ],
        );
        let directory = self.files.get_mut([0, 1, 0x70, 0x01].as_slice()).unwrap();
        directory.extend(entry);
    }

    pub(super) fn with_unpadded_pin(&mut self) {
        self.set_pin(&[0x03, 0x02, 0x03, 0x08], 4, &[]);
    }

    pub(super) fn without_authentication_objects(&mut self) {
        let entries = [(0xA0, 0x02), (0xA4, 0x05), (0xA7, 0x06)];
        self.set(
            &[0, 1, 0x50, 0x31],
            entries
                .map(|(tag, id)| tlv(tag, &[&path(&[0, 1, 0x70, id])]))
                .concat(),
        );
    }

    /// Identifier 1 becomes the authentication pair and 2 the signature pair.
    pub(super) fn swap_identifiers_and_labels(&mut self) {
        self.set_private_keys(&[(2, Self::SIGNATURE_KEY), (1, Self::AUTHENTICATION_KEY)]);
        self.set_certificates(&[(1, Self::AUTHENTICATION_FILE), (2, Self::SIGNATURE_FILE)]);
    }

    pub(super) fn swap_private_keys(&mut self) {
        let [signature, authentication] = issued();
        self.keys
            .insert(Self::SIGNATURE_KEY, authentication.key.clone());
        self.keys
            .insert(Self::AUTHENTICATION_KEY, signature.key.clone());
    }

    fn read(&self, offset: usize, wanted: usize) -> Vec<u8> {
        let Some(content) = self.selected.as_ref().and_then(|file| self.files.get(file)) else {
            return vec![0x69, 0x86];
        };
        let Some(rest) = content.get(offset..).filter(|rest| !rest.is_empty()) else {
            return vec![0x6B, 0x00];
        };
        let block = rest.get(..wanted.min(rest.len())).unwrap();
        let status: [u8; 2] = match self.end {
            End::CorrectedLength if block.len() < wanted => {
                return vec![0x6C, u8::try_from(block.len()).unwrap()];
            }
            End::Warning if block.len() < wanted => [0x62, 0x82],
            _ => [0x90, 0x00],
        };
        [block, &status].concat()
    }

    fn sign(&mut self, template: u8, block: &[u8]) -> Vec<u8> {
        let Some((set, reference)) = self.environments.last().copied() else {
            return vec![0x69, 0x85];
        };
        if set != template {
            return vec![0x69, 0x85];
        }
        let key = self.keys.get(&reference).unwrap().rsa().unwrap();
        let mut signature = vec![0; 256];
        key.private_encrypt(block, &mut signature, Padding::PKCS1)
            .unwrap();
        match self.fault {
            Some(Fault::FlipSignature) => signature[100] ^= 1,
            Some(Fault::CutSignature) => signature.truncate(255),
            _ => {}
        }
        self.pending = signature;
        vec![0x61, if self.pending.len() == 256 { 0 } else { 255 }]
    }

    fn verify(&mut self, data: &[u8]) -> Vec<u8> {
        self.presentations += 1;
        self.presented = data.to_vec();
        match self.fault {
            Some(Fault::Verify(status)) => status.to_be_bytes().to_vec(),
            _ => vec![0x90, 0x00],
        }
    }

    fn counters(&mut self, reference: u8) -> Vec<u8> {
        if matches!(self.fault, Some(Fault::NoCounters)) {
            return vec![0x6A, 0x88];
        }
        let control = if reference == 1 {
            tlv(0xA0, &[&[0x9A, 0x01, 0x03], &[0x9B, 0x01, self.tries_left]])
        } else {
            let tries = [0x9A, 0x01, 0x0A, 0x9B, 0x01, self.unblocking_tries_left];
            let uses = [0x9C, 0x01, 0x64, 0x9D, 0x01, self.unblocking_uses_left];
            tlv(0xA0, &[&tries, &uses])
        };
        let object = tlv(0x00BF_8100 | u32::from(reference), &[&control]);
        self.pending = tlv(0x70, &[&object]);
        vec![0x61, u8::try_from(self.pending.len()).unwrap()]
    }
}

impl Transport for ScriptedCard {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, TransportError> {
        if matches!(command, [_, 0x20 | 0x24 | 0x2C, ..]) {
            self.secrets.push(command.to_vec());
        }
        Ok(match command {
            [0x00, 0xA4, 0x09, 0x0C, _, 0x3F, 0x00, file @ ..] => {
                let folder = file == [0x00, 0x01];
                self.selected = Some(file.to_vec());
                if folder || self.files.contains_key(file) {
                    vec![0x90, 0x00]
                } else {
                    vec![0x6A, 0x82]
                }
            }
            [0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00] => vec![0x90, 0x00],
            [0x00, 0xB0, high, low, wanted] => {
                let wanted = if *wanted == 0 {
                    256
                } else {
                    usize::from(*wanted)
                };
                self.read(usize::from(u16::from_be_bytes([*high, *low])), wanted)
            }
            [0x00, 0xC0, 0x00, 0x00, _] => {
                [std::mem::take(&mut self.pending), vec![0x90, 0x00]].concat()
            }
            [
                0x00,
                0xCB,
                0x3F,
                0xFF,
                0x0A,
                ..,
                reference,
                0x02,
                0xA0,
                0x80,
            ] => self.counters(*reference),
            [0x00, 0x20, 0x00, 0x01 | 0x02, _, data @ ..] => self.verify(data),
            [0x00, 0x24 | 0x2C, ..] => match self.fault {
                Some(Fault::Change(status)) => status.to_be_bytes().to_vec(),
                _ => vec![0x90, 0x00],
            },
            [
                0x00,
                0x22,
                0x41,
                template,
                0x06,
                0x80,
                0x01,
                _,
                0x84,
                0x01,
                reference,
            ] => {
                self.environments.push((*template, *reference));
                vec![0x90, 0x00]
            }
            [0x00, 0x88, 0x00, 0x00, _, block @ ..] => self.sign(0xA4, block),
            [0x00, 0x2A, 0x9E, 0x9A, 0x20, hash @ ..] => {
                let block = [super::super::signature::DIGEST_INFO_SHA256.as_slice(), hash].concat();
                self.sign(0xB6, &block)
            }
            _ => vec![0x6D, 0x00],
        })
    }
}
