//! Whose socket is at the other end of a TCP connection on loopback: the kernel is asked for that one socket (socket_diagnosis.rs), or, where
//! it does not offer that, looked up in its table of sockets (proc(5),
//! `/proc/self/net/tcp` and `tcp6`; this form is there under systemd's ProcSubset=pid too) names the owner of each. Another
//! user of the machine can connect to our port like anybody; here is where that ends. Where the kernel does not say, the
//! answer is no.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::TcpStream;
use tokio::task::spawn_blocking;

use super::socket_diagnosis;

/// Longest table that is read, bytes: some 200,000 sockets.
pub(super) const MAXIMUM_TABLE_BYTES: u64 = 32 << 20;

/// TCP_LISTEN as the table writes it.
const LISTEN: &str = "0A";

/// Whether the other end of an accepted connection is a socket of this user's. Anything else is logged.
pub(crate) async fn belongs_to(stream: &TcpStream, peer: SocketAddr, uid: u32) -> bool {
    let Ok(ours) = stream.local_addr() else {
        return false;
    };
    let owner = match socket_diagnosis::owner(peer, ours) {
        Ok(owner) => Ok(Ok(owner)),
        // Not offered here: the table, which is long on a busy machine.
        Err(error) => {
            tracing::debug!(%error, "the kernel tells of single sockets in its table only");
            spawn_blocking(move || owner(peer, ours)).await
        }
    };
    match owner {
        Ok(Ok(Some(owner))) if owner == uid => true,
        Ok(Ok(owner)) => {
            tracing::warn!(?owner, "connection of another user closed");
            false
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "the owner of a connection cannot be found, closed");
            false
        }
        Err(_) => false,
    }
}

/// The same question for whoever may wait for the table.
///
/// # Errors
/// The kernel does not say.
pub(crate) fn owner_of(peer: SocketAddr, ours: SocketAddr) -> io::Result<Option<u32>> {
    socket_diagnosis::owner(peer, ours).or_else(|_| owner(peer, ours))
}

/// The user who owns the peer's socket, as the kernel tells it; `None`: there is no such socket (any more).
///
/// # Errors
/// The kernel's table cannot be read.
fn owner(peer: SocketAddr, ours: SocketAddr) -> io::Result<Option<u32>> {
    let table = match peer {
        SocketAddr::V4(_) => "/proc/self/net/tcp",
        SocketAddr::V6(_) => "/proc/self/net/tcp6",
    };
    let reader = BufReader::new(File::open(table)?.take(MAXIMUM_TABLE_BYTES));
    find(reader, peer, ours)
}

fn find(table: impl BufRead, peer: SocketAddr, ours: SocketAddr) -> io::Result<Option<u32>> {
    for line in table.lines().skip(1) {
        if let Some(row) = Row::parse(&line?)
            && row.local == peer
            && row.remote == ours
            && row.owned
        {
            return Ok(Some(row.uid));
        }
    }
    Ok(None)
}

/// A row of the table: one socket.
pub(super) struct Row {
    pub(super) local: SocketAddr,
    remote: SocketAddr,
    pub(super) uid: u32,
    /// The socket's number in the system.
    pub(super) inode: u64,
    /// It waits for connections (TCP_LISTEN).
    pub(super) listens: bool,
    /// A process holds it. A socket that was closed and lingers is shown as root's.
    owned: bool,
}

impl Row {
    pub(super) fn parse(line: &str) -> Option<Self> {
        // sl local rem st tx:rx tr:when retrnsmt uid timeout inode ...
        let mut fields = line.split_ascii_whitespace().skip(1);
        let local = address(fields.next()?)?;
        let remote = address(fields.next()?)?;
        let listens = fields.next()? == LISTEN;
        let mut rest = fields.skip(3);
        let uid = rest.next()?.parse().ok()?;
        let inode: u64 = rest.nth(1)?.parse().ok()?;
        Some(Self {
            local,
            remote,
            uid,
            inode,
            listens,
            owned: inode != 0,
        })
    }
}

/// `0100007F:B957`: the address as 32-bit words in the machine's byte order, the port as a number.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let host = match host.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(host)?)),
        32 => {
            let mut bytes = [0; 16];
            for (position, place) in bytes.chunks_exact_mut(4).enumerate() {
                let start = position.checked_mul(8)?;
                let digits = host.get(start..start.checked_add(8)?)?;
                place.copy_from_slice(&word(digits)?);
            }
            IpAddr::V6(Ipv6Addr::from(bytes))
        }
        _ => return None,
    };
    Some(SocketAddr::new(host, port))
}

fn word(digits: &str) -> Option<[u8; 4]> {
    Some(u32::from_str_radix(digits, 16).ok()?.to_ne_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::net::{SocketAddr, TcpListener, TcpStream};

    use super::{find, owner};

    const TABLE: &str = "\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:B953 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 111 1 0 100 0 0 10 0
   1: 0100007F:D431 0100007F:B953 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0
   2: 0100007F:D432 0100007F:B953 01 00000000:00000000 00:00000000 00000000  1001        0 222 1 0 20 4 30 10 -1
   3: 0100007F:B953 0100007F:D432 01 00000000:00000000 00:00000000 00000000  1000        0 333 1 0 20 4 30 10 -1
   4: garbage
   5: 0100007F:D433 0100007F:B953 01 00000000:00000000 00:00000000 00000000  x        0 222 1
";

    fn asked(peer: &str) -> Option<u32> {
        let ours = "127.0.0.1:47443".parse().unwrap();
        find(TABLE.as_bytes(), peer.parse().unwrap(), ours).unwrap()
    }

    #[cfg(target_endian = "little")]
    #[test]
    fn the_row_of_the_peer_is_found_and_no_other() {
        assert_eq!(asked("127.0.0.1:54322"), Some(1001));
        assert_eq!(asked("127.0.0.1:54321"), None, "closed and lingering");
        assert_eq!(asked("127.0.0.1:54323"), None, "not readable");
        assert_eq!(asked("127.0.0.2:54322"), None);
        assert_eq!(asked("127.0.0.1:47443"), None);
    }

    #[test]
    fn the_kernel_names_us_as_owner_of_our_own_socket() {
        let us = rustix::process::getuid().as_raw();
        let mut seen = 0;
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let Ok(listener) = TcpListener::bind(address) else {
                continue;
            };
            let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (accepted, peer) = listener.accept().unwrap();
            let ours = accepted.local_addr().unwrap();
            assert_eq!(owner(peer, ours).unwrap(), Some(us));
            assert_eq!(owner(ours, SocketAddr::new(peer.ip(), 1)).unwrap(), None);
            drop(client);
            seen += 1;
        }
        assert!(seen > 0);
    }
}
