//! Patches in Codex's form: who reads them decides what is refused.

use anvil_verify::{Seen, edits};
use serde_json::json;

use super::{FILE, label};

const CONTEXT: &str = "<environment_context>\n  <cwd>/w</cwd>\n</environment_context>";

fn patch(lines: &str) -> String {
    format!("*** Begin Patch\n*** Update File: src/a.py\n@@\n{lines}\n*** End Patch\n")
}

fn shown() -> Seen {
    let mut seen = Seen::new();
    seen.call("c", "exec_command", r#"{"cmd":"cat src/a.py"}"#);
    seen.result("c", &format!("Chunk ID: 1\nProcess exited with code 0\nOutput:\n{FILE}"), false);
    seen
}

#[test]
fn codex_patches_find_their_lines_or_fail() {
    let seen = shown();
    assert_eq!(label(edits::call("apply_patch", &patch(" def f():\n-  return \"x\"\n+  return 2"), &seen)), None);
    assert_eq!(label(edits::call("apply_patch", &patch("-def g():\n+def h():"), &seen)), Some("patch_context_missing"));
    assert_eq!(label(edits::call("apply_patch", &patch("def g():"), &seen)), Some("malformed_patch"));
    assert_eq!(
        label(edits::call("apply_patch", "*** Begin Patch\n*** Delete File: x", &seen)),
        Some("malformed_patch")
    );
}

#[test]
fn a_patch_is_one_in_every_form_that_codex_has() {
    let seen = shown();
    let missing = patch("-def g():\n+def h():");
    let forms = [
        ("apply_patch", missing.clone()),
        ("apply_patch", json!({"input": missing}).to_string()),
        ("shell", json!({"command": ["apply_patch", missing]}).to_string()),
        ("shell", json!({"command": ["bash", "-lc", format!("apply_patch <<'EOF'\n{missing}EOF\n")]}).to_string()),
        ("exec_command", json!({"cmd": format!("apply_patch <<'PATCH'\n{missing}PATCH")}).to_string()),
    ];
    for (name, arguments) in forms {
        assert_eq!(label(edits::call(name, &arguments, &seen)), Some("patch_context_missing"), "{name} {arguments}");
    }
    let unclear = format!("cd sub && apply_patch <<EOF\n{missing}EOF\n");
    assert_eq!(label(edits::call("exec_command", &json!({"cmd": unclear}).to_string(), &seen)), None);
}

/// Cline 3.0.65 takes `input` too, adds a first and a last line that are missing, and takes lines for one another that are alike.
#[test]
fn who_is_not_known_to_be_codex_may_be_lenient() {
    let mut seen = Seen::new();
    let input = |patch: &str| json!({"input": patch}).to_string();
    assert_eq!(label(edits::call("apply_patch", &input("*** Update File: a.py\n@@\ndef f():\n-x\n+y"), &seen)), None);
    assert_eq!(label(edits::call("apply_patch", &input(&patch("def f():\n-x\n+y")), &seen)), None);
    assert_eq!(label(edits::call("apply_patch", &input("*** Begin Patch\n+y"), &seen)), Some("malformed_patch"));
    seen.user(CONTEXT);
    assert_eq!(label(edits::call("apply_patch", &input(&patch("def f():\n-x\n+y")), &seen)), Some("malformed_patch"));
}

#[test]
fn what_a_patch_of_another_reader_made_is_not_known() {
    for (answer, verdict) in [
        ("Success. Updated the following files:\nA src/a.py", Some("patch_context_missing")),
        ("Successfully applied patch to the following files:\nsrc/a.py", None),
        ("Done", None),
    ] {
        let mut seen = Seen::new();
        seen.user(CONTEXT);
        seen.call("p", "apply_patch", "*** Begin Patch\n*** Add File: src/a.py\n+def f():\n+    pass\n*** End Patch");
        seen.result("p", answer, false);
        assert_eq!(label(edits::call("apply_patch", &patch("-def g():\n+def h():"), &seen)), verdict, "{answer}");
        assert_eq!(label(edits::call("apply_patch", &patch("-def f():\n+def h():"), &seen)), None);
    }
}

#[test]
fn opencode_passes_over_what_it_does_not_read() {
    let mut seen = Seen::new();
    let shown = "<path>/p/a.py</path>\n<type>file</type>\n<content>\n1: so… = 1\n2: y = 2\n\n(End of file - total 2 lines)\n</content>";
    seen.call("r", "read", r#"{"filePath":"src/a.py"}"#);
    seen.result("r", shown, false);
    let verdict = |lines: &str| {
        let patch = format!("*** Begin Patch\n*** Update File: src/a.py\n{lines}\n*** End Patch");
        label(edits::call("apply_patch", &json!({"patchText": patch}).to_string(), &seen))
    };
    assert_eq!(verdict("@@\n-z = 3\n+z = 4"), Some("patch_context_missing"));
    assert_eq!(verdict("-z = 3\n@@\n-y = 2\n+y = 3"), None, "it begins to read at the first @@");
    assert_eq!(verdict("@@\n so... = 1\n\nnothing\n-y = 2\n+y = 3"), None, "an ellipsis, an empty line, no mark");
    assert_eq!(verdict("@@\n-y = 2\n+y = 3\n*** End of File\n@@\n-z = 3\n+z = 4"), None, "three stars end a file");
}
