//! Responses requests that go on from what is stored.

use anvil_dialect::{Dialect, Overrides, Request, translate};
use serde_json::{Value, json};

use crate::{decode, wire};

const STORED: &str =
    r#"{"type":"reasoning","id":"rs_1","summary":[],"content":[{"type":"reasoning_text","text":"r"}]}"#;

fn stored(id: &str) -> Option<String> {
    (id == "rs_1").then(|| STORED.to_owned())
}

fn request(body: &Value) -> Request {
    decode(Dialect::Responses, body.to_string()).unwrap()
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(&request.encode(&Overrides::default().for_local_tier())).unwrap()
}

#[test]
fn the_history_comes_first() {
    let history = r#"{"role":"user","content":"a"},{"role":"assistant","content":"b"}"#;
    for (input, own) in [
        (json!("c"), json!([{"type": "message", "role": "user", "content": "c"}])),
        (
            json!([{"role": "user", "content": "c"}, {"role": "user", "content": "d"}]),
            json!([{"role": "user", "content": "c"}, {"role": "user", "content": "d"}]),
        ),
        (json!([]), json!([])),
        (Value::Null, json!([])),
    ] {
        let request = request(&json!({"model": "m", "previous_response_id": "resp_1", "input": input, "x": 1.5}));
        let resumed = request.resumed(history, &stored).unwrap();
        let mut expected: Vec<Value> = serde_json::from_str(&format!("[{history}]")).unwrap();
        expected.extend(own.as_array().unwrap().clone());
        assert_eq!(body(&resumed), json!({"model": "m", "input": expected, "x": 1.5, "store": false}));
        assert_eq!(serde_json::from_str::<Value>(&format!("[{}]", request.input_items())).unwrap(), own);
        assert_eq!(resumed.facts().previous_response, None);
    }
    let resumed = request(&json!({"model": "m", "previous_response_id": "resp_1"})).resumed(history, &stored).unwrap();
    assert_eq!(resumed.facts().messages, 2);
    let resumed =
        request(&json!({"model": "m", "previous_response_id": "resp_1", "input": "x"})).resumed("", &stored).unwrap();
    assert_eq!(body(&resumed)["input"], json!([{"type": "message", "role": "user", "content": "x"}]));
    assert_eq!(
        request(&json!({"model": "m", "previous_response_id": "resp_1"})).resumed("", &stored).unwrap_err().param(),
        Some("input")
    );
}

#[test]
fn references_are_replaced_and_the_rest_stays_as_it_was_spelt() {
    let text = r#"{ "model":"m","input":[ {"role":"user","content":"a\u0062" }, {"type":"item_reference","id":"rs_1"},{"id":"rs\u005f1"} ],"store":false,"y":1.0}"#;
    let resumed = decode(Dialect::Responses, text).unwrap().resumed("", &stored).unwrap();
    let out = resumed.encode(&Overrides::default().for_local_tier());
    assert_eq!(
        std::str::from_utf8(&out).unwrap(),
        format!(
            r#"{{"model":"m","input":[{{"role":"user","content":"a\u0062" }},{STORED},{STORED}],"store":false,"y":1.0}}"#
        )
    );
    assert!(resumed.facts().item_references.is_empty());
    let unknown = decode(Dialect::Responses, text.replace("rs_1", "rs_2")).unwrap().resumed("", &stored).unwrap_err();
    assert_eq!(unknown.to_string(), "input.1.id: must be the id of an item that is stored here");
}

#[test]
fn what_the_ai_sdk_refers_to_can_be_translated_then() {
    let request = decode(Dialect::Responses, wire("responses/ai_sdk_references/request.json")).unwrap();
    let resumed = request.resumed("", &|_| Some(STORED.to_owned())).unwrap();
    let body: Value =
        serde_json::from_slice(&translate(&resumed, Dialect::Chat, &Overrides::default()).unwrap().body).unwrap();
    assert_eq!(body["messages"][2]["reasoning_content"], "r");
}

#[test]
fn other_dialects_have_nothing_stored() {
    let request =
        decode(Dialect::Chat, r#"{"model":"m","messages":[{"role":"user","content":"x"}],"input":"y"}"#).unwrap();
    assert_eq!(request.input_items(), "");
    assert_eq!(
        request.resumed("{}", &stored).unwrap().encode(&Overrides::default()),
        request.encode(&Overrides::default())
    );
}
