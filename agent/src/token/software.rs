//! A software token: one private key in a file, opened by a passphrase, with its certificate. For structures (ORG_AUTH_CLI,
//! ORG_SIGN), for persons who have a software certificate, and, where the configuration says so, for a patient. The file is PKCS#12 (RFC 7292) or PEM with an encrypted PKCS#8
//! key (RFC 5958); the certificate stands in the PEM, or in a file of its own, because PKCS#12 hides it.
//!
//! Nothing counts the tries of a passphrase, and whoever has the file can go on trying: such a token proves less than a card
//! and is marked so. Refused: a file that others can read, a key without passphrase, a key that is not the certificate's.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Padding;
use openssl::sign::{RsaPssSaltlen, Signer};
use paraphe_certs::{CardLogin, CardSignature, Certificate, CertificateUse, PatientSignature};
use paraphe_protocol::algorithm::{SignatureAlgorithm, SignatureError, SignatureScheme};
use paraphe_protocol::api::{Assurance, CardSummary};
use paraphe_protocol::card::PracticeSituation;
use paraphe_protocol::lot::legacy::PreparedLegacyLot;
use paraphe_protocol::signature::DigestAlgorithm;
use paraphe_protocol::tls::CertificateVerify;
use zeroize::Zeroizing;

use super::{
    Access, AuthenticationSignature, DocumentSignature, ProvenSecret, Secret, Token, TokenError,
    UnlockedToken,
};
use crate::config::SoftwareToken;

/// Longest file, bytes.
const MAXIMUM_FILE: u64 = 64 << 10;
/// Permissions of group and others.
const OTHERS: u32 = 0o077;

/// A software token, and what is the matter with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {fault}")]
pub(crate) struct SoftwareError {
    /// The token's name in the configuration.
    pub(crate) name: String,
    pub(crate) fault: SoftwareFault,
}

/// What is the matter with a software token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SoftwareFault {
    /// A file cannot be read.
    #[error("a file cannot be read: {0:?}")]
    Unreadable(ErrorKind),
    /// Longer than any key or certificate.
    #[error("a file is too long")]
    TooLong,
    /// Others can read the key's file, or it belongs to another user.
    #[error("the key's file can be read by others or belongs to another user")]
    NotPrivate,
    /// There is no readable certificate.
    #[error("there is no readable certificate")]
    NoCertificate,
    /// The key is not protected by a passphrase.
    #[error("the key has no passphrase")]
    NoPassphrase,
    /// Neither PKCS#12 nor an encrypted key in PEM, or encrypted in a way that is not supported any more.
    #[error("the file is neither PKCS#12 nor PEM with an encrypted key that can be opened here")]
    NotAKey,
    /// The passphrase is wrong.
    #[error("the passphrase is wrong")]
    PassphraseWrong,
    /// The key is not the certificate's.
    #[error("the key is not the certificate's")]
    AnotherKey,
    /// The certificate's use is not this one.
    #[error("the certificate is not for this use")]
    AnotherUse,
}

/// How a software token is reached.
#[derive(Debug, Clone)]
pub(crate) struct SoftwareAccess {
    configured: SoftwareToken,
    certificate: Certificate,
}

/// A key in memory, for the length of one piece of work.
struct Unlocked<'a> {
    access: &'a SoftwareAccess,
    key: PKey<Private>,
    proven: Option<Secret>,
}

/// What is told of a configured token without opening it.
pub(crate) fn summary(configured: &SoftwareToken) -> Result<CardSummary, SoftwareError> {
    read(configured).map(|token| token.summary)
}

/// Reads a token's certificate, which takes no passphrase.
pub(crate) fn read(configured: &SoftwareToken) -> Result<Token, SoftwareError> {
    let certificate = certificate(configured).map_err(|fault| error(configured, fault))?;
    let is = |allows: bool| allows.then(|| certificate.clone());
    let serial = certificate.serial_number_decimal();
    Ok(Token {
        place: configured.name.as_str().to_owned(),
        summary: CardSummary {
            kind: "software".to_owned(),
            atr: None,
            serial: Some(serial.clone()),
            label: Some(configured.name.as_str().to_owned()),
        },
        serial,
        assurance: Assurance::Software,
        // A patient's token opens no session.
        authentication: is(!configured.is_patients && CardLogin::allows(&certificate)),
        signature: is(allows_signature(configured, &certificate)),
        technical: None,
        offered_algorithms: SignatureAlgorithm::DOCUMENTS.to_vec(),
        access: Access::Software(Box::new(SoftwareAccess {
            configured: configured.clone(),
            certificate: certificate.clone(),
        })),
    })
}

/// A patient's certificate where the token is configured as a patient's, and no other; a professional's or a structure's otherwise.
fn allows_signature(configured: &SoftwareToken, certificate: &Certificate) -> bool {
    if configured.is_patients {
        PatientSignature::allows(certificate)
    } else {
        CardSignature::allows(certificate)
    }
}

impl SoftwareAccess {
    /// Whether the configuration says that it is a patient's.
    pub(crate) fn is_patients(&self) -> bool {
        self.configured.is_patients
    }

    /// Opens the key and does `work` with it.
    pub(crate) fn unlock<R>(
        &self,
        secret: Secret,
        work: impl Fn(&mut dyn UnlockedToken) -> Result<R, TokenError>,
    ) -> Result<R, TokenError> {
        let key = self
            .open(&secret)
            .map_err(|fault| error(&self.configured, fault))?;
        work(&mut Unlocked {
            access: self,
            key,
            proven: Some(secret),
        })
    }

    fn open(&self, secret: &Secret) -> Result<PKey<Private>, SoftwareFault> {
        let content = read_private(&self.configured.path)?;
        let key = opened(&content, secret.expose())?;
        let public = key
            .public_key_to_der()
            .map_err(|_| SoftwareFault::NotAKey)?;
        if public == self.certificate.spki_der() {
            Ok(key)
        } else {
            Err(SoftwareFault::AnotherKey)
        }
    }
}

impl Unlocked<'_> {
    fn sign(
        &self,
        allows: impl Fn(&Certificate) -> bool,
        algorithm: SignatureAlgorithm,
        to_be_signed: &[u8],
    ) -> Result<Vec<u8>, TokenError> {
        let failed = |fault| TokenError::from(error(&self.access.configured, fault));
        let certificate = &self.access.certificate;
        if !allows(certificate) {
            return Err(failed(SoftwareFault::AnotherUse));
        }
        let offered = SignatureAlgorithm::for_documents(certificate.spki_der())
            .map_err(TokenError::Signature)?;
        if !offered.contains(&algorithm) {
            return Err(TokenError::Signature(SignatureError::AnotherKey));
        }
        let signature = signed(&self.key, algorithm, to_be_signed)
            .map_err(|_| failed(SoftwareFault::NotAKey))
            .and_then(|value| {
                // OpenSSL writes ECDSA as X.509 does.
                let value = algorithm.from_cms_value(&value);
                value.map_err(TokenError::Signature)
            })?;
        algorithm
            .verify(certificate.spki_der(), to_be_signed, &signature)
            .map_err(TokenError::Signature)?;
        Ok(signature)
    }
}

impl UnlockedToken for Unlocked<'_> {
    fn sign_authentication(
        &mut self,
        algorithm: SignatureAlgorithm,
        to_be_signed: &[u8],
    ) -> Result<AuthenticationSignature, TokenError> {
        self.sign(CardLogin::allows, algorithm, to_be_signed)
            .map(AuthenticationSignature::checked)
    }

    fn sign_certificate_verify(
        &mut self,
        algorithm: SignatureAlgorithm,
        content: &CertificateVerify,
    ) -> Result<AuthenticationSignature, TokenError> {
        self.sign(CardLogin::allows, algorithm, content.as_bytes())
            .map(AuthenticationSignature::checked)
    }

    fn sign_document(
        &mut self,
        algorithm: SignatureAlgorithm,
        to_be_signed: &[u8],
    ) -> Result<DocumentSignature, TokenError> {
        let allows =
            |certificate: &Certificate| allows_signature(&self.access.configured, certificate);
        self.sign(allows, algorithm, to_be_signed)
            .map(DocumentSignature::checked)
    }

    fn sign_legacy_lot(
        &mut self,
        lot: &PreparedLegacyLot,
    ) -> Result<DocumentSignature, TokenError> {
        let failed = |fault| TokenError::from(error(&self.access.configured, fault));
        if !CardSignature::allows(&self.access.certificate) {
            return Err(failed(SoftwareFault::AnotherUse));
        }
        if self.key.id() != Id::RSA {
            return Err(TokenError::Signature(SignatureError::AnotherKey));
        }
        // The lot checks the value with the certificate before it is written.
        Signer::new(MessageDigest::sha1(), &self.key)
            .and_then(|mut signer| signer.sign_oneshot_to_vec(lot.to_be_signed()))
            .map(DocumentSignature::checked)
            .map_err(|_| failed(SoftwareFault::NotAKey))
    }

    fn practice_situations(&mut self) -> Result<Vec<PracticeSituation>, TokenError> {
        Ok(Vec::new())
    }

    fn take_proven_secret(&mut self) -> Option<ProvenSecret> {
        self.proven.take().map(ProvenSecret::Entered)
    }
}

/// A signature as OpenSSL writes it.
fn signed(
    key: &PKey<Private>,
    algorithm: SignatureAlgorithm,
    to_be_signed: &[u8],
) -> Result<Vec<u8>, ErrorStack> {
    let digest = match algorithm.digest() {
        DigestAlgorithm::Sha256 => MessageDigest::sha256(),
        DigestAlgorithm::Sha384 => MessageDigest::sha384(),
        DigestAlgorithm::Sha512 => MessageDigest::sha512(),
    };
    let mut signer = Signer::new(digest, key)?;
    if algorithm.scheme() == SignatureScheme::RsaPss {
        signer.set_rsa_padding(Padding::PKCS1_PSS)?;
        signer.set_rsa_mgf1_md(digest)?;
        signer.set_rsa_pss_saltlen(RsaPssSaltlen::DIGEST_LENGTH)?;
    }
    signer.sign_oneshot_to_vec(to_be_signed)
}

/// The certificate, from its own file or from the PEM beside the key.
fn certificate(configured: &SoftwareToken) -> Result<Certificate, SoftwareFault> {
    let content = match &configured.certificate {
        Some(path) => read_bounded(&opened_file(path)?)?,
        None => read_private(&configured.path)?,
    };
    let found = if is_pem(&content) {
        openssl::x509::X509::from_pem(&content)
            .and_then(|certificate| certificate.to_der())
            .map_err(|_| SoftwareFault::NoCertificate)?
    } else {
        content.to_vec()
    };
    Certificate::from_der(&found).map_err(|_| SoftwareFault::NoCertificate)
}

fn opened(content: &[u8], passphrase: &[u8]) -> Result<PKey<Private>, SoftwareFault> {
    if is_pem(content) {
        // An empty passphrase opens what has none.
        if PKey::private_key_from_pem_passphrase(content, b"").is_ok() {
            return Err(SoftwareFault::NoPassphrase);
        }
        let text = String::from_utf8_lossy(content);
        if !text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
            return Err(SoftwareFault::NotAKey);
        }
        return PKey::private_key_from_pem_passphrase(content, passphrase)
            .map_err(|_| SoftwareFault::PassphraseWrong);
    }
    let container = Pkcs12::from_der(content).map_err(|_| SoftwareFault::NotAKey)?;
    if container.parse2("").is_ok() {
        return Err(SoftwareFault::NoPassphrase);
    }
    let passphrase = std::str::from_utf8(passphrase).map_err(|_| SoftwareFault::PassphraseWrong)?;
    let parsed = container.parse2(passphrase).map_err(|errors| {
        // The integrity check fails for a wrong passphrase; anything else is an algorithm that OpenSSL gave up.
        let wrong = errors.errors().iter().any(|error| {
            error
                .reason()
                .is_some_and(|reason| reason.contains("mac verify"))
        });
        if wrong {
            SoftwareFault::PassphraseWrong
        } else {
            SoftwareFault::NotAKey
        }
    })?;
    parsed.pkey.ok_or(SoftwareFault::NotAKey)
}

fn is_pem(content: &[u8]) -> bool {
    content.windows(11).any(|window| window == b"-----BEGIN ")
}

fn opened_file(path: &Path) -> Result<File, SoftwareFault> {
    File::open(path).map_err(|error| SoftwareFault::Unreadable(error.kind()))
}

/// A file that only its owner, this user or root, can read.
fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, SoftwareFault> {
    let file = opened_file(path)?;
    let metadata = file
        .metadata()
        .map_err(|error| SoftwareFault::Unreadable(error.kind()))?;
    let user = rustix::process::geteuid().as_raw();
    if metadata.mode() & OTHERS != 0 || ![0, user].contains(&metadata.uid()) || !metadata.is_file()
    {
        return Err(SoftwareFault::NotPrivate);
    }
    read_bounded(&file)
}

fn read_bounded(file: &File) -> Result<Zeroizing<Vec<u8>>, SoftwareFault> {
    // Room from the start: no growing leaves an unwiped copy behind.
    let room = usize::try_from(MAXIMUM_FILE + 1).unwrap_or_default();
    let mut content = Zeroizing::new(Vec::with_capacity(room));
    let mut bounded = file.take(MAXIMUM_FILE + 1);
    bounded
        .read_to_end(&mut content)
        .map_err(|error| SoftwareFault::Unreadable(error.kind()))?;
    if content.len() >= room {
        return Err(SoftwareFault::TooLong);
    }
    Ok(content)
}

fn error(configured: &SoftwareToken, fault: SoftwareFault) -> SoftwareError {
    SoftwareError {
        name: configured.name.as_str().to_owned(),
        fault,
    }
}
