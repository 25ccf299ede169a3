//! What a client makes of a stream, held to the dialect's grammar.

use anvil_dialect::{Dialect, EventKind, FinishReason, Reader, Usage};
use anvil_sse::{Decoder, Frame, Limits};
use serde_json::Value;

/// The data of each event.
pub(crate) fn events(stream: &[u8]) -> Vec<String> {
    let (mut decoder, mut events) = (Decoder::new(Limits::default()), Vec::new());
    decoder.feed(stream);
    while let Some(frame) = decoder.next().unwrap() {
        if let Frame::Event(event) = frame {
            events.push(String::from_utf8(event.data.to_vec()).unwrap());
        }
    }
    decoder.finish().unwrap();
    events
}

/// Reads a stream with this crate's own reader: it must be whole, and end only once.
pub(crate) fn complete(dialect: Dialect, stream: &[u8]) -> (Option<FinishReason>, Usage) {
    let (mut reader, mut finish, mut ended) = (Reader::new(dialect), None, false);
    for data in events(stream) {
        assert!(!ended, "more after the end");
        let event = reader.read(data.as_bytes()).unwrap();
        finish = event.finish.or(finish);
        ended = event.kind == EventKind::Terminal;
    }
    assert!(ended && finish.is_some());
    (finish, reader.usage())
}

/// What a client makes of a stream: its text, its thoughts, its calls as (id, name, arguments).
pub(crate) type Heard = (String, String, Vec<(String, String, String)>);

/// Follows a Messages stream as the vendor's SDKs do, and holds it to the grammar.
fn hear_messages(stream: &[u8]) -> Heard {
    let mut blocks: Vec<(Value, String)> = Vec::new();
    let (mut open, mut state) = (None, "");
    for data in events(stream) {
        let event: Value = serde_json::from_str(&data).unwrap();
        let kind = event["type"].as_str().unwrap();
        match kind {
            "message_start" => {
                assert_eq!(state, "");
                assert!(event["message"]["usage"]["input_tokens"].is_u64());
            }
            "content_block_start" => {
                assert_eq!((event["index"].as_u64(), open), (Some(blocks.len() as u64), None));
                open = event["index"].as_u64();
                blocks.push((event["content_block"].clone(), String::new()));
            }
            "content_block_delta" => {
                assert_eq!(event["index"].as_u64(), open);
                let (block, said) = blocks.last_mut().unwrap();
                let (kind, member) = match block["type"].as_str().unwrap() {
                    "text" => ("text_delta", "text"),
                    "thinking" => ("thinking_delta", "thinking"),
                    _ => ("input_json_delta", "partial_json"),
                };
                assert_eq!(event["delta"]["type"], kind);
                said.push_str(event["delta"][member].as_str().unwrap());
            }
            "content_block_stop" => {
                assert_eq!(event["index"].as_u64(), open.take());
            }
            "message_delta" => assert!(open.is_none() && event["usage"]["input_tokens"].is_u64()),
            "message_stop" => assert_eq!(state, "message_delta"),
            "ping" => continue,
            _ => panic!("{kind}"),
        }
        state = match kind {
            "message_start" => "message_start",
            "message_delta" => "message_delta",
            "message_stop" => "message_stop",
            _ => "block",
        };
    }
    assert_eq!(state, "message_stop");
    let mut heard = Heard::default();
    for (block, said) in blocks {
        match block["type"].as_str().unwrap() {
            "text" => heard.0.push_str(&said),
            "thinking" => heard.1.push_str(&said),
            _ => {
                let arguments = if said.is_empty() { "{}".to_owned() } else { said };
                let text = |member: &str| block[member].as_str().unwrap().to_owned();
                heard.2.push((text("id"), text("name"), arguments));
            }
        }
    }
    heard
}

/// Follows a Chat Completions stream as the vendor's SDKs do, and holds it to the grammar.
fn hear_chat(stream: &[u8]) -> Heard {
    let mut heard = Heard::default();
    let events = events(stream);
    let (done, chunks) = events.split_last().unwrap();
    assert_eq!(done, "[DONE]");
    let mut finished = false;
    for (index, data) in chunks.iter().enumerate() {
        let chunk: Value = serde_json::from_str(data).unwrap();
        assert_eq!(chunk["object"], "chat.completion.chunk");
        let Some(choice) = chunk["choices"].as_array().unwrap().first() else {
            assert!(finished && chunk["usage"].is_object() && index == chunks.len() - 1);
            continue;
        };
        assert!(!finished);
        assert_eq!(choice["delta"].get("role").is_some(), index == 0);
        finished = choice["finish_reason"].is_string();
        heard.0.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
        heard.1.push_str(choice["delta"]["reasoning_content"].as_str().unwrap_or_default());
        for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            if let Some(id) = call["id"].as_str() {
                assert_eq!(index, heard.2.len());
                heard.2.push((id.to_owned(), call["function"]["name"].as_str().unwrap().to_owned(), String::new()));
            }
            heard.2[index].2.push_str(call["function"]["arguments"].as_str().unwrap());
        }
    }
    assert!(finished);
    heard
}

pub(crate) fn hear(dialect: Dialect, stream: &[u8]) -> Heard {
    match dialect {
        Dialect::Messages => hear_messages(stream),
        Dialect::Chat => hear_chat(stream),
    }
}
