//! Tool calls: what a request offers against what an answer calls.

use std::sync::Arc;

use anvil_verify::calls::{CALL_BYTES, Ended, MAX_BYTES, MAX_CALL_BYTES, Repairs};
use anvil_verify::{Calls, Choice, Defect, Offered, Span, Tool};
use proptest::prelude::*;
use serde_json::json;

fn tools() -> Vec<Tool> {
    let read = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"path": {"type": "string"}, "limit": {"type": "integer"}},
        "required": ["path"],
        "additionalProperties": false
    });
    vec![
        Tool::new("Read".to_owned(), Some(read.to_string())),
        Tool::new("List".to_owned(), Some(json!({"type": "object", "properties": {}}).to_string())),
        Tool::new("Free".to_owned(), None),
        Tool::new("Odd".to_owned(), Some("no schema".to_owned())),
        Tool::of_text("apply_patch".to_owned()),
    ]
}

fn calls_of(choice: Choice, allows_parallel: bool, repairs: Repairs) -> Calls {
    Calls::new(Arc::new(Offered::new(tools(), choice, allows_parallel)), repairs)
}

fn calls() -> Calls {
    calls_of(Choice::Auto, true, Repairs::On)
}

fn call(calls: &mut Calls, name: &str, arguments: &[&str]) -> Result<Ended, Defect> {
    calls.begin(0, "id", name)?;
    for piece in arguments {
        calls.feed(0, piece)?;
    }
    calls.end(0)
}

#[test]
fn it_can_be_shared_between_threads() {
    const fn is_shared<T: Send + Sync>() {}
    const fn is_sent<T: Send>() {}
    is_shared::<Offered>();
    is_sent::<Calls>();
}

#[test]
fn a_right_call_passes_as_it_came() {
    let ended = call(&mut calls(), "Read", &["{\"path\" :", " \"/a\"}"]).unwrap();
    assert_eq!((ended.name.as_str(), ended.arguments.as_str()), ("Read", "{\"path\" : \"/a\"}"));
    assert!(ended.repaired.is_none());
}

#[test]
fn names_are_not_guessed() {
    for name in ["read", "Read ", "functions.Read", "Write", ""] {
        assert_eq!(calls().begin(0, "id", name), Err(Defect::UnknownTool), "{name}");
    }
    let mut calls = Calls::new(Arc::default(), Repairs::On);
    assert_eq!(calls.begin(0, "id", "Read"), Err(Defect::UnknownTool));
}

#[test]
fn ids_come_once_where_there_are_any() {
    let mut calls = calls();
    calls.begin(0, "a", "Read").unwrap();
    calls.begin(1, "", "Read").unwrap();
    calls.begin(2, "", "Read").unwrap();
    assert_eq!(calls.begin(3, "a", "List"), Err(Defect::DuplicateCallId));
    assert_eq!(calls.begin(1, "b", "List"), Err(Defect::DuplicateCallId));
}

#[test]
fn one_call_at_most_where_the_request_says_so() {
    let mut calls = calls_of(Choice::Auto, false, Repairs::On);
    calls.begin(0, "a", "List").unwrap();
    calls.end(0).unwrap();
    assert_eq!(calls.begin(1, "b", "List"), Err(Defect::ParallelCalls));
}

#[test]
fn the_choice_of_tools_is_held() {
    let chosen = || Choice::Tool("Read".to_owned());
    for (choice, name, verdict) in [
        (Choice::None, "Read", Err(Defect::ToolChoiceIgnored)),
        (Choice::None, "Write", Err(Defect::ToolChoiceIgnored)),
        (chosen(), "List", Err(Defect::ToolChoiceIgnored)),
        (chosen(), "Write", Err(Defect::UnknownTool)),
        (chosen(), "Read", Ok(())),
        (Choice::Required, "List", Ok(())),
    ] {
        assert_eq!(calls_of(choice.clone(), true, Repairs::On).begin(0, "id", name), verdict, "{choice:?} {name}");
    }
    for (choice, is_ignored) in
        [(Choice::Auto, false), (Choice::None, false), (Choice::Required, true), (chosen(), true)]
    {
        let verdict = calls_of(choice, true, Repairs::On).finish();
        assert_eq!(verdict.is_err_and(|defect| defect == Defect::ToolChoiceIgnored), is_ignored);
    }
    let mut calls = calls_of(Choice::Required, true, Repairs::On);
    call(&mut calls, "List", &[]).unwrap();
    assert!(calls.finish().is_ok());
}

#[test]
fn no_arguments_are_an_empty_object() {
    assert_eq!(call(&mut calls(), "List", &[]).unwrap().arguments, "{}");
    assert_eq!(call(&mut calls(), "Free", &["", " \n"]).unwrap().arguments, "{}");
    let missing = Defect::SchemaMismatch { keyword: "required".to_owned() };
    assert_eq!(call(&mut calls(), "Read", &[]).unwrap_err(), missing);
}

#[test]
fn arguments_are_rejected_at_the_first_proof() {
    let mut calls = calls();
    calls.begin(7, "id", "Read").unwrap();
    calls.feed(7, "{\"path\":\"/a\"").unwrap();
    let proof = Defect::MalformedArguments {
        reason: "a comma or the end of the array or object was expected",
        span: Span::new(12, 13),
    };
    assert_eq!(calls.feed(7, "\"limit"), Err(proof.clone()));
    assert_eq!(calls.end(7).unwrap_err(), proof);
}

#[test]
fn a_flaw_is_put_right_or_kept_for_the_end() {
    let arguments = ["{\"path\":\"a\n\",", "\"limit\":\"5\",}"];
    let ended = call(&mut calls(), "Read", &arguments).unwrap();
    assert_eq!(ended.arguments, "{\"path\":\"a\\n\",\"limit\":5}");
    assert_eq!(ended.repaired.unwrap().json, ended.arguments);

    let mut strict = calls_of(Choice::Auto, true, Repairs::Off);
    let flaw = Defect::MalformedArguments { reason: "a control character stands in a string", span: Span::new(10, 11) };
    assert_eq!(call(&mut strict, "Read", &arguments).unwrap_err(), flaw);
    // Two readings: the flaw that was noted is the defect.
    let flaw = Defect::MalformedArguments { reason: "an escape does not exist", span: Span::new(9, 11) };
    assert_eq!(call(&mut calls(), "Free", &["{\"path\":\"\\'\"}"]).unwrap_err(), flaw);
}

#[test]
fn a_wrong_type_is_a_mismatch_where_nothing_is_put_right() {
    let mismatch = Defect::SchemaMismatch { keyword: "type".to_owned() };
    let arguments = ["{\"path\":\"a\",\"limit\":\"5\"}"];
    assert_eq!(call(&mut calls_of(Choice::Auto, true, Repairs::Off), "Read", &arguments).unwrap_err(), mismatch);
    assert!(call(&mut calls(), "Read", &arguments).is_ok());
    assert_eq!(call(&mut calls(), "Read", &["{\"path\":7}"]).unwrap_err(), mismatch);
}

#[test]
fn what_is_cut_is_rejected() {
    for repairs in [Repairs::On, Repairs::Off] {
        let mut calls = calls_of(Choice::Auto, true, repairs);
        let cut = Defect::MalformedArguments { reason: "it ends before it is finished", span: Span::new(11, 11) };
        assert_eq!(call(&mut calls, "Read", &["{\"path\":\"/a"]).unwrap_err(), cut);
    }
}

#[test]
fn nothing_is_proven_by_a_missing_or_broken_schema() {
    for name in ["Free", "Odd"] {
        assert!(call(&mut calls(), name, &["{\"x\":[1]}"]).is_ok());
        assert!(call(&mut calls(), name, &["[1]"]).is_err());
    }
    // What serde_json cannot read cannot be held against a schema either.
    assert!(call(&mut calls(), "Read", &["{\"path\":7,\"x\":\"\\ud800\"}"]).is_ok());
}

#[test]
fn two_tools_of_one_name_prove_nothing() {
    let mut tools = tools();
    tools.push(Tool::new("Read".to_owned(), Some("{}".to_owned())));
    tools.push(Tool::of_text("List".to_owned()));
    let offered = Arc::new(Offered::new(tools, Choice::Auto, true));
    assert!(call(&mut Calls::new(Arc::clone(&offered), Repairs::On), "Read", &["{\"x\":7}"]).is_ok());
    assert!(call(&mut Calls::new(offered, Repairs::On), "List", &["any text"]).is_ok());
}

#[test]
fn the_text_of_a_custom_tool_is_its_own_affair() {
    let ended = call(&mut calls(), "apply_patch", &["*** Begin Patch\n", "\"{"]).unwrap();
    assert_eq!(ended.arguments, "*** Begin Patch\n\"{");
    assert_eq!(call(&mut calls(), "apply_patch", &[]).unwrap().arguments, "");
}

#[test]
fn what_is_not_open_takes_nothing() {
    let mut calls = calls();
    assert!(calls.feed(0, "{}").is_err());
    assert!(calls.end(0).is_err());
    call(&mut calls, "List", &[]).unwrap();
    assert!(calls.feed(0, "{}").is_err());
    assert!(calls.end(0).is_err());
}

#[test]
fn the_end_of_the_answer_ends_what_is_open_as_it_came() {
    let mut calls = calls();
    calls.begin(3, "a", "Read").unwrap();
    calls.feed(3, "{\"path\":\"x\"}").unwrap();
    assert_eq!(calls.open().collect::<Vec<_>>(), [3]);
    assert!(calls.finish().is_ok());
    for arguments in ["{\"path\":\"x", "{\"path\":\"x\",}", "{\"path\":\"x\",\"limit\":\"5\"}", ""] {
        let mut calls = calls_of(Choice::Auto, true, Repairs::On);
        calls.begin(3, "a", "Read").unwrap();
        calls.feed(3, arguments).unwrap();
        assert!(calls.finish().is_err(), "{arguments}");
    }
}

#[test]
fn calls_are_bounded_in_size_and_number() {
    let mut large = calls();
    large.begin(0, "a", "Free").unwrap();
    large.feed(0, "{\"a\":\"").unwrap();
    let piece = "x".repeat(1 << 20);
    let defect = (0..100).find_map(|_| large.feed(0, &piece).err());
    assert_eq!(defect, Some(Defect::TooLarge { limit: MAX_CALL_BYTES }));

    let mut many = calls();
    let (count, defect) = (0..)
        .find_map(|number| many.begin(number, &format!("id{number}"), "List").err().map(|defect| (number, defect)))
        .unwrap();
    assert_eq!(defect, Defect::TooLarge { limit: MAX_BYTES });
    assert!(count <= MAX_BYTES / CALL_BYTES);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_cut_changes_a_verdict(
        arguments in "\\{(\"path\":\"[a-z\n\\\\.é]{0,5}\")?,?(\"limit\":\"?[0-9]{1,3}\"?)?,?\\}?",
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..5),
    ) {
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(arguments.len() + 1)).collect();
        ends.retain(|&end| arguments.is_char_boundary(end));
        ends.push(arguments.len());
        ends.sort_unstable();
        let mut start = 0;
        let pieces: Vec<&str> = ends.iter().map(|&end| &arguments[std::mem::replace(&mut start, end)..end]).collect();
        let outcome = |pieces: &[&str]| {
            call(&mut calls(), "Read", pieces).map(|ended| (ended.arguments, ended.repaired))
        };
        prop_assert_eq!(outcome(&pieces), outcome(&[&arguments]));
    }
}
