//! OpenSSL's X509_STORE as the path engine: the one file of this crate with `unsafe`.
//!
//! rust-openssl binds everything needed but X509_STORE_add_crl, declared here by hand. A store is made for each
//! verification, because the time is one of its parameters; certificates and lists are shared by reference count, so that
//! costs no parsing.

#![allow(
    unsafe_code,
    reason = "X509_STORE_add_crl has no safe binding in rust-openssl 0.10"
)]

use std::ffi::c_int;

use foreign_types_shared::ForeignType as _;
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509Crl, X509StoreContext};

use crate::unix_time::UnixTime;

/// Longest path below the anchor, in certificates: the profile has one level of issuing authorities.
const MAX_DEPTH: c_int = 4;

/// OpenSSL's security level 2: 112 bits, so RSA 2048 at least and no SHA-1 on the path.
const SECURITY_LEVEL: c_int = 2;

/// Where and why the engine stopped.
#[derive(Debug)]
pub(super) struct Refusal {
    /// X509_V_ERR code.
    pub(super) code: c_int,
    /// OpenSSL's sentence for it.
    pub(super) reason: &'static str,
    /// DER of the certificate where it stopped, where there is one.
    pub(super) certificate: Option<Vec<u8>>,
}

/// Anchors, authorities below them and revocation lists, as OpenSSL's own objects.
pub(super) struct Material<'a> {
    pub(super) anchors: &'a [X509],
    pub(super) intermediates: &'a [X509],
    /// `None`: revocation is not looked at here.
    pub(super) crls: Option<&'a [&'a X509Crl]>,
}

/// Builds and verifies a path from `leaf` to an anchor at a time. The result is the path in DER, leaf first.
pub(super) fn verify(
    material: &Material<'_>,
    leaf: &X509,
    at: UnixTime,
) -> Result<Result<Vec<Vec<u8>>, Refusal>, ErrorStack> {
    let store = store(material, at)?;
    let mut untrusted = Stack::new()?;
    for certificate in material.intermediates {
        untrusted.push(certificate.clone())?;
    }
    X509StoreContext::new()?.init(&store, leaf, &untrusted, |context| {
        if context.verify_cert()? {
            let chain = context.chain().map(|chain| {
                chain
                    .iter()
                    .map(|certificate| certificate.to_der())
                    .collect()
            });
            return Ok(Ok(chain.transpose()?.unwrap_or_default()));
        }
        let certificate = context
            .current_cert()
            .map(|certificate| certificate.to_der())
            .transpose()?;
        let error = context.error();
        // A refused signature leaves its trace in the thread's error queue, where a later caller would take it for its own.
        drop(ErrorStack::get());
        Ok(Err(Refusal {
            code: error.as_raw(),
            reason: error.error_string(),
            certificate,
        }))
    })
}

fn store(material: &Material<'_>, at: UnixTime) -> Result<X509Store, ErrorStack> {
    let mut parameters = X509VerifyParam::new()?;
    parameters.set_flags(X509VerifyFlags::X509_STRICT)?;
    if material.crls.is_some() {
        parameters.set_flags(X509VerifyFlags::CRL_CHECK | X509VerifyFlags::CRL_CHECK_ALL)?;
    }
    parameters.set_time(at.0);
    parameters.set_depth(MAX_DEPTH);
    parameters.set_auth_level(SECURITY_LEVEL);
    let mut builder = X509StoreBuilder::new()?;
    builder.set_param(&parameters)?;
    for anchor in material.anchors {
        builder.add_cert(anchor.clone())?;
    }
    for crl in material.crls.unwrap_or_default() {
        add_crl(&mut builder, crl)?;
    }
    Ok(builder.build())
}

unsafe extern "C" {
    /// <https://docs.openssl.org/3.0/man3/X509_STORE_add_cert/>: takes its own reference to the list.
    fn X509_STORE_add_crl(
        store: *mut openssl_sys::X509_STORE,
        crl: *mut openssl_sys::X509_CRL,
    ) -> c_int;
}

fn add_crl(builder: &mut X509StoreBuilder, crl: &X509Crl) -> Result<(), ErrorStack> {
    // SAFETY: both pointers come from live rust-openssl objects that are borrowed for the whole call; OpenSSL raises the
    // list's reference count and does not write to it.
    let added = unsafe { X509_STORE_add_crl(builder.as_ptr(), crl.as_ptr()) };
    if added == 1 {
        Ok(())
    } else {
        Err(ErrorStack::get())
    }
}
