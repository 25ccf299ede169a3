//! Any block that says of itself that it is a diff: a verdict.
#![no_main]

use anvil_verify::diff;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    if let Err(defect) = diff::check_block(input) {
        assert!(!defect.label().is_empty());
    }
});
