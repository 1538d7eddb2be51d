//! A PAdES signature on its way up the levels (EN 319 142-1 clause 6.3): the time stamp goes into the reserved contents, evidence
//! into a further update, the document time stamp into another.

use std::fmt;

use lopdf::Object;
use openssl::hash::Hasher;

use super::field::Place;
use super::increment::Increments;
use super::prepare::{LaidOut, TIME_STAMP_BYTES, digest_around};
use super::security_store::SecurityStore;
use super::signature_object::{Reserved, reserve};
use crate::algorithm::SignatureError;
use crate::cades::{imprint_of_signature, signature_time_stamp};
use crate::cms::SignedData;
use crate::signature::{
    Contents, ContentsError, DigestAlgorithm, Evidence, Level, Output, SignatureFile, SigningError,
};
use crate::time_stamp::TimeStampToken;

/// What a time stamp was asked for.
enum Asked {
    Signature {
        imprint: Vec<u8>,
    },
    Document {
        imprint: Vec<u8>,
        increments: Box<Increments>,
        reserved: Reserved,
    },
}

/// What follows a PDF whose signature has level B or above.
pub(super) struct PadesFile {
    signed_data: SignedData<'static>,
    level: Level,
    digest: DigestAlgorithm,
    /// Has taken the original file, by `digest`.
    original: Hasher,
    increments: Increments,
    reserved: Reserved,
    place: Place,
    store: SecurityStore,
    asked: Option<Asked>,
}

impl PadesFile {
    pub(super) fn new(
        signed_data: SignedData<'static>,
        digest: DigestAlgorithm,
        laid_out: LaidOut,
    ) -> Result<Self, SigningError> {
        let mut file = Self {
            signed_data,
            level: Level::B,
            digest,
            original: laid_out.original,
            increments: laid_out.increments,
            reserved: laid_out.reserved,
            place: laid_out.place,
            store: laid_out.store,
            asked: None,
        };
        file.write_signature()?;
        Ok(file)
    }

    fn write_signature(&mut self) -> Result<(), SigningError> {
        let contents = self.signed_data.encode();
        if contents.len() > self.reserved.capacity() {
            return Err(SigningError::NoRoom {
                what: "the time stamp: the signature was laid out for level B, or the stamp is too long",
            });
        }
        Ok(self
            .reserved
            .write(self.increments.appended_mut(), &contents)?)
    }

    /// A computation that has taken the original file: the one at hand, or of the file read once more.
    fn original(
        &self,
        digest: DigestAlgorithm,
        contents: &mut dyn Contents,
    ) -> Result<Hasher, SigningError> {
        if digest == self.digest {
            return Ok(self.original.clone());
        }
        let mut hasher = digest.hasher()?;
        let mut outcome = Ok(());
        let mut length = 0usize;
        contents.read(0, &mut |piece| {
            length = length.saturating_add(piece.len());
            if outcome.is_ok() {
                outcome = hasher.update(piece);
            }
        })?;
        outcome.map_err(|_| SignatureError::Unavailable)?;
        if length != self.increments.original_length() {
            return Err(ContentsError {
                index: 0,
                cause: "it has another length than before".into(),
            }
            .into());
        }
        Ok(hasher)
    }

    /// Lays a document time stamp out (clause 5.4.3) in a further update.
    fn lay_time_stamp_out(
        &self,
        digest: DigestAlgorithm,
        contents: &mut dyn Contents,
    ) -> Result<Asked, SigningError> {
        let original = self.original(digest, contents)?;
        let mut increments = self.increments.clone();
        let id = increments.new_id();
        self.place.clone().add(&mut increments, id, None)?;
        let beginning = [
            ("Type", Object::from("DocTimeStamp")),
            ("Filter", Object::from("Adobe.PPKLite")),
            ("SubFilter", Object::from("ETSI.RFC3161")),
        ];
        let reserved = reserve(&mut increments, id, &beginning, TIME_STAMP_BYTES)?;
        Ok(Asked::Document {
            imprint: digest_around(&original, &increments, &reserved)?,
            increments: Box::new(increments),
            reserved,
        })
    }
}

impl SignatureFile for PadesFile {
    fn level(&self) -> Level {
        self.level
    }

    fn imprint(
        &mut self,
        digest: DigestAlgorithm,
        contents: &mut dyn Contents,
    ) -> Result<Vec<u8>, SigningError> {
        let asked = match self.level {
            Level::B => Asked::Signature {
                imprint: imprint_of_signature(&self.signed_data, digest)?,
            },
            Level::LT => self.lay_time_stamp_out(digest, contents)?,
            level @ (Level::T | Level::LTA) => return Err(SigningError::OutOfOrder { level }),
        };
        let (Asked::Signature { imprint } | Asked::Document { imprint, .. }) = &asked;
        let imprint = imprint.clone();
        self.asked = Some(asked);
        Ok(imprint)
    }

    fn add_time_stamp(&mut self, token: &TimeStampToken) -> Result<(), SigningError> {
        let Some(asked) = self.asked.take() else {
            return Err(SigningError::OutOfOrder { level: self.level });
        };
        let (Asked::Signature { imprint } | Asked::Document { imprint, .. }) = &asked;
        if token.info().imprint() != imprint {
            self.asked = Some(asked);
            return Err(SigningError::TimeStampImprint);
        }
        match asked {
            Asked::Signature { .. } => {
                let attribute = signature_time_stamp(token);
                self.signed_data.signer_mut()?.add_unsigned(attribute);
                self.write_signature()?;
                self.level = Level::T;
            }
            Asked::Document {
                increments,
                reserved,
                ..
            } => {
                if token.der().len() > reserved.capacity() {
                    return Err(SigningError::NoRoom {
                        what: "so long a time stamp",
                    });
                }
                self.increments = *increments;
                reserved.write(self.increments.appended_mut(), token.der())?;
                self.level = Level::LTA;
            }
        }
        Ok(())
    }

    fn add_evidence(&mut self, evidence: &Evidence) -> Result<(), SigningError> {
        if self.level != Level::T {
            return Err(SigningError::OutOfOrder { level: self.level });
        }
        let id = self.store.add(&mut self.increments, evidence)?;
        self.increments.write(id)?;
        self.level = Level::LT;
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<Output, SigningError> {
        Ok(Output::Appended(self.increments.into_appended()))
    }
}

impl fmt::Debug for PadesFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PadesFile({})", self.level.name())
    }
}
