//! Tokens that leaked, and tokens that are spoken of.

use anvil_verify::template::in_name;
use anvil_verify::{Defect, Template, Tokens};
use proptest::prelude::*;

fn token(text: &str, named: Tokens, size: usize) -> Option<&str> {
    let mut template = Template::new(named);
    let mut verdict = crate::pieces(text, size).into_iter().try_for_each(|piece| template.feed(piece));
    verdict = verdict.and_then(|()| template.end());
    let span = verdict.err().and_then(|defect: Defect| defect.span())?;
    Some(&text[span.start..span.end])
}

fn assert_found(text: &str, expected: Option<&str>) {
    for size in [1, 2, 5, 17, usize::MAX] {
        assert_eq!(token(text, Tokens::default(), size), expected, "{text:?} in pieces of {size}");
    }
}

#[test]
fn a_token_that_leaked_is_found() {
    for (text, expected) in [
        ("Done.<|im_end|>", "<|im_end|>"),
        ("Done.<|im_end|>\n<|im_start|>user\nThanks", "<|im_end|>"),
        ("<|im_start|>assistant\nSure.", "<|im_start|>"),
        ("<|channel|>analysis<|message|>We need to", "<|channel|>"),
        ("Ok\n<|start|>assistant<|channel|>final<|message|>Four.<|return|>", "<|start|>"),
        ("Fixed it.<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nIt", "<|eot_id|>"),
        ("All good<end_of_turn>\n", "<end_of_turn>"),
        ("好的。<｜end▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
        ("<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function", "<｜tool▁calls▁begin｜>"),
        ("[TOOL_CALLS][{\"name\": \"x\"}]", "[TOOL_CALLS]"),
        ("Let me look.\n<|tool_call>call:read{path:<|\"|>a<|\"|>}<tool_call|>", "<|tool_call>"),
        ("Four.</s>", "</s>"),
        ("Four.</s>\n\n", "</s>"),
        ("Use `cat`.\n\n```sh\ncat x\n```\n\nDone<|endoftext|>", "<|endoftext|>"),
        ("<|assistant|>\nSure.", "<|assistant|>"),
        ("analysisWe need to add.assistantfinalFour", "assistantfinal"),
        ("- one\n- two<|im_end|>", "<|im_end|>"),
        // What follows is doubtful; what came before is not.
        ("<|im_end|>\n\n```\n```text\n\n", "<|im_end|>"),
    ] {
        assert_found(text, Some(expected));
    }
}

#[test]
fn a_token_that_is_spoken_of_is_none() {
    for text in [
        "The turn ends with `<|im_end|>`.",
        "The turn ends with `` `<|im_end|> ``",
        "A span may go\non, `as here\n<|im_start|>user` does",
        "```\n<|im_start|>user\nHi<|im_end|>\n```\n",
        "~~~jinja\n<|im_start|>{{ role }}\n~~~",
        "It looks so:\n\n    <|im_start|>user\n    Hi<|im_end|>\n",
        "ChatML uses <|im_start|> and <|im_end|> around a turn.",
        "The turn ends with <|im_end|>, then comes the next.",
        "Each turn ends with <|im_end|>\n",
        "以<|im_end|>结束。\n结束标记是<|im_end|>\n",
        "Compare it with \"<|im_end|>\"",
        "| token | use |\n|---|---|\n| <|im_end|> | ends a turn |\n",
        "- <|im_end|>\n- <|im_start|>\n",
        "<p><s>old</s> new</p>",
        "It costs <s>9</s>",
        "Close it with </s> and go on.",
        "Compose with f <| g |> h",
        "The assistantfinal branch is gone.",
        "```markdown\n# Template\n```text\nx\n```\n<|im_start|>user\n```\n",
        "MOV [INST], AX",
    ] {
        assert_found(text, None);
    }
}

#[test]
fn what_the_request_names_may_be_answered() {
    let text = "Add this:\n\n<|im_start|>user\nHi<|im_end|>\n";
    assert_eq!(token(text, Template::tokens_in("why <|im_start|>?"), 3), Some("<|im_end|>"));
    let both = Template::tokens_in("why <|im_start|>?") | Template::tokens_in("and <|im_end|>");
    assert_eq!(token(text, both, 3), None);
    assert_eq!(token(text, Template::tokens_in("Write a Chat Template"), 3), None);
    assert_eq!(Template::tokens_in("Fix the login page"), Tokens::default());
}

#[test]
fn a_name_with_a_token_in_it_is_told() {
    for name in ["Read<|channel|>commentary", "functions.Read<|constrain|>json", "<|constrain|>json", "ls<|im_end|>"] {
        assert!(in_name(name), "{name}");
    }
    for name in ["Read", "mcp__files__read", "a|b", "assistantfinal"] {
        assert!(!in_name(name), "{name}");
    }
}

proptest! {
    #[test]
    fn every_way_of_cutting_gives_one_verdict(
        parts in prop::collection::vec(prop::sample::select(vec![
            "<|im_end|>", "<|im_start|>", "user", " ", "\n", "`", "```", "\n\n", "</s>", "<s>", "word", "\"", "analysisA", "    ", "。",
        ]), 0..20),
        size in 1_usize..8,
    ) {
        let text = parts.concat();
        prop_assert_eq!(token(&text, Tokens::default(), size), token(&text, Tokens::default(), usize::MAX));
    }
}

/// Run with `ANVIL_MARKDOWN=/usr:/work cargo test -p anvil-verify no_document -- --ignored --nocapture`.
#[test]
#[ignore = "reads what documents the machine has"]
fn no_document_has_a_token() {
    let mut found = Vec::new();
    for root in std::env::var("ANVIL_MARKDOWN").unwrap().split(':') {
        for path in crate::files_under(root.as_ref(), &["md", "rst", "txt", "py", "js", "ts", "rs", "html", "json"]) {
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            found.extend(token(&text, Tokens::default(), usize::MAX).map(|token| (path, token.to_owned())));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
