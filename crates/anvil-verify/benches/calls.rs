//! How fast tool calls are checked: `cargo bench -p anvil-verify`. Beside our checks stand the two libraries alone, on the same
//! arguments: what a check could not cost less than.
#![allow(clippy::expect_used, missing_docs, reason = "a benchmark that meets an error has failed")]

use std::hint::black_box;
use std::sync::Arc;

use anvil_verify::calls::Repairs;
use anvil_verify::strict_json::{Root, StrictJson};
use anvil_verify::{Calls, Choice, Offered, Tool};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serde_json::{Value, json};

use cpu_time::CpuTime;

#[path = "../../../benches/rates/corpus.rs"]
mod corpus;
#[path = "../../../benches/rates/cpu_time.rs"]
mod cpu_time;

/// What a delta of a local engine carries, about a token.
const DELTA: usize = 4;

/// What a read of a socket carries, where the tier sends whole calls.
const READ: usize = 1400;

fn edit() -> (Value, String) {
    let schema = json!({
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
    });
    let code =
        "    def total(self, items: list[\"Item\"]) -> int:\n        return sum(item.price for item in items)\n\n";
    let arguments = json!({
        "file_path": "/home/someone/project/src/basket.py",
        "old_string": code.repeat(2048 / code.len()),
        "new_string": code.replace("price", "price_in_cents").repeat(2048 / code.len()),
        "replace_all": false
    });
    (schema, arguments.to_string())
}

fn todos() -> (Value, String) {
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {"todos": {"type": "array", "items": {
            "type": "object",
            "properties": {
                "content": {"type": "string", "minLength": 1},
                "status": {"type": "string", "enum": ["pending", "in_progress", "completed"]},
                "activeForm": {"type": "string", "minLength": 1}
            },
            "required": ["content", "status", "activeForm"],
            "additionalProperties": false
        }}},
        "required": ["todos"],
        "additionalProperties": false
    });
    let todo =
        json!({"content": "Run the tests of the basket", "status": "pending", "activeForm": "Running the tests"});
    (schema, json!({ "todos": vec![todo; 12] }).to_string())
}

fn strict(pieces: &[&str]) {
    let mut reader = StrictJson::new(Root::Object);
    for piece in pieces {
        reader.feed(piece).expect("strict");
    }
    reader.end().expect("whole");
}

fn call(offered: &Arc<Offered>, pieces: &[&str]) {
    let mut calls = Calls::new(Arc::clone(offered), Repairs::On);
    calls.begin(0, "toolu_01", "Tool").expect("offered");
    for piece in pieces {
        calls.feed(0, piece).expect("strict");
    }
    black_box(calls.end(0).expect("of the schema"));
}

fn pieces(text: &str, size: usize) -> Vec<&str> {
    assert!(text.is_ascii(), "cut anywhere");
    (0..text.len()).step_by(size).map(|start| &text[start..text.len().min(start + size)]).collect()
}

fn benches(criterion: &mut Criterion<CpuTime>) {
    for (name, (schema, arguments)) in [("edit", edit()), ("todos", todos())] {
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::BytesDecimal(arguments.len() as u64));
        corpus::keep(&format!("{name}.schema.json"), &schema.to_string());
        corpus::keep(&format!("{name}.arguments.json"), &arguments);
        let tool = Tool::new("Tool".to_owned(), Some(schema.to_string()));
        let offered = Arc::new(Offered::new(vec![tool], Choice::Auto, true));
        let validator = jsonschema::validator_for(&schema).expect("a schema");
        for (size, words) in [(arguments.len(), "whole"), (READ, "reads"), (DELTA, "deltas")] {
            let pieces = pieces(&arguments, size);
            group
                .bench_function(format!("strict json, {words}"), |bencher| bencher.iter(|| strict(black_box(&pieces))));
            group.bench_function(format!("call, {words}"), |bencher| {
                bencher.iter(|| call(&offered, black_box(&pieces)));
            });
        }
        group.bench_function("serde_json alone", |bencher| {
            bencher.iter(|| serde_json::from_str::<Value>(black_box(&arguments)).expect("JSON"));
        });
        group.bench_function("serde_json and jsonschema alone", |bencher| {
            bencher.iter(|| {
                let value: Value = serde_json::from_str(black_box(&arguments)).expect("JSON");
                validator.validate(&value).expect("of the schema");
            });
        });
        group.finish();
    }
}

criterion_group! {
    name = calls;
    config = cpu_time::criterion();
    targets = benches
}
criterion_main!(calls);
