//! Patches and blocks: what is read, what is not, and that pieces do not matter. What git says of them is in `git.rs`.

use anvil_verify::diff::{self, Diff, Reading};
use anvil_verify::{Defect, Passed};
use proptest::prelude::*;

fn reason(verdict: Result<Passed, Defect>) -> &'static str {
    match verdict {
        Ok(_) => "",
        Err(Defect::MalformedPatch { reason, .. }) => reason,
        Err(other) => panic!("{other:?}"),
    }
}

fn span(verdict: Result<Passed, Defect>) -> std::ops::Range<usize> {
    let span = verdict.unwrap_err().span().unwrap();
    span.start..span.end
}

const EDIT: &str = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\n+c\n-b\n";

#[test]
fn a_hunk_must_have_the_lines_that_it_announces() {
    assert_eq!(reason(diff::check(EDIT)), "");
    let longer = EDIT.replace("-1,2", "-1,3");
    assert_eq!(reason(diff::check(&longer)), "a hunk has fewer lines than its first line says");
    assert_eq!(&longer[span(diff::check(&longer))], "@@ -1,3 +1,2 @@");
    let shorter = EDIT.replace("+1,2", "+1,1");
    assert_eq!(reason(diff::check(&shorter)), "a hunk has more lines than its first line says");
    assert_eq!(&shorter[span(diff::check(&shorter))], "+c");
}

#[test]
fn the_first_line_that_proves_it_rejects() {
    let mut diff = Diff::new(Reading::Patch);
    diff.feed("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n").unwrap();
    diff.feed("-").unwrap();
    let defect = diff.feed("b\n").unwrap_err();
    assert_eq!(diff.feed("more\n").unwrap_err(), defect);
    assert_eq!(diff.end().unwrap_err(), defect);
}

#[test]
fn the_last_line_of_a_patch_must_end_and_that_of_a_block_need_not() {
    let open = EDIT.trim_end();
    assert_eq!(reason(diff::check(open)), "the last line of a hunk does not end");
    assert_eq!(reason(diff::check_block(open)), "");
}

#[test]
fn nothing_is_no_patch_and_an_empty_block_is_no_defect() {
    for text in ["", "\n", "Some words.\n", "-a\n+b\n", "@@\n-a\n+b\n"] {
        assert_eq!(reason(diff::check(text)), "there is no patch in it", "{text}");
        assert_eq!(reason(diff::check_block(text)), "", "{text}");
    }
}

#[test]
fn an_illustration_is_no_defect() {
    for text in [
        "-old\n+new\n",
        " context\n-old\n+new\n",
        "@@ -1,9 +1,9 @@\n-old\n+new\n",
        "@@ ... @@\n-old\n+new\n",
        "--- a/x\n+++ b/x\n-old\n+new\n",
        "--- a/x\n+++ b/x\n@@ ... @@\n-old\n+new\n",
        "--- a/x\n+++ b/x\n@@ -10,x +10,y @@\n-old\n+new\n",
        "--- a/x\n+++ b/x\n@@ class Example @@\n-old\n+new\n",
        "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-old\n+new\n...\n",
        "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-old\n+new\n ...\n",
        "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n # ... the rest ...\n-old\n+new\n",
        "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n // … as before\n-old\n+new\n",
        "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-old\n+new\n@@ ... @@\n-old\n",
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ ... @@\n-old\n+new\n",
        "*** Begin Patch\n*** Update File: x\n@@ def f():\n-old\n+new\n*** End Patch\n",
        "diff --cc x\nindex 1,2..3\n--- a/x\n+++ b/x\n@@@ -1,9 -1,9 +1,9 @@@\n--old\n++new\n",
    ] {
        assert_eq!(reason(diff::check_block(text)), "", "{text}");
    }
}

#[test]
fn a_block_that_claims_to_be_a_patch_is_held_to_it() {
    for (text, expected) in [
        ("--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-old\n+new\n", "a hunk has fewer lines than its first line says"),
        ("$ git diff\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n-b\n+c\n", "a hunk has more lines than its first line says"),
        ("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n+b\nc\n", "a line of a hunk begins with none of space, +, - and \\"),
        ("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n+c\n@@ -9 +9 @@\n-d\n+e\n", "a hunk has no header before it"),
        (
            "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n@@ -9 +9\n-d\n+e\n",
            "the first line of a hunk has not the form @@ -n,n +n,n @@",
        ),
        (
            "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-a\n+b\n@@ -9 +9 @@\n-d\n+e\n",
            "a hunk has fewer lines than its first line says",
        ),
        ("--- /dev/null\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", "a new file has old lines"),
        ("--- a/x\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n", "a deleted file has new lines"),
        ("diff --git a/x b/x\nindex 1..2 100644\n-a\n+b\n", "a git header changes nothing, and no hunk follows it"),
        ("diff --git a/x b/x\n-a\n+b\n", "there is no patch in it"),
        ("diff --git a/x b/x\n--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n", ""),
        (
            "diff --git a/x b/x\nnew file mode 100644\n--- a/x\n",
            "a new or deleted file has a name where /dev/null belongs",
        ),
        (
            "diff --git a/x b/x\nnew file mode 100644\ndeleted file mode 1\n",
            "a file is said to be more than one of new, deleted, renamed and copied",
        ),
    ] {
        assert_eq!(reason(diff::check_block(text)), expected, "{text}");
        assert_eq!(reason(diff::check(text)), expected, "{text}");
    }
}

#[test]
fn names_without_a_and_b_are_no_defect_in_a_block() {
    for text in [
        "--- x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n",
        "diff --git x x\n--- x\n+++ x\n@@ -1 +1 @@\n-a\n+b\n",
        "diff --git x y\nsimilarity index 90%\nrename from x\nrename to y\n",
    ] {
        assert_eq!(reason(diff::check_block(text)), "", "{text}");
    }
    assert_eq!(reason(diff::check("--- x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n")), "a header names no file");
}

#[test]
fn binary_patches_are_lines_in_base_85() {
    let binary = "diff --git a/x b/x\nindex 1..2 100644\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n\nliteral 0\nHcmV?d00001\n\n";
    assert_eq!(reason(diff::check(binary)), "");
    for (from, to) in
        [("IcmZ", "McmZ"), ("IcmZ", "Icm\""), ("000310", "00031"), ("\n\nlit", "\nlit"), ("cmZPo", "~~~~~")]
    {
        let broken = binary.replacen(from, to, 1);
        assert!(reason(diff::check(&broken)).contains("base 85"), "{broken}");
    }
    let other = binary.replace("literal 1", "zipped 1");
    assert_eq!(reason(diff::check(&other)), "a binary patch is neither literal nor delta");
    let note = "diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n";
    assert_eq!(reason(diff::check(note)), "");
}

#[test]
fn a_line_longer_than_what_is_kept_is_read_in_a_hunk_and_unknown_in_a_header() {
    let long = "x".repeat(1 << 20);
    assert_eq!(reason(diff::check(&format!("--- a/x\n+++ b/x\n@@ -1 +1 @@ {long}\n-{long}\n+{long}\n"))), "");
    assert_eq!(reason(diff::check(&format!("--- a/x\n+++ b/{long}\n@@ -1,9 +1 @@\n-a\n"))), "");
    assert_eq!(reason(diff::check(&format!("diff --git a/{long} b/y\nold mode x\n"))), "");
}

#[test]
fn hostile_headers_take_linear_time() {
    let spaces = format!("diff --git a/{}\n", "/ ".repeat(4000)).repeat(20);
    let quotes = format!("--- \"{}\n+++ \"{}\n", "\\\"".repeat(4000), "\\\"".repeat(4000)).repeat(20);
    // Quadratic work on one kept line would be minutes in a debug build.
    let start = std::time::Instant::now();
    let _ = (diff::check(&spaces), diff::check(&quotes));
    assert!(start.elapsed() < std::time::Duration::from_secs(5));
}

/// Lines that mean something, and pieces of them.
fn tokens() -> impl Strategy<Value = String> {
    let token = prop::sample::select(vec![
        "--- ",
        "+++ ",
        "a/x",
        "b/x",
        "/dev/null",
        "@@ -1 +1 @@\n",
        "@@ -1,2 +1,2 @@",
        "@@",
        "\n",
        "\n",
        "\r\n",
        "+a\n",
        "-a\n",
        " a\n",
        "\\ ",
        "No newline at end of file\n",
        "diff --git a/x b/x\n",
        "diff --cc x\n",
        "index 1..2 100644\n",
        "old mode 100644\n",
        "new mode 100755\n",
        "new file mode 100644\n",
        "deleted file mode 100644\n",
        "rename from x\n",
        "rename to y\n",
        "GIT binary patch\n",
        "literal 1\n",
        "IcmZPo000310RR91\n",
        "Binary files a and b differ\n",
        "...",
        "\"",
        "\\\"",
        "ü",
        "\0",
        "diff --git x y\n",
        "copy to ",
        "--- a/x\n+++ b/x\n",
    ]);
    prop::collection::vec(token, 0..40).prop_map(|tokens| tokens.concat())
}

fn read(reading: Reading, pieces: &[&str]) -> Result<(), Defect> {
    let mut diff = Diff::new(reading);
    for piece in pieces {
        diff.feed(piece)?;
    }
    diff.end().map(|_| ())
}

fn every_cut_gives_one_verdict(text: &str) {
    for reading in [Reading::Patch, Reading::Block] {
        let whole = read(reading, &[text]);
        let letters: Vec<&str> = text.split_inclusive(|_| true).collect();
        assert_eq!(read(reading, &letters), whole);
        for (at, _) in text.char_indices() {
            assert_eq!(read(reading, &[&text[..at], &text[at..]]), whole, "cut at {at}");
        }
        if let Err(Defect::MalformedPatch { span, .. }) = whole {
            assert!(span.start <= span.end && span.end <= text.len() && text.get(span.start..span.end).is_some());
        }
    }
}

proptest! {
    #[test]
    fn any_text_gives_one_verdict_however_it_is_cut(text in "\\PC{0,80}") {
        every_cut_gives_one_verdict(&text);
    }

    #[test]
    fn any_tokens_give_one_verdict_however_they_are_cut(text in tokens()) {
        every_cut_gives_one_verdict(&text);
    }

    #[test]
    fn what_a_patch_passes_a_block_passes(text in tokens()) {
        prop_assert!(diff::check(&text).is_err() || diff::check_block(&text).is_ok(), "{text:?}");
    }
}

#[test]
fn a_last_line_may_have_an_end_in_a_block_or_none() {
    let cut = "diff --git a/x b/x\nnew file mode 100644\n--- ";
    assert!(diff::check(cut).is_ok() && diff::check_block(cut).is_ok());
    assert!(diff::check(&format!("{cut}\n")).is_err() && diff::check_block(&format!("{cut}\n")).is_err());
}
