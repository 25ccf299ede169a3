//! The form of the answer's text.

use anvil_verify::format::MAX_TEXT_BYTES;
use anvil_verify::{Defect, Format, FormatCheck, Schema, Span};
use serde_json::json;

fn verdict(format: &Format, text: &str) -> Result<(), Defect> {
    let mut whole = FormatCheck::new(format.clone());
    let outcome = whole.feed(text).and_then(|()| whole.end().map(drop));
    for (cut, _) in text.char_indices() {
        let mut check = FormatCheck::new(format.clone());
        let halves = check.feed(&text[..cut]).and_then(|()| check.feed(&text[cut..]));
        assert_eq!(halves.and_then(|()| check.end().map(drop)), outcome, "{text:?} at {cut}");
    }
    outcome
}

fn not_json(reason: &'static str, start: usize, end: usize) -> Result<(), Defect> {
    Err(Defect::NotJson { reason, span: Span::new(start, end) })
}

fn title() -> Format {
    let schema = json!({"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]});
    Format::Schema(Some(Schema::compile(&schema.to_string()).unwrap()))
}

#[test]
fn where_nothing_is_asked_for_everything_passes() {
    for text in ["", "{", "words"] {
        assert_eq!(verdict(&Format::Any, text), Ok(()));
    }
}

#[test]
fn json_is_an_object_and_nothing_around_it() {
    assert_eq!(verdict(&Format::Json, " \n{\"a\":[1]} \n"), Ok(()));
    let not_an_object = "the top level is not an object";
    assert_eq!(verdict(&Format::Json, "```json\n{}\n```"), not_json(not_an_object, 0, 1));
    assert_eq!(verdict(&Format::Json, "Here: {}"), not_json(not_an_object, 0, 1));
    assert_eq!(verdict(&Format::Json, "[1]"), not_json(not_an_object, 0, 1));
    assert_eq!(verdict(&Format::Json, "{} and so on"), not_json("something follows the end", 3, 4));
    assert_eq!(verdict(&Format::Json, "{\"a\":1"), not_json("it ends before it is finished", 6, 6));
    assert_eq!(
        verdict(&Format::Json, "{\"a\":1,}"),
        not_json("a comma stands before the end of an array or object", 7, 8)
    );
}

#[test]
fn json_of_a_schema_follows_it() {
    assert_eq!(verdict(&title(), "{\"title\":\"x\"}"), Ok(()));
    let mismatch = |keyword: &str| Err(Defect::FormatMismatch { keyword: keyword.to_owned() });
    assert_eq!(verdict(&title(), "{\"title\":7}"), mismatch("type"));
    assert_eq!(verdict(&title(), "{}"), mismatch("required"));
    assert_eq!(verdict(&title(), "[]"), mismatch("type"));
    assert_eq!(verdict(&title(), "A title"), not_json("a value was expected", 0, 1));
}

#[test]
fn by_a_schema_that_is_not_compiled_only_json_is_proven() {
    assert_eq!(verdict(&Format::Schema(None), "[1, 2]"), Ok(()));
    assert_eq!(verdict(&Format::Schema(None), "[1, 2"), not_json("it ends before it is finished", 5, 5));
    assert_eq!(verdict(&title(), "{\"title\":\"\\ud800\",\"x\":1e999}"), Ok(()));
}

#[test]
fn an_answer_without_text_is_judged_elsewhere() {
    for format in [Format::Json, title()] {
        assert_eq!(verdict(&format, ""), Ok(()));
        assert_eq!(verdict(&format, " \n"), Ok(()));
    }
}

#[test]
fn the_text_is_bounded() {
    let mut check = FormatCheck::new(title());
    check.feed("{\"title\":\"").unwrap();
    assert_eq!(check.feed(&"x".repeat(MAX_TEXT_BYTES)), Err(Defect::TooLarge { limit: MAX_TEXT_BYTES }));
}
