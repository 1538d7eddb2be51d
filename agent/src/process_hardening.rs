//! What the process gives up before anything else: being dumped, traced or read by other processes of the same user
//! (prctl(2) PR_SET_DUMPABLE, as ssh-agent does) and leaving core files (RLIMIT_CORE). Set at each start, because execve
//! sets it back. It does not defend against root, nor against a program that was replaced.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Give up dumping and tracing.
///
/// # Errors
/// The kernel refuses, which no Linux does for a process that asks for less.
pub fn apply() -> std::io::Result<()> {
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    #[test]
    fn nothing_can_be_dumped_afterwards() {
        super::apply().unwrap();
        assert!(matches!(
            dumpable_behavior().unwrap(),
            DumpableBehavior::NotDumpable
        ));
        let limit = getrlimit(Resource::Core);
        assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
    }
}
