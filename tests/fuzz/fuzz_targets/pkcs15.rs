//! Every directory file of a card, and the business objects, from the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_protocol::card::pkcs15::{
    ObjectDirectory, TokenInfo, certificate_objects, data_objects, pin_format, private_key_objects,
};
use paraphe_protocol::card::{
    CardIdentification, FilePath, PracticeSituation, ProfessionalInfo, ProfessionalName, ef_dir,
};

fuzz_target!(|input: &[u8]| {
    let folder = FilePath::master_file();
    let _ = ef_dir::parse(input);
    if let Ok(directory) = ObjectDirectory::parse(input, &folder) {
        let files = directory.certificates.iter().chain(&directory.private_keys);
        assert!(
            files
                .into_iter()
                .all(|path| (2..=16).contains(&path.as_bytes().len()))
        );
    }
    let _ = TokenInfo::parse(input);
    if let Ok(format) = pin_format(input) {
        assert!(
            1 <= format.minimum() && format.minimum() <= format.maximum() && format.maximum() <= 16
        );
    }
    let _ = private_key_objects(input);
    let _ = certificate_objects(input, &folder);
    let _ = data_objects(input, &folder);
    let _ = PracticeSituation::parse(1, input);
    let _ = ProfessionalInfo::parse(input);
    let _ = CardIdentification::parse(input);
    let _ = ProfessionalName::parse(input);
});
