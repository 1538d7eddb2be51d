//! The agent before real browsers, and before schemathesis: tests/browsers.sh and tests/openapi.sh, as anybody runs them. They print what they
//! saw; screenshots and logs are in `browsers/` of the target directory.

use std::process::Command;

use paraphe_scenarios::{program, project, succeed};

#[test]
fn chromium_pairs_logs_in_and_signs() {
    script("tests/browsers.sh", "chromium");
}

#[test]
fn firefox_pairs_logs_in_and_signs() {
    script("tests/browsers.sh", "firefox");
}

#[test]
fn schemathesis_finds_no_failure() {
    script("tests/openapi.sh", "0");
}

/// Runs it on the programs beside this test; it installs nothing: `sh tests/all.sh` did.
fn script(name: &str, argument: &str) {
    let programs = program("paraphe");
    let target = programs.ancestors().nth(2).unwrap();
    let said = succeed(
        Command::new("sh")
            .arg(name)
            .arg(argument)
            .current_dir(project())
            .env("CARGO_TARGET_DIR", target),
    );
    println!("{said}");
}
