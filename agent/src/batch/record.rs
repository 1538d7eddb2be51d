//! What a batch's journal says, one record a line. Nothing that is there is ever changed: what happens later is a later record.

use paraphe_protocol::algorithm::SignatureAlgorithm;
use paraphe_protocol::api::{BatchChoice, ErrorCode};
use paraphe_protocol::digest::Sha256Digest;
use serde::{Deserialize, Serialize};

use crate::caller::Caller;
use crate::document_store::Owner;
use crate::problem::{Failure, Sentence};

/// The form of the journal; another one is not read.
pub(super) const VERSION: u32 = 1;

/// A record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Record {
    /// The first one.
    Begun(Begun),
    /// An item.
    Item(Item),
    /// Every item is there: the batch exists.
    Listed { items: u32 },
    /// The digest of an item's document when it was first read: the one that is approved.
    Seen { item: u32, document: Sha256Digest },
    /// Whose card signs; nobody else's afterwards.
    Signer {
        serial: String,
        certificate: Sha256Digest,
    },
    /// The card may be asked from now on, for exactly these bytes and no others.
    Intent(Intent),
    /// What the card answered, base64.
    Signed { item: u32, value: String },
    /// The result is in its place.
    Done {
        item: u32,
        size: u64,
        sha256: Sha256Digest,
    },
    /// The item was refused.
    Failed(FailedItem),
    /// It was set to work.
    Working,
    /// Failed items that were not signed are tried once more.
    Retried,
    /// It was cancelled.
    Cancelled,
}

/// What a batch was started with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begun {
    pub(super) version: u32,
    /// The origin of the site; absent: the user.
    pub(super) site: Option<String>,
    pub(super) purpose: String,
    pub(super) output: Option<String>,
    pub(super) reader: Option<String>,
    pub(super) card: Option<String>,
    /// Seconds since 1970-01-01 UTC.
    pub(super) at: i64,
}

/// An item: a file, or a copy of what was handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    /// From 1.
    pub(super) item: u32,
    pub(super) path: String,
    /// The file is the batch's own copy.
    pub(super) copied: bool,
    pub(super) title: Option<String>,
    pub(super) choice: BatchChoice,
}

/// All that is needed to lay the same bytes out again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Intent {
    pub(super) item: u32,
    /// The document's bytes.
    pub(super) document: Sha256Digest,
    /// The bytes that the card signs.
    pub(super) to_be_signed: Sha256Digest,
    pub(super) signing_time: i64,
    pub(super) algorithm: SignatureAlgorithm,
}

/// Why an item was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FailedItem {
    pub(super) item: u32,
    pub(super) code: ErrorCode,
    pub(super) french: Option<String>,
    pub(super) english: Option<String>,
}

impl Begun {
    pub(super) fn owner(&self) -> Option<Owner> {
        match &self.site {
            None => Some(Owner::User),
            Some(origin) => origin.parse().ok().map(Owner::Site),
        }
    }

    pub(super) fn site_of(caller: &Caller) -> Option<String> {
        match caller {
            Caller::Site(origin) => Some(origin.as_str().to_owned()),
            Caller::LocalProgram { .. } | Caller::OwnPage | Caller::CommandLine => None,
        }
    }
}

impl FailedItem {
    pub(super) fn new(item: u32, failure: &Failure) -> Self {
        let (french, english) = failure
            .detail()
            .map(|Sentence { french, english }| (french.clone(), english.clone()))
            .unzip();
        Self {
            item,
            code: failure.code(),
            french,
            english,
        }
    }

    pub(super) fn failure(&self) -> Failure {
        let failure = Failure::new(self.code);
        match (&self.french, &self.english) {
            (Some(french), Some(english)) => failure.with_detail(french, english),
            _ => failure,
        }
    }
}
