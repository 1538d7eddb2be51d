//! The kernel asked for one TCP socket by its two ends (sock_diag(7), `NETLINK_SOCK_DIAG` with `inet_diag_req_v2`, without `NLM_F_DUMP`): whose
//! it is. It takes microseconds however many sockets the machine has. What the kernel answers is read like anybody's bytes; what is not
//! an answer is an error, and the caller looks in the table instead; an answer for another socket says that there is none.

use std::io;
use std::net::{IpAddr, SocketAddr};

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

/// nlmsghdr: length, type, flags, sequence, port; in the machine's byte order.
const HEADER: usize = 16;
/// inet_diag_sockid: ports, addresses, interface, cookie.
const SOCKET_ID: usize = 48;
/// inet_diag_msg up to `idiag_uid` and to its end.
const UID: usize = HEADER + 4 + SOCKET_ID + 12;
const INODE: usize = UID + 4;
const MESSAGE: usize = INODE + 4;

const SOCK_DIAG_BY_FAMILY: u16 = 20;
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 1;
const TCP: u8 = 6;
/// AF_INET and AF_INET6 of Linux.
const FAMILIES: [u8; 2] = [2, 10];
const SEQUENCE: u32 = 1;

/// The user who owns the socket from `local` to `remote`; `None`: there is none, or no process holds it any more.
///
/// # Errors
/// The kernel cannot be asked this way, or answers something else.
pub(super) fn owner(local: SocketAddr, remote: SocketAddr) -> io::Result<Option<u32>> {
    let socket = socket_with(
        AddressFamily::NETLINK,
        SocketType::DGRAM,
        SocketFlags::CLOEXEC,
        Some(netlink::SOCK_DIAG),
    )?;
    let request = request(local, remote);
    // Without an address it goes to the kernel, which has answered when this returns.
    send(&socket, &request, SendFlags::empty())?;
    let mut answer = [0; 4096];
    let (_, length) = recv(&socket, &mut answer[..], RecvFlags::DONTWAIT)?;
    read(answer.get(..length).unwrap_or_default(), local, remote)
}

fn request(local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    let length = HEADER + 8 + SOCKET_ID;
    let mut request = Vec::with_capacity(length);
    request.extend(u32::try_from(length).unwrap_or_default().to_ne_bytes());
    request.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request.extend(NLM_F_REQUEST.to_ne_bytes());
    request.extend(SEQUENCE.to_ne_bytes());
    request.extend(0_u32.to_ne_bytes());
    let [inet, inet6] = FAMILIES;
    let family = if local.is_ipv4() { inet } else { inet6 };
    request.extend([family, TCP, 0, 0]);
    // Whatever its state.
    request.extend(u32::MAX.to_ne_bytes());
    request.extend(ends(local, remote));
    request.extend(0_u32.to_ne_bytes());
    // INET_DIAG_NOCOOKIE.
    request.extend([0xFF; 8]);
    request
}

/// Ports and addresses, in the network's byte order.
fn ends(local: SocketAddr, remote: SocketAddr) -> Vec<u8> {
    let mut ends = [local.port().to_be_bytes(), remote.port().to_be_bytes()].concat();
    for address in [local.ip(), remote.ip()] {
        match address {
            IpAddr::V4(address) => {
                ends.extend(address.octets());
                ends.extend([0; 12]);
            }
            IpAddr::V6(address) => ends.extend(address.octets()),
        }
    }
    ends
}

fn read(answer: &[u8], local: SocketAddr, remote: SocketAddr) -> io::Result<Option<u32>> {
    let nonsense = || io::Error::from(io::ErrorKind::InvalidData);
    let word = |place: usize| {
        let bytes = answer.get(place..)?.first_chunk::<4>()?;
        Some(u32::from_ne_bytes(*bytes))
    };
    let kind = answer.get(4..6).ok_or_else(nonsense)?;
    if word(8) != Some(SEQUENCE) {
        return Err(nonsense());
    }
    if kind == NLMSG_ERROR.to_ne_bytes() {
        let number = word(HEADER).ok_or_else(nonsense)?.cast_signed();
        let error = io::Error::from_raw_os_error(number.saturating_neg());
        return match error.kind() {
            io::ErrorKind::NotFound => Ok(None),
            _ => Err(error),
        };
    }
    if kind != SOCK_DIAG_BY_FAMILY.to_ne_bytes() || answer.len() < MESSAGE {
        return Err(nonsense());
    }
    let ends = ends(local, remote);
    let is_it = answer
        .get(HEADER + 4..)
        .is_some_and(|id| id.starts_with(&ends));
    if !is_it {
        // Where there is no such connection, whoever listens on its port is told.
        return Ok(None);
    }
    match (word(UID), word(INODE)) {
        // A socket that was closed and lingers is shown as root's.
        (Some(_), Some(0)) => Ok(None),
        (Some(uid), Some(_)) => Ok(Some(uid)),
        _ => Err(nonsense()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::{HEADER, MESSAGE, SEQUENCE, UID, ends, owner, read};

    #[test]
    fn the_kernel_names_us_as_owner_of_our_own_socket_and_nobody_of_none() {
        let us = rustix::process::getuid().as_raw();
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else {
                continue;
            };
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (accepted, peer) = listener.accept().unwrap();
            let ours = accepted.local_addr().unwrap();
            // Where the kernel does not offer this, the table answers (peer.rs).
            let Ok(found) = owner(peer, ours) else {
                continue;
            };
            assert_eq!(found, Some(us));
            assert_eq!(owner(ours, SocketAddr::new(peer.ip(), 1)).unwrap(), None);
            drop(client);
        }
    }

    #[test]
    fn only_the_answer_for_this_very_socket_is_one() {
        let local: SocketAddr = "127.0.0.1:54322".parse().unwrap();
        let remote: SocketAddr = "127.0.0.1:47443".parse().unwrap();
        let mut answer = vec![0; MESSAGE];
        answer[4..6].copy_from_slice(&20_u16.to_ne_bytes());
        answer[8..12].copy_from_slice(&SEQUENCE.to_ne_bytes());
        answer[HEADER + 4..HEADER + 40].copy_from_slice(&ends(local, remote));
        answer[UID..UID + 4].copy_from_slice(&1001_u32.to_ne_bytes());
        answer[UID + 4..UID + 8].copy_from_slice(&222_u32.to_ne_bytes());
        assert_eq!(read(&answer, local, remote).unwrap(), Some(1001));
        assert_eq!(
            read(&answer, remote, local).unwrap(),
            None,
            "another socket"
        );
        for length in 0..MESSAGE {
            read(&answer[..length], local, remote).unwrap_err();
        }
        let mut lingering = answer.clone();
        lingering[UID + 4..UID + 8].fill(0);
        assert_eq!(read(&lingering, local, remote).unwrap(), None);
        let mut error = answer.clone();
        error[4..6].copy_from_slice(&2_u16.to_ne_bytes());
        error[HEADER..HEADER + 4].copy_from_slice(&(-2_i32).to_ne_bytes());
        assert_eq!(read(&error, local, remote).unwrap(), None, "ENOENT");
        error[HEADER..HEADER + 4].copy_from_slice(&(-1_i32).to_ne_bytes());
        read(&error, local, remote).unwrap_err();
    }
}
