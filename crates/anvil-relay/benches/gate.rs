//! What each check costs of one streamed answer, from the tier's bytes to the client's: `cargo bench -p anvil-relay`.
#![allow(clippy::expect_used, clippy::panic, missing_docs, reason = "a benchmark that meets an error has failed")]

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

use anvil_dialect::{Asked, Dialect, Head, Request};
use anvil_relay::{Check, Checks, Form, Hold, Limits, Relay, Setup, Step, expected};
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

use cpu_time::CpuTime;

#[path = "../../../benches/rates/cpu_time.rs"]
mod cpu_time;

/// What an event says, in bytes: about a token.
const PIECE: usize = 4;

/// What a read of a socket brings of a burst, in bytes.
const READ: usize = 16 << 10;

const PARAGRAPH: &str = "The prices are added up one after the other, which is slow for long lists but easy to read. Each of them \
    may be missing, and then it counts as nothing. What follows is what I would change, with the reasons for it.\n\n";
const CODE: &str =
    "```python\ndef total(prices: list[int]) -> int:\n    return sum(price or 0 for price in prices)\n```\n\n";
const DIFF: &str = "```diff\n--- a/prices.py\n+++ b/prices.py\n@@ -1,3 +1,3 @@\n def price_0(items):\n-    total = 0\n+    \
    total = 0.0\n     for item in items:\n```\n\n";

fn source() -> String {
    (0..12).fold(String::new(), |mut source, at| {
        let body = "    for item in items:\n        total += item.price\n    return total\n\n\n";
        let _ = write!(source, "def price_{at}(items):\n    total = {at}\n{body}");
        source
    })
}

/// A harness's request, of a file that was read, and of an answer of this form.
fn request(form: Option<Value>) -> Arc<Request> {
    let read = json!({"id": "call_1", "type": "function", "function": {"name": "Read", "arguments": "{\"file_path\":\"/prices.py\"}"}});
    let numbered: Vec<String> = source().lines().enumerate().map(|(at, line)| format!("{}\t{line}", at + 1)).collect();
    let texts = |names: &[&str]| {
        let properties: serde_json::Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), json!({"type": "string"}))).collect();
        json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false})
    };
    let tool = |name: &str, parameters: Value| json!({"type": "function", "function": {"name": name, "parameters": parameters}});
    let mut body = json!({
        "model": "measured",
        "stream": true,
        "messages": [
            {"role": "user", "content": "mend the file"},
            {"role": "assistant", "content": null, "tool_calls": [read]},
            {"role": "tool", "tool_call_id": "call_1", "content": numbered.join("\n")},
        ],
        "tools": [
            tool("Read", texts(&["file_path"])),
            tool("Edit", texts(&["file_path", "old_string", "new_string"])),
            tool("Write", texts(&["file_path", "content"])),
        ],
    });
    if let Some(schema) = form {
        body["response_format"] = json!({"type": "json_schema", "json_schema": {"name": "rows", "schema": schema}});
    }
    Arc::new(Request::decode(Dialect::Chat, Bytes::from(body.to_string())).expect("a request"))
}

/// The events of an answer that says a text and calls `Edit`, if it does.
fn stream(text: &str, arguments: &str) -> String {
    let chunk = |delta: &Value, finish: &str| {
        let head = r#"{"id":"chatcmpl-5f0c1f0b6d0e4b7f9a3d2c1b0a998877","object":"chat.completion.chunk","created":1760000000"#;
        let choice = format!(r#"{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}"#);
        format!("data: {head},\"model\":\"m\",\"choices\":[{choice}]}}\n\n")
    };
    let pieces = |text: &str| -> Vec<String> {
        assert!(text.is_ascii(), "cut anywhere");
        (0..text.len()).step_by(PIECE).map(|start| text[start..text.len().min(start + PIECE)].to_owned()).collect()
    };
    let call = |call: Value| json!({ "tool_calls": [call] });
    let mut events = chunk(&json!({"role": "assistant", "content": ""}), "null");
    events.extend(pieces(text).iter().map(|piece| chunk(&json!({ "content": piece }), "null")));
    if arguments.is_empty() {
        events += &chunk(&json!({}), r#""stop""#);
    } else {
        let begun = json!({"index": 0, "id": "call_2", "type": "function", "function": {"name": "Edit"}});
        events += &chunk(&call(begun), "null");
        let piece = |piece: &String| chunk(&call(json!({"index": 0, "function": {"arguments": piece}})), "null");
        events.extend(pieces(arguments).iter().map(piece));
        events += &chunk(&json!({}), r#""tool_calls""#);
    }
    events + "data: [DONE]\n\n"
}

fn relayed(stream: &str, request: &Arc<Request>, hold: Hold, checks: Checks) -> usize {
    let head = Head { id: "1".to_owned(), model: "measured".to_owned(), created: 1, asked: Asked::chat(false).into() };
    let mut setup = Setup::new(Dialect::Chat, Dialect::Chat, Form::Stream, head, "req_1".to_owned());
    setup.hold = hold;
    setup.expected = Some(Arc::new(expected(Arc::clone(request), Dialect::Chat, checks, Limits::default())));
    let (mut relay, mut out) = (Relay::new(setup), Vec::with_capacity(stream.len()));
    for bytes in stream.as_bytes().chunks(READ) {
        match relay.push(bytes, &mut out) {
            Step::Continue => {}
            Step::Done(_) => return out.len(),
            other => panic!("{other:?}"),
        }
    }
    panic!("the answer is not over");
}

/// The check alone; of arguments nothing is held against a schema but where they are looked at.
fn alone(check: Check) -> Checks {
    if check == Check::Schema { Checks::of([Check::Tools, check], true) } else { Checks::of([check], true) }
}

fn benches(criterion: &mut Criterion<CpuTime>) {
    let prices: String = source().split_inclusive('\n').take(40).collect();
    let edit =
        json!({"file_path": "/prices.py", "old_string": prices, "new_string": prices.replace("total", "amount")});
    let prose = stream(&[PARAGRAPH, PARAGRAPH, CODE, DIFF].concat().repeat(4), &edit.to_string());
    let row = json!({"name": "basket", "count": 3, "tags": ["fruit", "fresh"], "price": 1.25});
    let formed = stream(&json!({"rows": vec![row; 40]}).to_string(), "");
    let rows = json!({"type": "object", "required": ["rows"], "properties": {"rows": {"type": "array", "items": {"type": "object"}}}});
    let (asked, asked_for_form) = (request(None), request(Some(rows)));
    let mut group = criterion.benchmark_group("gate");
    let (nothing, everything) = (Checks::of([], true), Checks::of(Check::ALL, true));
    let mut cases =
        vec![("window none".to_owned(), Hold::None, nothing), ("no check".to_owned(), Hold::Whole, nothing)];
    cases.extend(Check::ALL.map(|check| (check.name().to_owned(), Hold::Whole, alone(check))));
    cases.push(("every check".to_owned(), Hold::Whole, everything));
    cases.push(("every check, block".to_owned(), Hold::Block, everything));
    for (name, hold, checks) in cases {
        let (stream, request) = if name == "format" { (&formed, &asked_for_form) } else { (&prose, &asked) };
        group.throughput(Throughput::BytesDecimal(stream.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| relayed(black_box(stream), request, hold, checks));
        });
    }
    group.throughput(Throughput::BytesDecimal(formed.len() as u64));
    group.bench_function("no check, of a form", |bencher| {
        bencher.iter(|| relayed(black_box(&formed), &asked_for_form, Hold::Whole, nothing));
    });
    group.finish();
}

criterion_group! {
    name = gate;
    config = cpu_time::criterion();
    targets = benches
}
criterion_main!(gate);
