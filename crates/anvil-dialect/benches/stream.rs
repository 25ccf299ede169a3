//! How fast a streamed answer is read, from a body's bytes to what is said: `cargo bench -p anvil-dialect`.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that meets an error has failed")]

use std::hint::black_box;

use anvil_dialect::{Delta, DeltaReader, Dialect, Reader};
use anvil_sse::{Decoder, Event, Frame, Limits};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

use cpu_time::CpuTime;

#[path = "../../../benches/rates/corpus.rs"]
mod corpus;
#[path = "../../../benches/rates/cpu_time.rs"]
mod cpu_time;

/// What an event of a local engine says, in bytes: about a token.
const PIECE: usize = 4;

/// What a read of a socket brings of a burst, in bytes.
const READ: usize = 16 << 10;

const PARAGRAPH: &str = "The parser keeps what is \"new\" in a line, and so each piece of the text is read once. What is left of \
    a line waits for its end:\n\n```python\ndef total(prices: list[int]) -> int:\n    return sum(price for price in prices)\n```\n\n";

fn text() -> String {
    PARAGRAPH.repeat(12)
}

fn arguments() -> String {
    let code =
        "    def total(self, items: list[\"Item\"]) -> int:\n        return sum(item.price for item in items)\n\n";
    json!({"file_path": "/home/someone/project/src/basket.py", "old_string": code.repeat(8), "new_string": code.repeat(9)})
        .to_string()
}

fn pieces(text: &str) -> impl Iterator<Item = &str> {
    assert!(text.is_ascii(), "cut anywhere");
    (0..text.len()).step_by(PIECE).map(|start| &text[start..text.len().min(start + PIECE)])
}

/// An answer of a text and a call, in the shapes that vLLM, Anthropic and `OpenAI` put on the wire.
fn stream(dialect: Dialect) -> String {
    let events = match dialect {
        Dialect::Chat => chat(),
        Dialect::Messages => messages(),
        Dialect::Responses => responses(),
    };
    let lines = events.into_iter().map(|(name, event)| {
        if name.is_empty() { format!("data: {event}\n\n") } else { format!("event: {name}\ndata: {event}\n\n") }
    });
    lines.collect()
}

type Events = Vec<(&'static str, String)>;

fn chat() -> Events {
    let chunk = |delta: &Value, finish: &str| {
        let head = r#"{"id":"chatcmpl-5f0c1f0b6d0e4b7f9a3d2c1b0a998877","object":"chat.completion.chunk","created":1760000000"#;
        let choice = format!(r#"{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}"#);
        ("", format!(r#"{head},"model":"qwen3-coder-30b-a3b","choices":[{choice}]}}"#))
    };
    let call = |call: Value| json!({ "tool_calls": [call] });
    let mut events = vec![chunk(&json!({"role": "assistant", "content": ""}), "null")];
    events.extend(pieces(&text()).map(|piece| chunk(&json!({ "content": piece }), "null")));
    let begun =
        json!({"id": "chatcmpl-tool-9a3d2c1b0a998877", "type": "function", "index": 0, "function": {"name": "Edit"}});
    events.push(chunk(&call(begun), "null"));
    events.extend(
        pieces(&arguments()).map(|piece| chunk(&call(json!({"index": 0, "function": {"arguments": piece}})), "null")),
    );
    events.push(chunk(&json!({}), r#""tool_calls""#));
    events.push(("", "[DONE]".to_owned()));
    events
}

fn messages() -> Events {
    let block = |index: usize, empty: &str, kind: &str, member: &str, text: &str| {
        let mut events: Events = vec![(
            "content_block_start",
            format!(r#"{{"type":"content_block_start","index":{index},"content_block":{empty}}}"#),
        )];
        events.extend(pieces(text).map(|piece| {
            let delta = format!(r#"{{"type":"{kind}","{member}":{}}}"#, json!(piece));
            ("content_block_delta", format!(r#"{{"type":"content_block_delta","index":{index},"delta":{delta}}}"#))
        }));
        events.push(("content_block_stop", format!(r#"{{"type":"content_block_stop","index":{index}}}"#)));
        events
    };
    let message = r#"{"id":"msg_01XFDUDYJgAACzvnptvVoYEL","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":68,"output_tokens":1}}"#;
    let mut events = vec![("message_start", format!(r#"{{"type":"message_start","message":{message}}}"#))];
    events.extend(block(0, r#"{"type":"text","text":""}"#, "text_delta", "text", &text()));
    let call = r#"{"type":"tool_use","id":"toolu_01XFDUDYJgAACzvnptvVoYEL","name":"Edit","input":{}}"#;
    events.extend(block(1, call, "input_json_delta", "partial_json", &arguments()));
    let stop = r#"{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":999}}"#;
    events.push(("message_delta", stop.to_owned()));
    events.push(("message_stop", r#"{"type":"message_stop"}"#.to_owned()));
    events
}

fn responses() -> Events {
    const ID: &str = "msg_68af40337e58819392e935fb404414d00e6a1f3c2b5d4e7f";
    let (text, arguments) = (text(), arguments());
    let message = json!({"id": ID, "type": "message", "status": "completed", "role": "assistant", "content": [
        {"type": "output_text", "annotations": [], "logprobs": [], "text": text}]});
    let call = json!({"id": ID, "type": "function_call", "call_id": "call_1", "name": "Edit", "arguments": arguments});
    let empty = |mut item: Value, member: &str, nothing: Value| {
        item[member] = nothing;
        item
    };
    let place = |output: usize| format!(r#""item_id":"{ID}","output_index":{output}"#);
    let item = |output: usize, item: &Value| format!(r#""output_index":{output},"item":{item}"#);
    let mut events: Events =
        vec![("response.created", r#""response":{"id":"resp_1","status":"in_progress"}"#.to_owned())];
    events.push(("response.output_item.added", item(0, &empty(message.clone(), "content", json!([])))));
    events.extend(pieces(&text).map(|piece| {
        let delta = format!(r#"{},"content_index":0,"delta":{},"logprobs":[]"#, place(0), json!(piece));
        ("response.output_text.delta", delta)
    }));
    events.push(("response.output_item.done", item(0, &message)));
    events.push(("response.output_item.added", item(1, &empty(call.clone(), "arguments", json!("")))));
    events.extend(
        pieces(&arguments).map(|piece| {
            ("response.function_call_arguments.delta", format!(r#"{},"delta":{}"#, place(1), json!(piece)))
        }),
    );
    events.push(("response.output_item.done", item(1, &call)));
    let done =
        json!({"id": "resp_1", "status": "completed", "output": [message, call], "usage": {"output_tokens": 999}});
    events.push(("response.completed", format!(r#""response":{done}"#)));
    let numbered = events.into_iter().enumerate();
    numbered.map(|(at, (name, rest))| (name, format!(r#"{{"type":"{name}","sequence_number":{at},{rest}}}"#))).collect()
}

fn decode(stream: &str, read: usize, mut on_event: impl FnMut(&Event<'_>)) {
    let mut decoder = Decoder::new(Limits::default());
    for bytes in stream.as_bytes().chunks(read) {
        decoder.feed(bytes);
        while let Some(frame) = decoder.next().expect("an event") {
            if let Frame::Event(event) = frame {
                on_event(&event);
            }
        }
    }
    decoder.finish().expect("whole");
}

/// The bytes that are said.
fn said(dialect: Dialect, stream: &str, read: usize) -> usize {
    let (mut reader, mut bytes) = (DeltaReader::new(dialect), 0);
    decode(stream, read, |event| {
        let mut deltas = Vec::with_capacity(4);
        reader.read(event.data, &mut deltas).expect("of the dialect");
        for delta in &deltas {
            if let Delta::Text(text) | Delta::Arguments { json: text, .. } = delta {
                bytes += text.decoded().len();
            }
        }
    });
    bytes
}

/// The events that are of the dialect.
fn formed(dialect: Dialect, stream: &str, read: usize) -> usize {
    let (mut reader, mut events) = (Reader::new(dialect), 0);
    decode(stream, read, |event| {
        black_box(reader.read(event.data).expect("of the dialect"));
        events += 1;
    });
    events
}

fn benches(criterion: &mut Criterion<CpuTime>) {
    let mut group = criterion.benchmark_group("stream");
    for (name, dialect) in [("chat", Dialect::Chat), ("messages", Dialect::Messages), ("responses", Dialect::Responses)]
    {
        let stream = stream(dialect);
        corpus::keep(&format!("{name}.sse"), &stream);
        let event = stream.len() / stream.matches("\n\n").count();
        assert_eq!(said(dialect, &stream, event), text().len() + arguments().len(), "{name}");
        group.throughput(Throughput::BytesDecimal(stream.len() as u64));
        for (read, words) in [(READ, "burst"), (event, "an event a read")] {
            group.bench_function(format!("{name}, {words}"), |bencher| {
                bencher.iter(|| said(dialect, black_box(&stream), read));
            });
        }
        group.bench_function(format!("{name}, form alone"), |bencher| {
            bencher.iter(|| formed(dialect, black_box(&stream), READ));
        });
    }
    group.finish();
}

criterion_group! {
    name = stream_reading;
    config = cpu_time::criterion();
    targets = benches
}
criterion_main!(stream_reading);
