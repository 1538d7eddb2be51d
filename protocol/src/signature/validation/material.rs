//! Everything that comes with a signature or was fetched for it, in one place. What cannot be read is left out: it proves
//! nothing.

use paraphe_certs::{Certificate, OcspResponse, PathEvidence, RevocationList};

use super::SignatureTrust;
use crate::signature::{CheckedSignature, Evidence};

/// Certificates and revocation data, none of it trusted.
pub(super) struct Material {
    certificates: Vec<Certificate>,
    revocation_lists: Vec<RevocationList>,
    ocsp_responses: Vec<OcspResponse>,
}

impl Material {
    /// What stands in the file and what was fetched.
    pub(super) fn of(signature: &CheckedSignature, trust: &SignatureTrust<'_>) -> Self {
        let mut material = Self::of_file(signature);
        if let Some(fetched) = trust.fetched {
            material.add(fetched);
        }
        material
    }

    /// What stands in the file.
    pub(super) fn of_file(signature: &CheckedSignature) -> Self {
        let mut material = Self {
            certificates: Vec::new(),
            revocation_lists: Vec::new(),
            ocsp_responses: Vec::new(),
        };
        material.add(&signature.evidence);
        let time_stamps = signature
            .signature_time_stamps
            .iter()
            .chain(&signature.archive_time_stamps);
        for time_stamp in time_stamps {
            let token = &time_stamp.token;
            material
                .certificates
                .extend_from_slice(token.certificates());
            material
                .revocation_lists
                .extend_from_slice(token.revocation_lists());
        }
        material
    }

    pub(super) fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    pub(super) fn evidence(&self) -> PathEvidence<'_> {
        PathEvidence {
            certificates: &self.certificates,
            revocation_lists: &self.revocation_lists,
            ocsp_responses: &self.ocsp_responses,
        }
    }

    fn add(&mut self, evidence: &Evidence) {
        self.certificates.extend_from_slice(evidence.certificates());
        self.revocation_lists
            .extend_from_slice(evidence.revocation_lists());
        let responses = evidence.ocsp_responses().iter();
        self.ocsp_responses
            .extend(responses.filter_map(|der| OcspResponse::from_der(der).ok()));
    }
}
