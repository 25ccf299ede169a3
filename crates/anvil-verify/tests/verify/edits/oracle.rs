//! Generated edits against the verdicts of the harnesses' own tools, as `tests/oracles/edits.py` recorded them.
//!
//! What the tool takes, the check must let pass: always. Of what the tool refuses the check must find a share; the rest it leaves to
//! the tool, since it does not rebuild each harness's matching.

use anvil_verify::{Defect, Seen, edits};
use serde_json::{Value, json};

const PATH: &str = "/p/a.py";

struct Harness {
    corpus: &'static str,
    /// The least share, in percent, of the refused edits that is found.
    found: usize,
    /// Shows the file.
    show: fn(&mut Seen, &str),
    /// The tool, and its arguments, for an edit.
    call: fn(&Value) -> (&'static str, String),
}

const HARNESSES: [Harness; 8] = [
    Harness { corpus: include_str!("oracle/claude.jsonl"), found: 85, show: claude, call: |case| ("Edit", one(case)) },
    Harness { corpus: include_str!("oracle/qwen.jsonl"), found: 70, show: qwen, call: |case| ("edit", one(case)) },
    Harness {
        corpus: include_str!("oracle/opencode.jsonl"),
        found: 45,
        show: |seen, file| opencode(seen, PATH, file),
        call: opencode_edit,
    },
    Harness {
        corpus: include_str!("oracle/continue.jsonl"),
        found: 65,
        show: cn,
        call: |case| ("MultiEdit", several(case)),
    },
    Harness { corpus: include_str!("oracle/pi.jsonl"), found: 65, show: pi, call: pi_edit },
    Harness { corpus: include_str!("oracle/openclaw.jsonl"), found: 65, show: pi, call: pi_edit },
    Harness {
        corpus: include_str!("oracle/codex.jsonl"),
        found: 90,
        show: codex,
        call: |case| ("apply_patch", text(case, "patch")),
    },
    Harness {
        corpus: include_str!("oracle/opencode_patch.jsonl"),
        found: 85,
        show: |seen, file| opencode(seen, "a.py", file),
        call: |case| ("apply_patch", json!({"patchText": case["patch"]}).to_string()),
    },
];

#[test]
fn what_the_tool_takes_passes() {
    for harness in &HARNESSES {
        let judged = |case: &Value| {
            let mut seen = Seen::new();
            (harness.show)(&mut seen, &text(case, "file"));
            let (name, arguments) = (harness.call)(case);
            edits::call(name, &arguments, &seen).map(drop)
        };
        hold(harness.corpus, harness.found, judged);
    }
}

#[test]
fn what_aider_takes_passes() {
    let blocks = "# *SEARCH/REPLACE block* Rules:";
    let diffs = "Return edits similar to unified diffs that `diff -U0` would produce.";
    let corpora = [
        (include_str!("oracle/aider_blocks.jsonl"), blocks, 50),
        (include_str!("oracle/aider_diffs.jsonl"), diffs, 25),
    ];
    for (corpus, instructions, found) in corpora {
        let judged = |case: &Value| {
            let mut seen = Seen::new();
            seen.instructions(instructions);
            let mut paste = "I have *added these files to the chat* so you can go ahead and edit them.\n".to_owned();
            for (name, text) in case["files"].as_object().unwrap() {
                paste.extend(["\n", name, "\n````\n", &ended(text), "````\n"]);
            }
            seen.user(&paste);
            edits::text(&text(case, "text"), &seen).map(drop)
        };
        hold(corpus, found, judged);
    }
}

fn hold(corpus: &str, least: usize, judged: impl Fn(&Value) -> Result<(), Defect>) {
    let mut lines = corpus.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let version = lines.next().unwrap()["version"].clone();
    let (mut wrong, mut refused, mut found) = (Vec::new(), 0, 0);
    for case in lines {
        match (case["applies"].as_bool().unwrap(), judged(&case)) {
            (true, Err(defect)) => wrong.push(format!("{defect:?} {case}")),
            (true, Ok(())) => {}
            (false, verdict) => {
                refused += 1;
                found += usize::from(verdict.is_err());
            }
        }
    }
    assert!(wrong.is_empty(), "{version} takes {} that are rejected:\n{}", wrong.len(), wrong.join("\n"));
    assert!(found * 100 >= refused * least, "{version}: only {found} of {refused} refused edits found");
}

fn text(case: &Value, key: &str) -> String {
    case[key].as_str().unwrap().to_owned()
}

fn ended(text: &Value) -> String {
    let text = text.as_str().unwrap();
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

fn one(case: &Value) -> String {
    let edit = &case["edits"][0];
    json!({"file_path": PATH, "old_string": edit["old"], "new_string": edit["new"], "replace_all": edit["all"]})
        .to_string()
}

fn several(case: &Value) -> String {
    let edits = case["edits"].as_array().unwrap().iter();
    let edits: Vec<Value> = edits
        .map(|edit| json!({"old_string": edit["old"], "new_string": edit["new"], "replace_all": edit["all"]}))
        .collect();
    json!({"file_path": PATH, "edits": edits}).to_string()
}

fn opencode_edit(case: &Value) -> (&'static str, String) {
    let edit = &case["edits"][0];
    let call = json!({"filePath": PATH, "oldString": edit["old"], "newString": edit["new"], "replaceAll": edit["all"]});
    ("edit", call.to_string())
}

fn pi_edit(case: &Value) -> (&'static str, String) {
    let edits = case["edits"].as_array().unwrap().iter();
    let edits: Vec<Value> = edits.map(|edit| json!({"oldText": edit["old"], "newText": edit["new"]})).collect();
    ("edit", json!({"path": PATH, "edits": edits}).to_string())
}

fn claude(seen: &mut Seen, file: &str) {
    seen.call("r", "Read", &json!({"file_path": PATH}).to_string());
    seen.result("r", &super::claude(file), false);
}

fn written(seen: &mut Seen, name: &str, key: &str, file: &str, answer: &str) {
    seen.call("w", name, &json!({key: PATH, "content": file}).to_string());
    seen.result("w", answer, false);
}

fn qwen(seen: &mut Seen, file: &str) {
    written(seen, "write_file", "file_path", file, "Successfully created and wrote to new file: /p/a.py.");
}

fn cn(seen: &mut Seen, file: &str) {
    written(seen, "Write", "filepath", file, "Successfully created file: /p/a.py");
}

fn pi(seen: &mut Seen, file: &str) {
    written(seen, "write", "path", file, "Successfully wrote 9 bytes to /p/a.py");
}

fn opencode(seen: &mut Seen, path: &str, file: &str) {
    let lines: Vec<&str> = file.strip_suffix('\n').unwrap_or(file).split('\n').collect();
    let shown: Vec<String> = lines.iter().zip(1..).map(|(line, at)| format!("{at}: {line}")).collect();
    let (shown, end) = (shown.join("\n"), format!("(End of file - total {} lines)", lines.len()));
    let answer = format!("<path>/p/a.py</path>\n<type>file</type>\n<content>\n{shown}\n\n{end}\n</content>");
    seen.call("r", "read", &json!({"filePath": path}).to_string());
    seen.result("r", &answer, false);
}

fn codex(seen: &mut Seen, file: &str) {
    seen.call("c", "exec_command", r#"{"cmd":"cat a.py"}"#);
    seen.result("c", &format!("Chunk ID: 1\nProcess exited with code 0\nOutput:\n{file}"), false);
}
