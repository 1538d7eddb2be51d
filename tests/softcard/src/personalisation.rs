//! What the factory writes on a professional's card: master file, contact application, data objects, codes, and the records
//! of the older generation, all from one profile.
//!
//! CPS3 and CPS4 differ in labels, key references and some data objects; the rest is the same by our choice, because no public
//! source shows the files of a CPS4.

use std::collections::BTreeMap;

use crate::access_rules::FileAccess;
use crate::business_data::{self, integrated_circuit_serial};
use crate::cps2ter::Cps2ter;
use crate::file_system::{ControlParameters, DirectoryId, ElementaryFile, FileSystem};
use crate::hex;
use crate::pin::{PinStorage, Pins};
use crate::pkcs15_content::{self as pkcs15, DataObjectFlags, KeyDescription, identifier};
use crate::profile::{CodeStorage, EfActua, ProfessionalProfile, file_path};
use crate::tlv::encode;

/// DF name of the master file.
pub(crate) const ROOT_APPLICATION: [u8; 8] = [0x80, 0x25, 0x00, 0x00, 0x01, 0xFF, 0x01, 0x00];

/// What differs between the contact applications of card generations.
pub(crate) struct ContactApplication {
    pub(crate) token_label: String,
    pub(crate) algorithms: &'static [(u8, &'static [u8], [u8; 2], u8)],
    /// Signature and authentication, each with its certificate.
    pub(crate) keys: [(&'static KeyDescription, Vec<u8>); 2],
    pub(crate) modulus_bits: [u16; 2],
    pub(crate) data_objects: Vec<DataObject>,
}

/// The codes of the profile.
pub(crate) fn pins(profile: &ProfessionalProfile, unblock_maximum_tries: u8) -> Pins {
    Pins::new(
        pin_storage(profile),
        profile.pin.value.as_bytes(),
        profile.pin.tries_left,
        profile.unblock_code.value.as_bytes(),
        (profile.unblock_code.tries_left, unblock_maximum_tries),
        profile.unblock_code.uses_left,
    )
}

fn pin_storage(profile: &ProfessionalProfile) -> PinStorage {
    match profile.pin.storage {
        CodeStorage::Padded => PinStorage::Padded,
        CodeStorage::Unpadded => PinStorage::Unpadded,
    }
}

/// Adds the contact application's directory with all its files.
pub(crate) fn add_contact_application(
    files: &mut FileSystem,
    profile: &ProfessionalProfile,
    content: ContactApplication,
) -> DirectoryId {
    let application = files.add_directory(
        identifier::CONTACT_APPLICATION,
        &pkcs15::CONTACT_APPLICATION,
    );
    let mut add = |identifier, access, content| {
        files.add_file(
            application,
            ElementaryFile::new(identifier, access, content),
        );
    };
    let free = FileAccess::CONTACT_READ;
    let [signature, authentication] = content.keys;
    let padded = pin_storage(profile) == PinStorage::Padded;
    for (identifier, file) in [
        (identifier::OBJECT_DIRECTORY, pkcs15::object_directory()),
        (
            identifier::TOKEN_INFO,
            pkcs15::token_info(&content.token_label, true, content.algorithms),
        ),
        (
            identifier::AUTHENTICATION_OBJECTS,
            pkcs15::authentication_objects(padded),
        ),
        (
            identifier::PRIVATE_KEYS,
            pkcs15::private_keys(&[
                (signature.0, content.modulus_bits[0]),
                (authentication.0, content.modulus_bits[1]),
            ]),
        ),
        (
            identifier::CERTIFICATES,
            pkcs15::certificates(
                &[signature.0, authentication.0],
                profile.quirks.certificate_flags,
            ),
        ),
        (signature.0.certificate_file, signature.1),
        (authentication.0.certificate_file, authentication.1),
    ] {
        add(identifier, free, file);
    }
    let mut directory = Vec::new();
    for object in content.data_objects {
        let access = match object.flags {
            DataObjectFlags::Free => FileAccess::CONTACT_READ,
            DataObjectFlags::Private => FileAccess::PIN_READ,
            DataObjectFlags::Modifiable => FileAccess::PIN_UPDATE,
        };
        directory.extend(pkcs15::data_object(
            &object.label,
            object.identifier,
            object.flags,
        ));
        add(object.identifier, access, object.content);
    }
    add(identifier::DATA_OBJECTS, free, directory);
    application
}

/// Replaces single files as the profile says.
pub(crate) fn replace_files(files: &mut FileSystem, replaced: &BTreeMap<String, Option<String>>) {
    for (path, content) in replaced {
        if let Some(path) = file_path(path) {
            let content = content.as_deref().and_then(hex::decode);
            files.override_file(&path, content.as_deref());
        }
    }
}

/// The master file with EF.DIR, EF.ATR, EF.SN and, where the profile wants it, EF_ACTUA.
pub(crate) fn master_file(
    profile: &ProfessionalProfile,
    control_parameters: ControlParameters,
) -> FileSystem {
    let mut files = FileSystem::new(&ROOT_APPLICATION, control_parameters);
    let mut add = |file| files.add_file(FileSystem::MASTER, file);
    add(ElementaryFile::new(
        0x2F00,
        FileAccess::ISSUER_UPDATES,
        pkcs15::directory(
            profile.quirks.directory_discretionary_template,
            profile.quirks.directory_order,
        ),
    )
    .with_short_identifier(0x1E));
    add(
        ElementaryFile::new(0x2F01, FileAccess::ISSUER_UPDATES, pkcs15::EF_ATR.to_vec())
            .with_short_identifier(0x1D),
    );
    add(ElementaryFile::new(
        0xD003,
        FileAccess::READ_ONLY,
        encode(0x5A, &integrated_circuit_serial(&profile.serial)),
    )
    .with_short_identifier(0x1C));
    let update_record = match profile.quirks.ef_actua {
        EfActua::Absent => None,
        EfActua::Valid => Some(business_data::update_record()),
        EfActua::Empty => Some(Vec::new()),
    };
    if let Some(content) = update_record {
        add(ElementaryFile::new(0xD010, FileAccess::READ_ONLY, content));
    }
    files
}

/// A data object of the contact application.
pub(crate) struct DataObject {
    label: String,
    identifier: u16,
    flags: DataObjectFlags,
    content: Vec<u8>,
}

impl DataObject {
    fn new(label: &str, identifier: u16, flags: DataObjectFlags, content: Vec<u8>) -> Self {
        Self {
            label: label.to_owned(),
            identifier,
            flags,
            content,
        }
    }
}

/// The data objects of a CPS3.
pub(crate) fn data_objects(profile: &ProfessionalProfile) -> Vec<DataObject> {
    let holder_data = profile
        .holder_data
        .as_deref()
        .and_then(hex::decode)
        .unwrap_or_else(|| vec![0; 64]);
    let free = DataObjectFlags::Free;
    let mut objects = vec![
        DataObject::new(
            "CPS_DATA",
            identifier::HOLDER_DATA,
            DataObjectFlags::Modifiable,
            holder_data,
        ),
        DataObject::new(
            "CPS_ID_CARD",
            identifier::ID_CARD,
            free,
            business_data::id_card(profile),
        ),
        DataObject::new(
            "CPS_NAME_PS",
            identifier::NAME,
            free,
            business_data::name(profile),
        ),
        DataObject::new(
            "CPS_LANG_PS",
            identifier::LANGUAGE,
            free,
            business_data::language(profile),
        ),
        DataObject::new(
            "CPS_INFO_PS",
            identifier::PROFESSIONAL,
            free,
            business_data::professional(profile),
        ),
    ];
    objects.extend(profile.situations.iter().map(|situation| {
        DataObject::new(
            &format!("CPS_ACTIVITY_{:02}_PS", situation.number),
            identifier::FIRST_ACTIVITY + u16::from(situation.number.saturating_sub(1)),
            DataObjectFlags::Private,
            business_data::activity(profile, situation),
        )
    }));
    objects
}

/// The records of the older generation as a CPS4 has them: ordinary data objects.
pub(crate) fn cps2ter_data_objects(profile: &ProfessionalProfile) -> Vec<DataObject> {
    /// Records of no meaning: what is in them is not public.
    const FREE: [&str; 7] = [
        "CPS2TER_ATR",
        "CPS2TER_ID",
        "CPS2TER_ICC",
        "CPS2TER_NAME",
        "CPS2TER_LANG",
        "CPS2TER_PSINFO",
        "CPS2TER_DIRAMO",
    ];
    let private = DataObjectFlags::Private;
    let mut objects = vec![DataObject::new(
        "CPS_SIT_FACT",
        identifier::BILLING_SITUATION,
        private,
        billing_situation(profile),
    )];
    objects.extend(
        (identifier::FIRST_CPS2TER..)
            .zip(FREE)
            .map(|(identifier, label)| {
                DataObject::new(label, identifier, DataObjectFlags::Free, vec![0x00, 0x01])
            }),
    );
    objects.extend(profile.situations.iter().map(|situation| {
        DataObject::new(
            &format!("CPS2TER_ACTIVITY_{:02}_PS", situation.number),
            identifier::FIRST_CPS2TER_ACTIVITY + u16::from(situation.number.saturating_sub(1)),
            private,
            vec![0; 16],
        )
    }));
    objects
}

/// The face of the older generation.
pub(crate) fn cps2ter(profile: &ProfessionalProfile) -> Cps2ter {
    Cps2ter::new(
        billing_situation(profile),
        profile
            .situations
            .iter()
            .map(|situation| (situation.number, vec![0; 16])),
    )
}

fn billing_situation(profile: &ProfessionalProfile) -> Vec<u8> {
    profile
        .billing_situation
        .as_deref()
        .and_then(hex::decode)
        .unwrap_or_else(|| vec![0; 32])
}
