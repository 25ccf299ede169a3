//! Turns as messages of Chat Completions.

use crate::compose::{self, Object};
use crate::conversation::{Arguments, Call, CallResult, Document, Media, Part, Spelling, Turn, instructions};
use crate::json::push_string;
use crate::text::Text;
use crate::untranslatable::Untranslatable;

/// One system message first, whatever the number of blocks: many chat templates take no more, and only a string.
pub(super) fn write(
    out: &mut Vec<u8>,
    system: Vec<Text<'_>>,
    turns: &[Turn<'_>],
    spelling: &Spelling,
) -> Result<(), Untranslatable> {
    let (instructions, rest) = instructions(system, turns);
    let mut messages = Messages { out, count: 0, spelling };
    messages.out.push(b'[');
    if !instructions.is_empty() {
        messages.system(&instructions);
    }
    for turn in rest {
        match turn {
            Turn::System(texts) => messages.system(texts),
            Turn::User(parts) => messages.user(parts)?,
            Turn::Assistant(parts) => messages.assistant(parts),
            Turn::Results(results) => messages.results(results)?,
        }
    }
    messages.out.push(b']');
    Ok(())
}

/// The list of messages while it is written.
struct Messages<'o> {
    out: &'o mut Vec<u8>,
    count: usize,
    spelling: &'o Spelling,
}

impl Messages<'_> {
    fn push(&mut self, role: &str, write: impl FnOnce(&mut Object<'_>)) {
        if self.count > 0 {
            self.out.push(b',');
        }
        self.count += 1;
        compose::object(self.out, |message| {
            message.string("role", role);
            write(message);
        });
    }

    fn system(&mut self, texts: &[Text<'_>]) {
        self.push("system", |message| message.text("content", &Text::join(texts, Text::PARAGRAPH)));
    }

    fn user(&mut self, parts: &[Part<'_>]) -> Result<(), Untranslatable> {
        let pieces = pieces(parts, self.spelling)?;
        self.push("user", |message| match pieces.as_slice() {
            [] => message.string("content", ""),
            [Piece::Text(text)] => message.text("content", text),
            pieces => message.list("content", pieces, write_piece),
        });
        Ok(())
    }

    fn assistant(&mut self, parts: &[Part<'_>]) {
        let (mut texts, mut reasoning, mut calls) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            match part {
                Part::Text(text) => texts.push(text),
                Part::Reasoning(text) => reasoning.push(text),
                Part::Call(call) => calls.push(call),
                Part::Image(_) | Part::Document(_) | Part::Result(_) => {}
            }
        }
        // Nothing is left of a turn whose every block was the vendor's own.
        if texts.is_empty() && reasoning.is_empty() && calls.is_empty() {
            return;
        }
        self.push("assistant", |message| {
            match (texts.is_empty(), calls.is_empty()) {
                (true, false) => message.raw("content", "null"),
                _ => message.text("content", &Text::join(texts, "")),
            }
            if !reasoning.is_empty() {
                message.text("reasoning_content", &Text::join(reasoning, Text::PARAGRAPH));
            }
            if !calls.is_empty() {
                message.list("tool_calls", calls, write_call);
            }
        });
    }

    /// A message for each result, at once after the calls; what a result shows, and no such message can hold, comes after them
    /// as the user's.
    fn results(&mut self, results: &[CallResult<'_>]) -> Result<(), Untranslatable> {
        let mut shown: Vec<Part<'_>> = Vec::new();
        for result in results {
            let (texts, media): (Vec<_>, Vec<_>) =
                result.content.iter().partition(|part| matches!(part, Part::Text(_)));
            let text = result.marked(result_text(&texts, !media.is_empty()));
            self.push("tool", |message| {
                message.text("tool_call_id", &result.id);
                message.text("content", &text);
            });
            shown.extend(media.into_iter().cloned());
        }
        if shown.is_empty() { Ok(()) } else { self.user(&shown) }
    }
}

/// A tool message's content.
fn result_text(parts: &[&Part<'_>], is_shown: bool) -> Text<'static> {
    let note = Text::plain("[The tool's images and files are in the next message]");
    let mut lines: Vec<&Text<'_>> = parts.iter().filter_map(|part| part.as_text()).collect();
    if is_shown {
        lines.push(&note);
    }
    Text::join(lines, "\\n")
}

/// A content part of a user's message.
enum Piece<'p> {
    Text(&'p Text<'p>),
    Image(&'p Media<'p>),
    File(&'p Document<'p>),
}

fn pieces<'p>(parts: &'p [Part<'p>], spelling: &Spelling) -> Result<Vec<Piece<'p>>, Untranslatable> {
    let piece = |part: &'p Part<'p>| match part {
        Part::Text(text) => Ok(Piece::Text(text)),
        Part::Image(media) => Ok(Piece::Image(media)),
        Part::Document(document) if matches!(document.media, Media::Inline { .. }) => Ok(Piece::File(document)),
        Part::Document(_) => Err(Untranslatable::new(spelling.messages, "a document behind a URL")),
        Part::Reasoning(_) | Part::Call(_) | Part::Result(_) => {
            Err(Untranslatable::new(spelling.messages, "a part out of place"))
        }
    };
    parts.iter().map(piece).collect()
}

fn write_piece(out: &mut Vec<u8>, piece: &Piece<'_>) {
    compose::object(out, |part| match piece {
        Piece::Text(text) => {
            part.string("type", "text");
            part.text("text", text);
        }
        Piece::Image(media) => {
            part.string("type", "image_url");
            part.object("image_url", |image| image.text("url", &media.url()));
        }
        Piece::File(document) => {
            part.string("type", "file");
            part.object("file", |file| {
                file.text("filename", document.name.as_ref().unwrap_or(&Text::plain("document.pdf")));
                file.text("file_data", &document.media.url());
            });
        }
    });
}

fn write_call(out: &mut Vec<u8>, call: &Call<'_>) {
    compose::object(out, |object| {
        object.text("id", &call.id);
        object.string("type", "function");
        object.object("function", |function| {
            function.text("name", &call.name);
            match &call.arguments {
                Arguments::Object(json) => function.with("arguments", |out| push_string(out, json)),
                Arguments::Text(text) => function.text("arguments", text),
            }
        });
    });
}
