//! Frames on the socket between the agent and the helper of a module: the length of a JSON message (4 bytes, big-endian) and
//! of two secrets (2 bytes each), then the three. Secrets travel beside the message, so that no JSON reader or writer ever
//! holds a copy of one; they are wiped where they were read. Refused: anything longer than its bound, before memory is taken
//! for it.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

/// Longest message, bytes: a token's certificates in base64, the most that any answer holds.
pub(super) const MAXIMUM_MESSAGE: usize = 1 << 20;
/// Longest secret, bytes: more than any token takes (ulMaxPinLen of SoftHSM is 255).
pub(super) const MAXIMUM_SECRET: usize = 256;
const HEADER: usize = 8;

/// A message, and up to two secrets; an empty one is none.
pub(super) struct Frame {
    pub(super) message: Vec<u8>,
    pub(super) secrets: [Zeroizing<Vec<u8>>; 2],
}

/// Writes a frame.
pub(super) fn write(to: &mut impl Write, message: &[u8], secrets: [&[u8]; 2]) -> io::Result<()> {
    let [first, second] = secrets;
    let fits = message.len() <= MAXIMUM_MESSAGE
        && secrets.iter().all(|secret| secret.len() <= MAXIMUM_SECRET);
    let (Ok(length), Ok(of_first), Ok(of_second)) = (
        u32::try_from(message.len()),
        u16::try_from(first.len()),
        u16::try_from(second.len()),
    ) else {
        return Err(too_long());
    };
    if !fits {
        return Err(too_long());
    }
    let mut header = [0; HEADER];
    header[..4].copy_from_slice(&length.to_be_bytes());
    header[4..6].copy_from_slice(&of_first.to_be_bytes());
    header[6..].copy_from_slice(&of_second.to_be_bytes());
    to.write_all(&header)?;
    to.write_all(message)?;
    to.write_all(first)?;
    to.write_all(second)?;
    to.flush()
}

/// Reads a frame; `None` where the other end closed the socket between two.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Frame>> {
    let mut header = [0; HEADER];
    let mut filled = 0;
    while let Some(rest) = header.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let [a, b, c, d, e, f, g, h] = header;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    let of_secrets = [u16::from_be_bytes([e, f]), u16::from_be_bytes([g, h])].map(usize::from);
    if length > MAXIMUM_MESSAGE || of_secrets.iter().any(|length| *length > MAXIMUM_SECRET) {
        return Err(too_long());
    }
    let mut message = vec![0; length];
    from.read_exact(&mut message)?;
    let mut secrets = of_secrets.map(|length| Zeroizing::new(vec![0; length]));
    for secret in &mut secrets {
        from.read_exact(secret)?;
    }
    Ok(Some(Frame { message, secrets }))
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a frame is too long")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::{MAXIMUM_MESSAGE, MAXIMUM_SECRET, read, write};

    #[test]
    fn a_frame_comes_out_as_it_went_in() {
        let mut bytes = Vec::new();
        write(&mut bytes, b"{}", [b"1234", b""]).unwrap();
        write(&mut bytes, b"", [b"", b"\xFF"]).unwrap();
        let mut from = bytes.as_slice();
        let first = read(&mut from).unwrap().unwrap();
        assert_eq!(first.message, b"{}");
        assert_eq!(first.secrets[0].as_slice(), b"1234");
        assert!(first.secrets[1].is_empty());
        let second = read(&mut from).unwrap().unwrap();
        assert_eq!(second.secrets[1].as_slice(), b"\xFF");
        assert!(read(&mut from).unwrap().is_none());
    }

    #[test]
    fn what_is_too_long_or_cut_off_is_refused() {
        let mut bytes = Vec::new();
        let long = vec![b' '; MAXIMUM_MESSAGE + 1];
        assert!(write(&mut bytes, &long, [b"", b""]).is_err());
        assert!(write(&mut bytes, b"", [b"", &[b'1'; MAXIMUM_SECRET + 1]]).is_err());
        assert!(bytes.is_empty());
        for header in [
            [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0],
            [0, 0, 0, 0, 0xFF, 0xFF, 0, 0],
            [0, 0, 0, 0, 0, 0, 1, 1],
        ] {
            assert!(read(&mut header.as_slice()).is_err(), "{header:?}");
        }
        write(&mut bytes, b"{}", [b"1234", b"5678"]).unwrap();
        for length in 1..bytes.len() {
            assert!(read(&mut &bytes[..length]).is_err(), "{length} bytes");
        }
    }
}
