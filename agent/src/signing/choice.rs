//! How a document is to be signed, decided before anybody is asked for a PIN: format, packaging, level and algorithm that fit each
//! other, the token and this workstation. What does not fit is refused with what would.

use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::ErrorCode;
use paraphe_protocol::signature::{Level, Packaging, SignatureFormat};

use crate::problem::Failure;

/// The formats that this agent makes.
pub(crate) const OFFERED: [SignatureFormat; 5] = [
    SignatureFormat::Xades,
    SignatureFormat::Cades,
    SignatureFormat::Pades,
    SignatureFormat::Jades,
    SignatureFormat::AsicE,
];

/// A choice in which everything goes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SignatureChoice {
    pub(crate) format: SignatureFormat,
    pub(crate) packaging: Packaging,
    pub(crate) level: Level,
    pub(crate) algorithm: SignatureAlgorithm,
}

/// What a caller asked for; what is absent is decided here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AskedSignature {
    pub(crate) format: SignatureFormat,
    pub(crate) packaging: Option<Packaging>,
    pub(crate) level: Option<Level>,
}

impl AskedSignature {
    /// Decides, for an algorithm that the token does, on a workstation that can or cannot get time stamps.
    pub(crate) fn decide(
        self,
        algorithm: SignatureAlgorithm,
        has_time_stamps: bool,
    ) -> Result<SignatureChoice, Failure> {
        if !OFFERED.contains(&self.format) {
            let offered: Vec<_> = OFFERED.iter().map(|format| format.name()).collect();
            let offered = offered.join(", ");
            return Err(Failure::new(ErrorCode::RequestInvalid).with_detail(
                format!("Formats proposés : {offered}."),
                format!("Formats offered: {offered}."),
            ));
        }
        let packagings = self.format.packagings();
        let packaging = match self.packaging {
            None => packagings.first().copied(),
            Some(asked) => packagings.contains(&asked).then_some(asked),
        }
        .ok_or_else(|| {
            let possible: Vec<_> = packagings.iter().map(|one| one.name()).collect();
            let (format, possible) = (self.format.name(), possible.join(", "));
            Failure::new(ErrorCode::RequestInvalid).with_detail(
                format!("Présentations possibles pour {format} : {possible}."),
                format!("Packagings of {format}: {possible}."),
            )
        })?;
        let level = self.level.unwrap_or(Level::B);
        if level > Level::B && !has_time_stamps {
            return Err(ErrorCode::TimeStampNotConfigured.into());
        }
        Ok(SignatureChoice {
            format: self.format,
            packaging,
            level,
            algorithm,
        })
    }
}

impl SignatureChoice {
    /// Whether one signature is over several documents.
    pub(crate) fn takes_several(self) -> bool {
        matches!(
            (self.format, self.packaging),
            (
                SignatureFormat::Xades | SignatureFormat::Jades,
                Packaging::Detached
            ) | (SignatureFormat::AsicE, _)
        )
    }

    /// Whether the documents' bytes go through the signature, so that they are held in memory meanwhile. A container takes them as
    /// they are, when it is written.
    pub(crate) fn embeds(self) -> bool {
        self.packaging != Packaging::Detached && self.format != SignatureFormat::AsicE
    }

    /// Whether the file is the document with something behind it.
    pub(crate) fn appends(self) -> bool {
        self.format == SignatureFormat::Pades
    }

    /// Media type and usual extension of the file that is made of a document of `media_type` and `extension`.
    pub(crate) fn file_type(
        self,
        media_type: &'static str,
        extension: &'static str,
    ) -> (&'static str, &'static str) {
        match (self.format, self.packaging) {
            (_, Packaging::Enveloped) => (media_type, extension),
            (SignatureFormat::Xades, _) => ("application/xml", "xades.xml"),
            (SignatureFormat::Jades, _) => ("application/jose+json", "jades.json"),
            (SignatureFormat::AsicE, _) => ("application/vnd.etsi.asic-e+zip", "asice"),
            (SignatureFormat::Cades | SignatureFormat::Pades, _) => {
                ("application/pkcs7-signature", "p7s")
            }
            _ => ("application/octet-stream", "sig"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const ASKED: AskedSignature = AskedSignature {
        format: SignatureFormat::Cades,
        packaging: None,
        level: None,
    };
    const ALGORITHM: SignatureAlgorithm = SignatureAlgorithm::RsaPkcs1Sha256;

    #[test]
    fn what_is_not_said_is_the_usual() {
        for format in OFFERED {
            let choice = AskedSignature { format, ..ASKED }
                .decide(ALGORITHM, false)
                .unwrap();
            assert_eq!(Some(&choice.packaging), format.packagings().first());
            assert_eq!(choice.level, Level::B);
        }
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let refused = |asked: AskedSignature| asked.decide(ALGORITHM, false).unwrap_err().code();
        let enveloped = AskedSignature {
            packaging: Some(Packaging::Enveloped),
            ..ASKED
        };
        assert_eq!(refused(enveloped), ErrorCode::RequestInvalid);
        let beside = AskedSignature {
            format: SignatureFormat::AsicE,
            packaging: Some(Packaging::Detached),
            ..ASKED
        };
        assert_eq!(refused(beside), ErrorCode::RequestInvalid);
        for level in [Level::T, Level::LT, Level::LTA] {
            let stamped = AskedSignature {
                level: Some(level),
                ..ASKED
            };
            assert_eq!(refused(stamped), ErrorCode::TimeStampNotConfigured);
            assert_eq!(stamped.decide(ALGORITHM, true).unwrap().level, level);
        }
    }
}
