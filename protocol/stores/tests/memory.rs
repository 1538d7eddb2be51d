//! The store in memory, which is `paraphe-protocol`'s, by the same rules as the others.

mod rules;

use paraphe_protocol::login_server::MemoryStore;

#[test]
fn it_keeps_the_rules() {
    rules::rules(&mut MemoryStore::new());
}

#[test]
fn of_200_submissions_at_once_one_succeeds() {
    let store = MemoryStore::new();
    rules::one_of_200(vec![store; 200]);
}
