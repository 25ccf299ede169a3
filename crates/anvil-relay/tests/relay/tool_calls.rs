//! Which tool calls an answer holds, by the ids that the client was told.

use anvil_dialect::answer::{self, Answer};
use anvil_dialect::{Dialect, Head, Reader, ToolCalls};
use anvil_relay::{Ending, Form, Relay, Setup, Step};
use anvil_sse::{Decoder, Frame};
use proptest::prelude::*;

use crate::{STREAMS, stream, wire};

const DIALECTS: [Dialect; 3] = [Dialect::Messages, Dialect::Chat, Dialect::Responses];

/// What the client got, how the attempt ended, and the calls that are known of it.
fn run(client: Dialect, tier: Dialect, form: Form, body: &[u8], size: usize) -> (Vec<u8>, Step, Vec<String>) {
    let head = Head { id: "1".to_owned(), model: "planning".to_owned(), ..Head::default() };
    let mut relay = Relay::new(Setup::new(client, tier, form, head, "req_1".to_owned()));
    let (mut out, mut step) = (Vec::new(), Step::Continue);
    for chunk in body.chunks(size) {
        step = relay.push(chunk, &mut out);
        if step != Step::Continue {
            break;
        }
    }
    if step == Step::Continue {
        step = relay.end(Ending::Clean, &mut out);
    }
    (out, step, relay.take_tool_calls())
}

/// The calls that a client reads in a stream.
fn streamed(client: Dialect, out: &[u8]) -> Vec<String> {
    let (mut decoder, mut reader, mut calls) = (Decoder::default(), Reader::new(client), ToolCalls::default());
    decoder.feed(out);
    while let Some(frame) = decoder.next().unwrap() {
        if let Frame::Event(event) = frame {
            calls.extend(reader.read(event.data).unwrap().calls);
        }
    }
    calls.into_ids()
}

#[test]
fn ids_of_recorded_streams() {
    let ids = |dialect, case| run(dialect, dialect, Form::Stream, &stream(dialect, case), 64).2;
    assert_eq!(ids(Dialect::Messages, "claude_code"), ["toolu_03"]);
    assert_eq!(ids(Dialect::Messages, "parallel_calls").len(), 2);
    assert_eq!(ids(Dialect::Chat, "openai_py"), ["call_1"]);
    assert_eq!(ids(Dialect::Responses, "codex_parallel").len(), 2);
    assert_eq!(ids(Dialect::Responses, "codex_patch"), ["call_000000000000000000000001"]);
    assert_eq!(ids(Dialect::Chat, "aider"), [""; 0]);
}

#[test]
fn what_is_known_of_a_stream_is_what_its_client_reads() {
    let more = [
        (Dialect::Messages, "parallel_calls"),
        (Dialect::Chat, "deepseek"),
        (Dialect::Responses, "codex_parallel"),
        (Dialect::Responses, "raw_reasoning"),
    ];
    let mut told = 0;
    for (tier, case) in STREAMS.into_iter().chain(more) {
        for client in DIALECTS {
            let (out, step, calls) = run(client, tier, Form::Stream, &stream(tier, case), 7);
            if matches!(step, Step::Done(_)) {
                assert_eq!(calls, streamed(client, &out), "{case} for {client:?}");
                told += calls.len();
            } else {
                assert!(calls.is_empty(), "{case} for {client:?}");
            }
        }
    }
    assert!(told > 20, "{told}");
}

#[test]
fn what_is_known_of_a_whole_answer_is_what_its_client_reads() {
    let answers = [
        (Dialect::Messages, "claude_code"),
        (Dialect::Chat, "openai_py"),
        (Dialect::Chat, "deepseek"),
        (Dialect::Responses, "ai_sdk"),
        (Dialect::Responses, "openai_py"),
    ];
    for (tier, case) in answers {
        let body = wire(tier, &format!("{case}/answer.json"));
        for client in DIALECTS {
            let (out, step, calls) = run(client, tier, Form::Whole, &body, body.len());
            assert!(matches!(step, Step::Done(_)), "{case} for {client:?}: {step:?}");
            let Answer::Whole { calls: read, .. } = answer::read(client, &out).unwrap() else { panic!("{case}") };
            assert!(!calls.is_empty(), "{case}");
            assert_eq!(calls, read.into_ids(), "{case} for {client:?}");
        }
    }
}

#[test]
fn a_call_without_an_id_has_the_one_it_was_given() {
    let body = br#"{"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#;
    let (out, _, calls) = run(Dialect::Messages, Dialect::Chat, Form::Whole, body, body.len());
    assert_eq!(calls, ["call_1_0"]);
    assert!(crate::text(&out).contains(r#""id":"call_1_0""#));
}

proptest! {
    #[test]
    fn any_id_is_known_as_it_was_told(id in "\\PC{0,12}", is_stream in any::<bool>()) {
        let id = anvil_dialect::quoted(&id);
        let call = format!(r#"[{{"index":0,"id":{id},"type":"function","function":{{"name":"f","arguments":"{{}}"}}}}]"#);
        let (form, body) = if is_stream {
            let chunk = format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":{call}}},"finish_reason":"tool_calls"}}]}}"#);
            (Form::Stream, format!("data: {chunk}\n\ndata: [DONE]\n\n"))
        } else {
            let choice = format!(r#"{{"message":{{"tool_calls":{call}}},"finish_reason":"tool_calls"}}"#);
            (Form::Whole, format!(r#"{{"choices":[{choice}]}}"#))
        };
        for client in DIALECTS {
            let (out, step, calls) = run(client, Dialect::Chat, form, body.as_bytes(), body.len());
            prop_assert!(matches!(step, Step::Done(_)));
            let read = match answer::read(client, &out) {
                Ok(Answer::Whole { calls, .. }) if !is_stream => calls.into_ids(),
                _ => streamed(client, &out),
            };
            prop_assert_eq!(calls, read);
        }
    }
}
