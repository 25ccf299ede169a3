//! Lines of Java that its grammar takes for statements and the language does not: a name, or a path of names, and nothing else.
//!
//! Only assignments, calls, `new` and counting may stand by themselves (The Java Language Specification, section 14.8).

use super::language::Language;
use super::lexis;

/// Words that are a whole statement.
const WHOLE: [&str; 4] = ["break", "continue", "return", "yield"];

/// The first line of Java that does nothing.
pub(super) fn fault(language: Language, code: &str) -> Option<usize> {
    if language != Language::Java {
        return None;
    }
    let bare = lexis::bare(language, code);
    let text = std::str::from_utf8(&bare.text).ok()?;
    let (mut at, mut last) = (0, None);
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        // What stands at the very beginning may end what began before the block.
        if matches!(last, Some(';' | '{' | '}')) && does_nothing(trimmed) {
            return Some(at + line.len() - line.trim_start().len());
        }
        last = trimmed.chars().next_back().or(last);
        at += line.len();
    }
    None
}

fn does_nothing(line: &str) -> bool {
    // A constant of an enumeration may stand by itself; their names begin with capitals.
    line.strip_suffix(';').is_some_and(|path| {
        path.starts_with(|c: char| c.is_ascii_lowercase())
            && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.'))
            && !WHOLE.contains(&path)
    })
}
