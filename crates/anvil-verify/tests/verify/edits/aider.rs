//! Edits in the text of an answer, as Aider takes them.

use anvil_verify::{Seen, edits};
use proptest::prelude::*;

use super::label;

const PASTE: &str = "I have *added these files to the chat* so you can go ahead and edit them.\n\na.py\n```\ndef f():\n    pass\n\nx = 1\ny = 2\n```\n\nlib/b.py\n```\nimport os\n```\n";
const BLOCKS: &str = "# *SEARCH/REPLACE block* Rules:\n\nEvery *SEARCH/REPLACE block* must use this format:";
const DIFFS: &str = "# File editing rules:\n\nReturn edits similar to unified diffs that `diff -U0` would produce.";

fn asked(instructions: &str) -> Seen {
    let mut seen = Seen::new();
    seen.instructions(instructions);
    seen.user(PASTE);
    seen.user("rename f in a.py");
    seen
}

fn block(name: &str, old: &str, new: &str) -> String {
    format!("{name}\n```python\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n```\n\n")
}

fn verdict(text: &str) -> Option<&'static str> {
    label(edits::text(text, &asked(BLOCKS)))
}

#[test]
fn blocks_are_held_against_the_pasted_files() {
    assert_eq!(verdict(&block("a.py", "def f():\n  pass", "new")), None);
    assert_eq!(verdict(&block("a.py", "import os", "new")), None, "the other files are tried, too");
    assert_eq!(verdict(&block("a.py", "def g():", "new")), Some("edit_text_missing"));
    assert_eq!(verdict(&block("a.py", "def f()", "new")), Some("edit_text_missing"), "whole lines count");
    assert_eq!(verdict("a.py\n<<<<<<< SEARCH\ndef f():\n"), Some("malformed_patch"));
}

#[test]
fn what_aider_forgives_passes() {
    for old in ["```python\ndef f():\n```", "a.py\ndef f():", "...\n    pass", "def f():\n\n"] {
        assert_eq!(verdict(&block("a.py", old, "new")), None, "{old}");
    }
    assert_eq!(verdict("a.py\n<<<<<<< SEARCH\ndef f():\n  =======\nnew\n=======\n"), None, "a divider may end a block");
    assert_eq!(verdict(&block("other.py", "def g():", "new")), None, "a file that was not pasted may be there");
    let shell = "```bash\necho\necho\necho\n<<<<<<< SEARCH\ndef g():\n```\n";
    assert_eq!(verdict(shell), None, "commands hold no blocks");
}

#[test]
fn blocks_are_applied_one_after_the_other() {
    let renamed = block("a.py", "def f():", "def g():");
    assert_eq!(verdict(&(renamed.clone() + &block("a.py", "def g():\n    pass", "new"))), None);
    assert_eq!(verdict(&(renamed + &block("a.py", "def f():", "new"))), Some("edit_text_missing"));
    for first in [
        block("a.py", "", "def h():"),
        block("a.py", "...\n    pass", "...\n    def h():"),
        block("a.py", "  def f():", "def h():"),
    ] {
        assert_eq!(verdict(&(first + &block("a.py", "def h():", "new"))), None, "what it made is not known");
    }
}

#[test]
fn only_what_is_asked_for_is_taken_from_the_text() {
    let missing = block("a.py", "def g():", "new");
    let diff = "```diff\n--- a.py\n+++ a.py\n@@ ... @@\n-def g():\n+def h():\n```\n";
    for (instructions, text, verdict) in [
        (BLOCKS, missing.as_str(), Some("edit_text_missing")),
        (DIFFS, diff, Some("patch_context_missing")),
        ("Answer the question.", missing.as_str(), None),
        (DIFFS, missing.as_str(), None),
        (BLOCKS, diff, None),
        (DIFFS, diff.trim_start_matches("```diff\n"), None),
    ] {
        assert_eq!(label(edits::text(text, &asked(instructions))), verdict, "{instructions} {text}");
    }
}

#[test]
fn a_hunk_fails_only_where_none_of_its_lines_stands() {
    let verdict = |hunk: &str| {
        let text = format!("```diff\n--- lib/c.py\n+++ lib/c.py\n@@ ... @@\n{hunk}\n```\n");
        let mut seen = asked(DIFFS);
        seen.user("I have *added these files to the chat*\n\nlib/c.py\n```\nx = 1\ny = 2\nz = 3\nw = 4\n```\n");
        label(edits::text(&text, &seen))
    };
    assert_eq!(verdict("-x = 2\n+x = 3"), Some("patch_context_missing"));
    assert_eq!(verdict(" y = 2\n-x = 2\n+x = 3"), None);
    assert_eq!(verdict("-x = 2\n+x = 2"), None, "what changes nothing is passed over");
    assert_eq!(verdict("+v = 0"), None);
}

#[test]
fn a_paste_whose_fences_are_unclear_holds_nothing() {
    let mut seen = Seen::new();
    seen.instructions(BLOCKS);
    seen.user("I have *added these files to the chat*\n\na.md\n```\ntext\n```\ncode\n```\nmore\n```\n");
    assert_eq!(label(edits::text(&block("a.md", "more", "less"), &seen)), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_cut_gives_one_verdict(at in 0_usize..120, good in any::<bool>(), diff in any::<bool>()) {
        let name = if good { "f" } else { "g" };
        let (instructions, text) = if diff {
            (DIFFS, format!("```diff\n--- a.py\n+++ a.py\n@@ @@\n-def {name}():\n+x\n```\n"))
        } else {
            (BLOCKS, block("a.py", &format!("def {name}():"), "x") + &block("a.py", "x", "y"))
        };
        let seen = asked(instructions);
        let (head, tail) = text.split_at(at.min(text.len()));
        let mut blocks = edits::Blocks::new();
        let cut = blocks.push(head, &seen).and_then(|()| blocks.push(tail, &seen)).and_then(|()| blocks.finish(&seen));
        prop_assert_eq!(label(cut), label(edits::text(&text, &seen)));
    }
}
