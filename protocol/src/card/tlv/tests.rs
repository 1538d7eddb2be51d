#![allow(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};

use super::{
    Element, MAX_DEPTH, MAX_OBJECTS, Tag, Tail, TlvError, announced_length, parse, parse_level,
    write,
};

/// An owned tree, to write and to compare with what is read back.
#[derive(Clone, Debug, PartialEq)]
enum Node {
    Leaf(u32, Vec<u8>),
    Branch(u32, Vec<Self>),
}

fn encode(node: &Node, out: &mut Vec<u8>) {
    match node {
        Node::Leaf(tag, value) => write(out, Tag::new(*tag), value),
        Node::Branch(tag, nodes) => {
            let mut value = Vec::new();
            nodes.iter().for_each(|inner| encode(inner, &mut value));
            write(out, Tag::new(*tag), &value);
        }
    }
}

fn decode(element: &Element<'_>) -> Node {
    let tag = element.tag().value();
    if element.tag().is_constructed() {
        Node::Branch(tag, element.children().iter().map(decode).collect())
    } else {
        Node::Leaf(tag, element.value().to_vec())
    }
}

fn node() -> impl Strategy<Value = Node> {
    let leaf_tag = prop_oneof![
        Just(0x04_u32),
        Just(0x80),
        Just(0x5F37),
        Just(0x9F8101),
        Just(0x02)
    ];
    let branch_tag = prop_oneof![Just(0x30_u32), Just(0xA1), Just(0x7F48), Just(0xBF8101)];
    let leaf = (leaf_tag, prop::collection::vec(any::<u8>(), 0..300))
        .prop_map(|(tag, value)| Node::Leaf(tag, value));
    leaf.prop_recursive(5, 40, 6, move |inner| {
        (branch_tag.clone(), prop::collection::vec(inner, 0..6))
            .prop_map(|(tag, nodes)| Node::Branch(tag, nodes))
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(nodes in prop::collection::vec(node(), 0..5), tail in 0_usize..9) {
        let mut bytes = Vec::new();
        nodes.iter().for_each(|node| encode(node, &mut bytes));
        let written = bytes.len();
        let read: Vec<Node> = parse(&bytes, Tail::None).unwrap().iter().map(decode).collect();
        prop_assert_eq!(&read, &nodes);
        bytes.resize(written + tail, 0);
        let padded: Vec<Node> = parse(&bytes, Tail::Zeros).unwrap().iter().map(decode).collect();
        prop_assert_eq!(&padded, &nodes);
        if tail > 0 {
            prop_assert_eq!(parse(&bytes, Tail::None), Err(TlvError::InvalidTag { offset: written }));
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = parse(&bytes, Tail::Zeros);
        let _ = parse_level(&bytes, Tail::None);
        if let Ok(elements) = parse(&bytes, Tail::None) {
            let again: Vec<u8> = elements.iter().flat_map(|element| element.encoded().to_vec()).collect();
            prop_assert_eq!(again, bytes);
        }
    }
}

#[test]
fn a_truncated_object_is_refused_at_every_length() {
    let whole = [0x30, 0x06, 0x04, 0x04, 1, 2, 3, 4];
    assert!(parse(&whole, Tail::None).is_ok());
    for length in 1..whole.len() {
        let result = parse(whole.get(..length).unwrap(), Tail::None);
        assert_eq!(
            result,
            Err(TlvError::Truncated { offset: 0 }),
            "{length} bytes"
        );
    }
}

#[test]
fn lengths_are_definite_and_bounded() {
    assert_eq!(
        parse(&[0x04, 0x80, 0, 0], Tail::None),
        Err(TlvError::IndefiniteLength { offset: 0 })
    );
    assert_eq!(
        parse(&[0x04, 0x85, 0, 0, 0, 0, 1, 7], Tail::None),
        Err(TlvError::LengthTooLarge { offset: 0 })
    );
    assert_eq!(
        parse(&[0x04, 0x84, 0xFF, 0xFF, 0xFF, 0xFF], Tail::None),
        Err(TlvError::LengthTooLarge { offset: 0 })
    );
    let not_minimal = [0x04, 0x82, 0x00, 0x01, 0x2A];
    assert_eq!(
        parse(&not_minimal, Tail::None)
            .unwrap()
            .first()
            .unwrap()
            .value(),
        [0x2A]
    );
}

#[test]
fn depth_and_count_are_bounded() {
    let mut bytes = Vec::new();
    for depth in 1..=MAX_DEPTH {
        let inner = std::mem::take(&mut bytes);
        write(&mut bytes, Tag::new(0x30), &inner);
        assert!(parse(&bytes, Tail::None).is_ok(), "{depth} levels");
    }
    let inner = std::mem::take(&mut bytes);
    write(&mut bytes, Tag::new(0x30), &inner);
    assert!(matches!(
        parse(&bytes, Tail::None),
        Err(TlvError::TooDeep { .. })
    ));
    assert!(parse_level(&bytes, Tail::None).is_ok());

    let full = [0x04, 0x00].repeat(MAX_OBJECTS);
    assert_eq!(parse(&full, Tail::None).unwrap().len(), MAX_OBJECTS);
    let over = [0x04, 0x00].repeat(MAX_OBJECTS + 1);
    assert_eq!(parse(&over, Tail::None), Err(TlvError::TooManyObjects));
    assert_eq!(parse(&[0; 65 * 1024], Tail::Zeros), Err(TlvError::TooLong));
}

#[test]
fn tags_have_up_to_three_bytes() {
    let bytes = [0x70, 0x07, 0xBF, 0x81, 0x01, 0x03, 0x9B, 0x01, 0x02];
    let elements = parse(&bytes, Tail::None).unwrap();
    let inner = elements
        .first()
        .and_then(|outer| outer.child(0xBF8101))
        .unwrap();
    assert_eq!(inner.child(0x9B).unwrap().value(), [2]);
    assert!(matches!(
        parse(&[0x5F, 0x81, 0x81, 0x01, 0x00], Tail::None),
        Err(TlvError::InvalidTag { .. })
    ));
}

#[test]
fn the_announced_length_needs_the_header_only() {
    assert_eq!(announced_length(&[]), Ok(None));
    assert_eq!(announced_length(&[0x30, 0x82, 0x04]), Ok(None));
    assert_eq!(announced_length(&[0x30, 0x82, 0x04, 0x00]), Ok(Some(0x404)));
    assert_eq!(announced_length(&[0x5A, 0x0A]), Ok(Some(12)));
    assert!(announced_length(&[0x30, 0x80]).is_err());
}
