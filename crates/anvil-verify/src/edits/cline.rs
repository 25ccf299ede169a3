//! The SEARCH/REPLACE blocks of Cline's `replace_in_file`.

use super::request::Change;

/// The replacements of Cline's `diff` argument; `None` where they are not in its form.
pub(super) fn changes(diff: &str) -> Option<Vec<Change>> {
    let marked = |line: &str, letters: [char; 2], word: &str| {
        let rest = line.trim_start_matches(letters);
        line.len().saturating_sub(rest.len()) >= 3 && rest.strip_suffix('>').unwrap_or(rest) == word
    };
    let mut changes = Vec::new();
    let mut open: Option<(String, Option<String>)> = None;
    for line in diff.split_inclusive('\n') {
        let bare = line.trim_end();
        match &mut open {
            None if marked(bare, ['-', '<'], " SEARCH") => open = Some((String::new(), None)),
            None if bare.is_empty() => {}
            None => return None,
            Some((_, new @ None)) if bare.len() >= 3 && bare.bytes().all(|byte| byte == b'=') => {
                *new = Some(String::new());
            }
            Some((old, None)) => old.push_str(line),
            Some((old, Some(new))) if marked(bare, ['+', '>'], " REPLACE") => {
                changes.push(Change { old: std::mem::take(old), new: std::mem::take(new), all: false });
                open = None;
            }
            Some((_, Some(new))) => new.push_str(line),
        }
    }
    open.is_none().then_some(changes)
}
