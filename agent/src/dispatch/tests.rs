//! Connections handed over to agents of this user, and what happens when an agent is gone, doubled or takes nothing. Several
//! users: agent/tests/program/several_users.rs.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::handing_over::{ANOTHER_IS_THERE, REGISTERED, take};
use super::registration::{HandOver, Registrations};

const PATIENCE: Duration = Duration::from_secs(60);

fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

fn agent(registrations: &Registrations) -> (UnixStream, u8) {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    registrations.register(theirs);
    ours.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut word = [0];
    ours.read_exact(&mut word).unwrap();
    (ours, word[0])
}

fn taken(agent: &UnixStream) -> TcpStream {
    let begun = Instant::now();
    loop {
        match take(agent) {
            Ok(connection) => return TcpStream::from(connection.unwrap()),
            Err(_) if begun.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(1)),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_connection_goes_to_its_user_s_agent_and_to_nobody_else() {
    let us = rustix::process::getuid().as_raw();
    let registrations = Registrations::default();
    let (mut client, accepted) = connection();
    assert_eq!(registrations.hand_over(us, &accepted), HandOver::NoAgent);
    let (agent, word) = agent(&registrations);
    assert_eq!(word, REGISTERED);
    assert_eq!(
        registrations.hand_over(us + 1, &accepted),
        HandOver::NoAgent
    );
    assert_eq!(registrations.hand_over(us, &accepted), HandOver::Done);
    drop(accepted);
    let mut served = taken(&agent);
    served.write_all(b"hello").unwrap();
    drop(served);
    let mut said = String::new();
    client.read_to_string(&mut said).unwrap();
    assert_eq!(said, "hello");
    // Gone: the next connection finds nobody.
    drop(agent);
    let (_client, accepted) = connection();
    assert_eq!(registrations.hand_over(us, &accepted), HandOver::NoAgent);
}

#[test]
fn a_second_agent_is_refused_while_the_first_lives() {
    let registrations = Registrations::default();
    let (first, word) = agent(&registrations);
    assert_eq!(word, REGISTERED);
    assert_eq!(agent(&registrations).1, ANOTHER_IS_THERE);
    drop(first);
    assert_eq!(agent(&registrations).1, REGISTERED);
}

#[test]
fn an_agent_that_takes_nothing_gets_no_more_and_holds_nobody_up() {
    let us = rustix::process::getuid().as_raw();
    let registrations = Registrations::default();
    let (agent, _) = agent(&registrations);
    let connections: Vec<_> = (0..80).map(|_| connection()).collect();
    let begun = Instant::now();
    let done = connections
        .iter()
        .map(|(_, accepted)| registrations.hand_over(us, accepted))
        .filter(|it| *it == HandOver::Done)
        .count();
    assert_eq!(done, 64);
    assert!(begun.elapsed() < PATIENCE);
    // As it takes them, more come.
    for _ in 0..10 {
        drop(taken(&agent));
    }
    let (_client, accepted) = connection();
    assert_eq!(registrations.hand_over(us, &accepted), HandOver::Done);
}

#[test]
fn an_agent_that_says_anything_else_is_gone() {
    let us = rustix::process::getuid().as_raw();
    let registrations = Registrations::default();
    let (mut agent, _) = agent(&registrations);
    agent.write_all(b"GET / HTTP/1.1\r\n").unwrap();
    let (_client, accepted) = connection();
    assert_eq!(registrations.hand_over(us, &accepted), HandOver::NoAgent);
}
