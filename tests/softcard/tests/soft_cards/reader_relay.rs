//! Readers plugged in and out under an unmodified client library.

use std::ffi::CString;
use std::time::Duration;

use paraphe_softcard::pcscd::relay::ReaderRelay;
use paraphe_softcard::pcscd::{PrivatePcscd, ReaderKind, TestProcess};
use paraphe_softcard::{CardSlot, Profile, SoftCard};
use pcsc::{Context, Error, PNP_NOTIFICATION, Protocols, ReaderState, Scope, ShareMode, State};

const LONG: Duration = Duration::from_secs(20);
const SELECT: &[u8] = &[0x00, 0xA4, 0x02, 0x0C, 0x02, 0xD0, 0x01];

/// Waits in another thread; gives the states that the wait ended with.
fn wait(name: CString, state: State) -> std::thread::JoinHandle<Result<State, Error>> {
    std::thread::spawn(move || {
        let context = Context::establish(Scope::User)?;
        let mut states = [ReaderState::new(name, state)];
        context.get_status_change(LONG, &mut states)?;
        Ok(states[0].event_state())
    })
}

fn readers(context: &Context) -> Vec<CString> {
    context.list_readers_owned().unwrap_or_default()
}

#[test]
fn readers_come_and_go() {
    let test = "readers_come_and_go";
    let process = match TestProcess::of_test(test).unwrap_or_else(|error| panic!("{error}")) {
        TestProcess::First(_) => return,
        TestProcess::Second(process) => process,
    };
    let pcscd = PrivatePcscd::start(&[ReaderKind::OwnDriver, ReaderKind::OwnDriver]).unwrap();
    let relay = ReaderRelay::listen(&process.socket(), &pcscd.socket()).unwrap();
    let reader = pcscd.slots()[0].reader.clone();
    let name = CString::new(reader.clone()).unwrap();
    let endpoint = pcscd.slots()[0].endpoint.clone();
    let Profile::Vitale2(profile) = Profile::shipped("vitale-holder").unwrap() else {
        panic!("not a Vitale");
    };
    let slot = CardSlot::insert(endpoint, SoftCard::vitale2(&profile), None);
    slot.wait_ready(LONG).unwrap();

    let context = Context::establish(Scope::User).unwrap();
    assert_eq!(readers(&context).len(), 2);
    let inserted = wait(name.clone(), State::EMPTY).join().unwrap().unwrap();
    assert!(inserted.contains(State::PRESENT));
    let connect = || context.connect(&name, ShareMode::Shared, Protocols::ANY);
    let card = connect().unwrap();
    let mut buffer = [0; 64];
    assert_eq!(card.transmit(SELECT, &mut buffer).unwrap(), [0x90, 0x00]);

    // A client that waits for this reader is told, and one that waits for any.
    let watching = wait(name.clone(), inserted - State::CHANGED);
    let any = wait(PNP_NOTIFICATION().to_owned(), State::UNAWARE);
    assert!(relay.until_waiting(2, LONG));
    relay.unplug(&reader);
    let gone = watching.join().unwrap().unwrap();
    assert!(
        gone.contains(State::UNKNOWN | State::UNAVAILABLE),
        "{gone:?}"
    );
    assert!(any.join().unwrap().unwrap().contains(State::CHANGED));
    assert_eq!(readers(&context).len(), 1);
    assert_eq!(connect().err(), Some(Error::UnknownReader));
    assert_eq!(
        card.transmit(SELECT, &mut buffer).err(),
        Some(Error::ReaderUnavailable)
    );
    let any = wait(PNP_NOTIFICATION().to_owned(), State::UNAWARE);
    assert!(relay.until_waiting(1, LONG));
    relay.plug(&reader);
    assert!(any.join().unwrap().unwrap().contains(State::CHANGED));
    assert_eq!(readers(&context).len(), 2);
    let card = connect().unwrap();
    assert_eq!(card.transmit(SELECT, &mut buffer).unwrap(), [0x90, 0x00]);

    // Changes that pcscd itself tells of still arrive.
    let present = wait(name.clone(), State::EMPTY).join().unwrap().unwrap();
    let watching = wait(name.clone(), present - State::CHANGED);
    assert!(relay.until_waiting(1, LONG));
    slot.pull().unwrap();
    assert!(watching.join().unwrap().unwrap().contains(State::EMPTY));
}
