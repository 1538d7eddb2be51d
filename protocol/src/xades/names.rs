//! Names of XML signature (W3C xmldsig-core1, RFC 9231) and of XAdES (ETSI EN 319 132-1), once for all that use them.

use crate::xml::Namespace;

pub(crate) const DS: Namespace = Namespace {
    prefix: "ds",
    uri: "http://www.w3.org/2000/09/xmldsig#",
};
pub(crate) const XADES: Namespace = Namespace {
    prefix: "xades",
    uri: "http://uri.etsi.org/01903/v1.3.2#",
};
/// What XAdES 1.4.1 added: archive time stamps, validation data of time stamps.
pub(crate) const XADES_141: Namespace = Namespace {
    prefix: "xades141",
    uri: "http://uri.etsi.org/01903/v1.4.1#",
};

/// The element around signatures in an ASiC container (EN 319 162-1 annex A).
pub(crate) const ASIC: Namespace = Namespace {
    prefix: "asic",
    uri: "http://uri.etsi.org/02918/v1.2.1#",
};

pub(crate) const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(crate) const ENVELOPED_SIGNATURE: &str =
    "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
/// Transform of a reference, and encoding of an object.
pub(crate) const BASE64: &str = "http://www.w3.org/2000/09/xmldsig#base64";

pub(crate) const MANIFEST_TYPE: &str = "http://www.w3.org/2000/09/xmldsig#Manifest";
pub(crate) const SIGNATURE_PROPERTIES_TYPE: &str =
    "http://www.w3.org/2000/09/xmldsig#SignatureProperties";
/// Without a version since XAdES 1.3.2, whose namespace has one.
pub(crate) const SIGNED_PROPERTIES_TYPE: &str = "http://uri.etsi.org/01903#SignedProperties";

/// The signer made it and sends it (EN 319 132-1 clause 5.2.3).
pub(crate) const PROOF_OF_ORIGIN: &str = "http://uri.etsi.org/01903/v1.2.2#ProofOfOrigin";
/// The signer approves of it.
pub(crate) const PROOF_OF_APPROVAL: &str = "http://uri.etsi.org/01903/v1.2.2#ProofOfApproval";
/// The signer made it.
pub(crate) const PROOF_OF_CREATION: &str = "http://uri.etsi.org/01903/v1.2.2#ProofOfCreation";
