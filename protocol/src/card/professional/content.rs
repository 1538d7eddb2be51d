//! What an opened card gives without a PIN: certificates, the holder's identity, the professional's
//! data, the form and the counters of the PIN. Each part is read once and then known.

use paraphe_certs::{Certificate, Holder, KeyUsage};

use super::face::Face;
use super::{ProfessionalCard, cps3, cps4, identifiers, in_master_file};
use crate::algorithm::SignatureAlgorithm;
use crate::card::cache::{CardContent, CodeForms, StoredCertificate};
use crate::card::ef_atr::CardCapabilities;
use crate::card::ef_dir;
use crate::card::error::{CardError, KeyPurpose, MalformedReason};
use crate::card::file::{CardFile, FilePath};
use crate::card::pin::PinFormat;
use crate::card::pin_counters::PinCounters;
use crate::card::pkcs15::{
    CertificateObject, DataObject, Location, ObjectDirectory, PrivateKeyObject, TokenInfo,
    certificate_objects, data_objects, pin_format, private_key_objects, unblocking_code_format,
};
use crate::card::professional_data::{CardIdentification, ProfessionalInfo, ProfessionalName};
use crate::card::reading::{Extent, ReadPlan, one_object, series_of_objects};
use crate::card::tlv;
use crate::card::transport::Transport;

/// Certificates that are read from one card; a CPS has two.
const MAX_CERTIFICATES: usize = 8;

/// Bytes of EF.DIR that hold the two records of a CPS.
const APPLICATION_DIRECTORY_LENGTH: u16 = 101;

/// The two certificates of a holder, told apart by the key usage they state. Nothing about them is
/// verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardCertificates {
    /// digitalSignature without nonRepudiation.
    pub authentication: Certificate,
    /// nonRepudiation.
    pub signature: Certificate,
}

impl<T: Transport + ?Sized> ProfessionalCard<'_, T> {
    /// Both certificates.
    ///
    /// # Errors
    /// [`CardError::CertificateNotFound`] where one is missing, as both are without contacts, and
    /// whatever reading meets.
    pub fn certificates(&mut self) -> Result<CardCertificates, CardError> {
        Ok(CardCertificates {
            authentication: self.certificate(KeyPurpose::Authentication)?,
            signature: self.certificate(KeyPurpose::Signature)?,
        })
    }

    /// The certificate with that use.
    ///
    /// # Errors
    /// As [`ProfessionalCard::certificates`].
    pub fn certificate(&mut self, purpose: KeyPurpose) -> Result<Certificate, CardError> {
        self.stored_certificate(purpose)
            .map(|stored| stored.certificate)
    }

    /// The holder, as the authentication certificate states it.
    ///
    /// # Errors
    /// As [`ProfessionalCard::certificates`], and [`CardError::Holder`] where the certificate holds no identity
    /// that can be read.
    pub fn identity(&mut self) -> Result<Holder, CardError> {
        let certificate = self.certificate(KeyPurpose::Authentication)?;
        Ok(Holder::from_certificate(&certificate)?)
    }

    /// The tries left of the holder's PIN, read now; no try is spent.
    ///
    /// # Errors
    /// [`CardError::NoPin`] where the card has none, and whatever reading meets.
    pub fn pin_counters(&mut self) -> Result<PinCounters, CardError> {
        let reference = self.pin_format()?.reference();
        self.counters(reference)
    }

    /// The tries and uses left of the code that unblocks the PIN, read now; none is spent. A CPS4
    /// does not say the uses.
    ///
    /// # Errors
    /// [`CardError::NoPin`] and [`CardError::NoUnblockingCode`] where the card has none, and whatever
    /// reading meets.
    pub fn unblock_counters(&mut self) -> Result<PinCounters, CardError> {
        let reference = self.unblocking_code_format()?.reference();
        self.counters(reference)
    }

    /// The form in which the card wants the holder's PIN.
    ///
    /// # Errors
    /// [`CardError::NoPin`] where the card has none, and whatever reading meets.
    pub fn pin_format(&mut self) -> Result<PinFormat, CardError> {
        Ok(self.codes()?.pin)
    }

    /// The form in which the card wants the code that unblocks the PIN.
    ///
    /// # Errors
    /// As [`ProfessionalCard::unblock_counters`].
    pub fn unblocking_code_format(&mut self) -> Result<PinFormat, CardError> {
        self.codes()?.unblocking.ok_or(CardError::NoUnblockingCode)
    }

    /// What the key with that use signs with, the preferred algorithm first; nothing without
    /// contacts.
    #[must_use]
    pub fn offered_algorithms(&self, _purpose: KeyPurpose) -> &'static [SignatureAlgorithm] {
        self.face.offered_algorithms()
    }

    /// Label and manufacturer of the PKCS#15 application. The label is how the issuer names the card.
    ///
    /// # Errors
    /// Whatever reading meets.
    pub fn token_info(&mut self) -> Result<TokenInfo, CardError> {
        self.begin_operation();
        let file = CardFile::TokenInfo;
        let path = self
            .application()?
            .child(identifiers::TOKEN_INFO)
            .ok_or(CardError::Missing { file })?;
        TokenInfo::parse(&self.read_file(file, &path, &ReadPlan::new(256, one_object))?)
    }

    /// What the card says it can do, EF.ATR; `None` where the card does not have the file.
    ///
    /// # Errors
    /// Whatever reading meets.
    pub fn card_capabilities(&mut self) -> Result<Option<CardCapabilities>, CardError> {
        self.begin_operation();
        let file = CardFile::CardCapabilities;
        let path = in_master_file(identifiers::CARD_CAPABILITIES, file)?;
        // The stray first byte keeps the content from saying where it ends.
        let plan = ReadPlan::new(256, one_block);
        match self.read_file(file, &path, &plan) {
            Ok(content) => CardCapabilities::parse(&content).map(Some),
            Err(CardError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Profession and number, CPS_INFO_PS; `None` where the card does not have the object.
    ///
    /// # Errors
    /// Whatever reading meets.
    pub fn professional_info(&mut self) -> Result<Option<ProfessionalInfo>, CardError> {
        self.business_object(ProfessionalInfo::LABEL)?
            .map(|content| ProfessionalInfo::parse(&content))
            .transpose()
    }

    /// Number and date of the card, CPS_ID_CARD; `None` where the card does not have the object.
    ///
    /// # Errors
    /// Whatever reading meets.
    pub fn card_identification(&mut self) -> Result<Option<CardIdentification>, CardError> {
        self.business_object(CardIdentification::LABEL)?
            .map(|content| CardIdentification::parse(&content))
            .transpose()
    }

    /// Given name, CPS_NAME_PS; `None` where the card does not have the object.
    ///
    /// # Errors
    /// Whatever reading meets.
    pub fn professional_name(&mut self) -> Result<Option<ProfessionalName>, CardError> {
        self.business_object(ProfessionalName::LABEL)?
            .map(|content| ProfessionalName::parse(&content))
            .transpose()
    }

    pub(super) fn stored_certificate(
        &mut self,
        purpose: KeyPurpose,
    ) -> Result<StoredCertificate, CardError> {
        if self.face == Face::Contactless {
            // What is there belongs to the card and not to its holder.
            return Err(CardError::CertificateNotFound { purpose });
        }
        self.stored_certificates()?
            .into_iter()
            .find(|stored| purpose_of(&stored.certificate) == Some(purpose))
            .ok_or(CardError::CertificateNotFound { purpose })
    }

    pub(super) fn stored_certificates(&mut self) -> Result<Vec<StoredCertificate>, CardError> {
        self.begin_operation();
        if let Some(certificates) = &self.content.certificates {
            return Ok(certificates.clone());
        }
        let application = self.application()?;
        let mut certificates = Vec::new();
        for path in self.object_directory()?.certificates {
            let content = self.read_directory(CardFile::CertificateDirectory, &path)?;
            for object in certificate_objects(&content, &application)? {
                if certificates.len() < MAX_CERTIFICATES {
                    certificates.push(self.read_certificate(object)?);
                }
            }
        }
        self.content.certificates = Some(certificates.clone());
        Ok(certificates)
    }

    pub(super) fn private_keys(&mut self) -> Result<Vec<PrivateKeyObject>, CardError> {
        self.begin_operation();
        if let Some(keys) = &self.content.private_keys {
            return Ok(keys.clone());
        }
        let mut keys = Vec::new();
        for path in self.object_directory()?.private_keys {
            let content = self.read_directory(CardFile::PrivateKeys, &path)?;
            keys.extend(private_key_objects(&content)?);
        }
        self.content.private_keys = Some(keys.clone());
        Ok(keys)
    }

    pub(super) fn data_objects(&mut self) -> Result<Vec<DataObject>, CardError> {
        self.begin_operation();
        if let Some(objects) = &self.content.data_objects {
            return Ok(objects.clone());
        }
        let application = self.application()?;
        let mut objects = Vec::new();
        for path in self.object_directory()?.data_objects {
            let content = self.read_directory(CardFile::DataObjects, &path)?;
            objects.extend(data_objects(&content, &application)?);
        }
        self.content.data_objects = Some(objects.clone());
        Ok(objects)
    }

    /// The content of one data object; `None` where the file is absent or unused.
    pub(super) fn read_object(
        &mut self,
        file: CardFile,
        location: &Location,
    ) -> Result<Option<Vec<u8>>, CardError> {
        let plan = ReadPlan {
            start: location.offset,
            ..ReadPlan::new(256, one_object)
        };
        match self.read_file(file, &location.path, &plan) {
            Ok(content) => Ok((!content.is_empty()).then_some(content)),
            Err(CardError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn application(&mut self) -> Result<FilePath, CardError> {
        if let Some(path) = &self.content.application {
            return Ok(path.clone());
        }
        let file = CardFile::ApplicationDirectory;
        let directory = in_master_file(identifiers::APPLICATION_DIRECTORY, file)?;
        let plan = ReadPlan::new(APPLICATION_DIRECTORY_LENGTH, self.face.until_application());
        let content = self.read_file(file, &directory, &plan)?;
        let path = ef_dir::folder_of(self.face.application_identifier(), &content)?;
        self.content.application = Some(path.clone());
        Ok(path)
    }

    fn object_directory(&mut self) -> Result<ObjectDirectory, CardError> {
        if let Some(directory) = &self.content.object_directory {
            return Ok(directory.clone());
        }
        let file = CardFile::ObjectDirectory;
        let application = self.application()?;
        let path = application
            .child(identifiers::OBJECT_DIRECTORY)
            .ok_or(CardError::Missing { file })?;
        let plan = ReadPlan::new(ObjectDirectory::USUAL_LENGTH, ObjectDirectory::extent);
        let content = self.read_file(file, &path, &plan)?;
        let directory = ObjectDirectory::parse(&content, &application)?;
        self.content.object_directory = Some(directory.clone());
        Ok(directory)
    }

    /// Whether the certificates that were read before are still there: each must end with the same
    /// bytes, which are its issuer's signature.
    pub(super) fn has_these_certificates(
        &mut self,
        content: &CardContent,
    ) -> Result<bool, CardError> {
        let certificates = content.certificates.as_deref().unwrap_or_default();
        for stored in certificates {
            let der = stored.certificate.der();
            let before = der.len().saturating_sub(256);
            let end = der.get(before..).unwrap_or_default();
            let file = CardFile::Certificate;
            let plan = ReadPlan {
                start: u16::try_from(before)
                    .ok()
                    .and_then(|before| stored.location.offset.checked_add(before))
                    .ok_or(CardError::TooLarge { file })?,
                ..ReadPlan::new(256, one_block)
            };
            match self.read_file(file, &stored.location.path, &plan) {
                Ok(found) if found.starts_with(end) => {}
                Ok(_) | Err(CardError::Missing { .. }) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        // Without one nothing shows that the card is the same.
        Ok(!certificates.is_empty())
    }

    fn codes(&mut self) -> Result<CodeForms, CardError> {
        if self.face == Face::Contactless {
            return Err(CardError::NoPin);
        }
        self.begin_operation();
        if let Some(codes) = &self.content.codes {
            return Ok(codes.clone());
        }
        let paths = self.object_directory()?.authentication_objects;
        let path = paths.first().ok_or(CardError::NoPin)?;
        let content = self.read_directory(CardFile::AuthenticationObjects, path)?;
        let codes = CodeForms {
            pin: pin_format(&content)?,
            // One that cannot be used must not take the PIN with it.
            unblocking: unblocking_code_format(&content).unwrap_or_default(),
        };
        self.content.codes = Some(codes.clone());
        Ok(codes)
    }

    pub(super) fn counters(&mut self, reference: u8) -> Result<PinCounters, CardError> {
        self.begin_operation();
        self.recovering(|card| match card.face {
            Face::Cps3 => cps3::counters(&mut card.exchange, reference),
            Face::Cps4 => cps4::counters(&mut card.exchange, reference),
            Face::Contactless => Err(CardError::NoPin),
        })
    }

    fn read_directory(&mut self, file: CardFile, path: &FilePath) -> Result<Vec<u8>, CardError> {
        self.read_file(file, path, &ReadPlan::new(256, series_of_objects))
    }

    fn read_certificate(
        &mut self,
        object: CertificateObject,
    ) -> Result<StoredCertificate, CardError> {
        let file = CardFile::Certificate;
        let plan = ReadPlan {
            start: object.location.offset,
            ..ReadPlan::new(256, certificate_extent)
        };
        let der = self.read_file(file, &object.location.path, &plan)?;
        let certificate = Certificate::from_der(&der)
            .map_err(|error| CardError::malformed(file, MalformedReason::Certificate(error)))?;
        Ok(StoredCertificate {
            identifier: object.identifier,
            location: object.location,
            certificate,
        })
    }

    fn business_object(&mut self, label: &str) -> Result<Option<Vec<u8>>, CardError> {
        let objects = self.data_objects()?;
        match objects.iter().find(|object| object.label == label) {
            Some(object) => self.read_object(CardFile::ProfessionalData, &object.location),
            None => Ok(None),
        }
    }
}

/// What a certificate's key is for, by the certificate: nonRepudiation makes a signature key,
/// whatever else is set.
fn purpose_of(certificate: &Certificate) -> Option<KeyPurpose> {
    let usage = certificate.key_usage();
    if usage.contains(KeyUsage::NON_REPUDIATION) {
        Some(KeyPurpose::Signature)
    } else {
        usage
            .contains(KeyUsage::DIGITAL_SIGNATURE)
            .then_some(KeyPurpose::Authentication)
    }
}

/// A certificate that announces more than the certificate reader accepts is not read further.
fn certificate_extent(content: &[u8]) -> Result<Extent, tlv::TlvError> {
    Ok(match one_object(content)? {
        Extent::Exactly(total) if total > paraphe_certs::MAX_CERTIFICATE_BYTES => {
            return Err(tlv::TlvError::LengthTooLarge { offset: 0 });
        }
        extent => extent,
    })
}

/// As far as one command reads.
#[expect(
    clippy::unnecessary_wraps,
    reason = "the type of every reading plan's extent"
)]
fn one_block(content: &[u8]) -> Result<Extent, tlv::TlvError> {
    Ok(Extent::Complete(content.len()))
}
