//! Where the edits in a text stand: markers, fences, and the names of files above a block.

use crate::seen::{FENCES, Seen};

/// Languages of fences whose contents are commands.
const SHELLS: [&str; 12] =
    ["bash", "sh", "shell", "cmd", "batch", "powershell", "ps1", "zsh", "fish", "ksh", "csh", "tcsh"];

/// Whether the line is five to nine of the letter and then the word.
pub(super) fn is_marker(line: &str, letter: char, word: &str) -> bool {
    let rest = line.trim_start_matches(letter);
    (5..=9).contains(&line.len().saturating_sub(rest.len())) && rest == word
}

/// The fence in which a line stands, as far as it decides whether an edit is read there.
#[derive(Debug, Default)]
pub(super) enum Fences {
    #[default]
    Other,
    /// Commands, which began so many lines ago: no block is sought in them unless one begins at once.
    Shell(usize),
    /// A diff, the only place where one is sought.
    Diff,
}

impl Fences {
    /// The next line outside of a block.
    pub(super) fn line(&mut self, line: &str) {
        let language = line.trim().strip_prefix("```");
        *self = match (&self, language) {
            (Self::Other, Some(_)) if line.starts_with("```diff") => Self::Diff,
            (Self::Other, Some(language)) if SHELLS.iter().any(|shell| language.starts_with(shell)) => Self::Shell(0),
            (_, Some(_)) | (Self::Other, None) => Self::Other,
            (Self::Shell(lines), None) => Self::Shell(lines.saturating_add(1)),
            (Self::Diff, None) => Self::Diff,
        };
    }

    /// Whether the line that was just told can begin a block.
    pub(super) fn begins_block(&mut self) -> bool {
        let begins = !matches!(self, Self::Shell(3..));
        if begins {
            *self = Self::Other;
        }
        begins
    }

    /// Whether a diff is read here.
    pub(super) fn is_diff(&self) -> bool {
        matches!(self, Self::Diff)
    }
}

/// The names that may stand in the lines above a block, the nearest first: in fences, and in the first line that is none.
pub(super) fn names(above: &[String]) -> Vec<&str> {
    let mut names = Vec::new();
    for line in above.iter().rev().take(3) {
        let fence = FENCES.iter().find(|(open, _)| line.starts_with(open));
        let name = if let Some((open, _)) = fence {
            line.trim().strip_prefix(open).filter(|rest| rest.contains(['.', '/']))
        } else {
            let name = line.trim().trim_end_matches(':').trim_start_matches('#').trim();
            Some(name.trim_matches('`').trim_matches('*')).filter(|_| line.trim() != "...")
        };
        names.extend(name.filter(|name| !name.is_empty()));
        if fence.is_none() {
            break;
        }
    }
    names
}

/// The pasted file that has one of the names, or else the only one whose last part is one.
pub(super) fn resolved(names: &[&str], seen: &Seen) -> Option<String> {
    let pasted = || seen.pasted().map(|(path, _)| path);
    if let Some(path) = names.iter().find_map(|name| pasted().find(|path| path == name)) {
        return Some(path.to_owned());
    }
    let ends = |path: &str| path.rsplit('/').next().is_some_and(|last| names.contains(&last));
    let mut found = pasted().filter(|path| ends(path));
    let (first, second) = (found.next()?, found.next());
    second.is_none().then(|| first.to_owned())
}

/// The text without a first line that ends with the file's name, and without a fence around what is left.
pub(super) fn unwrapped(text: &str, path: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    let last = path.rsplit('/').next().unwrap_or(path);
    if lines.first().is_some_and(|line| line.trim().ends_with(last)) {
        lines.remove(0);
    }
    let is_fenced = match (lines.first(), lines.last()) {
        (Some(first), Some(last)) => {
            FENCES.iter().any(|(open, close)| first.starts_with(open) && last.starts_with(close))
        }
        _ => false,
    };
    let inner = if is_fenced { lines.get(1..lines.len().saturating_sub(1)).unwrap_or_default() } else { &lines };
    if inner.len() == text.lines().count() {
        return text.to_owned();
    }
    inner.iter().flat_map(|line| [*line, "\n"]).collect()
}
