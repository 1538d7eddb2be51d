//! How the demo speaks: numbered steps, French first, English beside; facts indented under them.

#![expect(clippy::print_stdout, reason = "the demo is told on standard output")]

use std::path::Path;

/// A new act.
pub(super) fn act(french: &str, english: &str) {
    println!("\n== {french} / {english}");
}

/// A step that succeeded.
pub(super) fn step(french: &str, english: &str) {
    println!(" + {french}\n   ({english})");
}

/// Something that was refused, as it should be.
pub(super) fn refused(french: &str, english: &str, reason: &str) {
    println!(" x {french}\n   ({english})\n       -> {reason}");
}

/// A fact under a step.
pub(super) fn fact(name: &str, value: impl std::fmt::Display) {
    println!("       {name}: {value}");
}

/// The PIN window, as the person sees it.
pub(super) fn window(title: &str, text: &str) {
    let lines: Vec<&str> = text.lines().collect();
    let width = lines
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0);
    println!(
        "       .- {title} {}",
        "-".repeat(width.saturating_sub(title.chars().count() + 1))
    );
    for line in lines {
        println!("       | {line}");
    }
    println!("       | PIN: ****");
    println!("       '{}", "-".repeat(width + 3));
}

/// Where the results are and how to check them with other people's programs.
pub(super) fn results(folder: &Path) {
    let folder = folder.display();
    println!("\n== Résultats / results: {folder}");
    println!(
        "   Vérifier avec un programme qui n'est pas de nous / check with a program that is not ours:"
    );
    println!("     xmlsec1 --verify --ignore-manifests \\");
    println!(
        "       --trusted-pem {folder}/pki/anchors/ACR-FO-TEST.pem {folder}/lot/lot-signature.xml"
    );
}
