//! Making a signature: documents in, bytes to sign out, signature value in, file out (EN 319 132-1, level B).
//!
//! *Detached*: documents by name and digest; memory grows with their number, never with their size. *Enveloping*: the
//! document inside a `ds:Object`, as base64, or as XML where it is nothing but one element. *Enveloped*: the signature as last child
//! of an XML document's root. Refused: certificates that do not sign documents, XML with a DOCTYPE or with comments (a
//! signature inside a document does not cover those), documents that an enveloped signature already closes.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use paraphe_certs::Certificate;
use uppsala::{Document, NodeId, NodeKind};

use super::draft::XadesParameters;
use super::file::{SignedReference, XadesFile};
use super::layout::{self, ReferenceLayout};
use super::names::{
    ASIC, BASE64, DS, ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, SIGNED_PROPERTIES_TYPE, XADES,
};
use crate::algorithm::SignatureAlgorithm;
use crate::signature::detached_document::{self, DetachedDocument, check_media_type};
use crate::signature::{Packaging, PreparedSignature, SignatureFile, SigningError, document_name};
use crate::xml::{CanonicalWriter, Canonicalization, Selection, gate};

/// Largest document that is put into a signature file or signed inside, in bytes.
pub const MAXIMUM_EMBEDDED_BYTES: usize = 64 * 1024 * 1024;

/// How a document stands inside an enveloping signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmbeddedForm {
    /// As base64: any bytes, and exactly those.
    Base64,
    /// As XML: one element, without comments and without processing instructions around it.
    Xml,
}

/// What the signature is of, laid out.
struct Signed {
    packaging: Packaging,
    objects: Vec<String>,
    references: Vec<DocumentReference>,
    around: Surroundings,
}

struct DocumentReference {
    uri: String,
    transforms: &'static [&'static str],
    digest: Vec<u8>,
    media_type: String,
    signed: SignedReference,
}

/// The bytes of a document before and after the signature inside it.
#[derive(Default)]
pub(super) struct Surroundings {
    pub(super) before: Vec<u8>,
    pub(super) after: Vec<u8>,
}

/// Lays out a signature beside its documents.
///
/// # Errors
/// [`SigningError`].
pub fn prepare_detached(
    documents: &[DetachedDocument],
    parameters: &XadesParameters<'_>,
) -> Result<Box<dyn PreparedSignature>, SigningError> {
    beside(documents, parameters, Surroundings::default())
}

/// The same in the element that an ASiC container demands around it.
///
/// # Errors
/// [`SigningError`].
pub(crate) fn prepare_in_container(
    documents: &[DetachedDocument],
    parameters: &XadesParameters<'_>,
) -> Result<Box<dyn PreparedSignature>, SigningError> {
    let (prefix, uri) = (ASIC.prefix, ASIC.uri);
    let before = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{prefix}:XAdESSignatures xmlns:{prefix}=\"{uri}\">"
    );
    let around = Surroundings {
        before: before.into_bytes(),
        after: format!("</{prefix}:XAdESSignatures>").into_bytes(),
    };
    beside(documents, parameters, around)
}

fn beside(
    documents: &[DetachedDocument],
    parameters: &XadesParameters<'_>,
    around: Surroundings,
) -> Result<Box<dyn PreparedSignature>, SigningError> {
    detached_document::check(documents, parameters.digest)?;
    let mut references = Vec::with_capacity(documents.len());
    for (index, document) in documents.iter().enumerate() {
        references.push(DocumentReference {
            uri: document_name::to_uri(&document.name),
            transforms: &[],
            digest: document.digest.clone(),
            media_type: document.media_type.clone(),
            signed: SignedReference::Document(index),
        });
    }
    prepare(
        parameters,
        Signed {
            packaging: Packaging::Detached,
            objects: Vec::new(),
            references,
            around,
        },
    )
}

/// Lays out a signature around a document.
///
/// # Errors
/// [`SigningError`].
pub fn prepare_enveloping(
    document: &[u8],
    media_type: &str,
    form: EmbeddedForm,
    parameters: &XadesParameters<'_>,
) -> Result<Box<dyn PreparedSignature>, SigningError> {
    check_media_type(media_type)?;
    if document.len() > MAXIMUM_EMBEDDED_BYTES {
        return Err(SigningError::NoRoom {
            what: "a document of this size inside a signature",
        });
    }
    let digest = parameters.digest.digest(document)?;
    let id = format!("O-{}", identifier(parameters, &digest)?);
    let (object, transform, octets): (_, &'static [&'static str], _) = match form {
        EmbeddedForm::Base64 => {
            let mut writer = CanonicalWriter::new();
            let attributes = [("Encoding", BASE64), ("Id", &id), ("MimeType", media_type)];
            writer.element(DS, "Object", &attributes, &STANDARD.encode(document));
            (writer.finish(), &[BASE64], document.to_vec())
        }
        EmbeddedForm::Xml => {
            let mut writer = CanonicalWriter::new();
            writer.start(DS, "Object", &[("Id", &id), ("MimeType", media_type)]);
            writer.embed(only_element(document)?);
            let object = writer.finish();
            let parsed = parse(object.as_bytes())?;
            let octets = canonical(&parsed, Selection::document())?;
            drop(parsed);
            (object, &[EXCLUSIVE_C14N], octets)
        }
    };
    let reference = DocumentReference {
        uri: format!("#{id}"),
        transforms: transform,
        digest: parameters.digest.digest(&octets)?,
        media_type: media_type.to_owned(),
        signed: SignedReference::Octets(octets),
    };
    prepare(
        parameters,
        Signed {
            packaging: Packaging::Enveloping,
            objects: vec![object],
            references: vec![reference],
            around: Surroundings::default(),
        },
    )
}

/// Lays out a signature inside an XML document, as last child of its root.
///
/// # Errors
/// [`SigningError`].
pub fn prepare_enveloped(
    document: &[u8],
    parameters: &XadesParameters<'_>,
) -> Result<Box<dyn PreparedSignature>, SigningError> {
    if document.len() > MAXIMUM_EMBEDDED_BYTES {
        return Err(SigningError::NoRoom {
            what: "a signature inside a document of this size",
        });
    }
    let parsed = parse(document)?;
    let root = parsed
        .document_element()
        .ok_or_else(|| refused("it has no root element"))?;
    let is_signature = |id: &NodeId| {
        parsed
            .element(*id)
            .is_some_and(|element| element.matches_name_ns(DS.uri, "Signature"))
    };
    if is_signature(&root) || parsed.descendants(root).iter().any(is_signature) {
        return Err(refused(
            "it carries a signature already, which another one inside would break: sign it detached",
        ));
    }
    let octets = canonical(&parsed, Selection::document())?;
    let around = surroundings(&parsed, root, document)?;
    let reference = DocumentReference {
        uri: String::new(),
        transforms: &[ENVELOPED_SIGNATURE, EXCLUSIVE_C14N],
        digest: parameters.digest.digest(&octets)?,
        media_type: "text/xml".to_owned(),
        signed: SignedReference::Octets(octets),
    };
    prepare(
        parameters,
        Signed {
            packaging: Packaging::Enveloped,
            objects: Vec::new(),
            references: vec![reference],
            around,
        },
    )
}

fn prepare(
    parameters: &XadesParameters<'_>,
    signed: Signed,
) -> Result<Box<dyn PreparedSignature>, SigningError> {
    parameters.check()?;
    let digest = parameters.digest;
    let all: Vec<u8> = signed
        .references
        .iter()
        .flat_map(|reference| reference.digest.iter().copied())
        .collect();
    let id = format!("S-{}", identifier(parameters, &all)?);
    let reference_ids: Vec<String> = (0..signed.references.len())
        .map(|number| format!("{id}-R{number}"))
        .collect();
    let properties_id = format!("{id}-P");
    let signed_properties = signed_properties(parameters, &properties_id, &signed, &reference_ids)?;
    let mut references: Vec<ReferenceLayout<'_>> = signed
        .references
        .iter()
        .zip(&reference_ids)
        .map(|(reference, id)| ReferenceLayout {
            id: Some(id),
            kind: None,
            uri: &reference.uri,
            transforms: reference.transforms,
            digest_uri: digest.xml_uri(),
            digest: &reference.digest,
        })
        .collect();
    let properties_digest = digest.digest(signed_properties.as_bytes())?;
    let properties_uri = format!("#{properties_id}");
    references.push(ReferenceLayout {
        id: None,
        kind: Some(SIGNED_PROPERTIES_TYPE),
        uri: &properties_uri,
        transforms: &[EXCLUSIVE_C14N],
        digest_uri: digest.xml_uri(),
        digest: &properties_digest,
    });
    let signed_info = layout::signed_info(parameters.signer.algorithm.xml_uri(), &references);
    Ok(Box::new(PreparedXades {
        algorithm: parameters.signer.algorithm,
        packaging: signed.packaging,
        certificates: parameters.signer.certificates().cloned().collect(),
        id,
        signed_info,
        signed_properties,
        objects: signed.objects,
        references: signed
            .references
            .into_iter()
            .map(|reference| reference.signed)
            .collect(),
        around: signed.around,
    }))
}

fn signed_properties(
    parameters: &XadesParameters<'_>,
    id: &str,
    signed: &Signed,
    reference_ids: &[String],
) -> Result<String, SigningError> {
    let digest = parameters.digest;
    let mut writer = CanonicalWriter::new();
    writer.start(XADES, "SignedProperties", &[("Id", id)]);
    writer.start(XADES, "SignedSignatureProperties", &[]);
    let certificate = digest.digest(parameters.signer.certificate.der())?;
    let time = parameters.signer.signing_time;
    layout::time_and_certificate(&mut writer, time, digest.xml_uri(), &certificate);
    if let Some(role) = parameters.claimed_role {
        writer.start(XADES, "SignerRoleV2", &[]);
        writer.start(XADES, "ClaimedRoles", &[]);
        writer.element(XADES, "ClaimedRole", &[], role);
        writer.end();
        writer.end();
    }
    writer.end();
    writer.start(XADES, "SignedDataObjectProperties", &[]);
    for (reference, id) in signed.references.iter().zip(reference_ids) {
        layout::data_object_format(&mut writer, id, &reference.media_type);
    }
    if let Some(commitment) = parameters.commitment {
        layout::commitment(&mut writer, commitment.uri());
    }
    Ok(writer.finish())
}

/// Ids that do not meet those of another signature of the same document, and are the same at every call.
fn identifier(parameters: &XadesParameters<'_>, digests: &[u8]) -> Result<String, SigningError> {
    use std::fmt::Write as _;
    let mut bytes = parameters.signer.certificate.sha256().to_vec();
    bytes.extend_from_slice(&parameters.signer.signing_time.0.to_be_bytes());
    bytes.extend_from_slice(digests);
    let hash = parameters.digest.digest(&bytes)?;
    let mut text = String::with_capacity(32);
    for byte in hash.iter().take(16) {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

fn refused(reason: impl Into<String>) -> SigningError {
    SigningError::Document {
        reason: reason.into(),
    }
}

pub(super) fn embedded_limits() -> gate::Limits {
    gate::Limits {
        bytes: MAXIMUM_EMBEDDED_BYTES / 3 * 4 + 4 * 1024 * 1024,
        elements: 500_000,
        attributes: 64,
        depth: 100,
    }
}

fn parse(document: &[u8]) -> Result<Document<'_>, SigningError> {
    let parsed = gate::parse_document(document, &embedded_limits())
        .map_err(|error| refused(error.to_string()))?;
    let is_comment = |id: &NodeId| matches!(parsed.node_kind(*id), Some(NodeKind::Comment(_)));
    if parsed.descendants(parsed.root()).iter().any(is_comment) {
        return Err(refused(
            "it holds comments, which a signature inside it or around it as XML does not cover: sign it detached",
        ));
    }
    Ok(parsed)
}

fn canonical(parsed: &Document<'_>, selection: Selection) -> Result<Vec<u8>, SigningError> {
    Canonicalization::EXCLUSIVE
        .canonical(parsed, selection)
        .map_err(|error| refused(error.to_string()))
}

/// The root element's own text, where nothing but an XML declaration and white space stands around it.
fn only_element(document: &[u8]) -> Result<&str, SigningError> {
    let parsed = parse(document)?;
    let mut children = parsed.children_iter(parsed.root());
    let others = |id: NodeId| match parsed.node_kind(id) {
        Some(NodeKind::Text(text)) => !text.trim_ascii().is_empty(),
        Some(NodeKind::Element(_)) => false,
        _ => true,
    };
    if children.any(others) {
        return Err(refused(
            "something stands beside its root element that a signature around it as XML would lose",
        ));
    }
    let range = parsed
        .document_element()
        .and_then(|root| parsed.node_range(root))
        .ok_or_else(|| refused("it has no root element"))?;
    document
        .get(range)
        .and_then(|bytes| std::str::from_utf8(bytes).ok())
        .ok_or_else(|| refused("its root element cannot be found"))
}

/// Where the signature goes: before the root's end tag, which an empty-element tag gets here.
fn surroundings(
    parsed: &Document<'_>,
    root: NodeId,
    document: &[u8],
) -> Result<Surroundings, SigningError> {
    let lost = || refused("its root element cannot be found");
    let range = parsed.node_range(root).ok_or_else(lost)?;
    let whole = document.get(range.clone()).ok_or_else(lost)?;
    let rest = document.get(range.end..).unwrap_or_default();
    if let Some(open) = whole
        .strip_suffix(b"/>")
        .filter(|_| parsed.first_child(root).is_none())
    {
        let name = parsed
            .element(root)
            .map(|element| element.name.prefixed_name().into_owned())
            .ok_or_else(lost)?;
        let before = [document.get(..range.start).unwrap_or_default(), open, b">"].concat();
        let after = [b"</", name.as_bytes(), b">", rest].concat();
        return Ok(Surroundings { before, after });
    }
    let end_tag = memchr::memmem::rfind(whole, b"</").ok_or_else(lost)?;
    let at = range.start + end_tag;
    Ok(Surroundings {
        before: document.get(..at).ok_or_else(lost)?.to_vec(),
        after: document.get(at..).ok_or_else(lost)?.to_vec(),
    })
}

/// A signature that waits for its value.
pub(super) struct PreparedXades {
    pub(super) algorithm: SignatureAlgorithm,
    pub(super) packaging: Packaging,
    pub(super) certificates: Vec<Certificate>,
    pub(super) id: String,
    pub(super) signed_info: String,
    pub(super) signed_properties: String,
    /// Objects beside the one of the qualifying properties, each named by a reference.
    pub(super) objects: Vec<String>,
    /// In the order of SignedInfo, without the signed properties, which come last.
    pub(super) references: Vec<SignedReference>,
    pub(super) around: Surroundings,
}

impl PreparedSignature for PreparedXades {
    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    fn to_be_signed(&self) -> &[u8] {
        self.signed_info.as_bytes()
    }

    fn complete(
        self: Box<Self>,
        signature_value: &[u8],
    ) -> Result<Box<dyn SignatureFile>, SigningError> {
        if let Some(signer) = self.certificates.first() {
            let signed = self.signed_info.as_bytes();
            self.algorithm
                .verify(signer.spki_der(), signed, signature_value)?;
        }
        Ok(Box::new(XadesFile::new(*self, signature_value.to_vec())))
    }
}

impl fmt::Debug for PreparedXades {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedXades")
            .field("algorithm", &self.algorithm)
            .field("packaging", &self.packaging)
            .field("references", &self.references.len())
            .finish_non_exhaustive()
    }
}
