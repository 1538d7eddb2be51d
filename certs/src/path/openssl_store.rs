//! OpenSSL's X509_STORE as the path engine: the one file of this crate with `unsafe`.
//!
//! rust-openssl binds everything needed but X509_STORE_CTX_set0_crls and X509_VERIFY_PARAM_add0_policy, declared here by hand. A store
//! is made for each verification, because the time is one of its parameters; certificates and lists are shared by reference count,
//! so that costs no parsing. Lists are given to the context and not put into the store, where the engine looks up those of a
//! certificate's own issuer only and so never finds an indirect one.

#![allow(
    unsafe_code,
    reason = "X509_STORE_CTX_set0_crls and X509_VERIFY_PARAM_add0_policy have no safe binding in rust-openssl 0.10"
)]

use std::ffi::c_int;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;

use foreign_types_shared::{ForeignType as _, ForeignTypeRef as _};
use openssl::asn1::Asn1Object;
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509Crl, X509StoreContext, X509StoreContextRef};

use crate::path::rules::PathRules;
use crate::unix_time::UnixTime;

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
    rules: &PathRules,
) -> Result<Result<Vec<Vec<u8>>, Refusal>, ErrorStack> {
    let store = store(material, at, rules)?;
    let mut untrusted = Stack::new()?;
    for certificate in material.intermediates {
        untrusted.push(certificate.clone())?;
    }
    let lists = ListStack::of(material.crls.unwrap_or_default())?;
    X509StoreContext::new()?.init(&store, leaf, &untrusted, |context| {
        lists.give_to(context);
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

fn store(
    material: &Material<'_>,
    at: UnixTime,
    rules: &PathRules,
) -> Result<X509Store, ErrorStack> {
    let mut parameters = X509VerifyParam::new()?;
    // Without it the engine passes over critical policy constraints as if it had kept them.
    let mut flags = X509VerifyFlags::POLICY_CHECK;
    let settings = [
        (rules.is_strict, X509VerifyFlags::X509_STRICT),
        (rules.explicit_policy, X509VerifyFlags::EXPLICIT_POLICY),
        (rules.inhibit_any_policy, X509VerifyFlags::INHIBIT_ANY),
        (rules.inhibit_policy_mapping, X509VerifyFlags::INHIBIT_MAP),
    ];
    for (_, flag) in settings.into_iter().filter(|(is_set, _)| *is_set) {
        flags |= flag;
    }
    if material.crls.is_some() {
        // Without extended support a delta list would pass for a complete one.
        flags |= X509VerifyFlags::CRL_CHECK
            | X509VerifyFlags::CRL_CHECK_ALL
            | X509VerifyFlags::EXTENDED_CRL_SUPPORT
            | X509VerifyFlags::USE_DELTAS;
    }
    parameters.set_flags(flags)?;
    parameters.set_time(at.0);
    parameters.set_depth(rules.depth);
    parameters.set_auth_level(rules.security_level);
    for policy in &rules.policies {
        add_policy(&mut parameters, policy)?;
    }
    let mut builder = X509StoreBuilder::new()?;
    builder.set_param(&parameters)?;
    for anchor in material.anchors {
        builder.add_cert(anchor.clone())?;
    }
    Ok(builder.build())
}

unsafe extern "C" {
    /// <https://docs.openssl.org/3.0/man3/X509_STORE_CTX_new/>: keeps the pointer, without owning it, until the context is cleaned up.
    fn X509_STORE_CTX_set0_crls(
        context: *mut openssl_sys::X509_STORE_CTX,
        lists: *mut openssl_sys::OPENSSL_STACK,
    );

    /// <https://docs.openssl.org/3.0/man3/X509_VERIFY_PARAM_set_flags/>: takes the object where it succeeds.
    fn X509_VERIFY_PARAM_add0_policy(
        parameters: *mut openssl_sys::X509_VERIFY_PARAM,
        policy: *mut openssl_sys::ASN1_OBJECT,
    ) -> c_int;
}

/// STACK_OF(X509_CRL) that borrows its lists.
struct ListStack<'a> {
    stack: *mut openssl_sys::OPENSSL_STACK,
    lists: PhantomData<&'a X509Crl>,
}

impl<'a> ListStack<'a> {
    fn of(lists: &[&'a X509Crl]) -> Result<Self, ErrorStack> {
        // SAFETY: takes nothing; answers a new stack or null.
        let stack = unsafe { openssl_sys::OPENSSL_sk_new_null() };
        if stack.is_null() {
            return Err(ErrorStack::get());
        }
        let stack = Self {
            stack,
            lists: PhantomData,
        };
        for list in lists {
            // SAFETY: the stack is live and ours; it keeps the pointer of a list that is borrowed for as long as the stack is.
            let count = unsafe { openssl_sys::OPENSSL_sk_push(stack.stack, list.as_ptr().cast()) };
            if count <= 0 {
                return Err(ErrorStack::get());
            }
        }
        Ok(stack)
    }

    /// For the verification that follows: the stack must be kept until the context is cleaned up.
    fn give_to(&self, context: &mut X509StoreContextRef) {
        // SAFETY: both are live. OpenSSL reads the stack during verification only, raises the count of a list that it keeps, and the one
        // caller keeps the stack until the context is cleaned up.
        unsafe { X509_STORE_CTX_set0_crls(context.as_ptr(), self.stack) };
    }
}

impl Drop for ListStack<'_> {
    fn drop(&mut self) {
        // SAFETY: made by `of` and freed once; the lists themselves belong to others.
        unsafe { openssl_sys::OPENSSL_sk_free(self.stack) };
    }
}

fn add_policy(parameters: &mut X509VerifyParam, policy: &str) -> Result<(), ErrorStack> {
    let policy = ManuallyDrop::new(Asn1Object::from_str(policy)?);
    // SAFETY: both pointers come from live rust-openssl objects. OpenSSL owns the object from here on where it answers 1, and then
    // it is not dropped here.
    let added = unsafe { X509_VERIFY_PARAM_add0_policy(parameters.as_ptr(), policy.as_ptr()) };
    if added == 1 {
        Ok(())
    } else {
        drop(ManuallyDrop::into_inner(policy));
        Err(ErrorStack::get())
    }
}
