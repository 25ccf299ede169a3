//! Phrases found in texts, whatever their case, spaces and quotation marks, and in no longer word.

use anvil_dialect::{BadPhrases, Phrases};
use proptest::prelude::*;

fn find(phrases: &[&str], text: &str) -> Vec<usize> {
    Phrases::new(phrases).unwrap().find(text)
}

#[test]
fn case_spaces_and_quotation_marks_do_not_matter() {
    for (phrase, text) in [
        ("what's wrong", "Hm. WHAT’S \n\t wrong?"),
        ("“do it”", "please \"Do It\"!"),
        ("Überarbeite  bitte", "überarbeite\u{a0}bitte das"),
        ("ПРОЧИТАЙ", "прочитай это"),
        (" plan ", "plan"),
        ("c++", "in c++."),
        ("/review", "run /review now"),
        ("straße", "STRAßE"),
        ("?", "why?"),
    ] {
        assert_eq!(find(&[phrase], text), [0], "{phrase} in {text}");
    }
}

#[test]
fn a_phrase_is_found_in_no_longer_word() {
    for (phrase, text) in [
        ("change", "exchange"),
        ("plan", "planes"),
        ("plan", "plan_b"),
        ("plan", "2plan"),
        ("cafe", "cafe\u{301}"),
        ("fix it", "prefix it"),
        ("fix it", "fix items"),
        ("réa", "réagir"),
        ("refactor*", "prerefactoring"),
    ] {
        assert_eq!(find(&[phrase], text), [0; 0], "{phrase} in {text}");
    }
    for (phrase, text) in [("plan", "a-plan."), ("plan", "plan-b"), ("plan", "(plan)"), ("plan", "planes plan")] {
        assert_eq!(find(&[phrase], text), [0], "{phrase} in {text}");
    }
}

#[test]
fn a_stem_takes_any_ending() {
    for text in ["refactor", "Refactoring", "refactored it", "refactor-all"] {
        assert_eq!(find(&["refactor*"], text), [0], "{text}");
    }
    assert_eq!(find(&["plan the mig*"], "plan the\nmigration"), [0]);
}

#[test]
fn scripts_without_spaces_need_no_boundary() {
    for (phrase, text) in [
        ("計画", "この計画を立てて"),
        ("リファクタ", "全部リファクタして"),
        ("วางแผน", "ช่วยวางแผนหน่อย"),
        // Particles are written to the end of a word.
        ("리팩터링", "리팩터링을 해줘"),
        ("계획", "새 계획이"),
        // Where the script changes another word begins.
        ("plan", "このplanを"),
        ("api", "API를 바꿔"),
        ("설계", "API설계"),
    ] {
        assert_eq!(find(&[phrase], text), [0], "{phrase} in {text}");
    }
    assert_eq!(find(&["계획"], "재계획"), [0; 0]);
}

#[test]
fn phrases_that_lie_in_one_another_all_count() {
    let phrases = ["plan", "a plan", "make a plan", "plan for", "plan", "an"];
    assert_eq!(find(&phrases, "Make a plan for it"), [0, 1, 2, 3, 4]);
    assert_eq!(find(&[], "x"), [0; 0]);
}

#[test]
fn what_cannot_be_looked_for_is_refused() {
    for (phrases, expected) in [(vec!["a", ""], 1), (vec![" \n"], 0), (vec!["a", "b", "*"], 2)] {
        assert!(matches!(Phrases::new(&phrases), Err(BadPhrases::Empty { index }) if index == expected));
    }
    assert!(matches!(Phrases::new(["x".repeat(400_000)]), Err(BadPhrases::TooLarge)));
}

/// Whether `phrase` stands in `text`, both of small ASCII letters and single spaces, as one would look for it by hand.
fn stands(phrase: &str, text: &str) -> bool {
    let is_letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_lowercase);
    (0..text.len()).any(|start| {
        let before = start.checked_sub(1).and_then(|before| text.as_bytes().get(before));
        let after = text.as_bytes().get(start + phrase.len());
        text[start..].starts_with(phrase) && !is_letter(before) && !is_letter(after)
    })
}

proptest! {
    #[test]
    fn every_phrase_is_found_where_it_stands_and_nowhere_else(
        phrases in proptest::collection::vec("[ab]( ?[ab]){0,3}", 1..20),
        text in "[ab]?( ?[ab]){0,30}",
    ) {
        let expected: Vec<usize> = (0..phrases.len()).filter(|place| stands(&phrases[*place], &text)).collect();
        prop_assert_eq!(Phrases::new(&phrases).unwrap().find(&text), expected);
    }

    #[test]
    fn any_text_is_found_in_itself(text in "\\PC{1,40}", before in "[ .!?]{0,3}", after in "[ .!?]{0,3}") {
        prop_assume!(!text.trim().is_empty() && !text.trim_end().ends_with('*'));
        let phrases = Phrases::new([&text]).unwrap();
        prop_assert_eq!(phrases.find(&format!("{before}{text}{after}")), [0]);
    }
}
