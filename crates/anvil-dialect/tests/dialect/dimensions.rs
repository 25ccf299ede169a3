//! What a caller says to the router itself: it is read, and no tier is sent it.

use anvil_dialect::{Dialect, Overrides, Request, WarningKind, translate};
use bytes::Bytes;
use proptest::prelude::*;

use crate::invalid::json;
use crate::{DIALECTS, decode};

/// A small request of the dialect with these members more.
fn body(dialect: Dialect, members: &str) -> String {
    match dialect {
        Dialect::Messages => {
            format!(r#"{{"model":"m","max_tokens":1,"messages":[{{"role":"user","content":"x"}}]{members}}}"#)
        }
        Dialect::Chat => format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}]{members}}}"#),
        Dialect::Responses => format!(r#"{{"model":"m","store":false,"input":"x"{members}}}"#),
    }
}

fn dimensions(dialect: Dialect, members: &str) -> Vec<(&'static str, String)> {
    decode(dialect, body(dialect, members)).unwrap().facts().dimensions.clone()
}

fn encoded(dialect: Dialect, members: &str, overrides: &Overrides) -> String {
    String::from_utf8(decode(dialect, body(dialect, members)).unwrap().encode(overrides).to_vec()).unwrap()
}

#[test]
fn they_are_read_as_they_are_spelt() {
    for dialect in DIALECTS {
        let members = r#","anvil":{"privacy" : "on-premises"},"metadata":{"user_id":"u","anvil":{"a":1.0}}"#;
        let expected =
            [("anvil", r#"{"privacy" : "on-premises"}"#.to_owned()), ("metadata.anvil", r#"{"a":1.0}"#.to_owned())];
        assert_eq!(dimensions(dialect, members), expected);
        // The values of OpenAI's metadata are strings.
        let members = r#","metadata":{"anvil":"{\"a\":\"\u00e9\"}"}"#;
        assert_eq!(dimensions(dialect, members), [("metadata.anvil", "{\"a\":\"é\"}".to_owned())]);
        for members in [r#","anvil":null"#, r#","metadata":{"anvil":null}"#, r#","metadata":null"#, ""] {
            assert_eq!(dimensions(dialect, members), []);
        }
    }
}

#[test]
fn what_holds_none_is_refused_with_its_path() {
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(8 * 1024));
    for dialect in DIALECTS {
        for value in ["1", "true", "[]", r#""x""#, r#""{""#, r#""{} x""#, r#""[]""#, r#""""#, &large] {
            for (members, path) in [
                (format!(r#","anvil":{value}"#), "anvil"),
                (format!(r#","metadata":{{"a":"b","anvil":{value}}}"#), "metadata.anvil"),
            ] {
                let error = decode(dialect, body(dialect, &members)).unwrap_err();
                assert_eq!(error.param(), Some(path), "{members}");
                assert!(!error.to_string().contains("xx"), "{error}");
            }
        }
        let twice = decode(dialect, body(dialect, r#","metadata":{"anvil":{},"anvil":{}}"#)).unwrap_err();
        assert_eq!(twice.param(), Some("metadata.anvil"));
    }
    let full = format!(r#","anvil":{{"a":"{}"}}"#, "x".repeat(8 * 1024 - 8));
    assert_eq!(dimensions(Dialect::Chat, &full)[0].1.len(), 8 * 1024);
}

#[test]
fn no_tier_of_the_same_dialect_is_sent_them() {
    for dialect in DIALECTS {
        for (members, sent) in [
            (r#","anvil":{"a":1},"x":1.0"#, r#","x":1.0"#),
            (r#","metadata":{"anvil":{"a":1}}"#, r#","metadata":{}"#),
            (r#","metadata":{ "a" : "\u00e9","anvil":"{}" ,"b":"c"}"#, r#","metadata":{ "a" : "\u00e9" ,"b":"c"}"#),
            (r#","metadata":{"anvil":null,"a":"\ud83d"}"#, r#","metadata":{"a":"\ud83d"}"#),
            (r#","metadata":{"a":{"anvil":1}}"#, r#","metadata":{"a":{"anvil":1}}"#),
        ] {
            assert_eq!(encoded(dialect, members, &Overrides::default()), body(dialect, sent), "{members}");
        }
    }
    let set = Overrides::new(None, r#"{"metadata":{"anvil":"kept"}}"#, "{}", None).unwrap();
    let out = encoded(Dialect::Chat, r#","metadata":{"anvil":{}}"#, &set);
    assert_eq!(out, body(Dialect::Chat, r#","metadata":{"anvil":"kept"}"#));
}

#[test]
fn no_tier_of_another_dialect_is_sent_or_told_of_them() {
    for from in DIALECTS {
        for to in DIALECTS.into_iter().filter(|to| *to != from) {
            let members = r#","anvil":{"a":1},"metadata":{"anvil":{"b":"UNIQUE"}}"#;
            let request = decode(from, body(from, members)).unwrap();
            let translated = translate(&request, to, &Overrides::default()).unwrap();
            let out = String::from_utf8(translated.body.to_vec()).unwrap();
            assert!(!out.contains("anvil") && !out.contains("UNIQUE"), "{out}");
            let warned = translated.warnings.iter().any(|warning| warning.kind == WarningKind::MemberDropped);
            assert!(!warned, "{:?}", translated.warnings);
        }
    }
}

#[test]
fn what_is_said_twice_is_refused() {
    for said in [
        r#","anvil":{"privacy":"local","privacy":"any"}"#,
        r#","anvil":{"privacy":"local","priv\u0061cy":"any"}"#,
        r#","metadata":{"anvil":{"a":1,"b":2,"a":3}}"#,
        r#","metadata":{"anvil":"{\"a\":1,\"a\":2}"}"#,
    ] {
        let refused = Request::decode(Dialect::Chat, Bytes::from(body(Dialect::Chat, said)));
        assert!(matches!(refused, Err(anvil_dialect::Invalid::Duplicate { .. })), "{said}");
    }
}

#[test]
fn no_engine_of_embeddings_is_sent_them() {
    let body = r#"{"model":"e","input":"x","anvil":{"a":1},"metadata":{"anvil":{}}}"#;
    let request = Request::decode_unread(Bytes::from(body)).unwrap();
    assert_eq!(request.facts().dimensions.len(), 2);
    assert_eq!(request.encode(&Overrides::default()), r#"{"model":"e","input":"x","metadata":{}}"#);
    assert!(Request::decode_unread(Bytes::from(r#"{"model":"e","anvil":1}"#)).is_err());
}

proptest! {
    #[test]
    fn the_rest_of_the_metadata_keeps_its_bytes(
        others in proptest::collection::vec(("x[a-z\u{e9}\"]{0,3}", json()), 0..4),
        place in 0_usize..5,
        space in "[ \n\t]{0,2}",
    ) {
        let mut members: Vec<String> = others
            .iter()
            .map(|(name, value)| format!("{}{space}:{space}{value}", anvil_dialect::quoted(name)))
            .collect();
        let own = format!("\"anvil\":{space}{{}}");
        members.insert(place.min(members.len()), own);
        let metadata = format!("{{{}}}", members.join(","));
        members.remove(place.min(others.len()));
        let left = format!("{{{}}}", members.join(","));
        let out = encoded(Dialect::Chat, &format!(",\"metadata\":{metadata}"), &Overrides::default());
        prop_assert_eq!(out, body(Dialect::Chat, &format!(",\"metadata\":{left}")));
    }
}
