//! Strict JSON: where it agrees with `serde_json`, where it does not and why, and that no cut changes it.

use anvil_verify::Span;
use anvil_verify::strict_json::{Fault, MAX_DEPTH, Root, StrictJson};
use proptest::prelude::*;
use serde_json::{Map, Value};

pub(crate) fn read(pieces: &[&str], root: Root) -> Result<(), Fault> {
    let mut reader = StrictJson::new(root);
    for piece in pieces {
        reader.feed(piece)?;
    }
    reader.end()
}

fn reason(text: &str) -> &'static str {
    read(&[text], Root::Object).unwrap_err().reason
}

/// Any JSON, nested a little.
pub(crate) fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e300..1e300).prop_map(Value::from),
        "\\PC*".prop_map(Value::from),
        "[\\x00-\\x1f\"\\\\/é𝄞]{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[a-c\"\\\\é]{0,3}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Text that is nearly JSON: some JSON with a few characters changed, left out or put in.
fn nearly_json() -> impl Strategy<Value = String> {
    let edit = (any::<prop::sample::Index>(), 0..2_usize, "[]\\[{}\",:\\\\0-9eE.+tfnul \n\u{1}éNI-]{0,2}");
    (json(), 0..3_u8, prop::collection::vec(edit, 0..4)).prop_map(|(value, spelling, edits)| {
        let dense = value.to_string();
        let text = match spelling {
            0 => dense,
            1 => dense.replace(',', ", ").replace(':', ": "),
            _ => serde_json::to_string_pretty(&value).unwrap(),
        };
        let mut characters: Vec<char> = text.chars().collect();
        for (place, removed, added) in edits {
            let start = place.index(characters.len() + 1);
            let end = (start + removed).min(characters.len());
            characters.splice(start..end, added.chars());
        }
        characters.into_iter().collect()
    })
}

/// What `serde_json` lets through and we do not: an object with a name twice. A map cannot tell, so that the reader's own word
/// is checked by its span: the name stands in the text before.
fn is_second_of_two(text: &str, fault: Fault) -> bool {
    let decoded = |span: Span| serde_json::from_str::<String>(&text[span.start..span.end]).unwrap();
    let name = decoded(fault.span);
    (0..fault.span.start).any(|start| {
        text.is_char_boundary(start)
            && serde_json::Deserializer::from_str(&text[start..])
                .into_iter::<Value>()
                .next()
                .is_some_and(|value| value.is_ok_and(|value| value == name))
    })
}

/// What we let through and `serde_json` does not: half a surrogate pair, and a number beyond a double.
fn is_beyond_serde(error: &serde_json::Error) -> bool {
    let words = error.to_string();
    ["surrogate", "unexpected end of hex escape", "number out of range"].iter().any(|known| words.contains(known))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn it_agrees_with_serde_json(text in nearly_json()) {
        match (read(&[&text], Root::Any), serde_json::from_str::<Value>(&text)) {
            (Ok(()), Ok(_)) | (Err(_), Err(_)) => {}
            (Ok(()), Err(error)) => prop_assert!(is_beyond_serde(&error), "{text:?}: {error}"),
            (Err(fault), Ok(_)) => {
                prop_assert_eq!(fault.reason, "a name comes twice in an object", "{:?}", text);
                prop_assert!(is_second_of_two(&text, fault), "{text:?}");
            }
        }
    }

    #[test]
    fn no_cut_changes_it(text in nearly_json()) {
        let whole = read(&[&text], Root::Any);
        for (cut, _) in text.char_indices() {
            prop_assert_eq!(read(&[&text[..cut], &text[cut..]], Root::Any), whole, "{:?} at {}", text, cut);
        }
        let characters: Vec<String> = text.chars().map(String::from).collect();
        let characters: Vec<&str> = characters.iter().map(String::as_str).collect();
        prop_assert_eq!(read(&characters, Root::Any), whole);
    }

    #[test]
    fn it_fails_at_the_first_proof(text in nearly_json()) {
        let mut reader = StrictJson::new(Root::Any);
        if let Err(fault) = reader.feed(&text) {
            // Up to the character that proves it there was a way to go on.
            let mut before = StrictJson::new(Root::Any);
            let last = text[..fault.span.end].char_indices().next_back().map_or(0, |(last, _)| last);
            prop_assert!(before.feed(&text[..last]).is_ok());
            prop_assert_eq!(reader.feed("x"), Err(fault));
            prop_assert_eq!(reader.end(), Err(fault));
        }
    }

    #[test]
    fn every_prefix_of_an_object_is_unfinished(value in json()) {
        let text = serde_json::to_string(&serde_json::json!({ "a": value })).unwrap();
        for (cut, _) in text.char_indices().skip(1) {
            let fault = read(&[&text[..cut]], Root::Object).unwrap_err();
            prop_assert_eq!(fault, Fault { reason: "it ends before it is finished", span: Span::new(cut, cut) });
        }
        prop_assert!(read(&[&text], Root::Object).is_ok());
    }
}

#[test]
fn each_fault_has_its_reason_and_place() {
    for (text, reason, start, end) in [
        ("", "there is nothing", 0, 0),
        (" \n", "there is nothing", 2, 2),
        ("[]", "the top level is not an object", 0, 1),
        ("null", "the top level is not an object", 0, 1),
        ("\"{}\"", "the top level is not an object", 0, 1),
        ("\u{feff}{}", "the top level is not an object", 0, 3),
        ("```json\n{}\n```", "the top level is not an object", 0, 1),
        ("{} {}", "something follows the end", 3, 4),
        ("{\"a\":1}é", "something follows the end", 7, 9),
        ("{\"a\":1,\"b\":2,\"a\":3}", "a name comes twice in an object", 13, 16),
        ("{\"a\":1,\"\\u0061\":3}", "a name comes twice in an object", 7, 15),
        ("{\"𝄞\":1,\"\\ud834\\udd1e\":3}", "a name comes twice in an object", 10, 24),
        ("{\"a\":\"b\",\"c\":\"d\",\"a\":\"e\"}", "a name comes twice in an object", 17, 20),
        ("{\"ab\":[\"a\", \"a\"], \"cd\": \"\", \"ab\": \"\"}", "a name comes twice in an object", 28, 32),
        ("{\"\":\"\",\"\":\"\"}", "a name comes twice in an object", 7, 9),
        ("{\"a\":\"x\ny\"}", "a control character stands in a string", 7, 8),
        ("{\"a\":\"\\d\"}", "an escape does not exist", 6, 8),
        ("{\"a\":\"\\u12g\"}", "an escape does not exist", 6, 11),
        ("{\"a\":1,}", "a comma stands before the end of an array or object", 7, 8),
        ("{\"a\":[1,]}", "a comma stands before the end of an array or object", 8, 9),
        ("{\"a\":,}", "a value was expected", 5, 6),
        ("{\"a\":'x'}", "a value was expected", 5, 6),
        ("{\"a\":[}", "a value was expected", 6, 7),
        ("{a:1}", "a name in quotes was expected", 1, 2),
        ("{,}", "a name in quotes was expected", 1, 2),
        ("{\"a\" 1}", "a colon was expected", 5, 6),
        ("{\"a\":\"b\",\"c\",\"d\"}", "a colon was expected", 12, 13),
        ("{\"a\":\"b\":\"c\"}", "a comma or the end of the array or object was expected", 8, 9),
        ("{\"a\":[\"b\":\"c\"]}", "a comma or the end of the array or object was expected", 9, 10),
        ("{\"a\":1 \"b\":2}", "a comma or the end of the array or object was expected", 7, 8),
        ("{\"a\":1]", "a comma or the end of the array or object was expected", 6, 7),
        ("{\"a\":NaN}", "NaN, Infinity and None are not JSON", 5, 6),
        ("{\"a\":-Infinity}", "NaN, Infinity and None are not JSON", 6, 7),
        ("{\"a\":01}", "a number is not in the form of JSON", 6, 7),
        ("{\"a\":1.}", "a number is not in the form of JSON", 7, 8),
        ("{\"a\":None}", "NaN, Infinity and None are not JSON", 5, 6),
        ("{\"a\":nul}", "a word is neither true, false nor null", 8, 9),
        ("{\"a\":True}", "a value was expected", 5, 6),
        ("{\"a\":1", "it ends before it is finished", 6, 6),
    ] {
        assert_eq!(read(&[text], Root::Object), Err(Fault { reason, span: Span::new(start, end) }), "{text:?}");
    }
}

#[test]
fn halves_of_surrogate_pairs_are_names_of_their_own() {
    assert!(read(&[r#"{"\ud800":1,"\ud801":2,"\udc00":3,"\ud800\udc00":4}"#], Root::Object).is_ok());
    assert_eq!(reason(r#"{"\ud800x":1,"\uD800x":2}"#), "a name comes twice in an object");
    assert_eq!(reason(r#"{"\ud800\n":1,"\uD800\u000a":2}"#), "a name comes twice in an object");
}

#[test]
fn names_are_compared_within_their_object_only() {
    assert!(read(&[r#"{"a":{"a":{"b":1},"b":[{"a":1},{"a":2}]},"b":1}"#], Root::Object).is_ok());
    assert_eq!(reason(r#"{"a":{"b":1,"c":{"b":2}},"d":1,"a":2}"#), "a name comes twice in an object");
    assert_eq!(reason(r#"{"a":{"bc":{},"de":[{}]},"bc":1,"a":2}"#), "a name comes twice in an object");
}

#[test]
fn among_many_names_a_second_is_found() {
    let names: Vec<String> = (0..50_000).map(|number| format!("\"name{number}\":{{\"x\":1,\"name1\":2}}")).collect();
    let many = names.join(",");
    assert!(read(&[&format!("{{{many}}}")], Root::Object).is_ok());
    for second in [0, 11, 12, 13, 5000] {
        let text = format!("{{{many},\"name{second}\":1}}");
        let found = read(&[&text], Root::Object);
        assert!(found.is_err_and(|fault| fault.span.start == many.len() + 2), "{second}");
    }
}

#[test]
fn names_beyond_the_cap_are_not_compared_and_not_kept() {
    let long = "n".repeat(2 << 20);
    assert!(read(&[&format!("{{\"{long}\":1,\"{long}\":2,\"a\":3}}")], Root::Object).is_ok());
    assert_eq!(reason(&format!("{{\"{long}\":1,\"a\":2,\"a\":3}}")), "a name comes twice in an object");
    assert_eq!(reason(&format!("{{\"a\":{{\"{long}\":1}},\"a\":3}}")), "a name comes twice in an object");
}

#[test]
fn it_nests_as_deep_as_serde_json_reads() {
    for (depth, is_read) in [(MAX_DEPTH, true), (MAX_DEPTH + 1, false)] {
        let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(read(&[&text], Root::Any).is_ok(), is_read);
        assert_eq!(serde_json::from_str::<Value>(&text).is_ok(), is_read);
    }
    let mut reader = StrictJson::new(Root::Any);
    let fault = reader.feed(&"[".repeat(1 << 20)).unwrap_err();
    assert_eq!((fault.reason, fault.span.start), ("it is nested too deeply", MAX_DEPTH));
}
