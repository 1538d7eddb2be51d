//! The document security store (EN 319 142-1 clause 5.4.2.2): `/DSS` in the catalog with certificates, revocation lists and OCSP
//! responses as streams. What an earlier signer put there stays. Per-signature entries (`/VRI`) are kept and not added: they are
//! optional and name a signature by SHA-1.

use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use super::PdfError;
use super::document::{array, catalog, dictionary};
use super::increment::Increments;
use crate::cms::CmsError;
use crate::signature::{
    Evidence, MAXIMUM_CERTIFICATES, MAXIMUM_OCSP_RESPONSE_BYTES, MAXIMUM_OCSP_RESPONSES,
    MAXIMUM_REVOCATION_LISTS,
};
use paraphe_certs::{Certificate, MAX_CERTIFICATE_BYTES, MAX_CRL_BYTES, RevocationList};

/// Keys of the three lists.
const CERTIFICATES: &str = "Certs";
const REVOCATION_LISTS: &str = "CRLs";
const OCSP_RESPONSES: &str = "OCSPs";

/// The store as it is, to be added to.
#[derive(Clone, Default)]
pub(super) struct SecurityStore {
    id: Option<ObjectId>,
    /// Its lists stand in it.
    content: Dictionary,
}

impl SecurityStore {
    /// The store that a file has, or an empty one.
    pub(super) fn of(document: &Document, increments: &mut Increments) -> Result<Self, PdfError> {
        let (_, catalog) = catalog(document)?;
        let Some(existing) = dictionary(document, catalog, b"DSS") else {
            return Ok(Self::default());
        };
        let id = catalog.get(b"DSS").and_then(Object::as_reference).ok();
        if let Some(id) = id {
            increments.know(document, id)?;
        }
        let mut content = existing.clone();
        for key in [CERTIFICATES, REVOCATION_LISTS, OCSP_RESPONSES] {
            if let Some(list) = array(document, existing, key.as_bytes()) {
                content.set(key, list.clone());
            }
        }
        Ok(Self { id, content })
    }

    /// Puts evidence into the next update. Gives the object that holds the store.
    pub(super) fn add(
        &mut self,
        increments: &mut Increments,
        evidence: &Evidence,
    ) -> Result<ObjectId, PdfError> {
        let certificates = evidence.certificates().iter().map(Certificate::der);
        self.append(increments, CERTIFICATES, certificates)?;
        let lists = evidence.revocation_lists().iter().map(RevocationList::der);
        self.append(increments, REVOCATION_LISTS, lists)?;
        let responses = evidence.ocsp_responses().iter().map(Vec::as_slice);
        self.append(increments, OCSP_RESPONSES, responses)?;
        let id = match self.id {
            Some(id) => id,
            None => increments.new_id(),
        };
        self.id = Some(id);
        increments.put(id, Object::Dictionary(self.content.clone()))?;
        let mut catalog = increments.dictionary(increments.catalog)?.clone();
        if !matches!(catalog.get(b"DSS"), Ok(Object::Reference(known)) if *known == id) {
            catalog.set("DSS", id);
            increments.put(increments.catalog, Object::Dictionary(catalog))?;
        }
        Ok(id)
    }

    fn append<'a>(
        &mut self,
        increments: &mut Increments,
        key: &str,
        values: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), PdfError> {
        let list = self.content.get(key.as_bytes()).and_then(Object::as_array);
        let mut list = list.cloned().unwrap_or_default();
        for value in values {
            let mut stream = Stream::new(Dictionary::new(), value.to_vec());
            // Left out where it does not make it shorter.
            stream
                .compress()
                .map_err(|error| PdfError::Malformed(error.to_string()))?;
            let id = increments.new_id();
            increments.put_once(id, &Object::Stream(stream))?;
            list.push(Object::Reference(id));
        }
        if !list.is_empty() {
            self.content.set(key, list);
        }
        Ok(())
    }
}

/// Adds what a file's store holds. What cannot be read is left out: it proves nothing.
pub(super) fn read(document: &Document, evidence: &mut Evidence) -> Result<(), PdfError> {
    let (_, catalog) = catalog(document)?;
    let Some(store) = dictionary(document, catalog, b"DSS") else {
        return Ok(());
    };
    for der in streams(
        document,
        store,
        CERTIFICATES,
        MAXIMUM_CERTIFICATES,
        MAX_CERTIFICATE_BYTES,
    )? {
        if let Ok(certificate) = Certificate::from_der(&der) {
            evidence
                .add_certificate(certificate)
                .map_err(CmsError::from)?;
        }
    }
    for der in streams(
        document,
        store,
        REVOCATION_LISTS,
        MAXIMUM_REVOCATION_LISTS,
        MAX_CRL_BYTES,
    )? {
        if let Ok(list) = RevocationList::from_der(&der) {
            evidence.add_revocation_list(list).map_err(CmsError::from)?;
        }
    }
    for der in streams(
        document,
        store,
        OCSP_RESPONSES,
        MAXIMUM_OCSP_RESPONSES,
        MAXIMUM_OCSP_RESPONSE_BYTES,
    )? {
        evidence.add_ocsp_response(&der).map_err(CmsError::from)?;
    }
    Ok(())
}

fn streams(
    document: &Document,
    store: &Dictionary,
    key: &'static str,
    most: usize,
    longest: usize,
) -> Result<Vec<Vec<u8>>, PdfError> {
    let list = array(document, store, key.as_bytes());
    let list = list.map(Vec::as_slice).unwrap_or_default();
    // Twice as many: some writers repeat them for each signature.
    if list.len() > 2 * most {
        return Err(CmsError::TooMany { what: key, most }.into());
    }
    let read = |object: &Object| {
        let stream = document.dereference(object).ok()?.1.as_stream().ok()?;
        stream.get_plain_content_with_limit(longest).ok()
    };
    Ok(list.iter().filter_map(read).collect())
}
