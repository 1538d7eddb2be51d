//! A token behind a module that accepted its PIN. The module's helper is held for as long as this lives, and logs the token
//! out at its end; a helper that does not is ended.

use std::sync::MutexGuard;
use std::time::Duration;

use paraphe_certs::Certificate;
use paraphe_protocol::algorithm::{SignatureAlgorithm, SignatureError};
use paraphe_protocol::card::{LastTry, PracticeSituation};
use paraphe_protocol::lot::legacy::PreparedLegacyLot;
use paraphe_protocol::tls::CertificateVerify;

use super::message::{Answer, Call, Refusal, StoredObject};
use super::supervision::Helper;
use super::{Bytes, Pkcs11Access, Pkcs11Error, Pkcs11Fault};
use crate::token::{
    AuthenticationSignature, DocumentSignature, ProvenSecret, Secret, TokenError, UnlockedToken,
};

/// Longest that a person takes at the reader's own keypad, beside the module's own time, seconds.
const KEYPAD_SECONDS: u64 = 60;

/// A token that accepted its PIN.
struct Unlocked<'a> {
    access: &'a Pkcs11Access,
    helper: MutexGuard<'a, Helper>,
    proven: Option<Secret>,
}

impl Pkcs11Access {
    /// Presents a PIN, once, and does `work` while the token is logged in.
    pub(crate) fn unlock<R>(
        &self,
        secret: Secret,
        last_try: LastTry,
        work: impl Fn(&mut dyn UnlockedToken) -> Result<R, TokenError>,
    ) -> Result<R, TokenError> {
        let mut helper = self.module.hold();
        let call = Call::Unlock {
            token: self.slot.token.clone(),
            last_try_confirmed: last_try == LastTry::Confirmed,
        };
        let mut limit = self.module.limit();
        if matches!(secret, Secret::OnKeypad) {
            limit += Duration::from_secs(KEYPAD_SECONDS);
        }
        self.ask_with_code(&mut helper, call, [secret.expose(), b""], limit)?;
        let mut unlocked = Unlocked {
            access: self,
            helper,
            proven: Some(secret),
        };
        work(&mut unlocked)
    }

    /// Gives the token a new PIN by the present one.
    pub(crate) fn set_pin(
        &self,
        present: &Secret,
        new: &Secret,
        last_try: LastTry,
    ) -> Result<(), TokenError> {
        let mut helper = self.module.hold();
        let call = Call::SetPin {
            token: self.slot.token.clone(),
            last_try_confirmed: last_try == LastTry::Confirmed,
        };
        let secrets = [present.expose(), new.expose()];
        let limit = self.module.limit();
        self.ask_with_code(&mut helper, call, secrets, limit)
    }

    /// A call that gives the module a code. Where it fails, nobody knows what became of the code.
    fn ask_with_code(
        &self,
        helper: &mut Helper,
        call: Call,
        secrets: [&[u8]; 2],
        limit: Duration,
    ) -> Result<(), TokenError> {
        self.module.ready(helper)?;
        match self.module.ask(helper, call, secrets, limit) {
            Ok(Answer::Done) => Ok(()),
            Ok(_) => Err(self.module.error(Pkcs11Fault::Nonsense).with_code().into()),
            Err(error) => Err(error.with_code().into()),
        }
    }

    fn nonsense(&self) -> TokenError {
        self.module.error(Pkcs11Fault::Nonsense).into()
    }
}

impl Unlocked<'_> {
    fn ask(&mut self, call: Call) -> Result<Answer, Pkcs11Error> {
        self.access.module.ask_running(&mut self.helper, call)
    }

    fn sign(
        &mut self,
        key: Option<&Bytes>,
        certificate: Option<&Certificate>,
        algorithm: SignatureAlgorithm,
        to_be_signed: &[u8],
    ) -> Result<Vec<u8>, TokenError> {
        let missing = || {
            let refusal = Refusal::KeyNotFound { found: 0 };
            self.access.module.error(Pkcs11Fault::Refused(refusal))
        };
        let key = key.ok_or_else(missing)?.clone();
        let certificate = certificate.ok_or_else(missing)?;
        let of_key = SignatureAlgorithm::for_documents(certificate.spki_der())
            .map_err(TokenError::Signature)?;
        if !of_key.contains(&algorithm) {
            return Err(TokenError::Signature(SignatureError::AnotherKey));
        }
        let call = Call::Sign {
            identifier: key,
            algorithm,
            to_be_signed: Bytes(to_be_signed.to_vec()),
        };
        let Answer::Signature(Bytes(signature)) = self.ask(call)? else {
            return Err(self.access.nonsense());
        };
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
        let access = self.access;
        let (key, certificate) = (&access.authentication_key, &access.authentication);
        self.sign(key.as_ref(), certificate.as_ref(), algorithm, to_be_signed)
            .map(AuthenticationSignature::checked)
    }

    fn sign_certificate_verify(
        &mut self,
        algorithm: SignatureAlgorithm,
        content: &CertificateVerify,
    ) -> Result<AuthenticationSignature, TokenError> {
        let access = self.access;
        let (key, certificate) = (&access.authentication_key, &access.authentication);
        let content = content.as_bytes();
        self.sign(key.as_ref(), certificate.as_ref(), algorithm, content)
            .map(AuthenticationSignature::checked)
    }

    fn sign_document(
        &mut self,
        algorithm: SignatureAlgorithm,
        to_be_signed: &[u8],
    ) -> Result<DocumentSignature, TokenError> {
        let access = self.access;
        let (key, certificate) = (&access.signature_key, &access.signature);
        self.sign(key.as_ref(), certificate.as_ref(), algorithm, to_be_signed)
            .map(DocumentSignature::checked)
    }

    fn sign_legacy_lot(
        &mut self,
        _lot: &PreparedLegacyLot,
    ) -> Result<DocumentSignature, TokenError> {
        // No mechanism with SHA-1 is asked of a module.
        Err(TokenError::Signature(SignatureError::AnotherKey))
    }

    fn practice_situations(&mut self) -> Result<Vec<PracticeSituation>, TokenError> {
        let Answer::PracticeSituations(objects) = self.ask(Call::PracticeSituations)? else {
            return Err(self.access.nonsense());
        };
        let mut situations: Vec<PracticeSituation> = Vec::new();
        for StoredObject { label, value } in objects {
            let Some(number) = PracticeSituation::number_in_label(&label) else {
                continue;
            };
            let known = situations
                .iter()
                .any(|situation| situation.number == number);
            if !known && !value.0.is_empty() {
                situations.push(PracticeSituation::parse(number, &value.0)?);
            }
        }
        situations.sort_by_key(|situation| situation.number);
        Ok(situations)
    }

    fn take_proven_secret(&mut self) -> Option<ProvenSecret> {
        self.proven.take().map(ProvenSecret::Entered)
    }
}

impl Drop for Unlocked<'_> {
    fn drop(&mut self) {
        let locked = self.ask(Call::Lock);
        if !matches!(locked, Ok(Answer::Done)) {
            self.access.module.end(&mut self.helper);
        }
    }
}
