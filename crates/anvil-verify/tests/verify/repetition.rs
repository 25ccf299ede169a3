//! Loops, and what repeats itself for a reason.

use std::fmt::Write;

use anvil_verify::{Defect, Repetition};
use proptest::prelude::*;

fn repeated(text: &str, size: usize) -> Option<&str> {
    let mut repetition = Repetition::default();
    let verdict = crate::pieces(text, size).into_iter().try_for_each(|piece| repetition.feed(piece));
    let span = verdict.err().and_then(|defect: Defect| defect.span())?;
    Some(&text[span.start..span.end])
}

fn assert_loop(text: &str, expected_length: usize) {
    for size in [3, 64, 511, 512, 513, usize::MAX] {
        assert_eq!(repeated(text, size).map(str::len), Some(expected_length), "in pieces of {size}");
    }
}

#[test]
fn a_loop_is_found_with_what_it_says() {
    let sentence = "The round-robin balancer picks the next backend. ";
    assert_loop(&format!("Sure.\n\n{}", sentence.repeat(80)), sentence.len());
    let line = "Let me check the file again.\n";
    assert_loop(&line.repeat(64 + 50), line.len());
    let group = "I will read the file.\n\nNow I will fix the test.\n\nLet me look at the output.\n\n";
    assert_loop(&format!("Start.\n{}", group.repeat(60)), group.len());
    let block = "```python\nprint(1)\n```\n\nHere it is again:\n\n";
    assert_loop(&block.repeat(100), block.len());
    assert_loop(&"好的，我来看看这个文件。".repeat(120), "好的，我来看看这个文件。".len());
    assert_loop(&"!".repeat(9000), 1);
    assert_loop(&"Let me   ".repeat(600), 9);
}

#[test]
fn a_loop_in_a_fence_is_found_later() {
    let line = "    result.append(process(item))\n";
    let text = format!("```python\n{}", line.repeat(600));
    assert_loop(&text, line.len());
    assert_eq!(repeated(&text[..6000], 100), None);
}

#[test]
fn most_lines_the_same_are_a_loop() {
    let mut text = String::new();
    for turn in 0..90 {
        text += "I apologize for the confusion, let me try again.\n";
        if turn % 7 == 0 {
            let _ = writeln!(text, "Attempt {turn}.");
        }
    }
    assert_loop(&text, "I apologize for the confusion, let me try again.\n".len());
}

#[test]
fn what_repeats_itself_for_a_reason_passes() {
    let row = "| 0 | 0 | 0 |\n".repeat(200);
    let blank_table = format!("| Name | Mon | Tue |\n|---|---|---|\n{}", "|  |  |  |\n".repeat(120));
    let zeros =
        format!("```c\nint grid[64][64] = {{\n{}}};\n```", format!("    {{{}}},\n", "0, ".repeat(64)).repeat(64));
    let flags = format!("```js\n[{}]\n```", "false, ".repeat(1000));
    let encoded = format!("![dot](data:image/bmp;base64,{})", "A".repeat(7000));
    let json = format!("[{}]", "{\"enabled\": true, \"name\": null}, ".repeat(200));
    let tests = format!("```js\n{}```", "it('works', () => {\n  expect(f()).toBe(true)\n})\n".repeat(30));
    let (mut dump, mut numbered) = (String::new(), String::new());
    for at in 1..600 {
        let _ = writeln!(dump, "{:08x}  00 00 00 00 00 00 00 00", at * 8);
        let _ = writeln!(numbered, "{at}. Write a test for the parser");
    }
    let lorem = "Lorem ipsum dolor sit amet, consectetur adipiscing elit. ".repeat(40);
    let padded = format!("| a |{}|\n|---|{}|\n| b |{}|\n", " ".repeat(3000), "-".repeat(3000), " ".repeat(3000));
    for text in [
        row,
        blank_table,
        zeros,
        flags,
        encoded,
        json,
        tests,
        dump,
        numbered,
        lorem,
        padded,
        "-".repeat(5000),
        "─".repeat(2000),
        "=".repeat(80) + "\n",
        " ".repeat(10_000),
        "hi! ".repeat(300),
    ] {
        for size in [100, usize::MAX] {
            assert_eq!(repeated(&text, size), None, "{}", &text[..text.len().min(60)]);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_period_is_found_wherever_it_begins(period in "[g-w]{2}[a-zé ]{0,500}", before in "[a-z ]{0,1500}", size in 1_usize..2000) {
        // A period of one letter only is believed after 16 KiB and 32 times.
        let text = before + &period.repeat(34_000 / period.len());
        let found = repeated(&text, size).map(str::len);
        prop_assert!(found.is_some_and(|length| period.len() % length == 0), "{found:?} of {}", period.len());
        prop_assert_eq!(found, repeated(&text, usize::MAX).map(str::len));
    }
}

/// Run with `ANVIL_FILES=/usr:/work cargo test -p anvil-verify no_file_repeats -- --ignored --nocapture`.
#[test]
#[ignore = "reads what files the machine has"]
fn no_file_repeats_itself() {
    let (mut files, mut found) = (0, Vec::new());
    for root in std::env::var("ANVIL_FILES").unwrap().split(':') {
        for path in crate::files_under(
            root.as_ref(),
            &["md", "rst", "txt", "py", "js", "ts", "rs", "go", "html", "json", "css"],
        ) {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            files += 1;
            if let Some(repeated) = repeated(&text, usize::MAX) {
                found.push((path, repeated.chars().take(60).collect::<String>()));
            }
        }
    }
    // Source that stands alone is taken for prose here; in an answer it stands in a fence, where more is allowed.
    assert!(found.len() * 10_000 <= files, "{} of {files} files: {found:#?}", found.len());
    assert!(found.iter().all(|(path, _)| path.extension().is_none_or(|extension| extension != "md")), "{found:#?}");
}
