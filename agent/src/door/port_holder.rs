//! Who listens on a TCP port of this machine: the user, by the kernel's table of sockets (proc(5), `/proc/self/net/tcp` and `tcp6`), and the program,
//! by the descriptors of processes (`/proc/PID/fd`), which the system shows of one's own processes and, to root, of all. A
//! program that sits on the agent's port before the agent does is told by name, so that a person can stop it.

use std::fmt::Write;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use paraphe_protocol::api::Language;

use super::peer::{MAXIMUM_TABLE_BYTES, Row};

/// Longest /etc/passwd that is read, bytes.
const MAXIMUM_USERS_BYTES: u64 = 1 << 20;
/// Longest program name that is shown, characters.
const MAXIMUM_NAME: usize = 200;

/// Who listens on an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortHolder {
    /// The address, which may stand for all addresses.
    pub address: SocketAddr,
    /// The user, by the kernel.
    pub uid: u32,
    /// The user's name, where the system has one.
    pub user: Option<String>,
    /// The program, where the system shows it to this user.
    pub program: Option<HolderProgram>,
}

/// A program that listens. What it is called is its own choice: shown, never trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HolderProgram {
    /// Its process.
    pub pid: u32,
    /// The path of its program, or what it calls itself.
    pub name: String,
}

impl PortHolder {
    /// As a person is told.
    #[must_use]
    pub fn named(&self, language: Language) -> String {
        let french = language == Language::French;
        let mut text = match (&self.user, french) {
            (Some(user), true) => format!("l'utilisateur {user} (uid {})", self.uid),
            (Some(user), false) => format!("user {user} (uid {})", self.uid),
            (None, _) => format!("uid {}", self.uid),
        };
        // Writing to a string does not fail.
        let _written = match (&self.program, french) {
            (Some(program), true) => {
                write!(text, ", programme {} (pid {})", program.name, program.pid)
            }
            (Some(program), false) => {
                write!(text, ", program {} (pid {})", program.name, program.pid)
            }
            (None, true) => write!(
                text,
                ", programme que le système ne montre qu'à root (ss -ltnp 'sport = :{}')",
                self.address.port()
            ),
            (None, false) => write!(
                text,
                ", a program that the system shows to root only (ss -ltnp 'sport = :{}')",
                self.address.port()
            ),
        };
        text
    }
}

/// Who listens on this port, on a loopback address or on all addresses.
fn port_holders(port: u16) -> Vec<PortHolder> {
    let rows = ["/proc/self/net/tcp", "/proc/self/net/tcp6"]
        .into_iter()
        .flat_map(rows);
    rows.filter(|row| row.listens && row.local.port() == port && reaches_loopback(row.local))
        .map(|row| PortHolder {
            address: row.local,
            uid: row.uid,
            user: user_name(row.uid),
            program: program(row.inode),
        })
        .collect()
}

/// Who keeps this address from being listened on.
pub(crate) fn holder_of(address: SocketAddr) -> Option<PortHolder> {
    let mut holders = port_holders(address.port());
    let exactly = holders.iter().position(|holder| holder.address == address);
    let wildcard = || {
        holders
            .iter()
            .position(|holder| holder.address.ip().is_unspecified())
    };
    let place = exactly.or_else(wildcard)?;
    Some(holders.swap_remove(place))
}

fn reaches_loopback(address: SocketAddr) -> bool {
    let ip = address.ip();
    ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST || ip.is_unspecified()
}

fn rows(table: &str) -> Vec<Row> {
    let Ok(file) = File::open(table) else {
        return Vec::new();
    };
    BufReader::new(file.take(MAXIMUM_TABLE_BYTES))
        .lines()
        .skip(1)
        .map_while(Result::ok)
        .filter_map(|line| Row::parse(&line))
        .collect()
}

fn user_name(uid: u32) -> Option<String> {
    let file = File::open("/etc/passwd").ok()?;
    BufReader::new(file.take(MAXIMUM_USERS_BYTES))
        .lines()
        .map_while(Result::ok)
        .find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)?.parse() == Ok(uid)).then(|| printable(name))
        })
}

/// The process that holds the socket of this number, where this user may see that.
fn program(inode: u64) -> Option<HolderProgram> {
    let wanted = PathBuf::from(format!("socket:[{inode}]"));
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    for pid in pids {
        let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else {
            continue;
        };
        let holds = descriptors
            .flatten()
            .any(|descriptor| fs::read_link(descriptor.path()).is_ok_and(|to| to == wanted));
        if holds {
            return Some(HolderProgram {
                pid,
                name: program_name(pid),
            });
        }
    }
    None
}

fn program_name(pid: u32) -> String {
    let path = fs::read_link(format!("/proc/{pid}/exe"));
    let name = match path {
        Ok(path) => path.to_string_lossy().into_owned(),
        Err(_) => fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default(),
    };
    printable(name.trim_end())
}

/// A name from elsewhere, without what could write over a terminal.
fn printable(name: &str) -> String {
    name.chars()
        .take(MAXIMUM_NAME)
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use std::net::TcpListener;

    use paraphe_protocol::api::Language;

    use super::{PortHolder, holder_of, port_holders};

    #[test]
    fn our_own_listener_is_found_with_its_program() {
        for address in ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0"] {
            let Ok(listener) = TcpListener::bind(address) else {
                continue;
            };
            let bound = listener.local_addr().unwrap();
            let holder = holder_of(bound).unwrap();
            assert_eq!(holder.address, bound);
            assert_eq!(holder.uid, rustix::process::getuid().as_raw());
            let program = holder.program.unwrap();
            assert_eq!(program.pid, std::process::id());
            let ours = std::env::current_exe().unwrap();
            assert_eq!(program.name, ours.to_string_lossy());
            drop(listener);
            let still: Vec<PortHolder> = port_holders(bound.port());
            assert!(still.iter().all(|holder| holder.address != bound));
        }
    }

    #[test]
    fn a_person_is_told_who_and_how_to_learn_more() {
        let holder = PortHolder {
            address: "[::1]:47443".parse().unwrap(),
            uid: 65534,
            user: Some("nobody".to_owned()),
            program: None,
        };
        assert_eq!(
            holder.named(Language::English),
            "user nobody (uid 65534), a program that the system shows to root only (ss -ltnp 'sport = :47443')"
        );
        assert!(
            holder
                .named(Language::French)
                .starts_with("l'utilisateur nobody")
        );
    }
}
