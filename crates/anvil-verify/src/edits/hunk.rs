//! One hunk of a unified diff in a text.

use super::fold;

/// What a hunk takes away and adds.
///
/// Aider applies a hunk with less and less of its context, so only the lines that it takes away must stand in the file.
#[derive(Debug, Default)]
pub(super) struct Hunk {
    /// Neighbouring lines that are taken away.
    gone: Vec<String>,
    added: String,
    taking: bool,
    size: usize,
    /// A line may also be the head of the next file's diff.
    unclear: bool,
}

impl Hunk {
    /// The next line, with its mark.
    pub(super) fn push(&mut self, line: &str) {
        self.size = self.size.saturating_add(line.len()).saturating_add(1);
        self.unclear |= line.starts_with("--- ") || line.starts_with("+++ ");
        let taking = std::mem::replace(&mut self.taking, line.starts_with('-'));
        if let Some(gone) = line.strip_prefix('-') {
            match self.gone.last_mut() {
                Some(run) if taking => {
                    run.push('\n');
                    run.push_str(gone);
                }
                _ => self.gone.push(gone.to_owned()),
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

    /// How many stretches are taken away.
    pub(super) fn runs(&self) -> usize {
        self.gone.len()
    }

    /// Whether it may apply to the file; a hunk whose new lines all stand there already tells what was done.
    pub(super) fn may_apply(&self, text: &str) -> bool {
        let file = fold::squeezed(text, false);
        let added = fold::squeezed(&self.added, false);
        self.unclear
            || (!added.is_empty() && file.contains(&added))
            || self.gone.iter().all(|run| file.contains(&fold::squeezed(run, false)))
    }
}
