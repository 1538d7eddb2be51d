//! Who may read the keys of the HTTPS door's certificate: one user, or a group of users of the machine. Whoever reads them can
//! pass for the agent before browsers of this machine, so they are the users who work with it and nobody else; a group's
//! directory is root's, so that none of its members changes it.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;

use crate::root_owner::is_root;

const ROOT: u32 = 0;
/// Group and others.
const ANYBODY_ELSE: u32 = 0o077;
/// Writing by the group, anything by others.
const MORE_THAN_A_GROUP_S_READING: u32 = 0o027;
const GROUP: u32 = 0o070;

/// Who may read the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyReader {
    /// One user, by number.
    User(u32),
    /// The members of a group, by number.
    Group(u32),
}

impl KeyReader {
    /// Who can read a file or enter a directory of the form that [`Self::ownership`] gives.
    pub(super) fn of(metadata: &Metadata) -> Self {
        if metadata.mode() & GROUP == 0 {
            Self::User(metadata.uid())
        } else {
            Self::Group(metadata.gid())
        }
    }

    /// Whether nobody else can: the file is that user's and closed, or root's and open to that one group. Root may look after
    /// everybody's.
    pub(super) fn is_alone(self, metadata: &Metadata, this_user: u32) -> bool {
        match self {
            Self::User(owner) => {
                let ours = owner == this_user || this_user == ROOT;
                ours && metadata.mode() & ANYBODY_ELSE == 0
            }
            // Root's own group is no group of users.
            Self::Group(group) => {
                group != ROOT
                    && is_root(metadata.uid())
                    && metadata.mode() & MORE_THAN_A_GROUP_S_READING == 0
            }
        }
    }

    /// Owner, group and mode of a file or directory; `mode` is what its owner may do with it.
    pub(super) fn ownership(self, mode: u32) -> (Option<u32>, Option<u32>, u32) {
        match self {
            Self::User(user) => (Some(user), None, mode),
            // Reading (and entering), never writing.
            Self::Group(group) => (Some(ROOT), Some(group), mode | ((mode >> 3) & 0o050)),
        }
    }
}
