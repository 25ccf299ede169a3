//! What is a fence, against another implementation of CommonMark, and what a caller learns while it streams.

use anvil_verify::{BLOCK_LIMIT, Defect, FenceEvent, FencedBlock, Fences, Place, TextKind};
use proptest::prelude::*;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// The blocks of a text that is fed in pieces of so many bytes, whether one is left open, and the text outside of them.
fn blocks(text: &str, size: usize) -> (Vec<FencedBlock>, Option<Defect>, String) {
    let (mut fences, mut found, mut outside) = (Fences::default(), Vec::new(), String::new());
    let mut note = |event: FenceEvent<'_>| match event {
        FenceEvent::Closed(block) => found.push(block),
        FenceEvent::Text { text, .. } => outside.push_str(text),
        FenceEvent::Opened { .. } | FenceEvent::Content(_) => {}
    };
    for piece in crate::pieces(text, size) {
        fences.feed(piece, &mut note);
    }
    fences.end(&mut note);
    (found, fences.open_fence(), outside)
}

fn ours(text: &str) -> Vec<(String, String)> {
    blocks(text, usize::MAX).0.into_iter().map(|block| (block.info, block.content)).collect()
}

fn theirs(text: &str) -> Vec<(String, String)> {
    let (mut found, mut open) = (Vec::new(), None);
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => open = Some((info.to_string(), String::new())),
            Event::Text(text) => {
                if let Some((_, content)) = &mut open {
                    content.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => found.extend(open.take()),
            _ => {}
        }
    }
    found
}

/// A line of Markdown. No tab stands before a quote's marker or behind a closing one: there the other implementation leaves
/// the specification.
fn a_line() -> impl Strategy<Value = String> {
    let container = prop::sample::select(vec![
        "", "", "", "", " ", "  ", "   ", "    ", "> ", ">", "- ", "* ", "1. ", "2) ", "10. ", "+", "-     ", "  - ",
    ]);
    let text = prop::sample::select(vec![
        "",
        "```",
        "```",
        "````",
        "~~~",
        "~~~~ x",
        "```rust",
        "``` a`b",
        "```js title",
        "word",
        "# head",
        "---",
        "===",
        "***",
        "`code`",
        "<div>",
        "</div>",
        "<!-- note",
        "-->",
        "<b>",
        "<pre>",
        "</pre>",
        "<a href='x'>",
        "* * *",
        "<x-y a=b />",
        "`` ```",
        "| a | b |",
        "    deep",
        "``` ",
        "\\```",
        "&copy;",
        "<?php",
        "?>",
        "1.",
        "-",
    ]);
    (prop::collection::vec(container, 0..4), text).prop_map(|(containers, text)| containers.concat() + text)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn fences_are_what_another_implementation_finds(lines in prop::collection::vec(a_line(), 1..12)) {
        let text = lines.join("\n") + "\n";
        prop_assert_eq!(ours(&text), theirs(&text), "{}", text);
    }

    #[test]
    fn every_way_of_cutting_finds_the_same(lines in prop::collection::vec(a_line(), 1..12), size in 1_usize..9) {
        let text = lines.join("\n");
        prop_assert_eq!(blocks(&text, size), blocks(&text, usize::MAX));
    }
}

/// Run with `ANVIL_MARKDOWN=/usr:/work cargo test -p anvil-verify every_markdown -- --ignored --nocapture`.
#[test]
#[ignore = "reads what documents the machine has"]
fn every_markdown_file_has_the_same_fences() {
    let mut differ = Vec::new();
    for root in std::env::var("ANVIL_MARKDOWN").unwrap().split(':') {
        for path in crate::files_under(root.as_ref(), &["md", "markdown"]) {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let (one, other) = (ours(&text), theirs(&text));
            if one != other {
                differ.push(path);
            }
        }
    }
    assert!(differ.is_empty(), "{differ:#?}");
}

#[test]
fn a_caller_knows_where_it_is() {
    let mut fences = Fences::default();
    for (piece, place) in [
        ("Look:", Place::Text),
        ("\n", Place::Text),
        ("1. ", Place::Start),
        ("``", Place::Start),
        ("`py", Place::Start),
        ("\n", Place::Fence),
        ("   x = 1\n   ``", Place::Fence),
        ("`", Place::Fence),
        ("\n", Place::Text),
        ("`inline", Place::Start),
        ("` code\nand so", Place::Text),
    ] {
        fences.feed(piece, |_| {});
        assert_eq!(fences.place(), place, "{piece:?}");
    }
}

#[test]
fn an_open_fence_is_told_with_its_place() {
    let text = "Look:\n\n```rust\nfn main() {}\n";
    let (found, open, _) = blocks(text, 3);
    assert_eq!(open.unwrap().span().map(|span| &text[span.start..span.end]), Some("```rust"));
    assert!(found.iter().all(|block| !block.is_closed && block.content == "fn main() {}\n"));
    assert_eq!(blocks("```rust\nfn main() {}\n```", 1).1, None, "the last line needs no end");
}

#[test]
fn a_stray_marker_at_the_end_is_no_open_fence() {
    let nested = "```markdown\n# Use\n```bash\nnpm i\n```\nDone.\n```";
    let (found, open, _) = blocks(nested, 5);
    assert_eq!(open, None);
    assert!(found.iter().all(|block| block.is_doubtful));
    assert_eq!(blocks("```\nx\n```\n```\n", 4).1, None);
}

#[test]
fn a_longer_marker_holds_fences_without_doubt() {
    let (found, open, _) = blocks("````markdown\n```sh\nls\n```\n````\n", 2);
    assert_eq!((found.len(), found[0].is_doubtful, found[0].is_closed, open), (1, false, true, None));
    assert_eq!(found[0].content, "```sh\nls\n```\n");
}

#[test]
fn a_fence_ends_with_its_list() {
    let (found, open, outside) = blocks("- ```js\n  f()\n\nAnd then.", 1);
    assert_eq!((found[0].content.as_str(), found[0].is_closed, open), ("f()\n\n", false, None));
    assert_eq!(outside, "And then.");
}

#[test]
fn a_block_above_the_cap_is_not_kept() {
    let text = format!("```\n{}\n```\nEnd", "0123456 ".repeat(BLOCK_LIMIT / 8));
    let (found, _, outside) = blocks(&text, 1000);
    assert_eq!((found[0].is_whole, found[0].content.as_str(), outside.as_str()), (false, "", "End"));
}

#[test]
fn indented_code_is_told_from_prose() {
    let mut kinds = Vec::new();
    let mut fences = Fences::default();
    let mut note = |event: FenceEvent<'_>| {
        if let FenceEvent::Text { kind, .. } = event {
            kinds.push(kind);
        }
    };
    fences.feed("word\n    still\n\n    code\n", &mut note);
    fences.end(&mut note);
    assert_eq!(kinds, [TextKind::Prose, TextKind::Prose, TextKind::Blank, TextKind::Code]);
}

#[test]
fn a_line_without_end_takes_bounded_memory_and_is_all_told() {
    for filler in ["word ", "`", "\u{fffd}", "-", " ", ">"] {
        let text = filler.repeat(20_000);
        assert_eq!(blocks(&text, 777).2, text, "{filler:?}");
    }
}
