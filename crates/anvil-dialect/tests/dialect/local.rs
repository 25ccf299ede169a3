//! Messages requests for tiers that are not the vendor's.

use anvil_dialect::{Dialect, Overrides, Request, translate};
use serde_json::{Value, json};

use crate::{decode, wire};

const HEADER: &str = "x-anthropic-billing-header: cc_version=2.1.197.2bb; cc_entrypoint=sdk-cli;";

fn local() -> Overrides {
    Overrides::default().for_local_tier()
}

fn request(members: &str) -> Request {
    decode(Dialect::Messages, format!(r#"{{"model":"m","max_tokens":1{members}}}"#)).unwrap()
}

fn sent(members: &str) -> String {
    let request = request(members);
    // To the vendor nothing changes.
    assert_eq!(request.encode(&Overrides::default()), format!(r#"{{"model":"m","max_tokens":1{members}}}"#));
    let sent = request.encode(&local());
    decode(Dialect::Messages, sent.to_vec()).unwrap();
    String::from_utf8(sent.to_vec())
        .unwrap()
        .replace(r#"{"model":"m","max_tokens":1"#, "")
        .strip_suffix('}')
        .unwrap()
        .to_owned()
}

const USER: &str = r#","messages":[{"role":"user","content":"x"}]"#;

#[test]
fn the_changing_line_goes() {
    for (system, left) in [
        (
            format!(r#"[{{"type":"text","text":"{HEADER}"}}, {{"type":"text","text":"You \u0061re." }}]"#),
            r#","system":[{"type":"text","text":"You \u0061re." }]"#,
        ),
        (format!(r#"[{{"type":"text","text":"{HEADER}"}}]"#), ""),
        (
            format!(r#"[{{"type":"text","text":"{HEADER}\nBe kind.","cache_control":{{"type":"ephemeral"}}}}]"#),
            r#","system":[{"type":"text","text":"Be kind.","cache_control":{"type":"ephemeral"}}]"#,
        ),
        (format!(r#""{HEADER}\nBe kind.""#), r#","system":"Be kind.""#),
        (format!(r#""{HEADER}""#), ""),
    ] {
        assert_eq!(sent(&format!(r#","system":{system}{USER}"#)), format!("{left}{USER}"));
    }
    for system in [
        r#""Be kind.""#,
        "[]",
        "null",
        r#"[{"type":"text","text":"a"},{"type":"text","text":"x-anthropic-billing-header: b"}]"#,
    ] {
        let members = format!(r#","system":{system}{USER}"#);
        assert_eq!(sent(&members), members);
    }
}

#[test]
fn what_only_the_vendor_knows_goes() {
    assert_eq!(
        sent(&format!(r#","context_management":{{"edits":[]}},"thinking":{{"type":"adaptive"}},"x":1.0{USER}"#)),
        format!(r#","x":1.0{USER}"#)
    );
    for thinking in [r#"{"type":"enabled","budget_tokens":1024}"#, r#"{"type":"disabled"}"#, "null"] {
        let members = format!(r#","thinking":{thinking}{USER}"#);
        assert_eq!(sent(&members), members);
    }
    // What the tier's own settings say counts.
    let overrides = Overrides::new(None, r#"{"thinking":{"type":"enabled"}}"#, "{}", None).unwrap().for_local_tier();
    let body = request(&format!(r#","thinking":{{"type":"adaptive"}}{USER}"#)).encode(&overrides);
    assert!(std::str::from_utf8(&body).unwrap().contains(r#""thinking":{"type":"enabled"}"#));
}

/// The messages that are sent of these.
fn folded(messages: &Value) -> Value {
    let sent = request(&format!(r#","messages":{messages}"#)).encode(&local());
    serde_json::from_slice::<Value>(&sent).unwrap()["messages"].take()
}

fn reminder(text: &str) -> Value {
    json!({"type": "text", "text": format!("<system-reminder>\n{text}\n</system-reminder>")})
}

#[test]
fn system_messages_join_the_users_beside_them() {
    let (user, assistant, system) = (
        json!({"role": "user", "content": "u"}),
        json!({"role": "assistant", "content": "a"}),
        json!({"role": "system", "content": "s"}),
    );
    let text = json!({"type": "text", "text": "u"});
    let result = json!({"type": "tool_result", "tool_use_id": "t", "content": "r"});
    let results = json!({"role": "user", "content": [result, text]});
    for (messages, expected) in [
        (
            json!([user, system, assistant, user]),
            json!([{"role": "user", "content": [text, reminder("s")]}, assistant, user]),
        ),
        (json!([system, user]), json!([{"role": "user", "content": [reminder("s"), text]}])),
        (json!([user, system, user]), json!([{"role": "user", "content": [text, reminder("s"), text]}])),
        (
            json!([user, assistant, system, results]),
            json!([user, assistant, {"role": "user", "content": [result, reminder("s"), text]}]),
        ),
        (
            json!([user, assistant, system, assistant]),
            json!([user, assistant, {"role": "user", "content": [reminder("s")]}, assistant]),
        ),
        (
            json!([results, {"role": "system", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]),
            json!([{"role": "user", "content": [result, text, reminder("a"), reminder("b")]}]),
        ),
        (json!([user, {"role": "system", "content": " "}]), json!([user])),
        // Two of the user's that nothing came between are as they were.
        (json!([user, user]), json!([user, user])),
        (
            json!([{"role": "system", "content": [{"type": "image"}]}, user]),
            json!([{"role": "system", "content": [{"type": "image"}]}, user]),
        ),
    ] {
        assert_eq!(folded(&messages), expected, "{messages}");
    }
}

#[test]
fn other_messages_keep_their_bytes() {
    let members = r#","messages":[ {"role":"user", "content":"\u0061"},{"role":"assistant","content":[ {"type":"text","text":"\u00e9"} ]},{"role":"user","content":"\u0062"},{"role":"system","content":"\u0063"}]"#;
    assert_eq!(
        sent(members),
        r#","messages":[{"role":"user", "content":"\u0061"},{"role":"assistant","content":[ {"type":"text","text":"\u00e9"} ]},{"role":"user","content":[{"type":"text","text":"\u0062"},{"type":"text","text":"<system-reminder>\n\u0063\n</system-reminder>"}]}]"#
    );
}

#[test]
fn claude_code_begins_the_same_in_every_conversation() {
    let body = String::from_utf8(wire("messages/claude_code/request.json")).unwrap();
    let other = body.replace("2.1.197.", "2.1.197.f");
    assert_ne!(body, other);
    let sent = |body: &str| decode(Dialect::Messages, body).unwrap().encode(&local());
    assert_eq!(sent(&body), sent(&other));
    let facts = decode(Dialect::Messages, sent(&body).to_vec()).unwrap().facts().clone();
    assert!(!facts.thinking || body.contains("output_config"));
    assert_eq!(facts.messages, 3);
}

#[test]
fn a_translated_request_is_cleaned_too() {
    let request =
        decode(Dialect::Chat, r#"{"model":"m","messages":[{"role":"user","content":"x"}],"reasoning_effort":"high"}"#)
            .unwrap();
    let body: Value = serde_json::from_slice(&translate(&request, Dialect::Messages, &local()).unwrap().body).unwrap();
    assert_eq!((body.get("thinking"), &body["output_config"]["effort"]), (None, &json!("high")));
}
