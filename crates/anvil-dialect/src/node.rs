//! A JSON value that knows its own text.

use std::borrow::Cow;

use jiter::Peek;

use crate::invalid::Invalid;
use crate::json::{Reader, read_lenient};
use crate::text::Text;

/// A JSON value taken apart to a given depth; what lies deeper is text only.
#[derive(Debug)]
pub(crate) struct Node<'a> {
    raw: &'a str,
    inner: Inner<'a>,
}

#[derive(Debug)]
enum Inner<'a> {
    Leaf,
    List(Vec<Node<'a>>),
    Object(Vec<(Cow<'static, str>, Node<'a>)>),
}

impl<'a> Node<'a> {
    /// Takes `raw` apart, `depth` levels of it.
    pub(crate) fn read(raw: &'a str, depth: u8) -> Result<Self, Invalid> {
        read_lenient(raw.as_bytes(), |text| {
            let mut json = Reader::new(text);
            let node = Self::build(&mut json, raw, depth)?;
            json.finish()?;
            Ok(node)
        })
    }

    /// Builds the value that `json`, which reads `text` or a mended copy of it, comes to next.
    fn build(json: &mut Reader<'_>, text: &'a str, depth: u8) -> Result<Self, Invalid> {
        let start = json.start()?;
        let inner = match json.peek()? {
            Peek::Array if depth > 0 => {
                let mut list = Vec::new();
                json.array(|_, json| {
                    list.push(Self::build(json, text, depth - 1)?);
                    Ok(())
                })?;
                Inner::List(list)
            }
            Peek::Object if depth > 0 => {
                let mut members = Vec::new();
                json.object(name, |name, json| {
                    members.push((name, Self::build(json, text, depth - 1)?));
                    Ok(())
                })?;
                Inner::Object(members)
            }
            _ => {
                json.skip()?;
                Inner::Leaf
            }
        };
        Ok(Self { raw: text.get(start..json.index()).unwrap_or("null"), inner })
    }

    /// The value's own text.
    pub(crate) fn raw(&self) -> &'a str {
        self.raw
    }

    pub(crate) fn is_null(&self) -> bool {
        self.raw == "null"
    }

    pub(crate) fn is_object(&self) -> bool {
        self.raw.starts_with('{')
    }

    pub(crate) fn is_number(&self) -> bool {
        self.raw.starts_with(|first: char| first == '-' || first.is_ascii_digit())
    }

    /// Whether the value says nothing: `null`, `[]`, `{}`, `""` or `false`.
    pub(crate) fn is_void(&self) -> bool {
        match &self.inner {
            Inner::Leaf => matches!(self.raw, "null" | "false" | "\"\"" | "[]" | "{}"),
            Inner::List(list) => list.is_empty(),
            Inner::Object(members) => members.is_empty(),
        }
    }

    pub(crate) fn boolean(&self) -> Option<bool> {
        match self.raw {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    pub(crate) fn unsigned(&self) -> Option<u64> {
        self.raw.parse().ok()
    }

    pub(crate) fn text(&self) -> Option<Text<'a>> {
        Text::from_literal(self.raw)
    }

    /// The elements, if it is a list.
    pub(crate) fn list(&self) -> Option<&[Node<'a>]> {
        match &self.inner {
            Inner::List(list) => Some(list),
            Inner::Leaf | Inner::Object(_) => None,
        }
    }

    /// The members, none if it is no object.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &Node<'a>)> {
        let members = match &self.inner {
            Inner::Object(members) => members.as_slice(),
            Inner::Leaf | Inner::List(_) => &[],
        };
        members.iter().map(|(name, node)| (name.as_ref(), node))
    }

    /// The member of that name unless it is `null`; the last one, if there are several.
    pub(crate) fn get(&self, name: &str) -> Option<&Node<'a>> {
        self.members().filter(|(own, _)| *own == name).last().map(|(_, node)| node).filter(|node| !node.is_null())
    }

    /// The member of that name where it is a string.
    pub(crate) fn get_text(&self, name: &str) -> Option<Text<'a>> {
        self.get(name)?.text()
    }

    /// The `type` member, decoded; empty where there is none.
    pub(crate) fn kind(&self) -> String {
        self.get_text("type").map(|kind| kind.decoded().into_owned()).unwrap_or_default()
    }
}

/// A member's name; the ones that fill real bodies are not copied.
fn name(name: &str) -> Cow<'static, str> {
    const KNOWN: [&str; 16] = [
        "type",
        "text",
        "role",
        "content",
        "id",
        "name",
        "input",
        "tool_use_id",
        "cache_control",
        "function",
        "arguments",
        "tool_calls",
        "tool_call_id",
        "description",
        "thinking",
        "signature",
    ];
    match KNOWN.iter().find(|known| **known == name) {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(name.to_owned()),
    }
}
