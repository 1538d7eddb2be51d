//! Which files are root's, as this process sees them. In a user namespace that maps this user only (user_namespaces(7)), as systemd
//! makes it for `PrivateUsers=yes` of a user's unit, every other owner is shown as one overflow number: root's files too. There
//! they cannot be told from those of third users, so whoever asks relies on the directories above and on modes as well, which are
//! shown as they are.

use std::sync::OnceLock;

const ROOT: u32 = 0;
/// What the kernel shows for owners without a number here, unless somebody changed /proc/sys/kernel/overflowuid.
const OVERFLOW: u32 = 65_534;

/// Whether a file of this owner is root's, or may be where nobody can tell.
pub(crate) fn is_root(uid: u32) -> bool {
    static IS_HIDDEN: OnceLock<bool> = OnceLock::new();
    let is_hidden = || {
        *IS_HIDDEN.get_or_init(|| {
            let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
            hides_root(&map)
        })
    };
    uid == ROOT || (uid == OVERFLOW && is_hidden())
}

/// Whether this map (lines of first number inside, first number outside, how many) leaves the root of the whole machine out. A map that
/// cannot be read leaves nobody out.
fn hides_root(map: &str) -> bool {
    let mut outside = map.lines().filter_map(|line| {
        let mut numbers = line.split_whitespace().skip(1).map(str::parse::<u64>);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    });
    !map.trim().is_empty() && !outside.any(|(first, count)| first == 0 && count > 0)
}

#[cfg(test)]
mod tests {
    use super::{hides_root, is_root};

    #[test]
    fn only_a_namespace_without_root_hides_it() {
        assert!(!hides_root("         0          0 4294967295\n"));
        assert!(hides_root("      1000       1000          1\n"));
        assert!(!hides_root("0 0 1\n1000 1000 1\n"));
        assert!(!hides_root(""));
        assert!(is_root(0) && !is_root(1));
    }
}
