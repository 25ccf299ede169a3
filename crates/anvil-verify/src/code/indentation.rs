//! Indentation that no reading of Python allows.
//!
//! The grammar forgives a line that is further in or further out than any block; the language does not. Only what holds for a
//! fragment too is a fault: the block may begin anywhere, and where a comment or an empty line stands between two lines, something
//! may have been left out.

use super::language::Language;
use super::lexis;

/// Words that a line with a block after it begins with.
const OPENERS: [&str; 14] = [
    "def", "class", "if", "for", "while", "try", "else", "elif", "except", "finally", "with", "match", "case", "async",
];

/// A logical line: where its first letter stands, how far in, and what lies between it and the line before.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    at: usize,
    column: usize,
    text: &'a [u8],
    after_gap: bool,
    after_comment: bool,
    comment_column: usize,
}

/// The first line of Python that is not where it may be.
pub(super) fn fault(language: Language, code: &str) -> Option<usize> {
    if language != Language::Python {
        return None;
    }
    let bare = lexis::bare(language, code);
    if bare.open.is_some() || code.lines().any(|line| line.trim_start_matches(' ').starts_with('\t')) {
        return None;
    }
    let lines = logical_lines(code, &bare.text)?;
    let found = misplaced(&lines, None)?;
    // The first line may have lost its indentation.
    let column = lines.iter().find(|line| line.at == found).map(|line| line.column);
    if misplaced(&lines, column).is_none() { None } else { Some(found) }
}

/// The first line that is not where it may be, if the first of all stood at `first`.
fn misplaced(lines: &[Line<'_>], first: Option<usize>) -> Option<usize> {
    let (start, rest) = lines.split_first()?;
    let mut columns = vec![first.unwrap_or(start.column)];
    let mut previous = *start;
    for line in rest {
        let column = columns.last().copied().unwrap_or_default();
        let opens = opens(previous.text);
        if line.column > column {
            let left_out = line.after_comment || (line.after_gap && column == 0);
            if !opens && !left_out {
                return Some(line.at);
            }
            columns.push(line.column);
        } else {
            if opens && !(line.after_comment && line.comment_column > previous.column) {
                return Some(line.at);
            }
            while columns.last().is_some_and(|&column| column > line.column) {
                columns.pop();
            }
            match columns.last() {
                Some(&column) if column == line.column => {}
                // Further out than the block began.
                None => columns.push(line.column),
                Some(_) if line.after_comment => columns.push(line.column),
                Some(_) => return Some(line.at),
            }
        }
        previous = *line;
    }
    None
}

/// Whether a block has to follow this line.
fn opens(text: &[u8]) -> bool {
    let word: &[u8] = text.split(|byte| !byte.is_ascii_alphabetic()).next().unwrap_or_default();
    text.ends_with(b":") && OPENERS.iter().any(|opener| opener.as_bytes() == word)
}

/// The logical lines of the code; `None` where its brackets do not balance.
fn logical_lines<'a>(code: &str, bare: &'a [u8]) -> Option<Vec<Line<'a>>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    let (mut at, mut depth, mut goes_on) = (0_usize, 0_i32, false);
    let (mut gap, mut comment, mut comment_column) = (false, false, 0);
    for line in bare.split_inclusive(|&byte| byte == b'\n') {
        let text = line.trim_ascii();
        let source = code.as_bytes().get(at..at + line.len()).unwrap_or_default();
        let source_column = source.len() - source.trim_ascii_start().len();
        let source = source.trim_ascii();
        let within = depth > 0 || goes_on;
        if text.is_empty() {
            if !within {
                gap |= source.is_empty();
                if source.starts_with(b"#") {
                    comment = true;
                    comment_column = comment_column.max(source_column);
                }
            }
        } else if within {
            // The line that the statement ends on says whether it opens a block.
            if let Some(last) = lines.last_mut() {
                let start = last.at;
                last.text = bare.get(start..at + line.len()).unwrap_or_default().trim_ascii_end();
            }
        } else {
            let column = line.len() - line.trim_ascii_start().len();
            lines.push(Line { at: at + column, column, text, after_gap: gap, after_comment: comment, comment_column });
            (gap, comment, comment_column) = (false, false, 0);
        }
        for byte in text {
            depth += i32::from(matches!(byte, b'(' | b'[' | b'{')) - i32::from(matches!(byte, b')' | b']' | b'}'));
            if depth < 0 {
                return None;
            }
        }
        goes_on = text.ends_with(b"\\");
        at += line.len();
    }
    (depth == 0).then_some(lines)
}
