//! Turns as items of Responses.

use crate::compose::{self, Object};
use crate::conversation::{Arguments, Call, CallResult, Document, Media, OPENING, Part, Spelling, Turn};
use crate::json::push_string;
use crate::text::Text;
use crate::untranslatable::Untranslatable;
use crate::warning::{WarningKind, Warnings};

/// The list of items. It is never empty, for the dialect requires an input.
pub(super) fn input(
    turns: &[Turn<'_>],
    spelling: &Spelling,
    warnings: &mut Warnings,
) -> Result<Vec<u8>, Untranslatable> {
    let mut items = Items { out: Vec::with_capacity(4_096), spelling };
    items.out.push(b'[');
    for turn in turns {
        match turn {
            Turn::System(texts) => items.message("system", &Text::join(texts, Text::PARAGRAPH)),
            Turn::User(parts) => items.user(parts)?,
            Turn::Assistant(parts) => items.assistant(parts, warnings),
            Turn::Results(results) => {
                for result in results {
                    items.result(result)?;
                }
            }
        }
    }
    if items.is_empty() {
        warnings.note(WarningKind::TurnInserted, spelling.messages);
        items.message("user", &Text::plain(OPENING));
    }
    items.out.push(b']');
    Ok(items.out)
}

/// The list of items while it is written.
struct Items<'s> {
    out: Vec<u8>,
    spelling: &'s Spelling,
}

impl Items<'_> {
    /// Whether there is nothing but the bracket that opens the list.
    fn is_empty(&self) -> bool {
        self.out.len() <= 1
    }

    fn push(&mut self, write: impl FnOnce(&mut Object<'_>)) {
        if !self.is_empty() {
            self.out.push(b',');
        }
        compose::object(&mut self.out, write);
    }

    fn message(&mut self, role: &str, text: &Text<'_>) {
        self.push(|item| {
            item.string("role", role);
            item.text("content", text);
        });
    }

    fn user(&mut self, parts: &[Part<'_>]) -> Result<(), Untranslatable> {
        match parts {
            [] => self.message("user", &Text::plain("")),
            [Part::Text(text)] => self.message("user", text),
            parts => {
                let contents = contents(parts, self.spelling)?;
                self.push(|item| {
                    item.string("role", "user");
                    item.list("content", &contents, write_content);
                });
            }
        }
        Ok(())
    }

    /// What was said, and each call, as an item of its own.
    fn assistant(&mut self, parts: &[Part<'_>], warnings: &mut Warnings) {
        let mut said: Vec<&Text<'_>> = Vec::new();
        for part in parts {
            match part {
                Part::Text(text) => said.push(text),
                Part::Call(call) => {
                    self.say(&mut said);
                    self.call(call);
                }
                // The vendor takes thoughts back only under its own seal.
                Part::Reasoning(_) => warnings.note(WarningKind::ReasoningDropped, self.spelling.messages),
                Part::Image(_) | Part::Document(_) | Part::Result(_) => {}
            }
        }
        self.say(&mut said);
    }

    fn say(&mut self, texts: &mut Vec<&Text<'_>>) {
        let text = Text::join(texts.drain(..), "");
        if !text.is_empty() {
            self.message("assistant", &text);
        }
    }

    fn call(&mut self, call: &Call<'_>) {
        self.push(|item| {
            item.string("type", "function_call");
            item.text("call_id", &call.id);
            item.text("name", &call.name);
            match &call.arguments {
                Arguments::Object(json) => item.with("arguments", |out| push_string(out, json)),
                Arguments::Text(text) => item.text("arguments", text),
            }
        });
    }

    /// A result is a string where it is nothing but text, for not every engine knows the list.
    fn result(&mut self, result: &CallResult<'_>) -> Result<(), Untranslatable> {
        let texts: Option<Vec<&Text<'_>>> = result.content.iter().map(Part::as_text).collect();
        let Some(texts) = texts else {
            let failure = result.is_error.then(|| result.marked(Text::plain("")));
            let contents = contents(&result.content, self.spelling)?;
            let contents = failure.iter().map(Content::Text).chain(contents);
            self.output(&result.id, |out| compose::list(out, contents, |out, content| write_content(out, &content)));
            return Ok(());
        };
        let text = result.marked(Text::join(texts, "\\n"));
        self.output(&result.id, |out| text.push(out));
        Ok(())
    }

    fn output(&mut self, id: &Text<'_>, write: impl FnOnce(&mut Vec<u8>)) {
        self.push(|item| {
            item.string("type", "function_call_output");
            item.text("call_id", id);
            item.with("output", write);
        });
    }
}

/// A content part.
enum Content<'p> {
    Text(&'p Text<'p>),
    Image(&'p Media<'p>),
    File(&'p Document<'p>),
}

fn contents<'p>(parts: &'p [Part<'p>], spelling: &Spelling) -> Result<Vec<Content<'p>>, Untranslatable> {
    let content = |part: &'p Part<'p>| match part {
        Part::Text(text) => Ok(Content::Text(text)),
        Part::Image(media) => Ok(Content::Image(media)),
        Part::Document(document) => Ok(Content::File(document)),
        Part::Reasoning(_) | Part::Call(_) | Part::Result(_) => {
            Err(Untranslatable::new(spelling.messages, "a part out of place"))
        }
    };
    parts.iter().map(content).collect()
}

fn write_content(out: &mut Vec<u8>, content: &Content<'_>) {
    compose::object(out, |part| match content {
        Content::Text(text) => {
            part.string("type", "input_text");
            part.text("text", text);
        }
        Content::Image(media) => {
            part.string("type", "input_image");
            // Engines that check the vendor's types require it.
            part.string("detail", "auto");
            part.text("image_url", &media.url());
        }
        Content::File(document) => {
            part.string("type", "input_file");
            match &document.media {
                Media::Remote(url) => part.text("file_url", url),
                inline @ Media::Inline { .. } => {
                    part.text("filename", document.name.as_ref().unwrap_or(&Text::plain("document.pdf")));
                    part.text("file_data", &inline.url());
                }
            }
        }
    });
}
