//! Schemas: which are compiled, what their verdicts are on what tools really ask, and that none can be made to cost without end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anvil_verify::Schema;
use anvil_verify::schema::{MAX_SCHEMA_BYTES, Mismatch};
use serde_json::{Value, json};

fn compile(schema: &Value) -> Option<Arc<Schema>> {
    Schema::compile(&schema.to_string())
}

fn verdict(schema: &Value, value: &Value) -> Result<(), String> {
    compile(schema).unwrap().validate(value).map_err(|Mismatch { keyword }| keyword)
}

/// Claude Code's Edit, as it is sent.
fn edit() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {
            "file_path": {"description": "The absolute path to the file to modify", "type": "string"},
            "old_string": {"description": "The text to replace", "type": "string"},
            "new_string": {"description": "The text to replace it with", "type": "string"},
            "replace_all": {"description": "Replace all occurrences", "default": false, "type": "boolean"}
        },
        "required": ["file_path", "old_string", "new_string"],
        "additionalProperties": false
    })
}

#[test]
fn the_keyword_that_does_not_hold_is_named() {
    let right = json!({"file_path": "/a", "old_string": "b", "new_string": "c"});
    assert_eq!(verdict(&edit(), &right), Ok(()));
    for (change, keyword) in [
        (json!({"file_path": "/a", "old_string": "b"}), "required"),
        (json!({"file_path": "/a", "old_string": "b", "new_string": null}), "type"),
        (json!({"file_path": "/a", "old_string": "b", "new_string": "c", "path": "/a"}), "additionalProperties"),
    ] {
        assert_eq!(verdict(&edit(), &change), Err(keyword.to_owned()));
    }
}

#[test]
fn older_drafts_and_no_draft_are_honoured() {
    let mut schema = edit();
    let wrong = json!({"file_path": "/a", "old_string": "b", "new_string": 7});
    for dialect in ["http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-04/schema#"] {
        schema["$schema"] = dialect.into();
        assert_eq!(verdict(&schema, &wrong), Err("type".to_owned()), "{dialect}");
    }
    schema.as_object_mut().unwrap().remove("$schema");
    assert_eq!(verdict(&schema, &wrong), Err("type".to_owned()));
}

#[test]
fn an_integer_may_be_written_with_a_point_of_zero() {
    let integer = json!({"type": "integer"});
    assert_eq!(verdict(&integer, &json!(1.0)), Ok(()));
    assert_eq!(verdict(&integer, &json!(1e20)), Ok(()));
    assert_eq!(verdict(&integer, &json!(1.5)), Err("type".to_owned()));
}

#[test]
fn formats_and_contents_are_annotations() {
    for dialect in ["https://json-schema.org/draft/2020-12/schema", "http://json-schema.org/draft-07/schema#"] {
        for keyword in ["email", "uri", "date-time", "no-such-format"] {
            let schema = json!({"$schema": dialect, "format": keyword});
            assert_eq!(verdict(&schema, &json!("no")), Ok(()), "{keyword}");
        }
        let schema = json!({"$schema": dialect, "contentEncoding": "base64", "contentMediaType": "application/json"});
        assert_eq!(verdict(&schema, &json!("%")), Ok(()));
    }
}

#[test]
fn what_cannot_be_told_from_the_schema_itself_is_not_compiled() {
    for schema in [
        json!({"$ref": "https://example.com/schema.json"}),
        json!({"$ref": "file:///etc/passwd"}),
        json!({"$ref": "other.json"}),
        json!({"$ref": "#/$defs/missing"}),
        json!({"$ref": "#anchor", "$defs": {"a": {"$anchor": "anchor"}}}),
        json!({"$schema": "https://example.com/dialect", "type": "object"}),
        json!({"properties": {"a": {"$id": "https://example.com/a", "$ref": "#/$defs/b"}}}),
        json!({"properties": {"a": {"type": "string", "nullable": true}}}),
        json!({"properties": {"a": {"type": "any"}}}),
        json!({"properties": {"a": {"type": "string", "required": true}}}),
        json!({"items": [{"type": "string"}]}),
        json!({"pattern": "^(?=a)b"}),
        json!({"pattern": "(a)\\1"}),
        json!({"pattern": "(("}),
        json!([]),
        json!(7),
    ] {
        assert!(compile(&schema).is_none(), "{schema}");
    }
    assert!(Schema::compile("{").is_none());
    assert!(Schema::compile("").is_none());
    assert!(Schema::compile(&format!("{{\"description\":\"{}\"}}", "x".repeat(MAX_SCHEMA_BYTES))).is_none());
}

#[test]
fn names_of_members_are_no_keywords() {
    let schema = json!({"properties": {
        "$ref": {"type": "string"}, "$id": {"type": "string"}, "nullable": true, "enum": {"type": "integer"}, "items": {"type": "integer"}
    }});
    assert_eq!(verdict(&schema, &json!({"$ref": "x", "nullable": 1, "enum": 1})), Ok(()));
    assert_eq!(verdict(&schema, &json!({"enum": "x"})), Err("type".to_owned()));
}

#[test]
fn references_into_the_schema_are_followed_also_in_a_circle() {
    let tree = json!({
        "$id": "https://example.com/tree",
        "type": "object",
        "properties": {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#"}}},
        "required": ["name"]
    });
    assert_eq!(verdict(&tree, &json!({"name": "a", "children": [{"name": "b", "children": []}]})), Ok(()));
    assert_eq!(
        verdict(&tree, &json!({"name": "a", "children": [{"name": "b", "children": [{}]}]})),
        Err("required".to_owned())
    );

    let terms = json!({"$ref": "#/$defs/term", "$defs": {"term": {"anyOf": [
        {"type": "integer"},
        {"type": "object", "properties": {"left": {"$ref": "#/$defs/term"}, "right": {"$ref": "#/$defs/term"}}, "required": ["left", "right"]}
    ]}}});
    assert_eq!(verdict(&terms, &json!({"left": {"left": 1, "right": 2}, "right": 3})), Ok(()));
    assert_eq!(verdict(&terms, &json!({"left": {"left": 1, "right": "2"}, "right": 3})), Err("anyOf".to_owned()));
}

#[test]
fn circles_without_a_step_down_are_not_compiled() {
    for schema in [
        json!({"$ref": "#"}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/b"}]}, "b": {"not": {"$ref": "#/$defs/a"}}}}),
        json!({"$ref": "#/$defs/items", "$defs": {"items": {"$ref": "#/$defs/items"}}}),
        json!({"dependentSchemas": {"items": {"$ref": "#"}}}),
    ] {
        assert!(compile(&schema).is_none(), "{schema}");
    }
}

/// A chain of definitions, each of which refers to the next twice.
fn doubling(links: usize) -> Value {
    let mut definitions = serde_json::Map::new();
    for link in 0..links {
        let next = json!({"$ref": format!("#/$defs/{}", link + 1)});
        definitions.insert(link.to_string(), json!({"anyOf": [next.clone(), next]}));
    }
    definitions.insert(links.to_string(), json!({"type": "integer"}));
    json!({"$ref": "#/$defs/0", "$defs": definitions})
}

#[test]
fn a_schema_that_doubles_costs_no_more_than_its_cap() {
    assert_eq!(verdict(&doubling(4), &json!("x")), Err("anyOf".to_owned()));
    let start = Instant::now();
    assert_eq!(verdict(&doubling(100), &json!("x")), Ok(()));
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_schema_that_returns_to_itself_twice_costs_no_more_than_its_cap() {
    let branch = json!({"properties": {"a": {"$ref": "#"}}, "required": ["b"]});
    let schema = json!({"type": "object", "anyOf": [branch.clone(), branch]});
    assert_eq!(verdict(&schema, &json!({"a": {}})), Err("anyOf".to_owned()));
    let mut value = json!({});
    for _ in 0..120 {
        value = json!({ "a": value });
    }
    let start = Instant::now();
    assert_eq!(verdict(&schema, &value), Ok(()));
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn deep_schemas_and_values_do_not_take_the_stack() {
    let mut link = json!({"type": "object"});
    for _ in 0..100 {
        link = json!({ "not": {"not": link} });
    }
    assert!(compile(&link).is_none(), "deeper than JSON is read");
    let chain = |links: usize| {
        let mut definitions = serde_json::Map::new();
        for number in 0..links {
            let next = json!({"$ref": format!("#/$defs/{}", number + 1)});
            definitions.insert(number.to_string(), json!({"allOf": [{"properties": {"a": next}}]}));
        }
        definitions.insert(links.to_string(), json!({"$ref": "#/$defs/0"}));
        json!({"$ref": "#/$defs/0", "$defs": definitions})
    };
    let mut value = json!({});
    for _ in 0..120 {
        value = json!({ "a": value });
    }
    for links in [1, 5, 50, 90] {
        if let Some(schema) = compile(&chain(links)) {
            assert!(schema.validate(&value).is_ok());
        }
    }
    assert!(compile(&chain(5)).is_some());
    assert!(compile(&chain(2000)).is_none());
}

#[test]
fn patterns_are_matched_in_linear_time() {
    let schema = json!({"pattern": "^(a+)+$"});
    let start = Instant::now();
    assert_eq!(verdict(&schema, &json!(format!("{}b", "a".repeat(100_000)))), Err("pattern".to_owned()));
    assert!(start.elapsed() < Duration::from_secs(20));
    assert!(compile(&json!({"pattern": "((a{100}){100}){100}"})).is_none());
}

#[test]
fn a_schema_is_compiled_once() {
    let schema = edit().to_string();
    let (first, second) = (Schema::compile(&schema).unwrap(), Schema::compile(&schema).unwrap());
    assert!(Arc::ptr_eq(&first, &second));
}
