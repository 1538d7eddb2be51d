//! An algorithm of an XML signature that is not accepted: told as too weak where its name says so, as unknown otherwise. The name is cut,
//! since whoever wrote the file chose it.

/// Characters that are repeated of a refused name.
const MAX_TOLD: usize = 128;

pub(crate) struct RefusedAlgorithm {
    pub(crate) uri: String,
    pub(crate) is_weak: bool,
}

impl RefusedAlgorithm {
    pub(crate) fn new(uri: &str) -> Self {
        let weak = ["sha1", "md5", "SHA1", "MD5"];
        Self {
            uri: uri.chars().take(MAX_TOLD).collect(),
            is_weak: weak.iter().any(|name| uri.contains(name)),
        }
    }
}
