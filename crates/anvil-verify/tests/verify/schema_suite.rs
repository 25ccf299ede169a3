//! JSON Schema's own test suite, every draft that is honoured.
//!
//! `make test-rust` fetches it (it travels in the source of the Python package `jsonschema`) into `target/json-schema-suite`;
//! `JSON_SCHEMA_SUITE` names another folder.

use std::fs;
use std::path::{Path, PathBuf};

use anvil_verify::Schema;
use serde_json::Value;

/// A draft: its folder, its `$schema`, and how many of its tests are passed, so that none can silently go.
const DRAFTS: [(&str, &str, usize); 5] = [
    ("draft2020-12", "https://json-schema.org/draft/2020-12/schema", 1266),
    ("draft2019-09", "https://json-schema.org/draft/2019-09/schema", 1242),
    ("draft7", "http://json-schema.org/draft-07/schema#", 946),
    ("draft6", "http://json-schema.org/draft-06/schema#", 870),
    ("draft4", "http://json-schema.org/draft-04/schema#", 668),
];

/// Files that are not read. The folder `optional/format` is a third: `format` is an annotation, which `format.json` holds.
const NOT_READ: [(&str, &str); 1] = [("optional/content.json", "`content…` keywords are annotations")];

type Says = fn(&Value) -> bool;

/// Why a schema of the suite may not be compiled. One that is compiled must give every verdict right.
const NOT_COMPILED: [(&str, Says); 5] = [
    ("a reference leads out of the schema, or to an anchor", |schema| {
        says(schema, &|name, value| {
            name == "$ref" && value.as_str().is_some_and(|at| !(at == "#" || at.starts_with("#/")))
        })
    }),
    ("a reference is percent-encoded", |schema| {
        says(schema, &|name, value| name == "$ref" && value.as_str().is_some_and(|at| at.contains('%')))
    }),
    ("what a reference means depends on the way to it", |schema| {
        says(schema, &|name, _| ["$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$anchor"].contains(&name))
    }),
    ("a part of the schema has a base of its own", |schema| {
        let is_base = |name: &str, value: &Value| ["$id", "id"].contains(&name) && value.is_string();
        schema.as_object().is_some_and(|members| members.values().any(|member| says(member, &is_base)))
    }),
    ("the dialect is none of the drafts", |schema| {
        schema["$schema"].as_str().is_some_and(|named| !DRAFTS.iter().any(|&(_, dialect, _)| dialect == named))
    }),
];

/// Whether some object within says so of one of its members.
fn says(value: &Value, of_member: &impl Fn(&str, &Value) -> bool) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| says(item, of_member)),
        Value::Object(members) => {
            members.iter().any(|(name, member)| of_member(name, member) || says(member, of_member))
        }
        _ => false,
    }
}

fn suite() -> PathBuf {
    let folder = std::env::var_os("JSON_SCHEMA_SUITE")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/json-schema-suite"), PathBuf::from);
    assert!(folder.join("tests").is_dir(), "no test suite in {}: `make test-rust` fetches it", folder.display());
    folder.join("tests")
}

fn with_dialect(schema: &Value, dialect: &str) -> String {
    let mut schema = schema.clone();
    if let Value::Object(members) = &mut schema {
        members.entry("$schema").or_insert_with(|| dialect.into());
    }
    schema.to_string()
}

fn files(draft: &str) -> Vec<PathBuf> {
    let folder = suite().join(draft);
    let of = |folder: &Path| fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    let mut files = of(&folder);
    files.extend(of(&folder.join("optional")));
    files.retain(|file| file.is_file() && !NOT_READ.iter().any(|(name, _)| *file == folder.join(name)));
    files.sort();
    files
}

/// How many tests of a group are passed; none where its schema is not compiled, for a reason that is known.
fn passed(group: &Value, dialect: &str, file: &Path) -> usize {
    let place = format!("{}: {}", file.display(), group["description"]);
    let Some(schema) = Schema::compile(&with_dialect(&group["schema"], dialect)) else {
        let is_known = NOT_COMPILED.iter().any(|(_, holds)| holds(&group["schema"]));
        assert!(is_known, "{place}: not compiled, and none of the reasons holds");
        return 0;
    };
    let tests = group["tests"].as_array().unwrap();
    for test in tests {
        let verdict = schema.validate(&test["data"]);
        assert_eq!(verdict.is_ok(), test["valid"], "{place}: {}: {verdict:?}", test["description"]);
        assert_eq!(schema.validate_text(&test["data"].to_string()), verdict, "{place}: {}", test["description"]);
    }
    tests.len()
}

#[test]
fn the_suite_agrees_with_every_verdict() {
    for (draft, dialect, expected) in DRAFTS {
        let mut sum = 0;
        for file in files(draft) {
            let groups: Vec<Value> = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            sum += groups.iter().map(|group| passed(group, dialect, &file)).sum::<usize>();
        }
        assert_eq!(sum, expected, "{draft}");
    }
}
