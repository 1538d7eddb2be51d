//! The person's own program that shows a document: it gets a copy of the very bytes that were digested, in a directory that only
//! the user can enter, under a name that says what it is, and never writable. Where a person sits at the terminal the copy goes
//! when they are done; elsewhere at the first showing a day later, and with the runtime directory.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{BufRead, IsTerminal, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use paraphe_protocol::api::{ErrorCode, Language, Problem};
use paraphe_protocol::digest::{Sha256Digest, Sha256Hasher};
use tempfile::TempDir;

use super::failure::Failure;
use super::new_file::failed;
use super::output::{either, shown};
use super::session::Invocation;

/// The desktop's own choice of a program.
const USUAL: &str = "xdg-open";
/// How long a copy that nobody took away is left.
const LEFT: Duration = Duration::from_secs(24 * 3600);
const PREFIX: &str = "shown-";

/// A copy on its way to a viewer.
#[derive(Debug)]
pub(super) struct Copy {
    directory: TempDir,
    path: PathBuf,
    file: fs::File,
    hasher: Sha256Hasher,
}

impl Copy {
    /// Begins a copy that is called like `name`.
    pub(super) fn begin(invocation: &Invocation, name: &str) -> Result<Self, Failure> {
        let parent = match &invocation.directories.runtime {
            Some(runtime) => runtime.join("shown"),
            None => std::env::temp_dir(),
        };
        let of_parent = |source| failed(&parent, source);
        if invocation.directories.runtime.is_some() {
            let made = fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(&parent);
            made.map_err(of_parent)?;
            clear(&parent);
        }
        let directory = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&parent)
            .map_err(of_parent)?;
        // No option of the viewer, no path.
        let name = shown(name).replace('/', "_");
        let name = match name.trim_start_matches(['-', '.']) {
            "" => "document",
            name => name,
        };
        let path = directory.path().join(name);
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .map_err(|source| failed(&path, source))?;
        Ok(Self {
            directory,
            path,
            file,
            hasher: Sha256Hasher::new(),
        })
    }

    /// Adds bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.hasher.update(bytes);
        let written = self.file.write_all(bytes);
        written.map_err(|source| failed(&self.path, source))
    }

    /// Seals the copy, which must be of this digest, and opens it in the viewer; comes back when the person is done.
    pub(super) fn show(self, invocation: &Invocation, expected: &str) -> Result<(), Failure> {
        let found: Sha256Digest = self.hasher.finish();
        if found.to_string() != expected {
            return Err(Failure::Answer);
        }
        let sealed = self.file.set_permissions(Permissions::from_mode(0o400));
        sealed.map_err(|source| failed(&self.path, source))?;
        drop(self.file);
        let program = invocation.config.viewer.as_deref();
        let program = program.unwrap_or(Path::new(USUAL));
        let ended = Command::new(program)
            .arg(&self.path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match ended {
            Ok(status) if status.success() => {}
            outcome => {
                let why = outcome.map_or_else(
                    |error| super::failure::about_file(program, &error, invocation.language),
                    |status| format!("{} : {status}", program.display()),
                );
                return Err(no_viewer(invocation.language, &why));
            }
        }
        if std::io::stdin().is_terminal() {
            let language = invocation.language;
            let done = either(
                language,
                "Touche Entrée quand vous avez fini de regarder.",
                "Press Enter when you have finished looking.",
            );
            answer(done);
        } else {
            // The program may still be about to open it.
            let _left = self.directory.keep();
        }
        Ok(())
    }
}

/// Says something on the terminal and gives the line that comes back.
pub(super) fn answer(question: &str) -> String {
    let _gone = writeln!(std::io::stderr(), "{question}");
    let mut line = String::new();
    let _read = std::io::stdin().lock().read_line(&mut line);
    line.trim().to_lowercase()
}

fn no_viewer(language: Language, why: &str) -> Failure {
    let advice = either(
        language,
        "Le document n'a pas pu être ouvert ([viewer] program dans la configuration).",
        "The document could not be opened ([viewer] program in the configuration).",
    );
    let problem = Problem::new(ErrorCode::ConfigurationInvalid, language);
    Failure::Problem(Box::new(problem.with_detail(format!("{advice} {why}"))))
}

/// Takes away old copies.
fn clear(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let is_old = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|modified| {
                let since = SystemTime::now().duration_since(modified);
                since.is_ok_and(|since| since > LEFT)
            });
        if is_ours && is_old {
            let _removed = fs::remove_dir_all(entry.path());
        }
    }
}
