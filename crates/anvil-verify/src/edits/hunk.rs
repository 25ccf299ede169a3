//! One hunk of a unified diff in a text.

use std::collections::HashSet;

use super::fold;

/// What a hunk takes away, keeps and adds.
///
/// Aider 0.86.2 (`udiff_coder.py`) drops a hunk's context line by line until it applies, and before that the lines, up to a third,
/// that the file does not have, also those to be taken away. So a hunk certainly fails only where none of its lines stands in
/// the file.
#[derive(Debug, Default)]
pub(super) struct Hunk {
    /// The lines of the file as the hunk has them, folded; blank ones left out.
    before: HashSet<String>,
    /// The lines before and after, but for white space in blank ones.
    whole: [String; 2],
    added: String,
    /// A line to be taken away is blank, and may be found anywhere.
    takes_blank: bool,
    size: usize,
}

impl Hunk {
    /// The next line, with its mark.
    pub(super) fn push(&mut self, line: &str) {
        self.size = self.size.saturating_add(line.len()).saturating_add(1);
        let sides = match line.chars().next() {
            None | Some(' ') => [true, true],
            Some('-') => [true, false],
            Some('+') => [false, true],
            Some(_) => [false, false],
        };
        let text = line.get(1..).unwrap_or_default();
        for (side, _) in self.whole.iter_mut().zip(sides).filter(|(_, has)| *has) {
            side.push_str(if text.trim().is_empty() { "" } else { text });
            side.push('\n');
        }
        if let Some(before) = line.strip_prefix(['-', ' ']) {
            let before = fold::squeezed(before, false);
            self.takes_blank |= before.is_empty() && line.starts_with('-');
            if !before.is_empty() {
                self.before.insert(before);
            }
        } else if let Some(added) = line.strip_prefix('+') {
            self.added.push_str(added);
            self.added.push('\n');
        }
    }

    /// Bytes of it.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// How many lines are sought.
    pub(super) fn lines(&self) -> usize {
        self.before.len()
    }

    /// What it adds.
    pub(super) fn added(&self) -> &str {
        &self.added
    }

    /// Whether it may apply to the file. One that takes no line for its place is put at the end; one that changes nothing is passed
    /// over.
    pub(super) fn may_apply(&self, text: &str) -> bool {
        let [before, after] = &self.whole;
        if before == after || self.takes_blank {
            return true;
        }
        // In a file of a line or two a blank line of context may be a place, too.
        let is_short = text.lines().take(4).count() < 4;
        let file = fold::squeezed(text, false);
        is_short || self.before.is_empty() || self.before.iter().any(|line| file.contains(line))
    }
}
