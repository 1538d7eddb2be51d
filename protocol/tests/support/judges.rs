//! Programs that nobody here wrote, in Python, which judge what we make.

use std::path::{Path, PathBuf};

/// The Python that has the judges: a virtual environment in the target directory.
pub fn python() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let python = target.join("judges/bin/python");
    assert!(
        python.exists(),
        "{} is missing: run sh tests/install.sh tests",
        python.display()
    );
    python
}
