//! Edits of an answer against the files that the conversation holds, in the forms of real harnesses.

mod aider;
mod conversation;
mod known;
mod oracle;
mod patches;

use anvil_verify::{Defect, Seen, edits};
use proptest::prelude::*;
use serde_json::json;

const FILE: &str = "def f():\n    return \"x\"\ntwice\ntwice\nlast = 2\n";

/// As Claude Code 2.1.197 shows a file (measured).
fn claude(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').zip(1..).map(|(line, at)| format!("{at}\t{line}")).collect();
    lines.join("\n")
}

fn read(seen: &mut Seen, text: &str) {
    seen.call("r", "Read", &json!({"file_path": "/p/a.py"}).to_string());
    seen.result("r", &claude(text), false);
}

fn edit(seen: &Seen, old: &str, new: &str) -> Option<&'static str> {
    let arguments = json!({"file_path": "/p/a.py", "old_string": old, "new_string": new}).to_string();
    label(edits::call("Edit", &arguments, seen))
}

fn label<T>(verdict: Result<T, Defect>) -> Option<&'static str> {
    verdict.err().map(|defect| defect.label())
}

#[test]
fn claude_code_is_judged_as_it_was_measured() {
    let mut seen = Seen::new();
    assert_eq!(edit(&seen, "nowhere", "x"), None);
    read(&mut seen, FILE);
    assert_eq!(edit(&seen, "  return \"x\"", "y"), None);
    assert_eq!(edit(&seen, "return \u{201c}x\u{201d}", "y"), None);
    assert_eq!(edit(&seen, "def f():\r\n    return", "y"), None);
    assert_eq!(edit(&seen, "def f():\n  return", "y"), Some("edit_text_missing"));
    assert_eq!(edit(&seen, "     5\tlast = 2", "y"), Some("edit_text_missing"));
    assert_eq!(edit(&seen, "twice", "y"), Some("edit_text_ambiguous"));
    assert_eq!(edit(&seen, "last", "last"), Some("edit_without_effect"));
    assert_eq!(edit(&seen, "", "z"), Some("edit_text_ambiguous"));
    let all =
        json!({"file_path": "/p/a.py", "old_string": "twice", "new_string": "y", "replace_all": true}).to_string();
    assert_eq!(label(edits::call("Edit", &all, &seen)), None);
}

#[test]
fn what_happened_later_counts() {
    let mut seen = Seen::new();
    read(&mut seen, FILE);
    let arguments = json!({"file_path": "/p/a.py", "old_string": "last = 2", "new_string": "first = 1"}).to_string();
    seen.call("e", "Edit", &arguments);
    assert_eq!(edit(&seen, "nowhere", "x"), None, "an edit is under way");
    seen.result("e", "The file /p/a.py has been updated successfully.", false);
    assert_eq!(edit(&seen, "first = 1", "x"), None);
    assert_eq!(edit(&seen, "last = 2", "x"), Some("edit_text_missing"));
    seen.call("b", "Bash", r#"{"command":"ls -la && git status | head -n 3"}"#);
    seen.result("b", "a.py", false);
    assert_eq!(edit(&seen, "last = 2", "x"), Some("edit_text_missing"));
    seen.call("b", "Bash", r#"{"command":"sed -i s/a/b/ a.py"}"#);
    seen.result("b", "", false);
    assert_eq!(edit(&seen, "last = 2", "x"), None);
}

#[test]
fn a_part_proves_only_what_stands_twice() {
    let mut seen = Seen::new();
    seen.call("r", "Read", r#"{"file_path":"/p/a.py","offset":2,"limit":3}"#);
    seen.result("r", "2\t    return \"x\"\n3\ttwice\n4\ttwice", false);
    assert_eq!(edit(&seen, "nowhere", "x"), None);
    assert_eq!(edit(&seen, "twice", "x"), Some("edit_text_ambiguous"));
    seen.call("r", "Read", r#"{"file_path":"/p/a.py","limit":1}"#);
    seen.result("r", "1\tdef f():", false);
    seen.call("r", "Read", r#"{"file_path":"/p/a.py","offset":5}"#);
    seen.result("r", "5\tlast = 2\n6\t", false);
    assert_eq!(edit(&seen, "nowhere", "x"), Some("edit_text_missing"));
}

#[test]
fn opencode_and_pi_are_lenient() {
    let mut seen = Seen::new();
    seen.call("r", "read", r#"{"filePath":"/p/a.py"}"#);
    let shown = "<path>/p/a.py</path>\n<type>file</type>\n<content>\n1: def f():\n2:     return 1\n\n(End of file - total 2 lines)\n</content>";
    seen.result("r", shown, false);
    let call = |old: &str| json!({"filePath": "/p/a.py", "oldString": old, "newString": "z"}).to_string();
    assert_eq!(label(edits::call("edit", &call("def f():\n  return   1"), &seen)), None);
    assert_eq!(label(edits::call("edit", &call("def g():"), &seen)), Some("edit_text_missing"));
    seen.call("r", "read", r#"{"path":"b.py"}"#);
    seen.result("r", "x = 1\ny = 2\n", false);
    let call = |old: &str| json!({"path": "b.py", "edits": [{"oldText": old, "newText": "z"}]}).to_string();
    assert_eq!(label(edits::call("edit", &call("x = 1  "), &seen)), None);
    assert_eq!(label(edits::call("edit", &call("x = 3"), &seen)), Some("edit_text_missing"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_text_that_stands_once_passes_and_a_changed_one_fails(text in "[a-z \n]{20,200}", at in 0_usize..10, len in 4_usize..10) {
        let mut seen = Seen::new();
        read(&mut seen, &text);
        let old = text.get(at..at + len).unwrap();
        let verdict = edit(&seen, old, "NEW");
        prop_assert!(verdict.is_none() || (verdict == Some("edit_text_ambiguous") && text.matches(old).count() > 1));
        let changed = format!("{}#", old.get(..len - 1).unwrap());
        prop_assert_eq!(edit(&seen, &changed, "NEW"), Some("edit_text_missing"));
        seen.call("m", "mcp__x__y", "{}");
        seen.result("m", "", false);
        prop_assert_eq!(edit(&seen, &changed, "NEW"), None);
    }
}
