//! Seals on earlier thoughts go to nobody but the vendor who made them, and no vendor is sent a thought without one.

use anvil_dialect::{Dialect, Overrides};
use serde_json::{Value, json};

use crate::decode;

fn sent(dialect: Dialect, body: &Value, is_local: bool) -> Value {
    let overrides = if is_local { Overrides::default().for_local_tier() } else { Overrides::default() };
    serde_json::from_slice(&decode(dialect, body.to_string()).unwrap().encode(&overrides)).unwrap()
}

fn messages(blocks: &Value) -> Value {
    let go = json!({"role": "user", "content": "go"});
    json!({"model": "m", "max_tokens": 9, "messages": [go, {"role": "assistant", "content": blocks}, go]})
}

fn responses(items: &Value) -> Value {
    json!({"model": "m", "store": false, "input": items})
}

fn thinking(signature: &str) -> Value {
    json!({"type": "thinking", "thinking": "hm", "signature": signature})
}

#[test]
fn a_local_tier_is_sent_thoughts_without_their_seals() {
    let redacted = json!({"type": "redacted_thinking", "data": "opaque"});
    let said = json!({"type": "text", "text": "so", "cache_control": {"type": "ephemeral"}});
    let body = messages(&json!([thinking("seal"), redacted, said]));
    let sent = sent(Dialect::Messages, &body, true);
    assert_eq!(sent["messages"][1]["content"], json!([thinking(""), said]));
    assert_eq!(sent["messages"][0], body["messages"][0]);
}

#[test]
fn the_vendor_is_sent_no_thought_without_a_seal() {
    let call = json!({"type": "tool_use", "id": "a", "name": "f", "input": {}});
    let empty = json!({"type": "text", "text": ""});
    let body = messages(&json!([empty, thinking(""), {"type": "thinking", "thinking": "x"}, thinking("seal"), call]));
    let sent = sent(Dialect::Messages, &body, false);
    assert_eq!(sent["messages"][1]["content"], json!([thinking("seal"), call]));
}

#[test]
fn a_message_of_nothing_else_goes() {
    let sent = sent(Dialect::Messages, &messages(&json!([thinking("")])), false);
    assert_eq!(sent["messages"].as_array().unwrap().len(), 2);
}

#[test]
fn what_has_to_change_nowhere_is_the_callers_bytes() {
    for (blocks, is_local) in [(json!([thinking("seal")]), false), (json!([thinking("")]), true), (json!("x"), false)] {
        let body = messages(&blocks).to_string();
        let overrides = if is_local { Overrides::default().for_local_tier() } else { Overrides::default() };
        assert_eq!(decode(Dialect::Messages, body.as_str()).unwrap().encode(&overrides), body);
    }
}

#[test]
fn responses_keeps_its_seals_where_they_were_made() {
    let call = json!({"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"});
    let sealed = json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "seal"});
    let own = json!({"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": null,
        "content": [{"type": "reasoning_text", "text": "hm"}]});
    let mut bare = own.clone();
    bare.as_object_mut().unwrap().remove("encrypted_content");
    let body = responses(&json!([sealed, own, call]));
    assert_eq!(sent(Dialect::Responses, &body, true)["input"], json!([bare, call]));
    assert_eq!(sent(Dialect::Responses, &body, false)["input"], json!([sealed, call]));
}

#[test]
fn a_tier_is_told_to_store_nothing() {
    for body in [json!({"model": "m", "input": "x"}), json!({"model": "m", "input": "x", "store": true})] {
        assert_eq!(sent(Dialect::Responses, &body, true)["store"], false);
        assert_eq!(sent(Dialect::Responses, &body, false)["store"], false);
    }
}
