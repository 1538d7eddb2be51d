//! The key store below the PIV application, as its authors put it together for software: which of the four back ends answers which
//! request. The order is that of Nitrokey's own firmware: staging, authentication, RSA, then the core.

use trussed::backend::{Backend as _, BackendId};
use trussed::platform::Platform;
use trussed::serde_extensions::{ExtensionDispatch, ExtensionId, ExtensionImpl as _};
use trussed::service::ServiceResources;
use trussed::types::Context;
use trussed_auth::AuthExtension;
use trussed_auth_backend::{AuthBackend, AuthContext, FilesystemLayout};
use trussed_chunked::ChunkedExtension;
use trussed_core::Error;
use trussed_core::api::{Reply, Request, reply, request};
use trussed_core::types::Location;
use trussed_hpke::HpkeExtension;
use trussed_rsa_alloc::SoftwareRsa;
use trussed_staging::{StagingBackend, StagingContext};
use trussed_wrap_key_to_file::WrapKeyToFileExtension;

/// The order in which the back ends are asked.
pub(crate) const BACKENDS: &[BackendId<Backend>] = &[
    BackendId::Custom(Backend::Staging),
    BackendId::Custom(Backend::Authentication),
    BackendId::Custom(Backend::Rsa),
    BackendId::Core,
];

/// A back end beside the core.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Backend {
    Authentication,
    Rsa,
    Staging,
}

/// An extension of the core's interface; the number is its place on the wire between client and service.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
pub(crate) enum Extension {
    Authentication = 0,
    Chunked = 1,
    Hpke = 2,
    WrapKeyToFile = 3,
}

impl From<Extension> for u8 {
    fn from(extension: Extension) -> Self {
        extension as Self
    }
}

impl TryFrom<u8> for Extension {
    type Error = Error;

    fn try_from(number: u8) -> Result<Self, Error> {
        match number {
            0 => Ok(Self::Authentication),
            1 => Ok(Self::Chunked),
            2 => Ok(Self::Hpke),
            3 => Ok(Self::WrapKeyToFile),
            _ => Err(Error::InternalError),
        }
    }
}

/// The back ends.
#[allow(missing_debug_implementations, reason = "the back ends have none")]
pub(crate) struct KeyStore {
    authentication: AuthBackend,
    staging: StagingBackend,
}

/// What the back ends remember of a client.
#[derive(Default)]
#[allow(missing_debug_implementations, reason = "the back ends have none")]
pub(crate) struct ClientContext {
    authentication: AuthContext,
    staging: StagingContext,
}

impl KeyStore {
    pub(crate) fn new() -> Self {
        Self {
            authentication: AuthBackend::new(Location::Internal, FilesystemLayout::V0),
            staging: StagingBackend::new(),
        }
    }
}

impl ExtensionDispatch for KeyStore {
    type BackendId = Backend;
    type Context = ClientContext;
    type ExtensionId = Extension;

    fn core_request<P: Platform>(
        &mut self,
        backend: &Backend,
        context: &mut Context<ClientContext>,
        request: &Request,
        resources: &mut ServiceResources<P>,
    ) -> Result<Reply, Error> {
        let core = &mut context.core;
        match backend {
            Backend::Authentication => self.authentication.request(
                core,
                &mut context.backends.authentication,
                request,
                resources,
            ),
            Backend::Rsa => SoftwareRsa.request(core, &mut (), request, resources),
            Backend::Staging => {
                self.staging
                    .request(core, &mut context.backends.staging, request, resources)
            }
        }
    }

    fn extension_request<P: Platform>(
        &mut self,
        backend: &Backend,
        extension: &Extension,
        context: &mut Context<ClientContext>,
        request: &request::SerdeExtension,
        resources: &mut ServiceResources<P>,
    ) -> Result<reply::SerdeExtension, Error> {
        let core = &mut context.core;
        let staging = &mut context.backends.staging;
        match (backend, extension) {
            (Backend::Authentication, Extension::Authentication) => {
                self.authentication.extension_request_serialized(
                    core,
                    &mut context.backends.authentication,
                    request,
                    resources,
                )
            }
            (Backend::Staging, Extension::Chunked) => serialized::<ChunkedExtension, P>(
                &mut self.staging,
                core,
                staging,
                request,
                resources,
            ),
            (Backend::Staging, Extension::Hpke) => {
                serialized::<HpkeExtension, P>(&mut self.staging, core, staging, request, resources)
            }
            (Backend::Staging, Extension::WrapKeyToFile) => {
                serialized::<WrapKeyToFileExtension, P>(
                    &mut self.staging,
                    core,
                    staging,
                    request,
                    resources,
                )
            }
            _ => Err(Error::RequestNotAvailable),
        }
    }
}

/// The staging back end serves three extensions by the same method.
fn serialized<E, P>(
    backend: &mut StagingBackend,
    core: &mut trussed::types::CoreContext,
    context: &mut StagingContext,
    request: &request::SerdeExtension,
    resources: &mut ServiceResources<P>,
) -> Result<reply::SerdeExtension, Error>
where
    E: trussed_core::serde_extensions::Extension,
    P: Platform,
    StagingBackend: trussed::serde_extensions::ExtensionImpl<E>,
{
    backend.extension_request_serialized(core, context, request, resources)
}

impl ExtensionId<AuthExtension> for KeyStore {
    type Id = Extension;
    const ID: Extension = Extension::Authentication;
}

impl ExtensionId<ChunkedExtension> for KeyStore {
    type Id = Extension;
    const ID: Extension = Extension::Chunked;
}

impl ExtensionId<HpkeExtension> for KeyStore {
    type Id = Extension;
    const ID: Extension = Extension::Hpke;
}

impl ExtensionId<WrapKeyToFileExtension> for KeyStore {
    type Id = Extension;
    const ID: Extension = Extension::WrapKeyToFile;
}
