//! What a person says in a text, without what they pasted into it.

use crate::pasted::{self, Diff, Trace};

/// A text's prose, and what was taken out of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Prose {
    /// The lines that are nothing else.
    pub(crate) text: String,
    /// How many blocks of code stand between fences.
    pub(crate) code_fences: usize,
    /// Whether there is a unified diff, or a patch in the form that models are told to write.
    pub(crate) has_diff: bool,
    /// Whether there is a frame of a stack trace.
    pub(crate) has_stack_trace: bool,
}

impl Prose {
    /// Reads `text`, of whose middle something was left out at `cut`: what was open there may have been closed.
    pub(crate) fn of(text: &str, cut: Option<usize>) -> Self {
        let mut prose = Self::default();
        match cut.and_then(|cut| text.split_at_checked(cut)) {
            None => prose.read(text, false),
            Some((head, tail)) => {
                prose.read(head, false);
                // An odd number of fences: the first closes one that was opened in what was left out.
                let fences = tail.lines().filter(|line| fence(line).is_some()).count();
                prose.read(tail, fences % 2 == 1);
            }
        }
        prose
    }

    fn read(&mut self, text: &str, is_in_code: bool) {
        let mut open = is_in_code.then_some("");
        let (mut diff, mut trace) = (Diff::default(), Trace::default());
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            match (open, fence(line)) {
                (Some(fence), Some(mark)) if closes(line, fence, mark) => {
                    open = None;
                    continue;
                }
                (Some(_), _) => continue,
                (None, Some(mark)) => {
                    self.code_fences += 1;
                    // On one line it opens and closes.
                    open = (!line.trim_start().trim_start_matches(mark).contains(mark)).then_some(mark);
                    continue;
                }
                (None, None) => {}
            }
            let next = lines.peek().copied().unwrap_or_default();
            if diff.takes(line, next) {
                self.has_diff = true;
            } else if trace.takes(line, next) {
                self.has_stack_trace |= trace.has_frames;
            } else if !pasted::is_log(line) && !line.trim_start().starts_with('>') {
                if !self.text.is_empty() {
                    self.text.push('\n');
                }
                self.text.push_str(line);
            }
        }
    }
}

/// The mark of the fence that the line is, if it is one.
fn fence(line: &str) -> Option<&'static str> {
    ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark))
}

/// Whether the line, which has the mark of a fence, closes `open`: nothing follows it then. Any closes one whose beginning is not known.
fn closes(line: &str, open: &str, mark: &str) -> bool {
    open.is_empty() || (open == mark && line.trim().chars().all(|character| mark.starts_with(character)))
}
