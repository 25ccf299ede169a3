//! What a person's words look like and say, with and without what they pasted.

use anvil_dialect::{Dialect, Phrases, Request, Shape};
use proptest::prelude::*;
use serde_json::json;

use crate::{DIALECTS, decode, wire};

fn request(text: &str) -> Request {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": text}]});
    decode(Dialect::Chat, body.to_string()).unwrap()
}

fn shape(text: &str) -> Shape {
    request(text).shape()
}

/// Which of `phrases` the prose of `text` holds.
fn spoken<'p>(text: &str, phrases: &[&'p str]) -> Vec<&'p str> {
    let found = request(text).spoken(&Phrases::new(phrases).unwrap());
    found.into_iter().map(|place| phrases[place]).collect()
}

const DIFF: &str = "diff --git a/src/a.py b/src/a.py
index 83db48f..bf2a5d1 100644
--- a/src/a.py
+++ b/src/a.py
@@ -1,4 +1,4 @@ def plan():
 # refactor

-plan
+review
 done";

const TRACES: [&str; 7] = [
    "Traceback (most recent call last):\n  File \"/r/a.py\", line 3, in plan\n    plan(review)\n    ^^^^^^\nValueError: no plan",
    "TypeError: plan is not a function\n    at review (/r/plan.js:3:14)\n    at Object.<anonymous> (/r/b.js:1:1)",
    "Exception in thread \"main\" java.io.IOException: plan\n\tat com.plan.Review.main(Review.java:12)\n\t... 3 more",
    "thread 'main' panicked at src/plan.rs:3:5:\n   0: std::panicking::plan\n             at /rustc/review/plan.rs:9",
    "panic: plan\n\ngoroutine 1 [running]:\n\t/r/plan/review.go:12 +0x1d",
    "System.ArgumentException: plan\n   at Review.Plan(String x) in C:\\r\\Plan.cs:line 12",
    "\tfrom plan.rb:3:in `review'",
];

const LOG: &str = "2026-01-02T03:04:05Z plan
2026-01-02 03:04:05,123 review
[2026-01-02 03:04:05] plan
03:04:05.123 plan
Jan  2 03:04:05 host plan[1]: review
[ERROR] plan
INFO: review
ERROR  plan
DEBUG [review] plan
error[E0308]: plan
src/plan.rs:3:5: review
  --> src/plan.rs:3:5
3 |     plan
  |     ^^^^ review
npm ERR! plan
===== 1 failed, plan =====
FAILED tests/test_plan.py::test_review
E   assert plan == review";

#[test]
fn what_is_pasted_does_not_speak() {
    let fenced = "```python\nplan = review\n```";
    let tildes = "~~~\n```\nplan\n~~~";
    let patch = "*** Begin Patch\n*** Update File: plan.py\n@@\n-review\n+plan\n*** End Patch";
    let quoted = "> plan\n> review";
    let mut pasted = vec![fenced, tildes, patch, quoted, DIFF, LOG, "```plan```"];
    pasted.extend(TRACES);
    for paste in pasted {
        for text in [format!("{paste}\nExplain it."), format!("Explain it:\n{paste}"), format!("Explain\n{paste}\nit")]
        {
            assert_eq!(spoken(&text, &["plan", "review", "refactor", "explain"]), ["explain"], "{text}");
        }
    }
}

#[test]
fn what_is_written_by_hand_does() {
    for text in [
        "- plan the review\n- explain",
        "+ plan\n+ review it, explain",
        "Plan at noon (in review) and explain",
        "INFO is what I want: plan, review, explain",
        "1. plan\n2. review | explain",
        "from plan to review, explain",
        "panic about the plan? review, explain",
        "@@ plan, review and explain",
        "12: plan, review, explain",
        "Jan 2 is for plan, review, explain",
    ] {
        assert_eq!(spoken(text, &["plan", "review", "explain"]), ["plan", "review", "explain"], "{text}");
    }
    // After a diff's last line, lists are lists again.
    let text = format!("{DIFF}\n- plan\n- explain");
    assert_eq!(spoken(&text, &["plan", "explain"]), ["plan", "explain"]);
}

#[test]
fn where_all_is_pasted_all_of_it_speaks() {
    assert_eq!(spoken("```\nplan\n```", &["plan"]), ["plan"]);
    assert_eq!(spoken(LOG, &["review"]), ["review"]);
    assert_eq!(shape("```\nplan\n```"), Shape { code_fences: 1, pasted_bytes: 12, ..Shape::default() });
}

#[test]
fn a_fence_that_was_opened_in_what_is_left_out_is_closed_behind_it() {
    let code = "let plan = review;\n".repeat(1_000);
    for text in [
        format!("Explain:\n```\n{code}```\nThen translate."),
        format!("Explain:\n{}\n```\n{code}```\nThen translate.", "x y z ".repeat(1_000)),
    ] {
        let request = request(&text);
        let phrases = ["plan", "explain", "then translate"];
        let found = request.spoken(&Phrases::new(phrases).unwrap());
        assert_eq!(found, [1, 2]);
        assert!(request.shape().pasted_bytes > 18_000, "{:?}", request.shape());
    }
}

#[test]
fn diffs_and_traces_show() {
    assert!(shape(DIFF).has_diff && !shape(DIFF).has_stack_trace);
    assert!(shape("--- a.py\n+++ b.py\n@@ -1 +1 @@\n-a\n+b").has_diff);
    assert!(!shape("--- a line\n- one\n+ two").has_diff);
    for trace in TRACES {
        assert!(shape(trace).has_stack_trace && !shape(trace).has_diff, "{trace}");
    }
    assert!(!shape("at last (see a:3)\nFile it, line 3").has_stack_trace);
    assert!(!shape(LOG).has_stack_trace);
}

#[test]
fn questions() {
    for text in [
        "Does it work?",
        "これは何ですか？",
        "هل يعمل؟",
        "Look at \"this?\"",
        "**Is it?**",
        "why does it fail",
        "I ran it. What's wrong here.",
        "I ran it.\nwarum geht das nicht",
        "Comment ça marche",
        "¿Por qué falla",
        "não funciona. o que fazer",
        "why?\n```\ncode\n```",
    ] {
        assert!(shape(text).question, "{text}");
    }
    for text in
        ["Fix it.", "Why it fails I know. Fix it.", "Comment out the line", "when I run it, fix it", "", "whatever"]
    {
        assert!(!shape(text).question, "{text}");
    }
}

#[test]
fn paths() {
    for (text, count) in [
        ("look at src/a.py, `Foo.tsx` and ./x/y", 3),
        ("src/a.py src/a.py:12:5 src/a.py.", 1),
        ("client/server and/or Node.js e.g. v1.2.3 3/4 https://a.org/b.py", 0),
        ("C:\\x\\y.cs ~/notes.md Makefile src/api packages/core/src @/lib/x a\\b.py", 7),
        ("*.rs (README.md)", 2),
        ("```\na.py\n```\nb.py", 1),
        ("i.e. the end.", 0),
    ] {
        assert_eq!(shape(text).paths, count, "{text}");
    }
    let many: Vec<String> = (0..100).map(|number| format!("{number}.py")).collect();
    assert_eq!(shape(&many.join(" ")).paths, 64);
}

#[test]
fn items_and_words() {
    let text = "Do:\n- one\n* two three\n1. four\n 12) five\n-six\n---\n2026. seven";
    assert_eq!((shape(text).list_items, shape(text).words), (4, 11));
    assert_eq!(shape("計画を立てて").words, 3);
    assert_eq!(shape("このAPIを直す, ok").words, 5);
    assert_eq!(shape("리팩터링 좀 해줘 — !").words, 3);
}

#[test]
fn a_harness_is_known_by_its_instructions() {
    let phrases = Phrases::new(["claude agent sdk", "codex cli", "current date", "you are opencode", "cwd"]).unwrap();
    let instructed = |dialect: Dialect, case: &str| {
        decode(dialect, wire(&format!("{}/{case}/request.json", dialect.name()))).unwrap().instructed(&phrases)
    };
    assert_eq!(instructed(Dialect::Messages, "claude_code_loop"), [0]);
    assert_eq!(instructed(Dialect::Chat, "opencode_loop"), [3]);
    assert_eq!(instructed(Dialect::Responses, "codex"), [1, 4]);
}

#[test]
fn a_mode_is_known_by_what_stands_beside_the_last_words() {
    let phrases = Phrases::new(["plan mode is active", "be brief", "fix it", "old", "late"]).unwrap();
    let long = "x".repeat(60_000);
    for dialect in DIALECTS {
        let messages = json!([
            {"role": "user", "content": "<system-reminder>old</system-reminder>hello"},
            {"role": "assistant", "content": "plan mode is active"},
            {"role": "user", "content": format!("<environment_details>{long}</environment_details>")},
            {"role": "user", "content": "fix it <system-reminder>Plan mode is active.</system-reminder>"},
            {"role": "assistant", "content": "x"},
            {"role": "user", "content": "<system-reminder>late</system-reminder>"},
        ]);
        let body = match dialect {
            Dialect::Messages => json!({"model": "m", "max_tokens": 1, "system": "Be brief.", "messages": messages}),
            Dialect::Chat => {
                let mut all = vec![json!({"role": "developer", "content": "Be brief."})];
                all.extend(messages.as_array().unwrap().clone());
                json!({"model": "m", "messages": all})
            }
            Dialect::Responses => json!({"model": "m", "instructions": "Be brief.", "input": messages}),
        };
        let request = decode(dialect, body.to_string()).unwrap();
        assert_eq!(request.instructed(&phrases), [0, 1, 4], "{dialect:?}");
        assert_eq!(request.spoken(&phrases), [2]);
    }
}

#[test]
fn instructions_are_read_to_their_limit() {
    let phrases = Phrases::new(["beginning", "end"]).unwrap();
    let instructed = |length: usize| {
        let system = format!("beginning {} end", "é ".repeat(length));
        let body =
            json!({"model": "m", "max_tokens": 1, "system": system, "messages": [{"role": "user", "content": "x"}]});
        decode(Dialect::Messages, body.to_string()).unwrap().instructed(&phrases)
    };
    assert_eq!((instructed(10_000), instructed(20_000)), (vec![0, 1], vec![0]));
}

proptest! {
    #[test]
    fn any_text_has_a_shape(lines in proptest::collection::vec(0_usize..100, 0..30), other in "\\PC{0,40}") {
        let pieces: Vec<&str> = DIFF.lines().chain(LOG.lines()).chain(TRACES.iter().flat_map(|trace| trace.lines()))
            .chain(["```", "~~~", "", "[", "@@ -1,99999 +1 @@", other.as_str(), "2026-01-02", "2026-01-02T", "ERROR", "1.", "|"])
            .collect();
        let text = lines.iter().map(|line| pieces[line % pieces.len()]).collect::<Vec<_>>().join("\n");
        let request = request(&text);
        let shape = request.shape();
        prop_assert!(shape.pasted_bytes <= request.facts().last_user_bytes);
        prop_assert!(shape.words <= text.len() && shape.paths <= 64);
        // What is prose is all of the text, for one that holds nothing else.
        let phrases = Phrases::new(["plan", "zzz"]).unwrap();
        prop_assert!(phrases.find(&text).len() >= request.spoken(&phrases).len());
    }
}
