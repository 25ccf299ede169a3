//! What a plan accepts follows the schema: `jsonschema` is the oracle.

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::plan::Plan;
use crate::schema::Schema;

const DRAFTS: [&str; 5] = [
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema#",
    "http://json-schema.org/draft-06/schema#",
    "http://json-schema.org/draft-04/schema#",
];

fn accepts(schema: &Value, text: &str) -> bool {
    Plan::of(schema.clone()).accepts(text)
}

fn scalar() -> impl Strategy<Value = Value> {
    select(vec![
        json!(null),
        json!(true),
        json!(false),
        json!(-2),
        json!(-0.0),
        json!(0),
        json!(1),
        json!(1.0),
        json!(1.5),
        json!(2),
        json!(1e20),
        json!(u64::MAX),
        json!(""),
        json!("a"),
        json!("ab"),
        json!("é𝄞"),
        json!("abcd"),
        json!("a\n\"\\"),
    ])
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(select(vec!["a", "b", "c", "é", "a\n"]), inner, 0..4).prop_map(object),
        ]
    })
}

fn object<N: ToString>(members: impl IntoIterator<Item = (N, Value)>) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_string(), value)).collect::<Map<_, _>>())
}

/// Keywords that hold no schema: those that are understood, and those that are not.
fn demand() -> impl Strategy<Value = (&'static str, Value)> {
    let types = ["array", "boolean", "integer", "null", "number", "object", "string"];
    let bound =
        select(vec![json!(-1), json!(0), json!(1), json!(1.0), json!(1.5), json!(3), json!(true), json!(-1e300)]);
    let count = select(vec![json!(0), json!(1), json!(2), json!(2.0), json!(4)]);
    let bounds = select(vec!["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]);
    let counts = select(vec!["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"]);
    prop_oneof![
        4 => select(types.to_vec()).prop_map(|name| ("type", json!(name))),
        2 => subsequence(types.to_vec(), 1..4).prop_map(|names| ("type", json!(names))),
        2 => (bounds, bound),
        2 => (counts, count),
        2 => prop::collection::btree_map("[a-z]", scalar(), 1..6)
            .prop_map(|values| ("enum", Value::Array(values.into_values().collect()))),
        1 => value().prop_map(|value| ("const", value)),
        2 => subsequence(vec!["a", "b", "c", "é"], 1..3).prop_map(|names| ("required", json!(names))),
        1 => select(vec![
            ("pattern", json!("^a")),
            ("uniqueItems", json!(true)),
            ("nullable", json!(false)),
            ("format", json!("date")),
            ("title", json!({"type": "string"})),
            ("x-unknown", json!(1)),
            ("$ref", json!("#/$defs/a")),
        ]),
    ]
}

fn schema() -> impl Strategy<Value = Value> {
    let plain = || prop::collection::vec(demand(), 0..3).prop_map(object);
    plain().prop_recursive(3, 16, 4, move |inner| {
        let within = prop_oneof![
            4 => prop::collection::btree_map(select(vec!["a", "b", "é"]), inner.clone(), 0..3)
                .prop_map(|members| ("properties", object(members))),
            1 => Just(("additionalProperties", json!(false))),
            2 => (
                select(vec!["additionalProperties", "items", "propertyNames", "not", "contains", "unevaluatedProperties"]),
                inner.clone()
            ),
            1 => inner.clone().prop_map(|schema| ("patternProperties", json!({"a": schema}))),
            2 => (select(vec!["anyOf", "oneOf", "allOf"]), prop::collection::vec(inner, 1..3).prop_map(Value::from)),
        ];
        (plain(), prop::collection::vec(within, 0..4)).prop_map(|(mut schema, within)| {
            for (keyword, value) in within {
                schema[keyword] = value;
            }
            schema
        })
    })
}

fn case() -> impl Strategy<Value = (Value, String)> {
    let spelled = |value: Value, is_pretty: bool| {
        let text = if is_pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        text.unwrap()
    };
    (schema(), select(DRAFTS.to_vec()), value(), any::<bool>(), 0..8_u8).prop_map(
        move |(mut schema, draft, value, is_pretty, spelling)| {
            schema["$schema"] = draft.into();
            schema["$defs"] = json!({"a": {"type": "string"}});
            let text = spelled(value, is_pretty);
            let text = match spelling {
                0 => text.replace("\"a\"", "\"\\u0061\""),
                1 => text.replace("-0.0", "-0"),
                _ => text,
            };
            (schema, text)
        },
    )
}

/// Whether a text follows a schema and whether its plan says so; `None` where there is nothing to say.
fn verdicts(schema: &Value, text: &str) -> Option<(bool, bool)> {
    let compiled = Schema::compile(&schema.to_string())?;
    let value: Value = serde_json::from_str(text).unwrap();
    Some((compiled.validate(&value).is_ok(), accepts(schema, text)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_it_accepts_follows_the_schema((schema, text) in case()) {
        if let Some((is_valid, is_accepted)) = verdicts(&schema, &text) {
            prop_assert!(is_valid || !is_accepted);
        }
    }

    #[test]
    fn no_text_ends_the_process((schema, _) in case(), text in "[\\[\\]{}\",:\\\\atfn0-9.eé -]{0,24}") {
        let plan = Plan::of(schema);
        plan.accepts(&text);
    }
}

#[test]
fn it_accepts_much_of_what_follows_a_schema() {
    let (mut runner, mut valid, mut accepted) = (TestRunner::deterministic(), 0, 0);
    for _ in 0..2_000 {
        let (schema, text) = case().new_tree(&mut runner).unwrap().current();
        if let Some((true, is_accepted)) = verdicts(&schema, &text) {
            valid += 1;
            accepted += u32::from(is_accepted);
        }
    }
    assert!(valid > 200 && accepted * 4 > valid, "{accepted} of {valid}");
}

#[test]
fn it_accepts_what_tools_are_called_with() {
    let todo = json!({
        "$schema": DRAFTS[2],
        "type": "object",
        "properties": {
            "name": {"type": "string", "minLength": 1, "description": "its name"},
            "state": {"type": "string", "enum": ["open", "done"]},
            "count": {"type": "integer", "minimum": 1, "exclusiveMaximum": 10.0},
            "of": {"anyOf": [{"type": "array", "items": {"type": ["string", "null"]}, "maxItems": 2}, {"type": "null"}]},
            "any": {}
        },
        "required": ["name", "state"],
        "additionalProperties": false
    });
    for right in [
        r#"{"name":"é","state":"open"}"#,
        r#" { "state" : "done" , "name" : "\n" , "count" : 9 , "of" : [ "a" , null ] } "#,
        r#"{"name":"a","state":"open","of":null,"any":[{"a":"]\"}","b":[]},-1.5e3,{}]}"#,
    ] {
        assert!(accepts(&todo, right), "{right}");
    }
    for wrong in [
        "{}",
        "[]",
        r#"{"name":"a"}"#,
        r#"{"name":"","state":"open"}"#,
        r#"{"name":"a","state":"closed"}"#,
        r#"{"name":"a","state":"open","x":1}"#,
        r#"{"name":"a","state":"open","count":0}"#,
        r#"{"name":"a","state":"open","count":10}"#,
        r#"{"name":"a","state":"open","of":[1]}"#,
        r#"{"name":"a","state":"open","of":[null,null,null]}"#,
    ] {
        assert!(!accepts(&todo, wrong), "{wrong}");
        assert_eq!(verdicts(&todo, wrong), Some((false, false)), "{wrong}");
    }
}

#[test]
fn many_names_and_values_are_looked_up_by_halves() {
    let names: Vec<String> = (0..100).map(|number| format!("n{number}")).collect();
    let properties = object(names.iter().map(|name| (name, json!({"enum": names}))));
    let schema = json!({"properties": properties, "additionalProperties": false, "required": &names[..64]});
    let all = object(names.iter().map(|name| (name, json!(name))));
    assert!(accepts(&schema, &all.to_string()));
    for (name, value) in [("n100", "n1"), ("n99", "n100")] {
        let mut wrong = all.clone();
        wrong[name] = value.into();
        assert!(!accepts(&schema, &wrong.to_string()), "{name}");
    }
    for name in &names[..64] {
        let mut wrong = all.clone();
        wrong.as_object_mut().unwrap().remove(name);
        assert!(!accepts(&schema, &wrong.to_string()), "{name}");
    }
}

#[test]
fn a_name_that_has_to_be_escaped_is_not_met_without() {
    for (name, text) in [
        (r#"a":1,"b"#, r#"{"a":1,"b":2}"#),
        (r"a\n", r#"{"a\n":1}"#),
        (r#"a\"b"#, r#"{"a\"b":1}"#),
        (r"\", r#"{"\":1,":2}"#),
    ] {
        for schema in [json!({"properties": {name: {}}, "additionalProperties": false}), json!({"required": [name]})] {
            assert_eq!(verdicts(&schema, text), Some((false, false)), "{schema} {text}");
        }
    }
}

#[test]
fn a_name_that_another_begins_with_is_itself() {
    let schema = json!({
        "properties": {"a": {"type": "null"}, "ab": {"type": "string"}, "": {"type": "boolean"}},
        "additionalProperties": {"type": "array"}
    });
    assert!(accepts(&schema, r#"{"ab":"a","":true,"a":null,"abc":[],"b":[]}"#));
    for wrong in [r#"{"ab":null}"#, r#"{"a":"ab"}"#, r#"{"":[]}"#, r#"{"abc":"a"}"#, r#"{"b":null}"#] {
        assert!(!accepts(&schema, wrong), "{wrong}");
    }
}

#[test]
fn a_schema_is_gone_through_once() {
    let names: Vec<String> = (0..60).map(|number| format!("n{number}")).collect();
    let mut schema = json!({});
    for _ in 0..40 {
        schema = json!({"required": names, "additionalProperties": schema});
    }
    assert!(!accepts(&schema, "{}"));
}

/// Whether no part of it is beyond it.
fn is_understood(plan: &Plan) -> bool {
    let Plan::Of(kinds) = plan else { return matches!(plan, Plan::Anything) };
    let items = kinds.arrays.as_ref().is_none_or(|items| is_understood(&items.each));
    let members = kinds.objects.as_ref().is_none_or(|members| {
        members.listed.iter().all(|member| member.plan.as_ref().is_none_or(is_understood))
            && (matches!(members.others, Plan::Nothing) || is_understood(&members.others))
    });
    items && members
}

/// The tools of the recorded requests, with their schemas.
fn recorded() -> Vec<(String, Value)> {
    let wire = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/wire");
    let folders = |folder: &Path| std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut tools = Vec::new();
    for case in folders(&wire).filter(|path| path.is_dir()).flat_map(|dialect| folders(&dialect)) {
        let Ok(text) = std::fs::read_to_string(case.join("request.json")) else { continue };
        let Ok(request) = serde_json::from_str::<Value>(&text) else { continue };
        for tool in request["tools"].as_array().into_iter().flatten() {
            let schemas = [&tool["input_schema"], &tool["parameters"], &tool["function"]["parameters"]];
            let name = tool["name"].as_str().or_else(|| tool["function"]["name"].as_str()).unwrap_or_default();
            tools.extend(
                schemas.into_iter().filter(|schema| schema.is_object()).map(|schema| (name.to_owned(), schema.clone())),
            );
        }
    }
    tools
}

#[test]
fn the_schemas_of_harnesses_are_understood_but_for_one_with_a_pattern() {
    let tools = recorded();
    let beyond: BTreeSet<String> = tools
        .iter()
        .filter(|(_, schema)| !is_understood(&Plan::of(schema.clone())))
        .map(|(name, _)| name.clone())
        .collect();
    assert!(tools.len() > 60, "{}", tools.len());
    assert_eq!(beyond, BTreeSet::from(["Workflow".to_owned()]));
}
