//! The record server itself: what it knows and offers, and the order of what it does.

use paraphe_certs::UnixTime;

use super::nonce::{self, Purpose};
use super::{
    Connection, ConsumedNonce, IssuedNonce, NonceRefusal, SingleUseStore, VerifiedIdentity,
};
use crate::identifiers::Environment;
use crate::login::{
    Audience, ChannelBindingKind, Expected, LoginAssertion, LoginError, OfferedAlgorithms, Origin,
    StatedTerms, TrustedCards, verify_with,
};

/// A record server, as far as logins go.
#[derive(Clone, Debug)]
pub struct LoginServer {
    /// Its name in the agents' tables.
    pub audience: Audience,
    /// The origin of its pages.
    pub origin: Origin,
    /// The algorithms that it offers, in its order of preference.
    pub offered: OfferedAlgorithms,
    /// Test servers admit test cards only, production servers production cards only.
    pub environment: Environment,
    /// Life of a nonce, seconds.
    pub nonce_seconds: i64,
    /// Most nonces that are neither used nor expired; with several servers on one store, about.
    pub outstanding_nonces: u64,
    /// Whether a login may be bound to nothing, and a session to no key: a stolen assertion or token then serves whoever has it.
    pub accept_unbound: bool,
}

/// Why a login is refused after its nonce was consumed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoginRefusal {
    /// One of the checks of the assertion.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The binding that the assertion has is not one that this connection gives a value for.
    #[error("the login is bound by {found:?}, which this request does not show")]
    BindingNotShown {
        /// What the assertion says.
        found: ChannelBindingKind,
    },
    /// A session would be bound to no key.
    #[error("the request proves no key that a session could be bound to")]
    NoSessionKey,
    /// A test card on a production server, or the reverse.
    #[error("the card is for {found:?}, this server for the other environment")]
    Environment {
        /// What the card is for.
        found: Environment,
    },
}

impl LoginRefusal {
    /// Stable name of the reason, for programs (docs/login-assertion.md).
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Login(error) => error.code(),
            Self::BindingNotShown { .. } => "channel-binding",
            Self::NoSessionKey => "no-session-key",
            Self::Environment { .. } => "other-environment",
        }
    }
}

impl LoginServer {
    /// Issues a nonce of these 32 random bytes.
    ///
    /// # Errors
    /// [`NonceRefusal::TooMany`], [`NonceRefusal::Store`].
    pub fn issue_nonce<S: SingleUseStore>(
        &self,
        store: &mut S,
        random: [u8; 32],
        now: UnixTime,
    ) -> Result<IssuedNonce, NonceRefusal<S::Error>> {
        let life = (now, self.nonce_seconds);
        nonce::issue(store, self.purpose(), random, life, self.outstanding_nonces)
    }

    /// Consumes a nonce, base64url without padding, then says whether it could be used. Before anything is verified: an attempt that
    /// fails later has burnt it.
    ///
    /// # Errors
    /// [`NonceRefusal`].
    pub fn consume_nonce<S: SingleUseStore>(
        &self,
        store: &mut S,
        nonce: &str,
        now: UnixTime,
    ) -> Result<ConsumedNonce, NonceRefusal<S::Error>> {
        let nonce = nonce::consume(store, self.purpose(), nonce, now)?;
        Ok(ConsumedNonce { nonce })
    }

    /// Verifies a login. `stated` is what the login was made for, as whoever hands it over says; it takes no part in the decision.
    ///
    /// # Errors
    /// [`LoginRefusal`]: the binding first, then the assertion's checks in their order, then the environment.
    pub fn verify(
        &self,
        nonce: ConsumedNonce,
        (assertion, stated): (&LoginAssertion, Option<&StatedTerms>),
        connection: &Connection,
        cards: &TrustedCards,
        now: UnixTime,
    ) -> Result<VerifiedIdentity, LoginRefusal> {
        let ConsumedNonce { nonce } = nonce;
        let session_key = connection.session_key();
        if session_key.is_none() && !self.accept_unbound {
            return Err(LoginRefusal::NoSessionKey);
        }
        let found = assertion.channel_binding();
        let channel_binding = connection
            .binding(found, self.accept_unbound)
            .ok_or(LoginRefusal::BindingNotShown { found })?;
        let expected = Expected {
            audience: &self.audience,
            origin: &self.origin,
            nonce: &nonce,
            now,
            offered: &self.offered,
            channel_binding,
            stated,
        };
        let login = verify_with(&expected, assertion, cards)?;
        let found = if login.holder().is_test() {
            Environment::Test
        } else {
            Environment::Production
        };
        if found != self.environment {
            return Err(LoginRefusal::Environment { found });
        }
        Ok(VerifiedIdentity::new(login, found, session_key))
    }

    fn purpose(&self) -> Purpose<'_> {
        Purpose::Login(&self.audience, &self.origin)
    }
}
