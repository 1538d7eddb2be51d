//! READ BINARY and UPDATE BINARY of transparent files (ISO/IEC 7816-4, 11.2.3 and 11.2.5).
//!
//! Both address the current file by a 15-bit offset, or a file by its short identifier and an 8-bit offset; both obey the
//! access rules that the file's control parameters show. On a CPS3 the one file that a holder can write is CPS_DATA.

use crate::access_rules::{Authentications, Interface};
use crate::apdu::Command;
use crate::file_system::FileSystem;
use crate::status_word::StatusWord;

/// READ BINARY: as many bytes as Le and the transmission protocol ask for, or `6Cxx` where fewer are left.
pub(crate) fn read(
    files: &mut FileSystem,
    command: &Command,
    interface: Interface,
    authentications: &dyn Authentications,
) -> Result<Vec<u8>, StatusWord> {
    // Data in this command is refused before anything else.
    command.expected_length()?;
    let offset = address(files, command)?;
    let file = files.selected_file().ok_or(StatusWord::NO_CURRENT_FILE)?;
    if !authentications.satisfies(file.access.read_condition(interface)) {
        return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
    }
    let rest = file
        .content
        .get(offset..)
        .filter(|rest| !rest.is_empty())
        .ok_or(StatusWord::WRONG_OFFSET)?;
    let length = command.exact_length(rest.len())?;
    Ok(rest.iter().take(length).copied().collect())
}

/// UPDATE BINARY; a file never grows.
pub(crate) fn update(
    files: &mut FileSystem,
    command: &Command,
    authentications: &dyn Authentications,
) -> Result<(), StatusWord> {
    let data = command.data()?;
    let offset = address(files, command)?;
    let file = files
        .selected_file_mut()
        .ok_or(StatusWord::NO_CURRENT_FILE)?;
    if !authentications.satisfies(file.access.update) {
        return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
    }
    if data.is_empty() {
        return Err(StatusWord::WRONG_LENGTH);
    }
    file.content
        .get_mut(offset..)
        .ok_or(StatusWord::WRONG_OFFSET)?
        .get_mut(..data.len())
        .ok_or(StatusWord::NOT_ENOUGH_MEMORY)?
        .copy_from_slice(data);
    Ok(())
}

/// The offset that P1-P2 name; a short identifier in P1 selects its file first.
fn address(files: &mut FileSystem, command: &Command) -> Result<usize, StatusWord> {
    if command.p1 & 0x80 == 0 {
        return Ok(usize::from(command.p1_p2()));
    }
    if command.p1 & 0x60 != 0 {
        return Err(StatusWord::INCORRECT_P1_P2);
    }
    files.select_by_short_identifier(command.p1 & 0x1F)?;
    Ok(usize::from(command.p2))
}
