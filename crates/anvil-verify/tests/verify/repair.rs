//! Repairs: what is put right and how, and what is left alone because it can be read in two ways.

use anvil_verify::repair::{MAX_REPAIR_BYTES, repair};
use anvil_verify::strict_json::Root;
use anvil_verify::{RepairKind, Schema};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::strict_json::{json, read};

fn repaired(arguments: &str, schema: Option<&Value>) -> Option<(String, Vec<&'static str>)> {
    let schema = schema.map(|schema| Schema::compile(&schema.to_string()).unwrap());
    repair(arguments, schema.as_deref())
        .map(|repaired| (repaired.json, repaired.kinds.into_iter().map(RepairKind::label).collect()))
}

fn holds(arguments: &str, json: &str, kinds: &[&'static str], schema: Option<&Value>) {
    assert_eq!(repaired(arguments, schema), Some((json.to_owned(), kinds.to_vec())), "{arguments}");
}

#[test]
fn raw_control_characters_are_escaped() {
    holds("{\"a\":\"x\n\ty\r\u{1}\"}", r#"{"a":"x\n\ty\r\u0001"}"#, &["control_character"], None);
    holds("{\"a\n\":\n1}", "{\"a\\n\":\n1}", &["control_character"], None);
}

#[test]
fn bare_backslashes_before_signs_of_patterns_are_backslashes() {
    for (bare, escaped) in [
        (r"\.py$", r"\\.py$"),
        (r"^\s*fn\(", r"^\\s*fn\\("),
        (r"\d+\n\w", r"\\d+\n\\w"),
        (r"find . -exec rm {} \;", r"find . -exec rm {} \\;"),
        (r"a\\b\.c", r"a\\b\\.c"),
    ] {
        let arguments = format!("{{\"a\":\"{bare}\"}}");
        holds(&arguments, &format!("{{\"a\":\"{escaped}\"}}"), &["backslash"], None);
    }
}

#[test]
fn what_has_two_readings_is_left_alone() {
    for text in [
        // Shells, languages and models' habits all have a use for these.
        r"it\'s",
        r"cost \$5",
        r"\`x\`",
        r"hello\!",
        // A character, or the text of its escape in a program.
        r"\x1b[0m",
        r"\0",
        r"\a",
        r"\u{1F600}",
        r"\user",
        // A path, whose other backslashes have been read as escapes.
        r"C:\docs\new",
        r"see D:\.git\test",
        r"src\data",
        // A word boundary that has been read as a backspace.
        r"\bfoo\d+",
        "a \\\n b",
    ] {
        assert_eq!(repaired(&format!("{{\"a\":\"{text}\"}}"), None), None, "{text}");
    }
    assert_eq!(repaired(r#"{"a":"\.x","b":"\bword"}"#, None), None);
}

#[test]
fn commas_before_an_end_are_left_out() {
    holds("{\"a\":[1,2 , ],\"b\":{},\n}", "{\"a\":[1,2  ],\"b\":{}\n}", &["trailing_comma"], None);
    holds("{\"a\":[true,null,\"x\",],}", "{\"a\":[true,null,\"x\"]}", &["trailing_comma"], None);
    for text in ["{,}", "{\"a\":[,]}", "{\"a\":[1,,]}", "{\"a\":1,,}", "{\"a\",}"] {
        assert_eq!(repaired(text, None), None, "{text}");
    }
}

#[test]
fn what_is_cut_or_no_json_is_left_alone() {
    for text in [
        "",
        "{",
        "{\"a\":1",
        "{\"a\":\"x",
        "{\"a\":\"x\n",
        "{\"a\":[1,}",
        "{a:1}",
        "{'a':1}",
        "{\"a\":1} x",
        "[1,]",
        "null",
    ] {
        assert_eq!(repaired(text, None), None, "{text}");
    }
    assert_eq!(repaired("{\"a\":1,\"a\":2,}", None), None);
}

#[test]
fn what_is_right_is_left_alone() {
    assert_eq!(repaired("{\"a\":\"5\"}", None), None);
    assert_eq!(repaired("{\"a\":\"5\"}", Some(&json!({"properties": {"a": {"type": "string"}}}))), None);
    assert_eq!(repaired("{\"a\":\"5\"}", Some(&json!({"properties": {"a": {"type": ["string", "integer"]}}}))), None);
}

fn tool() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "limit": {"type": "integer"},
            "ratio": {"anyOf": [{"type": "number"}, {"type": "null"}]},
            "all": {"type": "boolean"},
            "name": {"type": "string"},
            "either": {"anyOf": [{"type": "string", "maxLength": 2}, {"type": "integer"}]},
            "todos": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}},
            "options": {"type": "object", "additionalProperties": {"type": "integer"}}
        },
        "required": ["limit"],
        "additionalProperties": false
    })
}

#[test]
fn strings_are_read_where_the_schema_wants_what_they_spell() {
    let schema = tool();
    for (arguments, json, kinds) in [
        (r#"{"name":"5","limit" : "5"}"#, r#"{"name":"5","limit" : 5}"#, vec!["number_as_string"]),
        (r#"{"limit":"-12","ratio":"1.50e3"}"#, r#"{"limit":-12,"ratio":1.50e3}"#, vec!["number_as_string"]),
        (r#"{"limit":1,"all":"false"}"#, r#"{"limit":1,"all":false}"#, vec!["boolean_as_string"]),
        (r#"{"limit":1,"todos":"[{\"n\":1}]"}"#, r#"{"limit":1,"todos":[{"n":1}]}"#, vec!["encoded_twice"]),
        (
            r#"{"limit":"1","options":"{\"x\":\"7\"}"}"#,
            r#"{"limit":1,"options":{"x":7}}"#,
            vec!["number_as_string", "encoded_twice"],
        ),
        (
            r#"{"limit":1,"todos":[{"n":"3"},{"n":4}],}"#,
            r#"{"limit":1,"todos":[{"n":3},{"n":4}]}"#,
            vec!["trailing_comma", "number_as_string"],
        ),
        (r#""{\"limit\":1}""#, r#"{"limit":1}"#, vec!["encoded_twice"]),
        // Big numbers keep every digit.
        (
            r#"{"limit":"5","ratio":123456789012345678901234567890.125}"#,
            r#"{"limit":5,"ratio":123456789012345678901234567890.125}"#,
            vec!["number_as_string"],
        ),
    ] {
        holds(arguments, json, &kinds, Some(&schema));
    }
}

#[test]
fn strings_that_spell_nothing_or_not_enough_are_left_alone() {
    let schema = tool();
    for arguments in [
        r#"{"limit":"5 "}"#,
        r#"{"limit":"five"}"#,
        r#"{"limit":"0x10"}"#,
        r#"{"limit":"05"}"#,
        r#"{"limit":"1.5"}"#,
        r#"{"limit":"NaN"}"#,
        r#"{"limit":1,"all":"True"}"#,
        r#"{"limit":1,"all":"yes"}"#,
        r#"{"limit":1,"all":"1"}"#,
        r#"{"limit":1,"todos":"[{\"n\":1}"}"#,
        r#"{"limit":1,"todos":"{\"n\":1}"}"#,
        r#"{"limit":1,"name":5}"#,
        // A string may be meant here, and a wrong one.
        r#"{"limit":1,"either":"500"}"#,
        r#"{"ratio":"1"}"#,
        r#"{"limit":"1","unknown":2}"#,
        r#""[1]""#,
    ] {
        assert_eq!(repaired(arguments, Some(&schema)), None, "{arguments}");
    }
}

#[test]
fn members_with_odd_names_are_found() {
    let schema = json!({"properties": {"a/b~c\"": {"type": "integer"}, "": {"items": {"type": "integer"}}}});
    holds(r#"{"":[1,"2"],"a\u002fb~c\"":"3"}"#, r#"{"":[1,2],"a\u002fb~c\"":3}"#, &["number_as_string"], Some(&schema));
}

#[test]
fn what_is_too_large_is_left_alone() {
    let text = format!("{{\"a\":\"{}\n\"}}", "x".repeat(MAX_REPAIR_BYTES));
    assert_eq!(repaired(&text, None), None);
}

/// The text as a careless hand writes it: raw newlines and tabs, a comma before every end.
fn careless(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for item in items {
                careless(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (name, member) in members {
                careless(&Value::from(name.as_str()), text);
                text.push(':');
                careless(member, text);
                text.push_str(", ");
            }
            text.push('}');
        }
        Value::String(string) => {
            text.push_str(
                &serde_json::to_string(string)
                    .unwrap()
                    .replace("\\\\", "\\u005c")
                    .replace("\\n", "\n")
                    .replace("\\t", "\t"),
            );
        }
        _ => text.push_str(&value.to_string()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_careless_text_becomes_what_was_meant(value in json()) {
        let value = json!({ "a": value });
        let mut text = String::new();
        careless(&value, &mut text);
        let repaired = repair(&text, None).unwrap();
        prop_assert_eq!(serde_json::from_str::<Value>(&repaired.json).unwrap(), value);
        prop_assert!(read(&[&repaired.json], Root::Object).is_ok());
        prop_assert_eq!(repair(&repaired.json, None), None);
    }

    #[test]
    fn whatever_comes_out_is_strict(text in "\\{\"a\":(\"[a-z\\\\.\n\"dn,'$]{0,8}\"|[\\[\\]0-9,\"{}]{0,6}),?\\}") {
        if let Some(repaired) = repair(&text, None) {
            prop_assert!(read(&[&repaired.json], Root::Object).is_ok());
            prop_assert!(!repaired.kinds.is_empty());
            prop_assert!(read(&[&text], Root::Object).is_err());
        }
    }
}
