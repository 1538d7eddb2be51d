//! A loaded module, inside its helper process: the PKCS#11 calls (OASIS PKCS#11 v2.40 and v3.0, through `cryptoki`), one
//! token unlocked at a time. The token's identity is met again in every call; the tries left are looked at before a PIN is
//! presented; a PIN is presented once. Objects are counted and bounded; what they hold is judged by the agent.

use std::path::Path;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::object::{Attribute, AttributeType, CertificateType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;
use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::card::PracticeSituation;
use zeroize::Zeroizing;

use super::mechanism::{algorithms, ways};
use super::message::{
    Answer, Bytes, Call, Identity, Refusal, SlotState, StoredCertificate, StoredObject, Tries,
};
use crate::trusted_file::{FileUse, trusted_file};

/// Most slots that are told.
const MAXIMUM_SLOTS: usize = 32;
/// Most certificates of a token; their length is bounded by the frame that carries them.
const MAXIMUM_CERTIFICATES: usize = 24;
/// Longest certificate, bytes; longer ones are passed over.
const MAXIMUM_CERTIFICATE: usize = 16 << 10;
/// Most data objects with practice situations, and the longest, bytes.
const MAXIMUM_SITUATIONS: usize = 16;
const MAXIMUM_SITUATION: usize = 4 << 10;
/// A module that was loaded and initialised.
pub(super) struct LoadedModule {
    pkcs11: Pkcs11,
    unlocked: Option<Unlocked>,
}

/// A session that is logged in.
struct Unlocked {
    session: Session,
    token: Identity,
    /// Kept for keys that want it at each signature; `None` with a keypad.
    pin: Option<AuthPin>,
}

impl LoadedModule {
    /// Loads the module in `file`, if the file may be loaded.
    pub(super) fn load(file: &Path) -> Result<(Self, Answer), Refusal> {
        let file = trusted_file(file, FileUse::Load).map_err(|error| Refusal::File(error.fault))?;
        let not_loadable = |error: Error| Refusal::NotLoadable {
            detail: shortened(&error.to_string()),
        };
        let pkcs11 = Pkcs11::new(file).map_err(not_loadable)?;
        match pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(not_loadable(error)),
        }
        let info = pkcs11.get_library_info().map_err(not_loadable)?;
        let answer = Answer::Loaded {
            description: shortened(info.library_description()),
            version: info.library_version().to_string(),
        };
        let module = Self {
            pkcs11,
            unlocked: None,
        };
        Ok((module, answer))
    }

    /// Performs any call but the first.
    pub(super) fn perform(
        &mut self,
        call: Call,
        secrets: [Zeroizing<Vec<u8>>; 2],
    ) -> Result<Answer, Refusal> {
        let [first, second] = secrets;
        match call {
            Call::Load { .. } => Err(Refusal::NotACall),
            Call::Slots => self.slots().map(Answer::Slots),
            Call::Certificates { token } => self.certificates(&token),
            Call::Unlock {
                token,
                last_try_confirmed,
            } => self.unlock(token, last_try_confirmed, first),
            Call::Sign {
                identifier,
                algorithm,
                to_be_signed,
            } => self.sign(&identifier, algorithm, &to_be_signed.0),
            Call::PracticeSituations => self.practice_situations(),
            Call::Lock => {
                self.lock();
                Ok(Answer::Done)
            }
            Call::SetPin {
                token,
                last_try_confirmed,
            } => self.set_pin(&token, last_try_confirmed, first, second),
        }
    }

    fn slots(&self) -> Result<Vec<SlotState>, Refusal> {
        let mut states = Vec::new();
        for slot in self.pkcs11.get_slots_with_token().map_err(refused)? {
            if states.len() == MAXIMUM_SLOTS {
                break;
            }
            // A token that goes away or cannot be told in between is none.
            let (Ok(about_slot), Ok(about_token)) = (
                self.pkcs11.get_slot_info(slot),
                self.pkcs11.get_token_info(slot),
            ) else {
                continue;
            };
            if !about_token.token_initialized() {
                continue;
            }
            states.push(SlotState {
                description: shortened(about_slot.slot_description()),
                tries: tries(&about_token),
                keypad: about_token.protected_authentication_path(),
                pin_bytes: [about_token.min_pin_length(), about_token.max_pin_length()],
                token: identity(slot, &about_token),
            });
        }
        Ok(states)
    }

    /// The slot, if that very token is in it.
    fn meet(&self, token: &Identity) -> Result<(Slot, TokenInfo), Refusal> {
        let slot = Slot::try_from(token.slot).map_err(|_| Refusal::TokenRemoved)?;
        let found = self.pkcs11.get_token_info(slot).map_err(refused)?;
        if identity(slot, &found) == *token {
            Ok((slot, found))
        } else {
            Err(Refusal::TokenChanged)
        }
    }

    fn certificates(&self, token: &Identity) -> Result<Answer, Refusal> {
        let (slot, _) = self.meet(token)?;
        let session = self.pkcs11.open_ro_session(slot).map_err(refused)?;
        let template = [
            Attribute::Class(ObjectClass::CERTIFICATE),
            Attribute::CertificateType(CertificateType::X_509),
        ];
        let mut certificates = Vec::new();
        for object in first_objects(&session, &template, MAXIMUM_CERTIFICATES)? {
            let wanted = [AttributeType::Id, AttributeType::Value];
            let (mut identifier, mut der) = (None, None);
            for attribute in session.get_attributes(object, &wanted).map_err(refused)? {
                match attribute {
                    Attribute::Id(value) => identifier = Some(value),
                    Attribute::Value(value) => der = Some(value),
                    _ => {}
                }
            }
            if let (Some(identifier), Some(der)) = (identifier, der)
                && identifier.len() <= MAXIMUM_CERTIFICATE
                && der.len() <= MAXIMUM_CERTIFICATE
            {
                certificates.push(StoredCertificate {
                    identifier: Bytes(identifier),
                    der: Bytes(der),
                });
            }
        }
        let offered = self.pkcs11.get_mechanism_list(slot).map_err(refused)?;
        Ok(Answer::Certificates {
            certificates,
            algorithms: algorithms(&offered),
        })
    }

    fn unlock(
        &mut self,
        token: Identity,
        last_try_confirmed: bool,
        secret: Zeroizing<Vec<u8>>,
    ) -> Result<Answer, Refusal> {
        self.lock();
        let (slot, found) = self.meet(&token)?;
        check_tries(&found, last_try_confirmed)?;
        let pin = if secret.is_empty() {
            if !found.protected_authentication_path() {
                return Err(Refusal::PinForm);
            }
            None
        } else {
            Some(auth_pin(secret)?)
        };
        let session = self.pkcs11.open_ro_session(slot).map_err(refused)?;
        let logged_in = match session.login(UserType::User, pin.as_ref()) {
            // Left so by an earlier life of this helper: the PIN was not looked at.
            Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => session
                .logout()
                .and_then(|()| session.login(UserType::User, pin.as_ref())),
            other => other,
        };
        logged_in.map_err(|error| self.after_login(slot, error))?;
        self.unlocked = Some(Unlocked {
            session,
            token,
            pin,
        });
        Ok(Answer::Done)
    }

    /// What a failed login means, with what the token's flags say of the tries now.
    fn after_login(&self, slot: Slot, error: Error) -> Refusal {
        match error {
            Error::Pkcs11(RvError::PinIncorrect, _) => match self.pkcs11.get_token_info(slot) {
                Ok(found) if found.user_pin_locked() => Refusal::PinBlocked,
                Ok(found) => Refusal::PinWrong {
                    tries: tries(&found),
                },
                // Nothing is known: the next one may be the last.
                Err(_) => Refusal::PinWrong { tries: Tries::Last },
            },
            Error::Pkcs11(RvError::PinLocked, _) => Refusal::PinBlocked,
            Error::Pkcs11(RvError::PinInvalid | RvError::PinLenRange, _) => Refusal::PinForm,
            Error::Pkcs11(RvError::FunctionCanceled, _) => Refusal::EntryCancelled,
            error => refused(error),
        }
    }

    fn sign(
        &self,
        identifier: &Bytes,
        algorithm: SignatureAlgorithm,
        to_be_signed: &[u8],
    ) -> Result<Answer, Refusal> {
        let Unlocked {
            session,
            token,
            pin,
        } = self.unlocked.as_ref().ok_or(Refusal::Locked)?;
        let (slot, _) = self.meet(token)?;
        let key = private_key(session, identifier)?;
        let wants_pin = session
            .get_attributes(key, &[AttributeType::AlwaysAuthenticate])
            .map_err(refused)?
            .contains(&Attribute::AlwaysAuthenticate(true));
        let offered = self.pkcs11.get_mechanism_list(slot).map_err(refused)?;
        let ways: Vec<_> = ways(algorithm)
            .into_iter()
            .filter(|way| way.is_tried(&offered))
            .collect();
        if wants_pin {
            // The login belongs between C_SignInit and C_Sign, for which only the calls in parts leave room.
            let way = ways
                .iter()
                .find(|way| way.hashes)
                .ok_or(Refusal::KeyWantsPinEachTime)?;
            session
                .sign_init(&way.mechanism, key)
                .and_then(|()| session.login(UserType::ContextSpecific, pin.as_ref()))
                .map_err(|error| self.after_login(slot, error))?;
            return session
                .sign_update(to_be_signed)
                .and_then(|()| session.sign_final())
                .map(|signature| Answer::Signature(Bytes(signature)))
                .map_err(refused);
        }
        let mut refusal = Refusal::AlgorithmNotOffered { algorithm };
        for way in ways {
            let input = way
                .input(algorithm, to_be_signed)
                .map_err(|_| Refusal::AlgorithmNotOffered { algorithm })?;
            match session.sign(&way.mechanism, key, &input) {
                Ok(signature) => return Ok(Answer::Signature(Bytes(signature))),
                // A slot's list is not a key's: some keys of a CPS do the one, some the other.
                Err(error) if is_not_this_way(&error) => refusal = refused(error),
                Err(error) => return Err(refused(error)),
            }
        }
        Err(refusal)
    }

    fn practice_situations(&self) -> Result<Answer, Refusal> {
        let Unlocked { session, token, .. } = self.unlocked.as_ref().ok_or(Refusal::Locked)?;
        self.meet(token)?;
        let mut objects = Vec::new();
        let template = [Attribute::Class(ObjectClass::DATA)];
        // A CPS has other data objects as well.
        for object in first_objects(session, &template, 8 * MAXIMUM_SITUATIONS)? {
            let wanted = [AttributeType::Label, AttributeType::Value];
            let (mut label, mut value) = (None, None);
            for attribute in session.get_attributes(object, &wanted).map_err(refused)? {
                match attribute {
                    Attribute::Label(bytes) => label = String::from_utf8(bytes).ok(),
                    Attribute::Value(bytes) => value = Some(bytes),
                    _ => {}
                }
            }
            if let (Some(label), Some(value)) = (label, value)
                && PracticeSituation::number_in_label(&label).is_some()
                && value.len() <= MAXIMUM_SITUATION
                && objects.len() < MAXIMUM_SITUATIONS
            {
                objects.push(StoredObject {
                    label,
                    value: Bytes(value),
                });
            }
        }
        Ok(Answer::PracticeSituations(objects))
    }

    fn set_pin(
        &mut self,
        token: &Identity,
        last_try_confirmed: bool,
        present: Zeroizing<Vec<u8>>,
        new: Zeroizing<Vec<u8>>,
    ) -> Result<Answer, Refusal> {
        self.lock();
        let (slot, found) = self.meet(token)?;
        check_tries(&found, last_try_confirmed)?;
        if present.is_empty() || new.is_empty() {
            return Err(Refusal::PinForm);
        }
        let (present, new) = (auth_pin(present)?, auth_pin(new)?);
        let session = self.pkcs11.open_rw_session(slot).map_err(refused)?;
        session
            .set_pin(&present, &new)
            .map_err(|error| self.after_login(slot, error))?;
        Ok(Answer::Done)
    }

    /// Logs out and closes the session. Whether the token is still there does not matter.
    fn lock(&mut self) {
        if let Some(unlocked) = self.unlocked.take() {
            let _gone = unlocked.session.logout();
        }
    }
}

fn private_key(session: &Session, identifier: &Bytes) -> Result<ObjectHandle, Refusal> {
    let template = [
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::Id(identifier.0.clone()),
    ];
    match first_objects(session, &template, 2)?.as_slice() {
        [key] => Ok(*key),
        // Two keys with one identifier: nothing says which is meant.
        keys => Err(Refusal::KeyNotFound {
            found: u32::try_from(keys.len()).unwrap_or(u32::MAX),
        }),
    }
}

fn first_objects(
    session: &Session,
    template: &[Attribute],
    most: usize,
) -> Result<Vec<ObjectHandle>, Refusal> {
    session
        .iter_objects(template)
        .map_err(refused)?
        .take(most)
        .collect::<Result<_, _>>()
        .map_err(refused)
}

fn identity(slot: Slot, token: &TokenInfo) -> Identity {
    Identity {
        slot: slot.id(),
        label: shortened(token.label()),
        manufacturer: shortened(token.manufacturer_id()),
        model: shortened(token.model()),
        serial: shortened(token.serial_number()),
    }
}

fn tries(token: &TokenInfo) -> Tries {
    if token.user_pin_locked() {
        Tries::Blocked
    } else if token.user_pin_final_try() {
        Tries::Last
    } else if token.user_pin_count_low() {
        Tries::Few
    } else {
        Tries::Several
    }
}

fn check_tries(token: &TokenInfo, last_try_confirmed: bool) -> Result<(), Refusal> {
    match tries(token) {
        Tries::Blocked => Err(Refusal::PinBlocked),
        Tries::Last if !last_try_confirmed => Err(Refusal::LastTryNotConfirmed),
        _ => Ok(()),
    }
}

/// The same bytes in the type that `cryptoki` takes, which wipes them too.
fn auth_pin(mut secret: Zeroizing<Vec<u8>>) -> Result<AuthPin, Refusal> {
    // Exactly as long as its memory, so that nothing is copied.
    let bytes = std::mem::take(&mut *secret);
    match String::from_utf8(bytes) {
        Ok(text) => Ok(AuthPin::new(text.into_boxed_str())),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            Err(Refusal::PinForm)
        }
    }
}

/// Whether the token says that the key does not sign by this mechanism, so that another one may be tried.
fn is_not_this_way(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::MechanismInvalid
                | RvError::MechanismParamInvalid
                | RvError::KeyTypeInconsistent
                | RvError::KeyFunctionNotPermitted
                | RvError::FunctionNotSupported
                | RvError::DataLenRange
                | RvError::DataInvalid,
            _
        )
    )
}

fn refused(error: Error) -> Refusal {
    match error {
        Error::Pkcs11(
            RvError::TokenNotPresent
            | RvError::DeviceRemoved
            | RvError::SlotIdInvalid
            | RvError::SessionHandleInvalid
            | RvError::SessionClosed,
            _,
        ) => Refusal::TokenRemoved,
        Error::Pkcs11(RvError::PinLocked, _) => Refusal::PinBlocked,
        Error::Pkcs11(code, function) => Refusal::Refused {
            function: format!("C_{function:?}"),
            code: shortened(&format!("{code:?}")),
        },
        error => Refusal::Refused {
            function: "PKCS#11".to_owned(),
            code: shortened(&error.to_string()),
        },
    }
}

/// A module's own words, without what could mislead on a screen, at most 128 characters.
fn shortened(text: &str) -> String {
    text.trim()
        .chars()
        .filter(|character| !character.is_control())
        .take(128)
        .collect()
}
