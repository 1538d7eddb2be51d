//! What a scenario may say, and which rule is due when.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use super::*;

fn script(json: &str) -> Script {
    Script::new(&Scenario::from_json(json).unwrap())
}

/// Which rule decides on each of these commands, counted from 1; 0 for none.
fn decided(json: &str, commands: &[&[u8]]) -> Vec<usize> {
    let mut script = script(json);
    commands
        .iter()
        .map(|command| {
            script
                .decide(command)
                .map_or(0, |decision| decision.rule + 1)
        })
        .collect()
}

const VERIFY: &[u8] = &[0x00, 0x20, 0x00, 0x01];
const SELECT: &[u8] = &[0x01, 0xA4, 0x08, 0x00, 0x02, 0xD0, 0x03, 0x00];

#[test]
fn the_first_rule_that_is_due_decides_and_all_count() {
    let json = r#"{"rules": [
        {"when": {"ins": "20", "nth": 2}, "then": {"status": "6F00"}, "repeat": 2},
        {"when": {"command": "0. 2"}, "then": {"mute": true}}
    ]}"#;
    assert!(Scenario::from_json(json).is_err(), "half a byte");
    let json = json.replace("0. 2\"", "0. 2.\"");
    let commands = [VERIFY, VERIFY, SELECT, VERIFY, VERIFY];
    // The second rule is due at the first VERIFY and then used up.
    assert_eq!(decided(&json, &commands), [2, 1, 0, 1, 0]);
}

#[test]
fn commands_are_matched_by_instruction_beginning_and_number() {
    let rule = |when: &str| {
        format!(
            r#"{{"rules": [{{"when": {when}, "then": {{"drop": true}}, "repeat": "always"}}]}}"#
        )
    };
    let commands = [VERIFY, SELECT, VERIFY, &[0x20], &[]];
    for (when, expected) in [
        ("{}", [1, 1, 1, 1, 1]),
        (r#"{"ins": "a4"}"#, [0, 1, 0, 0, 0]),
        (r#"{"command": "..A4 08.. ..D003"}"#, [0, 1, 0, 0, 0]),
        (r#"{"command": "00200001 08"}"#, [0, 0, 0, 0, 0]),
        (r#"{"ins": "20", "command": "01"}"#, [0, 0, 0, 0, 0]),
        (r#"{"after_commands": 2}"#, [0, 0, 1, 1, 1]),
        (
            r#"{"ins": "20", "after_commands": 1, "nth": 1}"#,
            [0, 0, 1, 0, 0],
        ),
        (r#"{"nth": 4}"#, [0, 0, 0, 1, 1]),
    ] {
        assert_eq!(decided(&rule(when), &commands), expected, "{when}");
    }
}

#[test]
fn answers_are_mangled() {
    let answer = || vec![0x65, 0x03, 0x80, 0x01, 0x41, 0x90, 0x00];
    for (mangling, expected) in [
        (Mangling::TruncateTo(3), &[0x65, 0x03, 0x80][..]),
        (Mangling::TruncateTo(30), &answer()),
        (
            Mangling::Corrupt { byte: 0, xor: 0xFF },
            &[0x9A, 0x03, 0x80, 0x01, 0x41, 0x90, 0x00],
        ),
        (
            Mangling::Corrupt {
                byte: -2,
                xor: 0x01,
            },
            &[0x65, 0x03, 0x80, 0x01, 0x41, 0x91, 0x00],
        ),
        (Mangling::Corrupt { byte: -8, xor: 1 }, &answer()),
        (Mangling::Corrupt { byte: 7, xor: 1 }, &answer()),
        (
            Mangling::LieLength(0x84),
            &[0x65, 0x84, 0x80, 0x01, 0x41, 0x90, 0x00],
        ),
    ] {
        assert_eq!(mangling.apply(answer()), expected, "{mangling:?}");
    }
    assert_eq!(
        Mangling::LieLength(0xFF).apply(vec![0x61, 0x10]),
        [0x61, 0xFF]
    );
    assert_eq!(
        Mangling::LieLength(1).apply(vec![1, 2, 3, 0x61, 0x10]),
        [1, 2, 3, 0x61, 1]
    );
    assert_eq!(Mangling::LieLength(1).apply(vec![0x90, 0x00]), [0x90, 0x00]);
}

#[test]
fn mistakes_are_named() {
    for (rule, expected) in [
        (r#"{"then": {}}"#, "rule 2 then: something"),
        (r#"{"then": {"delay_ms": 3600001}}"#, "rule 2 then.delay_ms"),
        (
            r#"{"then": {"mute": true, "drop": true}}"#,
            "rule 2 then: one only",
        ),
        (r#"{"then": {"status": "90"}}"#, "rule 2 then.status"),
        (r#"{"then": {"answer": ""}}"#, "rule 2 then.answer"),
        (r#"{"then": {"answer": "9"}}"#, "rule 2 then.answer"),
        (r#"{"then": {"truncate_to": 0}}"#, "rule 2 then.truncate_to"),
        (
            r#"{"then": {"truncate_to": 1, "execute": true}}"#,
            "rule 2 then.execute",
        ),
        (
            r#"{"then": {"corrupt": {"byte": 1, "xor": "00"}}}"#,
            "rule 2 then.corrupt.xor",
        ),
        (r#"{"then": {"lie_length": 256}}"#, "256"),
        (r#"{"then": {"remove": {"after_ms": 1}}}"#, "back_after_ms"),
        (
            r#"{"then": {"remove": {"back_after_ms": 9999999}}}"#,
            "rule 2 then.remove.back_after_ms",
        ),
        (r#"{"then": {"swap": {}}}"#, "profile"),
        (r#"{"then": {"drop": true}, "repeat": 0}"#, "rule 2 repeat"),
        (r#"{"then": {"drop": true}, "repeat": "ever"}"#, "always"),
        (
            r#"{"when": {"nth": 0}, "then": {"drop": true}}"#,
            "rule 2 when.nth",
        ),
        (
            r#"{"when": {"ins": "A"}, "then": {"drop": true}}"#,
            "rule 2 when.ins",
        ),
        (
            r#"{"when": {"command": ""}, "then": {"drop": true}}"#,
            "rule 2 when.command",
        ),
        (
            r#"{"when": {"insn": "A4"}, "then": {"drop": true}}"#,
            "insn",
        ),
    ] {
        let json = format!(r#"{{"rules": [{{"then": {{"drop": true}}}}, {rule}]}}"#);
        let error = Scenario::from_json(&json).unwrap_err().to_string();
        assert!(error.contains(expected), "{rule}: {error}");
    }
    let error = Scenario::from_json(r#"{"atr": "3B"}"#)
        .unwrap_err()
        .to_string();
    assert!(error.contains("atr: 2 to 33 bytes"), "{error}");
    let error = Scenario::from_path(Path::new("/nonexistent/scenario.json")).unwrap_err();
    assert!(matches!(error, ScenarioError::Unreadable { .. }));
}

#[test]
fn every_example_is_a_scenario_and_is_documented() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let guide = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let mut examples = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        Scenario::from_path(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(guide.contains(name), "{name} is not in the guide");
        examples += 1;
    }
    assert!(examples >= 5);
    // The examples in the guide itself, one fenced block each.
    let blocks: Vec<_> = guide.split("```json").skip(1).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        let json = block.split("```").next().unwrap();
        Scenario::from_json(json).unwrap_or_else(|error| panic!("{error} in {json}"));
    }
}
