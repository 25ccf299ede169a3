//! What marks a diff as an illustration: a line that stands for lines left out.

/// The longest line that is looked at: a placeholder is a few words.
const MAX_BYTES: usize = 200;

/// Whether a line says that something was left out: dots alone, or a comment that begins or ends with dots.
pub(super) fn is_elision(line: &[u8]) -> bool {
    if line.len() > MAX_BYTES {
        return false;
    }
    // A line of a hunk has a mark before it, and an illustrator may have forgotten it.
    let text = match line {
        [b' ' | b'+' | b'-', rest @ ..] => rest.trim_ascii(),
        _ if begins_with_dots(line) => return true,
        _ => line.trim_ascii(),
    };
    is_placeholder(text) || comment(text).is_some_and(|words| begins_with_dots(words) || ends_with_dots(words))
}

/// Dots alone, or dots and words: `...rest` is code, `... the rest` and `...the rest...` are not.
fn is_placeholder(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"[").or(text.strip_prefix(b"(")).unwrap_or(text);
    let text = text.strip_suffix(b"]").or(text.strip_suffix(b")")).unwrap_or(text);
    let words = text.strip_prefix(b"...").or(text.strip_prefix("…".as_bytes()));
    words.is_some_and(|words| words.first().is_none_or(u8::is_ascii_whitespace) || ends_with_dots(words))
}

fn begins_with_dots(text: &[u8]) -> bool {
    text.starts_with(b"...") || text.starts_with("…".as_bytes())
}

fn ends_with_dots(text: &[u8]) -> bool {
    text.ends_with(b"...") || text.ends_with("…".as_bytes())
}

/// What a comment says, in the languages of coding work.
fn comment(text: &[u8]) -> Option<&[u8]> {
    const MARKS: &[(&[u8], &[u8])] = &[
        (b"#", b""),
        (b"//", b""),
        (b"--", b""),
        (b"/*", b"*/"),
        (b"{/*", b"*/}"),
        (b"<!--", b"-->"),
        (b";", b""),
        (b"%", b""),
    ];
    let (words, end) = MARKS.iter().find_map(|(mark, end)| Some((text.strip_prefix(*mark)?, *end)))?;
    Some(words.strip_suffix(end).unwrap_or(words).trim_ascii())
}
