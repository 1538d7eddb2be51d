//! BER-TLV: what is read stays within its input and its limits, and what is written is read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use paraphe_protocol::card::FileControlParameters;
use paraphe_protocol::card::tlv::{
    Element, MAX_DEPTH, MAX_OBJECTS, Tail, announced_length, parse, parse_level, write,
};

fn count(elements: &[Element<'_>], depth: usize) -> usize {
    assert!(depth <= MAX_DEPTH || elements.is_empty());
    elements
        .iter()
        .map(|element| 1 + count(element.children(), depth + 1))
        .sum()
}

fn rewrite(element: &Element<'_>) -> Vec<u8> {
    let mut value = Vec::new();
    if element.tag().is_constructed() {
        element
            .children()
            .iter()
            .for_each(|child| value.extend(rewrite(child)));
    } else {
        value.extend_from_slice(element.value());
    }
    let mut out = Vec::new();
    write(&mut out, element.tag(), &value);
    out
}

fn shape(element: &Element<'_>) -> (u32, Vec<u8>, Vec<usize>) {
    let value = if element.tag().is_constructed() {
        Vec::new()
    } else {
        element.value().to_vec()
    };
    (
        element.tag().value(),
        value,
        element
            .children()
            .iter()
            .map(|child| child.children().len())
            .collect(),
    )
}

fuzz_target!(|input: &[u8]| {
    let _ = announced_length(input);
    let _ = FileControlParameters::parse(input);
    let _ = parse_level(input, Tail::Zeros);
    if let Ok(elements) = parse(input, Tail::None) {
        let all: Vec<u8> = elements
            .iter()
            .flat_map(|element| element.encoded().to_vec())
            .collect();
        assert_eq!(all, input);
    }
    if let Ok(elements) = parse(input, Tail::Zeros) {
        assert!(count(&elements, 1) <= MAX_OBJECTS);
        let written: Vec<u8> = elements.iter().flat_map(rewrite).collect();
        let again = match parse(&written, Tail::None) {
            Ok(again) => again,
            Err(error) => panic!("what was written is not read back: {error}"),
        };
        let shapes = |elements: &[Element<'_>]| elements.iter().map(shape).collect::<Vec<_>>();
        assert_eq!(shapes(&elements), shapes(&again));
    }
});
