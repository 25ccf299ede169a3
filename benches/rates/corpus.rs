//! What is measured, kept where `benches/verify.py` finds it, so that the peers are given the same.

use std::fs;
use std::path::Path;

pub(crate) fn keep(name: &str, text: &str) {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-verify");
    fs::create_dir_all(&directory).expect("a folder in the target's");
    fs::write(directory.join(name), text).expect("a file in it");
}
