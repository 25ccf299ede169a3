//! What tiers really answered wrong, and answers that look odd and are right: one file each, in `replay/`.
//!
//! A file has a head and, below a line `---`, the text. In the head `expect` is the defect's label or `pass`, `source` says where
//! such an answer was seen (the texts are ours), `times` how often the text is repeated behind the line `before`, `channel`
//! whether it is reasoning, and `finish`, `tokens` and `cap` how the tier ended.

use std::collections::BTreeMap;

use anvil_verify::{Content, Defect, Fences, Finish, LeakedCall, Refusal, Repetition, Template, Tokens};

struct Answer {
    head: BTreeMap<String, String>,
    text: String,
}

impl Answer {
    fn read(file: &str) -> Self {
        let (head, body) = file.split_once("---\n").unwrap();
        let head: BTreeMap<_, _> = head
            .lines()
            .map(|line| line.split_once(": ").unwrap())
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let times = head.get("times").map_or(1, |times| times.parse().unwrap());
        let before = head.get("before").map_or(String::new(), |before| format!("{before}\n"));
        Self { text: before + &body.repeat(times), head }
    }

    fn number(&self, key: &str) -> Option<u64> {
        self.head.get(key).map(|number| number.parse().unwrap())
    }

    fn finish(&self) -> Finish {
        match self.head.get("finish").map(String::as_str) {
            None => Finish::Stop,
            Some("length") => Finish::Length,
            Some("other") => Finish::Other,
            Some(finish) => panic!("no such finish: {finish}"),
        }
    }

    /// The first defect, in the order in which a gate meets them.
    fn verdict(&self, size: usize) -> Result<(), Defect> {
        let mut content = Content::default();
        let pieces = crate::pieces(&self.text, size);
        if self.head.get("channel").is_some_and(|channel| channel == "reasoning") {
            for piece in &pieces {
                content.feed_reasoning(piece);
            }
        } else {
            for piece in &pieces {
                content.feed_text(piece);
            }
            said(&pieces)?;
        }
        content.end(self.finish(), self.number("tokens"), self.number("cap")).map(|_| ())
    }
}

fn said(pieces: &[&str]) -> Result<(), Defect> {
    let mut template = Template::new(Tokens::default());
    let mut leaked = LeakedCall::new(&["Read".to_owned(), "Bash".to_owned()]);
    let (mut repetition, mut refusal, mut fences) = (Repetition::default(), Refusal::default(), Fences::default());
    for piece in pieces {
        template.feed(piece)?;
        leaked.feed(piece)?;
        repetition.feed(piece)?;
        refusal.feed(piece);
        fences.feed(piece, |_| {});
    }
    template.end()?;
    leaked.end()?;
    fences.end(|_| {});
    refusal.end().or(fences.open_fence()).map_or(Ok(()), Err)
}

#[test]
fn every_answer_gets_its_verdict() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/verify/replay");
    let files = crate::files_under(folder.as_ref(), &["txt"]);
    assert!(files.len() >= 40, "the corpus is here");
    for file in files {
        let answer = Answer::read(&std::fs::read_to_string(&file).unwrap());
        for size in [1, 7, 64, 1000, usize::MAX] {
            let found = answer.verdict(size).map_or_else(|defect| defect.label(), |()| "pass");
            assert_eq!(found, answer.head["expect"], "{} in pieces of {size}", file.display());
        }
    }
}
