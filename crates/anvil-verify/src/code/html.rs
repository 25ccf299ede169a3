//! The fault of a block of HTML: a tag or a comment that it ends in.
//!
//! A browser reads every text as HTML, so nothing else can be proven, and no grammar is asked. What stands in the text of a script
//! or in the value of an attribute opens nothing (HTML, section 13.2.5, "Tokenization").

use memchr::{memchr, memchr3, memmem};

use super::language::Language;
use super::parse::Place;
use super::{proof, sketch};

/// The elements whose text is no markup.
const RAW: [&[u8]; 8] = [b"script", b"style", b"textarea", b"title", b"xmp", b"iframe", b"noembed", b"noframes"];

/// What a text ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Comment(usize),
    Tag(usize),
}

/// Where the tag or the comment begins that has no end.
pub(super) fn fault(code: &str) -> Option<usize> {
    let at = match open(code.as_bytes())? {
        // A sign that closes something stands after it: a quotation mark is lost, or this was no tag.
        Open::Tag(at) if code.get(at + 1..)?.contains(['<', '>']) => return None,
        // It may be a form of words.
        Open::Tag(_) if proof::is_short(code) => return None,
        Open::Tag(at) | Open::Comment(at) => at,
    };
    (!sketch::is_sketch(Language::Html, code, Place { after: at, before: at })).then_some(at)
}

/// The tag or the comment that the text ends in.
fn open(code: &[u8]) -> Option<Open> {
    let mut at = 0;
    loop {
        let rest = code.get(at..)?;
        at += memchr(b'<', rest)?;
        let rest = code.get(at..)?;
        if rest.starts_with(b"<!--") {
            // The shortest comments are `<!-->` and `<!--->`.
            let Some(end) = memmem::find(rest.get(2..)?, b"-->") else { return Some(Open::Comment(at)) };
            at += end + b"<!-->".len();
        } else if rest.get(1).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'/') {
            let Some(length) = tag(rest) else { return Some(Open::Tag(at)) };
            at += length + raw_text(rest, length);
        } else {
            at += 1;
        }
    }
}

/// The length of the tag that a text begins with; `None` where it has no end.
fn tag(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr3(b'>', b'"', b'\'', text.get(at..)?)?;
        let sign = *text.get(at)?;
        at += 1;
        if sign == b'>' {
            return Some(at);
        }
        // Only the value of an attribute can be quoted.
        if text.get(..at - 1)?.trim_ascii_end().ends_with(b"=") {
            at += memchr(sign, text.get(at..)?)? + 1;
        }
    }
}

/// The length of the text, without markup, that follows a tag of this length.
fn raw_text(text: &[u8], length: usize) -> usize {
    let name = |element: &&&[u8]| {
        let after = text.get(1 + element.len());
        let begins = text.get(1..=element.len()).is_some_and(|name| name.eq_ignore_ascii_case(element));
        begins && after.is_some_and(|byte| !byte.is_ascii_alphanumeric() && *byte != b'-')
    };
    let Some(element) = RAW.iter().find(name) else { return 0 };
    let rest = text.get(length..).unwrap_or_default();
    let ends =
        |at: &usize| rest.get(at + 2..at + 2 + element.len()).is_some_and(|name| name.eq_ignore_ascii_case(element));
    memmem::find_iter(rest, b"</").find(ends).unwrap_or(rest.len())
}
