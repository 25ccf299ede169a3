//! An item of an answer's output, as a tier says it.

use jiter::Peek;

use crate::invalid::Invalid;
use crate::json::{Reader, Span};

/// The members of an item; spans are those of string literals.
#[derive(Default)]
pub(super) struct ItemParts {
    pub(super) kind: String,
    pub(super) id: Option<Span>,
    pub(super) call_id: Option<Span>,
    pub(super) name: Option<Span>,
    pub(super) arguments: Option<Span>,
    /// The texts of a message's parts or of a reasoning's content, in order.
    pub(super) texts: Vec<Span>,
    pub(super) refusals: Vec<Span>,
    /// The texts of a reasoning's summary.
    pub(super) summary: Vec<Span>,
}

impl ItemParts {
    /// Reads the item that comes next.
    pub(super) fn read(json: &mut Reader<'_>) -> Result<Self, Invalid> {
        let mut item = Self::default();
        if json.peek()? != Peek::Object {
            json.ignore()?;
            return Ok(item);
        }
        json.object(
            |name| match name {
                "type" => 1,
                "call_id" => 2,
                "name" => 3,
                "arguments" => 4,
                "content" => 5,
                "summary" => 6,
                "id" => 7,
                _ => 0,
            },
            |member, json| {
                match (member, json.peek()?) {
                    (1, Peek::String) => item.kind = json.string()?.unwrap_or_default(),
                    (2, Peek::String) => item.call_id = json.string_span()?,
                    (3, Peek::String) => item.name = json.string_span()?,
                    (4, Peek::String) => item.arguments = json.string_span()?,
                    (7, Peek::String) => item.id = json.string_span()?,
                    (5, Peek::Array) => json.array(|_, json| item.read_part(json))?,
                    (6, Peek::Array) => {
                        json.array(|_, json| json.member("text", |json| push_span(json, &mut item.summary)))?;
                    }
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        Ok(item)
    }

    /// What tells the item from others, as spelt in the `text` it was read from; empty where nothing does.
    pub(super) fn identity<'t>(&self, text: &'t str) -> &'t str {
        self.id.clone().or_else(|| self.call_id.clone()).and_then(|span| text.get(span)).unwrap_or_default()
    }

    /// Reads a part of a content, whose kind shows in which member holds its words.
    fn read_part(&mut self, json: &mut Reader<'_>) -> Result<(), Invalid> {
        if json.peek()? != Peek::Object {
            return json.ignore();
        }
        json.object(
            |name| match name {
                "text" => 1,
                "refusal" => 2,
                _ => 0,
            },
            |member, json| match member {
                1 => push_span(json, &mut self.texts),
                2 => push_span(json, &mut self.refusals),
                _ => json.ignore(),
            },
        )
    }
}

fn push_span(json: &mut Reader<'_>, spans: &mut Vec<Span>) -> Result<(), Invalid> {
    match json.string_span()? {
        Some(span) => spans.push(span),
        None => json.ignore()?,
    }
    Ok(())
}
