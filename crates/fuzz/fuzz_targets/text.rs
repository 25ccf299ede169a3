//! Any text, cut anywhere: what the readers of text find does not depend on the cuts.
#![no_main]

use anvil_verify::{Fences, LeakedCall, Repetition, Template, Tokens};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let letters: Vec<&str> = input.split_inclusive(|_: char| true).collect();
    assert_eq!(run(&letters), run(&[input]));
});

/// What each of them finds first, and the blocks.
fn run(pieces: &[&str]) -> (Vec<Option<&'static str>>, Vec<String>) {
    let (mut template, mut repetition) = (Template::new(Tokens::default()), Repetition::default());
    let (mut leaked, mut fences) = (LeakedCall::new(&["run".to_owned()]), Fences::default());
    let (mut found, mut blocks) = (vec![None; 3], Vec::new());
    for piece in pieces {
        note(&mut found[0], template.feed(piece));
        note(&mut found[1], leaked.feed(piece));
        note(&mut found[2], repetition.feed(piece));
        fences.feed(piece, |event| take(&event, &mut blocks));
    }
    note(&mut found[0], template.end());
    note(&mut found[1], leaked.end());
    fences.end(|event| take(&event, &mut blocks));
    (found, blocks)
}

fn note(found: &mut Option<&'static str>, verdict: Result<(), anvil_verify::Defect>) {
    if let Err(defect) = verdict {
        found.get_or_insert(defect.label());
    }
}

fn take(event: &anvil_verify::FenceEvent<'_>, blocks: &mut Vec<String>) {
    if let anvil_verify::FenceEvent::Closed(block) = event {
        blocks.push(format!("{}\n{}", block.info, block.content));
    }
}
