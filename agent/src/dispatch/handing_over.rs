//! A connection handed from one process to another: one byte with one descriptor (SCM_RIGHTS, unix(7)) for each, never waited
//! for. A message that is anything else is refused; descriptors that came with it are closed by the kernel and the buffer.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recv, recvmsg, send, sendmsg,
};

/// With it comes a connection.
const CONNECTION: u8 = b'C';
/// The dispatcher's word to an agent that it takes connections for it.
pub(crate) const REGISTERED: u8 = b'R';
/// The dispatcher's word to an agent that another one of its user is there.
pub(crate) const ANOTHER_IS_THERE: u8 = b'B';
/// The agent's word that it took a connection.
const TAKEN: u8 = b'T';

/// Hand a connection over, without waiting.
pub(super) fn give(line: impl AsFd, connection: impl AsFd) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let descriptors = [connection.as_fd()];
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    sendmsg(line, &[IoSlice::new(&[CONNECTION])], &mut control, flags)?;
    Ok(())
}

/// Take a connection that was handed over, without waiting; `None`: the other side is gone.
pub(crate) fn take(line: impl AsFd) -> io::Result<Option<OwnedFd>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    let message = recvmsg(
        &line,
        &mut [IoSliceMut::new(&mut byte)],
        &mut control,
        flags,
    )?;
    if message.bytes == 0 {
        return Ok(None);
    }
    let mut taken = None;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            taken = descriptors.last();
        }
    }
    match taken {
        Some(connection)
            if byte == [CONNECTION] && !message.flags.contains(ReturnFlags::CTRUNC) =>
        {
            // Nobody waits for it: a dispatcher that is gone is seen at the next message.
            let _gone = say(&line, TAKEN);
            Ok(Some(connection))
        }
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// One byte, without waiting.
pub(super) fn say(line: impl AsFd, word: u8) -> io::Result<()> {
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    send(line, &[word], flags)?;
    Ok(())
}

/// What the other side of a line said so far, read without waiting.
pub(super) enum Heard {
    /// So many connections were taken.
    Taken(usize),
    /// It is gone, or speaks another language.
    Gone,
}

/// Read what an agent said.
pub(super) fn hear(line: impl AsFd) -> Heard {
    let mut words = [0_u8; 64];
    let mut taken = 0_usize;
    loop {
        match recv(&line, &mut words[..], RecvFlags::DONTWAIT) {
            Ok((_, length)) => {
                let said = words.get(..length).unwrap_or_default();
                if said.is_empty() || said.iter().any(|word| *word != TAKEN) {
                    return Heard::Gone;
                }
                taken = taken.saturating_add(length);
            }
            Err(rustix::io::Errno::AGAIN) => return Heard::Taken(taken),
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return Heard::Gone,
        }
    }
}
