//! What the conversation holds of a file, and when that is no longer certain.

use anvil_verify::{Seen, edits};
use serde_json::json;

use super::{FILE, claude, edit, label, read};

const MISSING: Option<&str> = Some("edit_text_missing");

fn shown() -> Seen {
    let mut seen = Seen::new();
    read(&mut seen, FILE);
    assert_eq!(edit(&seen, "nowhere", "x"), MISSING);
    seen
}

#[test]
fn a_file_that_the_harness_names_is_no_longer_certain() {
    let note = "<system-reminder>\nNote: /p/a.py changed on disk since you last read it.\n</system-reminder>";
    let mut seen = shown();
    seen.user(note);
    assert_eq!(edit(&seen, "nowhere", "x"), None);
    let mut seen = shown();
    seen.instructions("Note: /p/a.py was changed, however that is said.");
    assert_eq!(edit(&seen, "nowhere", "x"), None);
    let mut seen = shown();
    seen.call("b", "Bash", r#"{"command":"git status"}"#);
    seen.result("b", &format!("clean\n\n{note}"), false);
    assert_eq!(edit(&seen, "nowhere", "x"), None);
    let mut seen = shown();
    seen.user("<system-reminder>\nNote: /p/b.py changed on disk.\n</system-reminder>");
    seen.user("<system-reminder><new-diagnostics>a.py: unused name</new-diagnostics></system-reminder>");
    assert_eq!(edit(&seen, "nowhere", "x"), MISSING, "another file; what a language server says of this one");
}

#[test]
fn only_the_words_of_a_harness_say_that_a_file_is_unchanged() {
    let again = |answer: &str| {
        let mut seen = shown();
        seen.call("r", "Read", r#"{"file_path":"/p/a.py"}"#);
        seen.result("r", answer, false);
        edit(&seen, "nowhere", "x")
    };
    assert_eq!(again("File unchanged since last read. The content from the earlier Read is still current."), MISSING);
    assert_eq!(again("Wasted call — file unchanged since your last Read."), MISSING);
    assert_eq!(again("the lines below are unchanged\n1 def g():"), None);
    assert_eq!(again("[Old tool result content cleared]"), None);
}

#[test]
fn numbers_of_lines_have_one_mark_or_another() {
    for mark in ["\t", "→", ":"] {
        let mut seen = Seen::new();
        seen.call("r", "Read", r#"{"file_path":"/p/a.py"}"#);
        seen.result(
            "r",
            &format!("1{mark}def f():\n2{mark}\tpass\n\n<system-reminder>\nmind\n</system-reminder>"),
            false,
        );
        assert_eq!(edit(&seen, "def f():\n\tpass", "x"), None, "{mark}");
        assert_eq!(edit(&seen, "def g():", "x"), MISSING, "{mark}");
    }
}

#[test]
fn a_read_that_is_cut_proves_nothing_missing() {
    for answer in
        ["[Truncated: PARTIAL view — 2 of 9 lines]\n1\tdef f():\n2\t", "1\tdef f():\n3\tpass", "<persisted-output>"]
    {
        let mut seen = Seen::new();
        seen.call("r", "Read", r#"{"file_path":"/p/a.py"}"#);
        seen.result("r", answer, false);
        assert_eq!(edit(&seen, "nowhere", "x"), None, "{answer}");
    }
}

#[test]
fn a_name_that_may_be_anothers_is_not_judged() {
    let call = |path: &str| json!({"file_path": path, "old_string": "nowhere", "new_string": "x"}).to_string();
    let mut seen = shown();
    for path in ["a.py", "p/a.py", "/q/a.py", "/P/A.py", "/private/p/a.py"] {
        assert_eq!(label(edits::call("Edit", &call(path), &seen)), None, "{path}");
    }
    assert_eq!(label(edits::call("Edit", &call("/p/./lib/../a.py"), &seen)), MISSING);
    for (at, path) in ["/private/p/a.py", "/P/a.py"].into_iter().enumerate() {
        read(&mut seen, FILE);
        let id = format!("e{at}");
        seen.call(&id, "Edit", &json!({"file_path": path, "old_string": "last", "new_string": "x"}).to_string());
        seen.result(&id, "The file has been updated successfully.", false);
        assert_eq!(edit(&seen, "nowhere", "x"), None, "{path} may be the same file");
    }
}

#[test]
fn a_link_may_be_the_file() {
    let change = |old: &str| {
        let mut seen = shown();
        seen.call("e", "Edit", &json!({"file_path": "/q/link.py", "old_string": old, "new_string": "x"}).to_string());
        seen.result("e", "The file /q/link.py has been updated successfully.", false);
        edit(&seen, "nowhere", "x")
    };
    assert_eq!(change("last = 2"), None);
    assert_eq!(change("import os"), MISSING, "it cannot be: the text is not in it");
}

#[test]
fn a_write_is_known_where_it_is_written_as_it_is() {
    let write = |path: &str, text: &str| {
        let mut seen = Seen::new();
        seen.call("w", "Write", &json!({"file_path": path, "content": text}).to_string());
        seen.result("w", &format!("File created successfully at: {path}"), false);
        let call = json!({"file_path": path, "old_string": "nowhere", "new_string": "x"}).to_string();
        label(edits::call("Edit", &call, &seen))
    };
    assert_eq!(write("/p/a.py", "def f():\n    pass\n"), MISSING);
    assert_eq!(write("/p/a.py", "def f():  \n    pass\n"), None, "Claude Code takes the spaces away");
}

#[test]
fn an_edit_that_was_done_otherwise_is_not_followed() {
    for words in [
        "The file /p/a.py has been updated.  The user modified your proposed changes before accepting them. ",
        "The file /p/a.py has been updated successfully. (note: the file had been modified on disk since you last read it)",
        "Error: permission denied",
    ] {
        let mut seen = shown();
        seen.call("e", "Edit", r#"{"file_path":"/p/a.py","old_string":"last = 2","new_string":"first = 1"}"#);
        seen.result("e", words, false);
        assert_eq!(edit(&seen, "nowhere", "x"), None, "{words}");
    }
    let mut seen = shown();
    seen.call("e", "Edit", r#"{"file_path":"/p/a.py","old_string":"gone","new_string":"first = 1"}"#);
    seen.result("e", "String to replace not found in file.", true);
    assert_eq!(edit(&seen, "nowhere", "x"), MISSING, "an edit that failed changed nothing");
}

#[test]
fn what_works_on_in_the_background_leaves_nothing_certain() {
    let after = |name: &str, arguments: &str, answer: &str| {
        let mut seen = Seen::new();
        seen.call("b", name, arguments);
        seen.result("b", answer, false);
        seen.call("c", "exec_command", r#"{"cmd":"cat /p/a.py"}"#);
        seen.result("c", &format!("Chunk ID: 1\nProcess exited with code 0\nOutput:\n{FILE}"), false);
        edit(&seen, "nowhere", "x")
    };
    let exited = "Chunk ID: 1\nProcess exited with code 0\nOutput:\n";
    assert_eq!(after("exec_command", r#"{"cmd":"make"}"#, exited), MISSING);
    assert_eq!(after("exec_command", r#"{"cmd":"make && ls 2>&1"}"#, exited), MISSING);
    assert_eq!(after("exec_command", r#"{"cmd":"make watch &"}"#, exited), None);
    assert_eq!(
        after("exec_command", r#"{"cmd":"make"}"#, "Chunk ID: 1\nProcess running with session ID 7\nOutput:\n"),
        None
    );
    assert_eq!(after("run_shell_command", r#"{"command":"make watch","is_background":true}"#, "started"), None);
}

#[test]
fn what_changes_nothing_is_told_where_the_tool_refuses_it() {
    let seen = Seen::new();
    assert_eq!(edit(&seen, "a", "a"), Some("edit_without_effect"));
    assert_eq!(edit(&seen, "a  \nb", "a  \nb"), None, "Claude Code takes the spaces from the new text");
    let pi = |text: &str| {
        let call = json!({"path": "a", "edits": [{"oldText": text, "newText": text}]}).to_string();
        label(edits::call("edit", &call, &seen))
    };
    assert_eq!(pi("a"), Some("edit_without_effect"));
    assert_eq!(pi("a  "), None, "Pi may take the spaces from the file");
    assert_eq!(pi("“a”"), None, "and make quotes plain");
}

#[test]
fn an_empty_old_text_is_a_new_file_where_the_tool_has_it_so() {
    assert_eq!(edit(&shown(), "", "x"), Some("edit_text_ambiguous"));
    let mut seen = Seen::new();
    seen.call("r", "Read", r#"{"filepath":"/p/a.py"}"#);
    seen.result("r", &format!("Content of /p/a.py:\n{FILE}"), false);
    assert_eq!(edit(&seen, "", "x"), None, "Continue's puts it at the beginning");
    assert_eq!(edit(&seen, "DEF  F()", "x"), None, "and does not mind case or white space");
    assert_eq!(edit(&seen, "def g()", "x"), MISSING);
}

#[test]
fn escapes_stand_for_their_letters_and_the_other_way_round() {
    for (file, old) in [
        ("x = \"caf\\u00e9\"", "café"),
        ("x = \"café\"", "caf\\u00e9"),
        ("x = \"\u{1f600}\"", "x = \"\\ud83d\\ude00\""),
        ("x = \"\\ud83d\\ude00\"", "x = \"\u{1f600}\""),
    ] {
        let mut seen = Seen::new();
        seen.call("r", "Read", r#"{"file_path":"/p/a.py"}"#);
        seen.result("r", &claude(file), false);
        assert_eq!(edit(&seen, old, "y"), None, "{old} in {file}");
        assert_eq!(edit(&seen, "\\u00e8", "y"), MISSING);
    }
}

#[test]
fn several_places_may_be_meant() {
    let mut seen = Seen::new();
    seen.call("w", "write_file", &json!({"file_path": "/p/a.py", "content": FILE}).to_string());
    seen.result("w", "Successfully created and wrote to new file: /p/a.py.", false);
    let call = |more: serde_json::Value| {
        let mut arguments = json!({"file_path": "/p/a.py", "old_string": "twice", "new_string": "x"});
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        label(edits::call("edit", &arguments.to_string(), &seen))
    };
    assert_eq!(call(json!({})), Some("edit_text_ambiguous"));
    for more in [json!({"replace_all": true}), json!({"expected_replacements": 2}), json!({"allow_multiple": true})] {
        assert_eq!(call(more.clone()), None, "{more}");
    }
    assert_eq!(call(json!({"expected_replacements": 1})), Some("edit_text_ambiguous"));
}

#[test]
fn opencode_takes_two_lines_for_three() {
    let mut seen = Seen::new();
    let shown = "<path>/p/a.py</path>\n<type>file</type>\n<content>\n1: begin\n2: middle\n3: end\n\n(End of file - total 3 lines)\n</content>";
    seen.call("r", "read", r#"{"filePath":"/p/a.py"}"#);
    seen.result("r", shown, false);
    let call = |old: &str| {
        let call = json!({"filePath": "/p/a.py", "oldString": old, "newString": "z"}).to_string();
        label(edits::call("edit", &call, &seen))
    };
    assert_eq!(call("begin\nend\n"), None);
    assert_eq!(call("begin\nanother\n"), MISSING);
    assert_eq!(call(""), None, "older versions write the whole file");
}
