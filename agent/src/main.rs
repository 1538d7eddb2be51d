//! The `paraphe` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Err(error) = paraphe::process_hardening::apply() {
        eprintln!("paraphe: {error}");
        return ExitCode::FAILURE;
    }
    paraphe::cli::run()
}
