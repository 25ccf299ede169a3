//! What a tier changes in a body, and that nothing else changes.

use std::collections::BTreeMap;
use std::fmt::Write;

use anvil_dialect::{Dialect, Overrides, Request};
use proptest::prelude::*;
use serde_json::Value;

use crate::{decode, invalid::json, wire};

fn request(body: &str) -> Request {
    decode(Dialect::Chat, body).unwrap()
}

fn encoded(body: &str, overrides: &Overrides) -> String {
    String::from_utf8(request(body).encode(overrides).to_vec()).unwrap()
}

fn overrides(model: Option<&str>, set: &str, defaults: &str, cap: Option<u64>) -> Overrides {
    Overrides::new(model, set, defaults, cap).unwrap()
}

const MESSAGES: &str = r#""messages":[{"role":"user","content":"x"}]"#;

#[test]
fn no_edit_returns_the_same_bytes() {
    let body = format!("  {{ \"model\" : \"m\",\n {MESSAGES} , \"x\": 1.0e+0 }} \n");
    let request = request(&body);
    let out = request.encode(&Overrides::default());
    assert_eq!(out, body);
    // Shared, not copied: two calls give the same memory.
    assert_eq!(out.as_ptr(), request.encode(&Overrides::default()).as_ptr());
}

#[test]
fn spellings_survive_an_edit() {
    let members = r#""temperature":1.0,"top_p":1e5,"seed":123456789012345678901234567890,"x":{"a" : [ 1,2 ]},"y":"\u00e9\/","z":-0"#;
    let out =
        encoded(&format!(r#"{{"model":"m",{MESSAGES},{members}}}"#), &overrides(Some("served"), "{}", "{}", None));
    assert_eq!(out, format!(r#"{{"model":"served",{MESSAGES},{members}}}"#));
}

#[test]
fn set_replaces_or_adds_and_defaults_only_fill() {
    let body = format!(r#"{{"model":"m",{MESSAGES},"temperature":0.5,"top_p":null}}"#);
    let edits =
        overrides(None, r#"{"temperature":0.1,"seed":1}"#, r#"{"top_p":0.9,"seed":2,"top_k":3,"model":"no"}"#, None);
    let out: Value = serde_json::from_str(&encoded(&body, &edits)).unwrap();
    assert_eq!(out["temperature"], 0.1);
    assert_eq!(out["seed"], 1);
    assert_eq!(out["top_p"], 0.9);
    assert_eq!(out["top_k"], 3);
    assert_eq!(out["model"], "m");
}

#[test]
fn the_model_wins_over_a_set_model() {
    let out =
        encoded(&format!(r#"{{"model":"m",{MESSAGES}}}"#), &overrides(Some("a\"b"), r#"{"model":"c"}"#, "{}", None));
    assert_eq!(out, format!(r#"{{"model":"a\"b",{MESSAGES}}}"#));
}

#[test]
fn the_routers_own_member_never_leaves() {
    for body in [
        format!(r#"{{"anvil":{{"intent":"x"}},"model":"m",{MESSAGES}}}"#),
        format!(r#"{{"model":"m",{MESSAGES},"anvil":null}}"#),
        format!(r#"{{"model":"m","anv\u0069l":{{}},{MESSAGES}}}"#),
    ] {
        assert_eq!(encoded(&body, &Overrides::default()), format!(r#"{{"model":"m",{MESSAGES}}}"#));
    }
}

#[test]
fn the_cap_lowers_and_never_raises() {
    let cap = overrides(None, "{}", "{}", Some(100));
    let capped = |members: &str| encoded(&format!(r#"{{"model":"m",{MESSAGES}{members}}}"#), &cap);
    for (asked, sent) in [
        (r#","max_tokens":101"#, r#","max_tokens":100"#),
        (r#","max_tokens":100"#, r#","max_tokens":100"#),
        (r#","max_tokens":1"#, r#","max_tokens":1"#),
        ("", ""),
        (r#","max_tokens":null"#, r#","max_tokens":null"#),
        (r#","max_tokens":10,"max_completion_tokens":999"#, r#","max_tokens":10,"max_completion_tokens":100"#),
        (r#","max_tokens":999,"max_completion_tokens":10"#, r#","max_tokens":100,"max_completion_tokens":10"#),
        (r#","max_completion_tokens":null,"max_tokens":999"#, r#","max_completion_tokens":null,"max_tokens":100"#),
    ] {
        assert_eq!(capped(asked), format!(r#"{{"model":"m",{MESSAGES}{sent}}}"#));
    }
}

#[test]
fn a_set_cap_wins_over_the_limit() {
    let edits = overrides(None, r#"{"max_tokens":7}"#, "{}", Some(5));
    assert_eq!(
        encoded(&format!(r#"{{"model":"m",{MESSAGES},"max_tokens":9}}"#), &edits),
        format!(r#"{{"model":"m",{MESSAGES},"max_tokens":7}}"#)
    );
}

#[test]
fn extra_members_must_be_objects() {
    for text in ["", "[]", "1", "{", "null", "{\"a\":}"] {
        assert!(Overrides::new(None, text, "{}", None).is_err(), "{text}");
        assert!(Overrides::new(None, "{}", text, None).is_err(), "{text}");
    }
}

#[test]
fn what_is_encoded_decodes_to_the_same_facts() {
    for (dialect, case) in [
        (Dialect::Messages, "claude_code"),
        (Dialect::Messages, "anthropic_py"),
        (Dialect::Chat, "openai_py"),
        (Dialect::Chat, "aider"),
        (Dialect::Chat, "opencode"),
        (Dialect::Chat, "pi"),
        (Dialect::Responses, "codex"),
        (Dialect::Responses, "openai_py"),
        (Dialect::Responses, "ai_sdk_references"),
        (Dialect::Responses, "openai_py_resumed"),
    ] {
        let body = wire(&format!("{}/{case}/request.json", dialect.name()));
        let request = decode(dialect, body).unwrap();
        let out = request.encode(&overrides(Some("served"), r#"{"seed":1}"#, "{}", None));
        let mut again = decode(dialect, out.to_vec()).unwrap().facts().clone();
        again.model.clone_from(&request.facts().model);
        // No tier is told to store anything.
        again.store = request.facts().store;
        assert_eq!(&again, request.facts(), "{case}");
    }
}

/// The raw text of each member, by a parser not written here.
fn raw(body: &[u8]) -> BTreeMap<String, String> {
    let members: BTreeMap<String, Box<serde_json::value::RawValue>> = serde_json::from_slice(body).unwrap();
    members.into_iter().map(|(name, value)| (name, value.get().to_owned())).collect()
}

proptest! {
    #[test]
    fn every_other_member_keeps_its_bytes(
        values in proptest::collection::btree_map("x[a-z\u{e9}\"]{0,3}", json(), 0..6),
        padding in "[ \n\t]{0,2}",
        is_capped in any::<bool>(),
    ) {
        let mut others = String::new();
        for (name, value) in &values {
            let name = anvil_dialect::quoted(name);
            write!(others, "{padding},{padding}{name}{padding}:{padding}{value}").unwrap();
        }
        let body = format!(r#"{{"model":"m",{MESSAGES},"max_tokens":99{others}}}"#);
        let edits = overrides(Some("served"), r#"{"set":[1]}"#, r#"{"given":1}"#, is_capped.then_some(9));
        let once = request(&body).encode(&edits).to_vec();
        let mut expected = raw(body.as_bytes());
        expected.insert("model".to_owned(), "\"served\"".to_owned());
        expected.insert("set".to_owned(), "[1]".to_owned());
        expected.insert("given".to_owned(), "1".to_owned());
        expected.insert("max_tokens".to_owned(), if is_capped { "9" } else { "99" }.to_owned());
        prop_assert_eq!(raw(&once), expected);
        // Edits made once stay made.
        let twice = decode(Dialect::Chat, once.clone()).unwrap().encode(&edits).to_vec();
        prop_assert_eq!(twice, once);
    }
}
