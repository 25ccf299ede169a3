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
                if event["delta"]["type"] == "signature_delta" {
                    assert_eq!(block["type"], "thinking");
                    continue;
                }
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

/// Follows a Responses stream as the vendor's SDKs and Codex do, and holds it to the grammar: what was added is completed, what was
/// said in pieces is said whole, and the last event holds the items that were completed.
fn hear_responses(stream: &[u8]) -> Heard {
    let events: Vec<Value> = events(stream).iter().map(|data| serde_json::from_str(data).unwrap()).collect();
    let (mut items, mut heard): (Vec<(Value, String, bool)>, Heard) = (Vec::new(), Heard::default());
    for (number, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"].as_u64(), Some(number as u64));
        let kind = event["type"].as_str().unwrap();
        let place = event["output_index"].as_u64().map(|place| usize::try_from(place).unwrap());
        if let (Some(place), Some(id)) = (place, event["item_id"].as_str()) {
            assert_eq!(items[place].0["id"], id);
            assert!(!items[place].2, "{kind} after the item was done");
        }
        match kind {
            "response.created" => assert_eq!(number, 0),
            "response.in_progress" => assert_eq!(event["response"]["id"], events[0]["response"]["id"]),
            "response.output_item.added" => {
                assert_eq!(place, Some(items.len()));
                items.push((event["item"].clone(), String::new(), false));
            }
            "response.output_text.delta"
            | "response.reasoning_text.delta"
            | "response.function_call_arguments.delta"
            | "response.custom_tool_call_input.delta" => {
                items[place.unwrap()].1.push_str(event["delta"].as_str().unwrap());
            }
            "response.output_item.done" => {
                let (added, said, is_done) = &mut items[place.unwrap()];
                let item = &event["item"];
                assert_eq!((&item["id"], &item["type"]), (&added["id"], &added["type"]));
                hear_item(item, said, &mut heard);
                (*added, *is_done) = (item.clone(), true);
            }
            "response.completed" | "response.incomplete" => {
                assert_eq!(number, events.len() - 1);
                assert!(items.iter().all(|(_, _, is_done)| *is_done));
                let done: Vec<Value> = items.iter().map(|(item, ..)| item.clone()).collect();
                assert_eq!(event["response"]["output"], Value::from(done));
            }
            "response.content_part.added"
            | "response.content_part.done"
            | "response.output_text.done"
            | "response.reasoning_text.done"
            | "response.function_call_arguments.done"
            | "response.custom_tool_call_input.done" => {}
            _ => panic!("{kind}"),
        }
    }
    assert!(matches!(events.last().unwrap()["type"].as_str(), Some("response.completed" | "response.incomplete")));
    heard
}

/// Hears a complete item, of which `said` came in pieces.
fn hear_item(item: &Value, said: &str, heard: &mut Heard) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (whole, into) = match item["type"].as_str().unwrap() {
        "message" => (text(&item["content"][0]["text"]), Some(&mut heard.0)),
        "reasoning" => (text(&item["content"][0]["text"]), Some(&mut heard.1)),
        "function_call" => (text(&item["arguments"]), None),
        _ => (text(&item["input"]), None),
    };
    assert!(whole == said || whole == "{}" && said.is_empty(), "{whole} {said}");
    match into {
        Some(into) => into.push_str(&whole),
        None => heard.2.push((text(&item["call_id"]), text(&item["name"]), whole)),
    }
}

pub(crate) fn hear(dialect: Dialect, stream: &[u8]) -> Heard {
    match dialect {
        Dialect::Messages => hear_messages(stream),
        Dialect::Chat => hear_chat(stream),
        Dialect::Responses => hear_responses(stream),
    }
}
