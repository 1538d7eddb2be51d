//! What an opened CPS3 gives without a PIN: certificates, the holder's identity, the professional's
//! data, the form and the counters of the PIN. Each part is read once and then known.

use paraphe_certs::{Certificate, Holder, KeyUsage};

use super::{Cps3, identifiers, in_master_file};
use crate::card::apdu::Instruction;
use crate::card::cache::StoredCertificate;
use crate::card::ef_dir;
use crate::card::error::{CardError, KeyPurpose, MalformedReason};
use crate::card::exchange::Exchange;
use crate::card::file::{CardFile, FilePath};
use crate::card::pin::PinFormat;
use crate::card::pin_counters::PinCounters;
use crate::card::pkcs15::{
    CertificateObject, DataObject, Location, ObjectDirectory, PrivateKeyObject, TokenInfo,
    certificate_objects, data_objects, pin_format, private_key_objects,
};
use crate::card::professional_data::{CardIdentification, ProfessionalInfo, ProfessionalName};
use crate::card::reading::{ReadPlan, one_object, series_of_objects};
use crate::card::status::StatusMeaning;
use crate::card::tlv;
use crate::card::transport::Transport;

/// Certificates that are read from one card; a CPS has two.
const MAX_CERTIFICATES: usize = 8;

/// Bytes of EF.DIR that hold the two records of a CPS.
const APPLICATION_DIRECTORY_LENGTH: u16 = 101;

/// The two certificates of a CPS, told apart by the key usage they state. Nothing about them is
/// verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardCertificates {
    /// digitalSignature without nonRepudiation.
    pub authentication: Certificate,
    /// nonRepudiation.
    pub signature: Certificate,
}

impl<T: Transport + ?Sized> Cps3<'_, T> {
    /// Both certificates.
    ///
    /// # Errors
    /// [`CardError::CertificateNotFound`] where one is missing, and whatever reading meets.
    pub fn certificates(&mut self) -> Result<CardCertificates, CardError> {
        Ok(CardCertificates {
            authentication: self.certificate(KeyPurpose::Authentication)?,
            signature: self.certificate(KeyPurpose::Signature)?,
        })
    }

    /// The certificate with that use.
    ///
    /// # Errors
    /// As [`Cps3::certificates`].
    pub fn certificate(&mut self, purpose: KeyPurpose) -> Result<Certificate, CardError> {
        self.stored_certificate(purpose)
            .map(|stored| stored.certificate)
    }

    /// The holder, as the authentication certificate states it.
    ///
    /// # Errors
    /// As [`Cps3::certificates`], and [`CardError::Holder`] where the certificate holds no identity
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
        self.exchange.begin_operation();
        self.exchange
            .select(CardFile::PinCounters, &FilePath::master_file())?;
        let response = self.exchange.send(&PinCounters::command(reference)?)?;
        if response.status.meaning() != StatusMeaning::Success {
            let file = Some(CardFile::PinCounters);
            return Err(CardError::Status {
                command: Instruction::GetData,
                file,
                status: response.status,
            });
        }
        PinCounters::parse(&response.data, reference)
    }

    /// The form in which the card wants the holder's PIN.
    ///
    /// # Errors
    /// [`CardError::NoPin`] where the card has none, and whatever reading meets.
    pub fn pin_format(&mut self) -> Result<PinFormat, CardError> {
        self.exchange.begin_operation();
        if let Some(format) = &self.content.pin_format {
            return Ok(format.clone());
        }
        let paths = self.object_directory()?.authentication_objects;
        let path = paths.first().ok_or(CardError::NoPin)?;
        let content = read_directory(&mut self.exchange, CardFile::AuthenticationObjects, path)?;
        let format = pin_format(&content)?;
        self.content.pin_format = Some(format.clone());
        Ok(format)
    }

    /// Label and manufacturer of the PKCS#15 application.
    ///
    /// # Errors
    /// Whatever reading meets.
    pub fn token_info(&mut self) -> Result<TokenInfo, CardError> {
        self.exchange.begin_operation();
        let file = CardFile::TokenInfo;
        let path = self
            .application()?
            .child(identifiers::TOKEN_INFO)
            .ok_or(CardError::Missing { file })?;
        self.exchange.select(file, &path)?;
        TokenInfo::parse(&self.exchange.read(file, &ReadPlan::new(256, one_object))?)
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
        self.stored_certificates()?
            .into_iter()
            .find(|stored| purpose_of(&stored.certificate) == Some(purpose))
            .ok_or(CardError::CertificateNotFound { purpose })
    }

    fn stored_certificates(&mut self) -> Result<Vec<StoredCertificate>, CardError> {
        self.exchange.begin_operation();
        if let Some(certificates) = &self.content.certificates {
            return Ok(certificates.clone());
        }
        let application = self.application()?;
        let mut certificates = Vec::new();
        for path in self.object_directory()?.certificates {
            let content =
                read_directory(&mut self.exchange, CardFile::CertificateDirectory, &path)?;
            for object in certificate_objects(&content, &application)? {
                if certificates.len() < MAX_CERTIFICATES {
                    certificates.push(read_certificate(&mut self.exchange, object)?);
                }
            }
        }
        self.content.certificates = Some(certificates.clone());
        Ok(certificates)
    }

    pub(super) fn private_keys(&mut self) -> Result<Vec<PrivateKeyObject>, CardError> {
        self.exchange.begin_operation();
        if let Some(keys) = &self.content.private_keys {
            return Ok(keys.clone());
        }
        let mut keys = Vec::new();
        for path in self.object_directory()?.private_keys {
            let content = read_directory(&mut self.exchange, CardFile::PrivateKeys, &path)?;
            keys.extend(private_key_objects(&content)?);
        }
        self.content.private_keys = Some(keys.clone());
        Ok(keys)
    }

    pub(super) fn data_objects(&mut self) -> Result<Vec<DataObject>, CardError> {
        self.exchange.begin_operation();
        if let Some(objects) = &self.content.data_objects {
            return Ok(objects.clone());
        }
        let application = self.application()?;
        let mut objects = Vec::new();
        for path in self.object_directory()?.data_objects {
            let content = read_directory(&mut self.exchange, CardFile::DataObjects, &path)?;
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
        match self.exchange.select(file, &location.path) {
            Ok(()) => {}
            Err(CardError::Missing { .. }) => return Ok(None),
            Err(error) => return Err(error),
        }
        let plan = ReadPlan {
            start: location.offset,
            ..ReadPlan::new(256, one_object)
        };
        let content = self.exchange.read(file, &plan)?;
        Ok((!content.is_empty()).then_some(content))
    }

    pub(super) fn application(&mut self) -> Result<FilePath, CardError> {
        if let Some(path) = &self.content.application {
            return Ok(path.clone());
        }
        let file = CardFile::ApplicationDirectory;
        self.exchange.select(
            file,
            &in_master_file(identifiers::APPLICATION_DIRECTORY, file)?,
        )?;
        let plan = ReadPlan::new(APPLICATION_DIRECTORY_LENGTH, ef_dir::until_cps_application);
        let path = ef_dir::cps_application(&self.exchange.read(file, &plan)?)?;
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
        self.exchange.select(file, &path)?;
        let plan = ReadPlan::new(ObjectDirectory::USUAL_LENGTH, ObjectDirectory::extent);
        let directory = ObjectDirectory::parse(&self.exchange.read(file, &plan)?, &application)?;
        self.content.object_directory = Some(directory.clone());
        Ok(directory)
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

fn read_directory<T: Transport + ?Sized>(
    exchange: &mut Exchange<'_, T>,
    file: CardFile,
    path: &FilePath,
) -> Result<Vec<u8>, CardError> {
    exchange.select(file, path)?;
    exchange.read(file, &ReadPlan::new(256, series_of_objects))
}

fn read_certificate<T: Transport + ?Sized>(
    exchange: &mut Exchange<'_, T>,
    object: CertificateObject,
) -> Result<StoredCertificate, CardError> {
    let file = CardFile::Certificate;
    exchange.select(file, &object.location.path)?;
    let plan = ReadPlan {
        start: object.location.offset,
        ..ReadPlan::new(256, certificate_extent)
    };
    let der = exchange.read(file, &plan)?;
    let certificate = Certificate::from_der(&der)
        .map_err(|error| CardError::malformed(file, MalformedReason::Certificate(error)))?;
    Ok(StoredCertificate {
        identifier: object.identifier,
        certificate,
    })
}

/// A certificate that announces more than the certificate reader accepts is not read further.
fn certificate_extent(content: &[u8]) -> Result<crate::card::reading::Extent, tlv::TlvError> {
    use crate::card::reading::Extent;
    Ok(match one_object(content)? {
        Extent::Exactly(total) if total > paraphe_certs::MAX_CERTIFICATE_BYTES => {
            return Err(tlv::TlvError::LengthTooLarge { offset: 0 });
        }
        extent => extent,
    })
}
