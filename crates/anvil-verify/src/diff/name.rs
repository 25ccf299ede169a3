//! The names of files in headers, as `git apply` reads them.

/// Leading parts of paths that are stripped. `git apply` strips one (`a/`, `b/`), until a patch whose names have no slash
/// shows that there is nothing to strip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strip {
    Nothing,
    One,
}

/// Whether no file is named.
pub(super) fn is_null(text: &[u8]) -> bool {
    text.strip_prefix(b"/dev/null").is_some_and(|rest| rest.first().is_none_or(|&byte| is_space(byte)))
}

/// The name that a line has after its first word, up to a carriage return, or up to a tab where `until_tab`.
pub(super) fn name(text: &[u8], strip: Strip, until_tab: bool) -> Option<Vec<u8>> {
    quoted(text, strip).or_else(|| plain(text, strip, until_tab))
}

fn plain(text: &[u8], strip: Strip, until_tab: bool) -> Option<Vec<u8>> {
    let end = text.iter().position(|&byte| byte == b'\r' || (until_tab && byte == b'\t')).unwrap_or(text.len());
    let text = text.get(..end)?;
    let path = match strip {
        Strip::Nothing => text,
        Strip::One => after_slash(text)?,
    };
    (!path.is_empty()).then(|| squashed(path))
}

fn quoted(text: &[u8], strip: Strip) -> Option<Vec<u8>> {
    let (path, _) = unquoted(text)?;
    let path = match strip {
        Strip::Nothing => &path,
        Strip::One => after_slash(&path)?,
    };
    Some(squashed(path))
}

/// The name that both sides of a line `diff --git` have, where they have one.
pub(super) fn common(text: &[u8], strip: Strip) -> Option<Vec<u8>> {
    if text.first() == Some(&b'"') {
        let (first, rest) = unquoted(text)?;
        // Git never finds the same name without quotes after one with quotes.
        let (second, _) = unquoted(rest.trim_ascii_start())?;
        let first = stripped(&first, strip)?;
        return (stripped(&second, strip)? == first).then(|| first.to_vec());
    }
    let name = stripped(text, strip)?;
    if let Some(quote) = memchr::memchr(b'"', name) {
        let (first, second) = name.split_at_checked(quote)?;
        let (second, _) = unquoted(second)?;
        let second = stripped(&second, strip)?;
        let rest = first.strip_prefix(second)?;
        return rest.first().is_some_and(|&byte| is_space(byte)).then(|| second.to_vec());
    }
    twice(name, strip)
}

/// The beginning of `name` that stands in it a second time, after white space and the part that is stripped.
fn twice(name: &[u8], strip: Strip) -> Option<Vec<u8>> {
    let mut slash = 0;
    for at in memchr::memchr2_iter(b' ', b'\t', name) {
        let after = at + 1;
        let second = match strip {
            Strip::Nothing => after,
            Strip::One => {
                if slash <= after {
                    slash = after + memchr::memchr(b'/', name.get(after..)?)? + 1;
                }
                slash
            }
        };
        // White space before a slash is the end of a folder's name.
        if name.get(after) == Some(&b'/') {
            continue;
        }
        let (first, second) = (name.get(..at)?, name.get(second..)?);
        // The first name grows and the second shrinks: they are of one length once at most.
        if first.len() == second.len() && first == second {
            return Some(first.to_vec());
        }
    }
    None
}

fn stripped(path: &[u8], strip: Strip) -> Option<&[u8]> {
    if path.first() == Some(&b'/') {
        return None;
    }
    match strip {
        Strip::Nothing => Some(path),
        Strip::One => after_slash(path),
    }
}

fn after_slash(path: &[u8]) -> Option<&[u8]> {
    path.get(memchr::memchr(b'/', path)? + 1..)
}

/// A name in quotes as C writes strings, and what follows it.
fn unquoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut name = Vec::new();
    loop {
        let (plain, special) = rest.split_at_checked(memchr::memchr2(b'"', b'\\', rest)?)?;
        name.extend_from_slice(plain);
        match special {
            [b'"', after @ ..] => return Some((name, after)),
            [_, high @ b'0'..=b'3', middle @ b'0'..=b'7', low @ b'0'..=b'7', after @ ..] => {
                name.push(((high - b'0') << 6) | ((middle - b'0') << 3) | (low - b'0'));
                rest = after;
            }
            [_, letter, after @ ..] => {
                name.push(escaped(*letter)?);
                rest = after;
            }
            _ => return None,
        }
    }
}

const fn escaped(letter: u8) -> Option<u8> {
    Some(match letter {
        b'a' => 0x07,
        b'b' => 0x08,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'\\' | b'"' => letter,
        _ => return None,
    })
}

/// Whether a quotation begins that does not end on this line; git would read it to a quotation mark on a later one.
pub(super) fn is_left_open(text: &[u8]) -> bool {
    let (mut open, mut escape) = (false, false);
    for &byte in text {
        match byte {
            _ if escape => escape = false,
            b'\\' => escape = open,
            b'"' => open = !open,
            _ => {}
        }
    }
    open
}

/// The name up to a NUL, with one slash where there were several.
fn squashed(path: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(path.len());
    for &byte in path.iter().take_while(|&&byte| byte != 0) {
        if byte != b'/' || name.last() != Some(&b'/') {
            name.push(byte);
        }
    }
    name
}

/// White space as git has it.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}
