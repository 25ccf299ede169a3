//! Checks blocks of code in bulk: one JSON object a line on stdin, `{"language": …, "code": …}`, one verdict a line on stdout.
#![allow(clippy::print_stdout, reason = "stdout is this program's data")]

use std::io::BufRead;

use anvil_verify::code::{Language, check};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in std::io::stdin().lock().lines() {
        let block: serde_json::Value = serde_json::from_str(&line?)?;
        let text = |name: &str| block.get(name).and_then(serde_json::Value::as_str).unwrap_or_default();
        let verdict = match Language::from_info(text("language")) {
            None => "unknown".to_owned(),
            Some(language) => {
                check(language, text("code")).map_or_else(|defect| defect.to_string(), |_| "passed".to_owned())
            }
        };
        println!("{verdict}");
    }
    Ok(())
}
