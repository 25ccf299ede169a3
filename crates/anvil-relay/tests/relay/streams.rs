//! What a client gets of a streamed answer.

use std::sync::Arc;

use anvil_dialect::{Asked, Dialect, FinishReason, Head, Usage};
use anvil_relay::{Defect, Ending, Form, Relay, Report, Setup, Step};

use crate::{run, setup, stream, text};

fn chat(body: &str) -> (String, Step) {
    let (out, step) = run(setup(Dialect::Chat, Form::Stream), [body.as_bytes()], Ending::Clean);
    (text(&out).to_owned(), step)
}

const FIRST: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n";
const LAST: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

#[test]
fn the_stream_is_the_tiers_with_the_callers_model() {
    let original = stream(Dialect::Messages, "claude_code");
    let (out, step) = run(setup(Dialect::Messages, Form::Stream), [&original[..]], Ending::Clean);
    let expected = text(&original).replace("\"model\":\"qwen3-coder\"", "\"model\":\"planning\"");
    assert_eq!(text(&out), expected);
    let usage =
        Usage { input: Some(4_112), output: Some(57), cached: Some(4_000), written: Some(100), reasoning: None };
    assert_eq!(
        step,
        Step::Done(Report { finish: Some(FinishReason::ToolCalls), usage, events: 14, ..Report::default() })
    );
    let original = stream(Dialect::Chat, "openai_py");
    let (out, step) = run(setup(Dialect::Chat, Form::Stream), [&original[..]], Ending::Clean);
    assert_eq!(text(&out), text(&original).replace("\"model\":\"qwen\"", "\"model\":\"planning\""));
    let usage = Usage { input: Some(30), output: Some(12), cached: Some(16), written: None, reasoning: Some(4) };
    assert_eq!(
        step,
        Step::Done(Report { finish: Some(FinishReason::ToolCalls), usage, events: 6, ..Report::default() })
    );
}

#[test]
fn without_a_model_the_tiers_stays() {
    let original = stream(Dialect::Chat, "pi");
    let head = Head { asked: Arc::new(Asked::chat(true)), ..Head::default() };
    let setup = Setup::new(Dialect::Chat, Dialect::Chat, Form::Stream, head, String::new());
    let (out, _) = run(setup, [&original[..]], Ending::Clean);
    assert_eq!(out, original);
}

#[test]
fn what_a_stream_cost_is_told_to_those_who_asked() {
    let costs = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1}}\n\n";
    let nothing = "data: {\"choices\":[]}\n\n";
    let body = format!("{FIRST}{LAST}{costs}{nothing}data: [DONE]\n\n");
    assert_eq!(chat(&body).0, body);
    let setup = Setup::new(Dialect::Chat, Dialect::Chat, Form::Stream, Head::default(), String::new());
    let (out, step) = run(setup, [body.as_bytes()], Ending::Clean);
    assert_eq!(text(&out), body.replace(costs, ""));
    let Step::Done(report) = step else { panic!("{step:?}") };
    assert_eq!((report.usage.input, report.usage.output), (Some(7), Some(1)));
}

#[test]
fn a_hostile_model_name_is_still_json() {
    let setup = Setup::new(
        Dialect::Chat,
        Dialect::Chat,
        Form::Stream,
        Head { model: "a\"\n\nb".to_owned(), ..Head::default() },
        String::new(),
    );
    let body = format!("data: {{\"model\":\"m\",\"choices\":[]}}\n\n{FIRST}{LAST}");
    let (out, _) = run(setup, [body.as_bytes()], Ending::Clean);
    assert!(text(&out).starts_with("data: {\"model\":\"a\\\"\\n\\nb\",\"choices\":[]}\n\n"));
}

#[test]
fn signs_of_life_pass_only_once_the_window_is_open() {
    let (out, _) = chat(&format!(": early\n\n{FIRST}: late\n\n{LAST}data: [DONE]\n\n"));
    assert_eq!(out, format!("{FIRST}: late\n\n{LAST}data: [DONE]\n\n"));
    let ping = "event: ping\ndata: {\"type\":\"ping\"}\n\n";
    let start = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\n";
    let body = format!("{ping}{start}{ping}");
    let (mut relay, mut out) = (Relay::new(setup(Dialect::Messages, Form::Stream)), Vec::new());
    assert_eq!(relay.push(body.as_bytes(), &mut out), Step::Continue);
    assert_eq!(text(&out), format!("{start}{ping}"));
}

#[test]
fn only_signs_of_life_are_no_answer() {
    assert_eq!(chat(": a\n\n: b\n\n").1, Step::Reject(Defect::NoAnswer));
    assert_eq!(chat("").1, Step::Reject(Defect::NoAnswer));
    assert_eq!(chat("data: [DONE]\n\n").1, Step::Reject(Defect::NoAnswer));
}

#[test]
fn a_missing_terminal_event_is_added_after_a_finish() {
    for ending in [Ending::Clean, Ending::Cut] {
        let body = stream(Dialect::Chat, "no_done");
        let (out, step) = run(setup(Dialect::Chat, Form::Stream), [&body[..]], ending);
        assert!(matches!(step, Step::Done(_)));
        assert!(out.ends_with(b"\n\ndata: [DONE]\n\n"));
    }
}

#[test]
fn a_terminal_event_without_a_finish_is_a_cut() {
    let (out, step) = chat(&format!("{FIRST}data: [DONE]\n\n"));
    assert_eq!(step, Step::Broken(Defect::StreamCut));
    assert!(!out.contains("[DONE]"));
}

#[test]
fn one_of_two_choices_unfinished_is_a_cut() {
    let second = FIRST.replace("\"index\":0", "\"index\":1");
    assert_eq!(chat(&format!("{FIRST}{second}{LAST}data: [DONE]\n\n")).1, Step::Broken(Defect::StreamCut));
}

#[test]
fn an_error_before_the_first_event_rejects() {
    let body = stream(Dialect::Messages, "error_first");
    let (out, step) = run(setup(Dialect::Messages, Form::Stream), [&body[..]], Ending::Clean);
    assert!(out.is_empty());
    assert_eq!(
        step,
        Step::Reject(Defect::TierError { kind: "overloaded_error".to_owned(), words: "Overloaded".to_owned() })
    );
    let body = stream(Dialect::Chat, "llama_cpp_error_first");
    let (out, step) = run(setup(Dialect::Chat, Form::Stream), [&body[..]], Ending::Clean);
    assert!(out.is_empty());
    assert!(matches!(step, Step::Reject(Defect::TierError { .. })), "{step:?}");
}

#[test]
fn an_error_after_the_first_event_breaks_without_the_tiers_words() {
    let body = stream(Dialect::Messages, "error_after_content");
    let (out, step) = run(setup(Dialect::Messages, Form::Stream), [&body[..]], Ending::Clean);
    assert!(matches!(step, Step::Broken(Defect::TierError { .. })));
    let out = text(&out);
    let last = out.rfind("event: error\n").unwrap();
    assert!(out[last..].contains("overloaded_error") && out[last..].contains("req_1"));
    assert!(!out.contains("10.0.0.7"), "the tier's words have left");
    let body = stream(Dialect::Chat, "llama_cpp_error_after_content");
    let (out, step) = run(setup(Dialect::Chat, Form::Stream), [&body[..]], Ending::Clean);
    assert!(matches!(step, Step::Broken(Defect::TierError { .. })));
    assert!(!text(&out).contains("Context size"));
}

#[test]
fn an_event_of_another_dialect_rejects_or_breaks() {
    assert!(matches!(chat("data: {\"type\":\"message_start\"}\n\n").1, Step::Reject(Defect::MalformedEvent { .. })));
    assert!(matches!(chat("data: <html>\n\n").1, Step::Reject(Defect::MalformedEvent { .. })));
    assert!(matches!(chat(&format!("{FIRST}data: <html>\n\n")).1, Step::Broken(Defect::MalformedEvent { .. })));
}

#[test]
fn what_follows_the_terminal_event_is_dropped() {
    let (out, step) = chat(&format!("{FIRST}{LAST}data: [DONE]\n\n{FIRST}data: x\n\n"));
    assert!(matches!(step, Step::Done(_)));
    assert!(out.ends_with(&format!("{LAST}data: [DONE]\n\n")));
}

#[test]
fn an_event_at_the_cap_passes_and_one_byte_more_does_not() {
    // As the decoder counts: the lines with their ends, the blank one included or not.
    let mut lengths = Vec::new();
    for limit in FIRST.len() - 3..=FIRST.len() {
        let mut setup = setup(Dialect::Chat, Form::Stream);
        setup.max_event_bytes = limit;
        let (out, step) = run(setup, [FIRST.as_bytes()], Ending::Clean);
        match step {
            Step::Reject(Defect::TooLarge { limit: named }) => {
                assert_eq!(named, limit);
                assert!(out.is_empty());
            }
            Step::Broken(Defect::StreamCut) => lengths.push(limit),
            other => panic!("{other:?}"),
        }
    }
    assert!(lengths.contains(&FIRST.len()) && !lengths.contains(&(FIRST.len() - 3)), "{lengths:?}");
}

#[test]
fn an_event_over_the_cap_after_release_breaks() {
    let mut setup = setup(Dialect::Chat, Form::Stream);
    setup.max_event_bytes = 200;
    let body = format!("{FIRST}data: {}", "x".repeat(300));
    let (_, step) = run(setup, [body.as_bytes()], Ending::Clean);
    assert_eq!(step, Step::Broken(Defect::TooLarge { limit: 200 }));
}

#[test]
fn half_a_surrogate_pair_passes_as_it_came() {
    let body = format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"\\ud83d\"}}}}]}}\n\n{LAST}");
    let (out, step) = chat(&body);
    assert!(matches!(step, Step::Done(_)));
    assert_eq!(out, format!("{body}data: [DONE]\n\n"));
}

#[test]
fn the_report_of_a_broken_stream_has_its_usage() {
    let body = format!("data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":7}}}}\n\n{FIRST}");
    let (mut relay, mut out) = (Relay::new(setup(Dialect::Chat, Form::Stream)), Vec::new());
    relay.push(body.as_bytes(), &mut out);
    assert!(matches!(relay.end(Ending::Cut, &mut out), Step::Broken(_)));
    assert_eq!(relay.report().usage.input, Some(7));
}
