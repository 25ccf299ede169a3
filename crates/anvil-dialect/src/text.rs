//! A string of a body or an event, left as it was spelt.

use std::borrow::Cow;
use std::ops::Range;

use crate::json::{Reader, push_string, read_lenient};

/// The inside of a JSON string literal, escapes and all, without its quotes.
///
/// Most of what translation moves is text that nobody on the way has to understand. Left escaped it is copied, not decoded
/// and encoded anew, and comes out as it was spelt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    /// What stands between texts that become one, with its escapes.
    pub(crate) const PARAGRAPH: &'static str = "\\n\\n";

    /// The text of `raw` where that is a JSON string literal, quotes included.
    pub(crate) fn from_literal(raw: &'a str) -> Option<Self> {
        let inside = raw.strip_prefix('"')?.strip_suffix('"')?;
        Some(Self(Cow::Borrowed(inside)))
    }

    /// `inside` as the inside of a JSON string literal, which it must be.
    pub(crate) const fn from_inside(inside: &'a str) -> Self {
        Self(Cow::Borrowed(inside))
    }

    /// `text`, which has no escapes yet.
    pub fn quote(text: &str) -> Text<'static> {
        let mut out = Vec::with_capacity(text.len() + 2);
        push_string(&mut out, text);
        let mut literal = String::from_utf8(out).unwrap_or_default();
        literal.pop();
        if !literal.is_empty() {
            literal.remove(0);
        }
        Text(Cow::Owned(literal))
    }

    /// A text whose escapes are there already.
    pub(crate) const fn from_escaped(text: String) -> Text<'static> {
        Text(Cow::Owned(text))
    }

    /// A text of this crate's own that needs no escapes.
    pub(crate) const fn plain(text: &'static str) -> Text<'static> {
        Text(Cow::Borrowed(text))
    }

    /// The text with its escapes, without quotes.
    pub fn escaped(&self) -> &str {
        &self.0
    }

    /// What the literal stands for. Half a surrogate pair stands for U+FFFD.
    pub fn decoded(&self) -> Cow<'_, str> {
        if !self.0.contains('\\') {
            return Cow::Borrowed(&self.0);
        }
        let literal = format!("\"{}\"", self.0);
        let text = read_lenient(literal.as_bytes(), |literal| Reader::new(literal).string());
        Cow::Owned(text.ok().flatten().unwrap_or_default())
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is nothing but white space in it.
    pub(crate) fn is_blank(&self) -> bool {
        self.0.trim_start().starts_with('\\') && self.decoded().trim().is_empty() || self.0.trim().is_empty()
    }

    /// Whether both stand for the same text, however spelt.
    pub(crate) fn same(&self, other: &Text<'_>) -> bool {
        self.0 == other.0 || self.decoded() == other.decoded()
    }

    /// `parts` one after the other, `between` (which needs no escapes, or has them) between each two.
    pub(crate) fn join<'t>(parts: impl IntoIterator<Item = &'t Text<'t>>, between: &str) -> Text<'static> {
        let mut joined = String::new();
        for (index, part) in parts.into_iter().enumerate() {
            if index > 0 {
                joined.push_str(between);
            }
            joined.push_str(&part.0);
        }
        Text(Cow::Owned(joined))
    }

    /// Where in `data` the text stands, in bytes; `None` where it is no part of it.
    pub fn place_in(&self, data: &[u8]) -> Option<Range<usize>> {
        let Cow::Borrowed(text) = &self.0 else { return None };
        let start = (text.as_ptr() as usize).checked_sub(data.as_ptr() as usize)?;
        let place = start..start.checked_add(text.len())?;
        (data.get(place.clone())? == text.as_bytes()).then_some(place)
    }

    /// The text as one that borrows nothing.
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }

    /// What comes before and after the first `separator`, which needs no escapes, if the text has no escapes at all.
    pub(crate) fn split_once(&self, separator: char) -> Option<(Text<'a>, Text<'a>)> {
        match &self.0 {
            Cow::Borrowed(text) => {
                let (before, after) = text.split_once(separator)?;
                Some((Text(Cow::Borrowed(before)), Text(Cow::Borrowed(after))))
            }
            Cow::Owned(text) => {
                let (before, after) = text.split_once(separator)?;
                Some((Text(Cow::Owned(before.to_owned())), Text(Cow::Owned(after.to_owned()))))
            }
        }
    }

    /// The text without `prefix` (as escaped), if it begins with it.
    pub(crate) fn strip_prefix(&self, prefix: &str) -> Option<Text<'a>> {
        match &self.0 {
            Cow::Borrowed(text) => text.strip_prefix(prefix).map(|rest| Text(Cow::Borrowed(rest))),
            Cow::Owned(text) => text.strip_prefix(prefix).map(|rest| Text(Cow::Owned(rest.to_owned()))),
        }
    }

    pub(crate) fn push(&self, out: &mut Vec<u8>) {
        out.push(b'"');
        out.extend_from_slice(self.0.as_bytes());
        out.push(b'"');
    }
}
