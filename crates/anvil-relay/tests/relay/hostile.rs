//! What a hostile caller or tier can do to the thread that all exchanges share: nothing that takes long, or much memory.

use std::sync::Arc;
use std::time::Duration;

use anvil_dialect::{Dialect, Head, Request, quoted};
use anvil_relay::{Check, Checks, Defect, Ending, Form, Hold, Limits, Relay, Setup, Step, expected};
use proptest::prelude::*;

/// What may be done on the thread that all exchanges share.
const LONG: Duration = Duration::from_millis(20);

fn setup(client: Dialect, tier: Dialect, hold: Hold, request: &str) -> Setup {
    let request = Arc::new(Request::decode(client, request.as_bytes().to_vec().into()).unwrap());
    let head = Head { model: "m".to_owned(), ..Head::default() };
    let mut setup = Setup::new(client, tier, Form::Stream, head, "req_1".to_owned());
    setup.hold = hold;
    let checks = Checks::of(Check::ALL, true);
    setup.expected = Some(Arc::new(expected(request, tier, checks, Limits::default())));
    setup
}

fn request(messages: &str, tools: &str) -> String {
    format!(
        r#"{{"model":"m","max_tokens":9,"stream":true,"messages":[{{"role":"user","content":"hi"}}{messages}]{tools}}}"#
    )
}

fn tool(name: &str, schema: &str) -> String {
    format!(r#","tools":[{{"type":"function","function":{{"name":"{name}","parameters":{schema}}}}}]"#)
}

fn chunk(delta: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta}}}]}}\n\n")
}

fn said(text: &str) -> String {
    chunk(&format!(r#"{{"content":{}}}"#, quoted(text)))
}

fn called(index: usize, name: &str, arguments: &str) -> String {
    let function = format!(r#"{{"name":"{name}","arguments":{}}}"#, quoted(arguments));
    chunk(&format!(r#"{{"tool_calls":[{{"index":{index},"id":"c{index}","type":"function","function":{function}}}]}}"#))
}

fn end(reason: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{}},\"finish_reason\":\"{reason}\"}}]}}\n\ndata: [DONE]\n\n")
}

/// Text in which nothing is said twice.
fn noise(length: usize) -> String {
    let mut state = 88_172_645_463_325_252_u64;
    let letter = |at: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        if at % 7 == 6 { ' ' } else { char::from(b'a' + u8::try_from(state % 26).unwrap()) }
    };
    (0..length).map(letter).collect()
}

/// Feeds events until the relay says something else than to go on.
fn feed(relay: &mut Relay, out: &mut Vec<u8>, events: impl IntoIterator<Item = String>) -> Step {
    for event in events {
        let step = relay.push(event.as_bytes(), out);
        if step != Step::Continue {
            return step;
        }
    }
    Step::Continue
}

#[test]
fn an_event_of_a_letter_takes_more_of_the_window_than_the_letter() {
    let request = r#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let mut setup = setup(Dialect::Messages, Dialect::Chat, Hold::Whole, request);
    setup.max_held_bytes = 64 * 1_000;
    let (mut relay, mut out) = (Relay::new(setup), Vec::new());
    assert_eq!(feed(&mut relay, &mut out, std::iter::repeat_n(said("x"), 1_000)), Step::Continue);
    assert_eq!(feed(&mut relay, &mut out, [said("x")]), Step::Reject(Defect::TooLarge { limit: 64_000 }));
    assert!(out.is_empty());
}

#[test]
fn the_cap_on_what_is_held_is_met_exactly() {
    let request = request("", "");
    for hold in [Hold::Block, Hold::Whole] {
        let event = said(&"word ".repeat(20));
        let data = event.len() - "data: \n\n".len();
        let held = |limit: usize| {
            let mut setup = setup(Dialect::Chat, Dialect::Chat, hold, &request);
            setup.max_held_bytes = limit;
            let (mut relay, mut out) = (Relay::new(setup), Vec::new());
            let step = feed(&mut relay, &mut out, [event.clone()]);
            assert!(out.is_empty());
            step
        };
        assert_eq!(held(data), Step::Continue);
        assert_eq!(held(data - 1), Step::Reject(Defect::TooLarge { limit: data - 1 }));
    }
}

#[test]
fn many_calls_of_which_each_is_repaired_come_out_repaired() {
    let mut relay = Relay::new(setup(Dialect::Chat, Dialect::Chat, Hold::Whole, &request("", &tool("f", "{}"))));
    let calls = (0..120).flat_map(|index| [called(index, "f", "{\"a\": \"\n\","), called(index, "", "}"), said("a ")]);
    let mut out = Vec::new();
    let step = feed(&mut relay, &mut out, calls.chain([end("tool_calls")]));
    assert!(matches!(step, Step::Done(_)), "{step:?}");
    assert_eq!(crate::text(&out).matches(r#"{\"a\": \"\\n\"}"#).count(), 120);
}

#[test]
fn what_would_take_long_says_so_before_it_is_done() {
    let dialect = Dialect::Chat;
    let schema = tool("Edit", "{}");
    let relay = |messages: &str| Relay::new(setup(dialect, dialect, Hold::Block, &request(messages, &schema)));
    let mut out = Vec::new();

    let mut short = relay("");
    assert!(short.outstanding(200) < LONG);
    assert_eq!(feed(&mut short, &mut out, [called(0, "Edit", "{\"a\":\"")]), Step::Continue);
    assert!(short.outstanding(200) < LONG);
    let piece = "x".repeat(1 << 16);
    let pieces =
        (0..10).map(|_| chunk(&format!(r#"{{"tool_calls":[{{"index":0,"function":{{"arguments":"{piece}"}}}}]}}"#)));
    assert_eq!(feed(&mut short, &mut out, pieces), Step::Continue);
    assert!(short.outstanding(200) > LONG, "long arguments are parsed when they end");

    let mut fenced = relay("");
    assert_eq!(feed(&mut fenced, &mut out, [said("```python\n"), said(&"x = [1]\n".repeat(800))]), Step::Continue);
    assert!(fenced.outstanding(200) > LONG, "a long block is parsed when it ends");
    assert_eq!(feed(&mut fenced, &mut out, [said("```\n"), said("text\n")]), Step::Continue);
    assert!(fenced.outstanding(200) < LONG);

    let history = format!(r#",{{"role":"assistant","content":"{}"}}"#, noise(2 << 20));
    let long = relay(&history);
    assert!(long.outstanding(200) > LONG, "a long conversation has still to be read");
    assert!(long.outstanding(1 << 20) > LONG);

    let plain = Setup::new(dialect, dialect, Form::Whole, Head::default(), String::new());
    let mut whole = Relay::new(plain);
    assert_eq!(whole.push(&vec![b' '; 1 << 20], &mut out), Step::Continue);
    assert!(whole.outstanding(1 << 20) < LONG, "more of it is only held");
    assert!(whole.outstanding(0) > LONG, "its end is when it is read");
}

#[test]
fn what_is_not_understood_is_held_as_long_as_what_is() {
    // A call without a name is one that no check can follow.
    let events = || [chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}"#), said("some text")];
    let run = |hold, events: Vec<String>| {
        let setup = setup(Dialect::Chat, Dialect::Chat, hold, &request("", ""));
        let bytes = events.concat().into_bytes();
        crate::run(setup, [bytes.as_slice()], Ending::Cut)
    };
    let (out, step) = run(Hold::Whole, events().to_vec());
    assert_eq!((out.len(), step), (0, Step::Reject(Defect::StreamCut)));
    let (out, step) = run(Hold::Whole, events().into_iter().chain([end("stop")]).collect());
    assert!(matches!(step, Step::Done(_)) && crate::text(&out).contains("some text"));
    assert!(matches!(run(Hold::Block, events().to_vec()).1, Step::Broken(Defect::StreamCut)));
}

#[test]
fn what_cannot_be_said_in_the_clients_dialect_is_rejected_before_any_of_it_has_left() {
    // A piece of a call behind a text behind the call: Messages has one block after the other.
    let call = called(0, "f", "{");
    let more = chunk(r#"{"tool_calls":[{"index":0,"function":{"arguments":"}"}}]}"#);
    let events = [said("Before."), call, said("Between."), more, end("length")].concat();
    let asked = r#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#;
    let setup = setup(Dialect::Messages, Dialect::Chat, Hold::Whole, asked);
    let (out, step) = crate::run(setup, [events.as_bytes()], Ending::Clean);
    assert!(matches!(step, Step::Reject(Defect::MalformedEvent { .. })), "{step:?}");
    assert!(out.is_empty());
}

#[test]
fn a_relay_that_steps_aside_goes_on_where_it_was() {
    let setup = setup(Dialect::Chat, Dialect::Chat, Hold::Block, &request("", ""));
    let (mut relay, mut out) = (Relay::new(setup), Vec::new());
    assert_eq!(relay.push(said(&"some words ".repeat(30)).as_bytes(), &mut out), Step::Continue);
    let seen = out.len();
    assert!(seen > 0);
    let mut aside = relay.step_aside();
    assert_eq!(relay.push(said("lost").as_bytes(), &mut out), Step::Continue);
    assert_eq!(relay.abandon(Defect::StreamCut, &mut out), Step::Continue);
    assert_eq!(out.len(), seen, "what stays behind has nothing to say");
    assert!(aside.has_released());
    assert!(matches!(aside.push(end("stop").as_bytes(), &mut out), Step::Done(_)));
    assert!(crate::text(&out).ends_with("data: [DONE]\n\n"));
}

/// A piece of a hostile stream.
fn hostile_event() -> impl Strategy<Value = String> {
    let text = prop::sample::select(vec![
        "",
        " ",
        "\n",
        "```",
        "```py\n",
        "~~~\n",
        "<<<<<<< SEARCH\n",
        "=======\n",
        ">>>>>>> REPLACE\n",
        "<|im_end|>",
        "<tool_call>",
        "{\"name\":\"f\"",
        "@@ -1 +1 @@\n",
        "--- a\n+++ b\n",
        "\u{feff}",
        "\u{2028}",
        "\u{0}",
        "é",
        "日本",
        "🙂",
        "\r\n",
        "a.py\n",
        "*** Begin Patch\n",
        "assistant",
        "</s>",
        "a",
        "bc def ",
    ]);
    let raw = prop::sample::select(vec![
        r#"{"content":"\ud83d"}"#,
        r#"{"content":"\ude00\u0000"}"#,
        r#"{"content":null}"#,
        r#"{"content":[]}"#,
        "{}",
        r#"{"tool_calls":[{"index":18446744073709551615,"function":{"name":"f","arguments":"{"}}]}"#,
        r#"{"tool_calls":[{"index":-1,"function":{"arguments":"\ud800"}}]}"#,
        r#"{"tool_calls":[{"function":{"arguments":"}"}}]}"#,
        r#"{"tool_calls":[{"index":0,"id":"c0"}]}"#,
        r#"{"tool_calls":[{"index":7,"id":"c0","function":{"name":"f","arguments":"{}"}}]}"#,
        r#"{"tool_calls":[{"index":0,"function":{"name":"","arguments":"{\"a\":\"\\ud83d"}}]}"#,
        r#"{"reasoning_content":"hm"}"#,
        r#"{"refusal":"no"}"#,
        r#"{"content":"x"},"finish_reason":"stop""#,
        r#"{},"finish_reason":"length""#,
        r#"{},"finish_reason":"tool_calls""#,
        r#"{},"finish_reason":"?""#,
        r#"{"content":"x"},"logprobs":{"content":[{"logprob":-1e999},{"logprob":null},{"token":1}]}"#,
        r#"{}}],"usage":{"prompt_tokens":18446744073709551615,"completion_tokens":-1},"choices":[{"index":1,"delta":{}"#,
    ]);
    prop_oneof![
        4 => text.prop_map(said),
        2 => ("[{}\\[\\]\":,a1 \\\\]{0,8}", 0..3_usize).prop_map(|(json, index)| called(index, "f", &json)),
        3 => raw.prop_map(chunk),
        1 => prop::sample::select(vec!["data: [DONE]\n\n", ": hi\n\n", "data: {\"error\":{}}\n\n", "data: {\"choices\":[]}\n\n", "event: x\n\n"]).prop_map(str::to_owned),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn no_stream_panics_or_leaks_what_is_rejected_and_no_cut_changes_the_verdict(
        events in prop::collection::vec(hostile_event(), 0..24),
        size in 1..40_usize,
        hold in prop::sample::select(vec![Hold::None, Hold::Block, Hold::Whole]),
        client in prop::sample::select(vec![Dialect::Chat, Dialect::Messages, Dialect::Responses]),
    ) {
        let asked = match client {
            Dialect::Messages => r#"{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}],"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#.to_owned(),
            Dialect::Chat => request("", &tool("f", r#"{"type":"object"}"#)),
            Dialect::Responses => r#"{"model":"m","stream":true,"input":"hi","tools":[{"type":"function","name":"f","parameters":{"type":"object"}}]}"#.to_owned(),
        };
        let bytes = events.concat().into_bytes();
        let chunks = bytes.chunks(size);
        let (cut, step) = crate::run(setup(client, Dialect::Chat, hold, &asked), chunks, Ending::Clean);
        let (whole, same) = crate::run(setup(client, Dialect::Chat, hold, &asked), [bytes.as_slice()], Ending::Clean);
        prop_assert_eq!(std::mem::discriminant(&step), std::mem::discriminant(&same));
        if hold == Hold::Whole {
            prop_assert!(!matches!(step, Step::Broken(_)), "nothing left before the verdict");
        }
        if matches!(step, Step::Done(_)) {
            prop_assert_eq!(cut, whole);
        }
    }
}
