//! Answers and requests that are made to cost much: what they cost is bounded, and the right ones among them still pass.
//!
//! The bounds on time are wide, for these run without optimisation on busy machines; what they are there to find took minutes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anvil_verify::{Answer, Check, Checks, Conversation, Defect, Demanded, Ending, Expected, Finish, Limits, Offered};
use anvil_verify::{Schema, Seen, Tokens, Tool, edits};
use serde_json::json;

const WIDE: Duration = Duration::from_secs(30);

/// A conversation in which the user pasted a file, and the model wrote one.
struct Pasted {
    text: String,
}

impl Conversation for Pasted {
    fn demanded(&self) -> Demanded {
        let tools = vec![Tool::new("edit".to_owned(), None)];
        let tools = Arc::new(Offered::new(tools, anvil_verify::Choice::Auto, true));
        Demanded { tools: Some(tools), ..Demanded::default() }
    }

    fn tell(&self, seen: &mut Seen) {
        seen.instructions("# *SEARCH/REPLACE block* Rules:");
        seen.user(&format!("I have *added these files to the chat*\n\na.py\n```\n{}\n```\n", self.text));
        seen.call("w", "write", &json!({"path": "/p/b", "content": self.text}).to_string());
        seen.result("w", "Successfully wrote to /p/b", false);
    }

    fn named_tokens(&self) -> Tokens {
        Tokens::default()
    }

    fn size(&self) -> usize {
        self.text.len()
    }
}

fn answer(text: String) -> Answer {
    let conversation = Box::new(Pasted { text });
    let expected = Expected::new(Checks::of(Check::ALL, true), Limits::default(), Vec::new(), false, conversation);
    Answer::new(Arc::new(expected))
}

fn block(old: &str, new: &str) -> String {
    format!("a.py\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n\n")
}

/// Lines none of which is like another.
fn lines(count: usize) -> String {
    (0..count).map(|at| format!("value_{at} = {}\n", at * 7919 % 1_000_003)).collect::<Vec<_>>().concat()
}

fn end(answer: &mut Answer) -> Option<&'static str> {
    let ending = Ending { finish: Finish::Stop, ..Ending::default() };
    answer.end(ending).err().map(|defect| defect.label())
}

#[test]
fn a_block_may_change_what_a_block_before_it_has_made() {
    let mut right = answer("one = 1\ntwo = 2\n".to_owned());
    right.text(&block("one = 1", "one = 10")).unwrap();
    right.text(&block("one = 10", "one = 100")).unwrap();
    assert_eq!(end(&mut right), None);

    let mut wrong = answer("one = 1\ntwo = 2\n".to_owned());
    wrong.text(&block("one = 1", "one = 10")).unwrap();
    let found = wrong.text(&block("one = 11", "one = 100"));
    assert_eq!(found, Err(Defect::EditTextMissing { edit: 1 }));
}

#[test]
fn blocks_are_right_however_they_are_cut() {
    let text = block("one = 1", "one = 10") + &block("two = 2", "two = 20") + "Done.\n";
    for size in 1..text.len() {
        let mut answer = answer("one = 1\ntwo = 2\n".to_owned());
        for piece in crate::pieces(&text, size) {
            assert_eq!(answer.text(piece), Ok(()), "{size}");
        }
        assert_eq!(end(&mut answer), None, "{size}");
    }
}

#[test]
fn a_block_that_its_fence_does_not_end_may_end_after_it() {
    let begun = "```python\na.py\n<<<<<<< SEARCH\none = 1\n=======\none = 2\n```\n";
    for (text, found) in [(begun.to_owned(), Some("malformed_patch")), (format!("{begun}>>>>>>> REPLACE\n"), None)] {
        let mut answer = answer("one = 1\n".to_owned());
        answer.text(&text).unwrap();
        assert_eq!(end(&mut answer), found);
    }
}

#[test]
fn whether_a_long_line_may_be_seen_is_known_without_going_through_it() {
    let mut answer = answer(String::new());
    answer.text(&lines(80_000).replace('\n', " ")).unwrap();
    let start = Instant::now();
    for _ in 0..50_000 {
        assert!(answer.clear().is_some());
    }
    // A millisecond each, where the line is looked at.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
}

#[test]
fn thousands_of_blocks_do_not_look_through_a_file_each() {
    let (text, start) = (lines(12_000), Instant::now());
    let mut answer = answer(text);
    for at in 0..3_000 {
        // Only found when white space before a line does not count.
        answer.text(&block(&format!("  value_{at} = {}", at * 7919 % 1_000_003), "x = 1")).unwrap();
    }
    assert_eq!(end(&mut answer), None);
    assert!(start.elapsed() < WIDE, "{:?}", start.elapsed());
}

#[test]
fn a_hundred_edits_do_not_look_through_a_large_file_each() {
    let (text, start) = (lines(60_000), Instant::now());
    let mut answer = answer(text);
    for call in 0..100 {
        answer.call(call, &format!("c{call}"), "edit").unwrap();
        let arguments = json!({"path": format!("/p/b{call}"), "oldText": "a", "newText": "b"}).to_string();
        answer.arguments(call, &arguments).unwrap();
        answer.call_end(call).unwrap();
        let arguments = json!({"path": "/p/b", "oldText": "  value_50000  = 948813", "newText": "b"}).to_string();
        answer.call(1_000 + call, &format!("d{call}"), "edit").unwrap();
        answer.arguments(1_000 + call, &arguments).unwrap();
        let _ = answer.call_end(1_000 + call);
    }
    assert!(start.elapsed() < WIDE, "{:?}", start.elapsed());
}

#[test]
fn calls_side_by_side_of_many_files_each_are_not_compared_without_end() {
    let start = Instant::now();
    let patch = |call: usize| {
        let files: Vec<String> = (0..64).map(|file| format!("*** Delete File: {call}_{file}\n")).collect();
        json!({"input": format!("*** Begin Patch\n{}*** End Patch", files.concat())}).to_string()
    };
    let mut seen = Seen::new();
    for call in 0..250 {
        seen.call(&format!("open {call}"), "apply_patch", &patch(call));
    }
    for call in 250..1_250 {
        seen.call("one", "apply_patch", &patch(call));
        seen.result("one", "Success", false);
    }
    assert!(start.elapsed() < WIDE, "{:?}", start.elapsed());
    // What was given up is no longer known.
    seen.call("r", "Read", r#"{"file_path":"/p/a.py"}"#);
    seen.result("r", "1\tx = 1", false);
    let call = json!({"file_path": "/p/a.py", "old_string": "nowhere", "new_string": "y"}).to_string();
    assert!(edits::call("Edit", &call, &seen).is_ok());
}

#[test]
fn a_schema_of_many_patterns_is_not_compiled() {
    let patterns = |count: usize| {
        let patterns: serde_json::Map<_, _> =
            (0..count).map(|at| (format!("^[a-z]{{1,90}}{at}$"), json!({}))).collect();
        Schema::compile(&json!({"patternProperties": patterns}).to_string())
    };
    assert!(patterns(64).is_some());
    assert!(patterns(65).is_none());
    assert!(Schema::compile(r#"{"pattern":"(?:a{1,1000}){1,1000}"}"#).is_none(), "an automaton of a million states");
}

#[test]
fn a_large_pattern_is_not_held_against_a_large_text() {
    let schema = Schema::compile(r#"{"pattern":"^[ab]*a[ab]{200}c$"}"#).unwrap();
    assert!(schema.validate(&json!("ab")).is_err());
    let start = Instant::now();
    let verdict = schema.validate(&json!("ab".repeat(4 << 20)));
    assert_eq!(verdict, Ok(()), "what would take too long to tell passes");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    let plain = Schema::compile(r#"{"pattern":"^/"}"#).unwrap();
    assert!(plain.validate(&json!("x".repeat(1 << 20))).is_err(), "a small one is held against it");
    let name = Schema::compile(r#"{"pattern":"^[a-zA-Z0-9_-]{1,64}$"}"#).unwrap();
    assert!(name.validate(&json!("x ".repeat(2_000))).is_err(), "and one of names against what is no name");
}

#[test]
fn a_mismatch_in_a_schema_of_many_branches_is_told_without_a_word_for_each() {
    let mut definitions = serde_json::Map::new();
    for link in 0..15 {
        let next = json!({"$ref": format!("#/$defs/{}", link + 1)});
        definitions.insert(link.to_string(), json!({"anyOf": [next.clone(), next]}));
    }
    definitions.insert("15".to_owned(), json!({"type": "integer"}));
    let schema = Schema::compile(&json!({"$ref": "#/$defs/0", "$defs": definitions}).to_string()).unwrap();
    assert_eq!(schema.validate(&json!("x")).unwrap_err().keyword, "$schema");
    assert_eq!(schema.validate(&json!(7)), Ok(()));
}
