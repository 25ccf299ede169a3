//! Any arguments against any schema: a verdict that does not depend on how they are cut, and repairs that follow the schema.
#![no_main]

use std::sync::Arc;

use anvil_verify::calls::{Calls, Repairs};
use anvil_verify::{Choice, Offered, Schema, Tool};
use libfuzzer_sys::fuzz_target;

// The schema stands before the first line feed, the arguments behind it.
fuzz_target!(|input: &str| {
    let (schema, arguments) = input.split_once('\n').unwrap_or(("{}", input));
    let whole = run(schema, &[arguments]);
    let letters: Vec<&str> = arguments.split_inclusive(|_: char| true).collect();
    assert_eq!(run(schema, &letters), whole);
    let (Ok(json), Some(schema)) = (whole, Schema::compile(schema)) else { return };
    if let Ok(value) = serde_json::from_str(&json) {
        assert!(schema.validate(&value).is_ok(), "what has passed follows its schema");
    }
});

/// The arguments as they passed, or the label of what is wrong.
fn run(schema: &str, pieces: &[&str]) -> Result<String, &'static str> {
    let tools = vec![Tool::new("f".to_owned(), Some(schema.to_owned()))];
    let mut calls = Calls::new(Arc::new(Offered::new(tools, Choice::Auto, true)), Repairs::On);
    calls.begin(0, "c", "f").map_err(|defect| defect.label())?;
    for piece in pieces {
        calls.feed(0, piece).map_err(|defect| defect.label())?;
    }
    calls.end(0).map(|ended| ended.arguments).map_err(|defect| defect.label())
}
