//! HTTP/1.1 over TLS: the listener, what a request must look like, where it goes, what goes back.

mod body;
mod credentials;
mod listener;
mod response;
mod route;
mod router;

pub(crate) use body::BodyReader;
pub(crate) use credentials::Credentials;
pub(crate) use listener::Listener;
