//! A streamed answer, written as one of Messages.

use anvil_sse::write_event;

use super::finish::{write_stop, write_usage};
use super::tool_id::tool_id;
use crate::compose;
use crate::delta::{Delta, Head, Said, StopReason};
use crate::event::Malformed;
use crate::text::Text;
use crate::usage::Usage;

/// Of how many pieces of a thought that is not told one is told as a sign of life.
const PIECES_A_PING: u32 = 32;
/// The most white space that is held back, in bytes.
const BLANK_LIMIT: usize = 1_024;

/// Writes the events. Grammar: `message_start`; blocks one after the other, each with its start, deltas and stop;
/// `message_delta`; `message_stop` (Anthropic, "Streaming messages").
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    head: Head,
    data: Vec<u8>,
    has_started: bool,
    open: Option<Open>,
    /// How many blocks were opened.
    blocks: u64,
    calls: usize,
    /// White space at the beginning of a text. A text of nothing else makes no block: the vendor refuses it when the client
    /// sends it back.
    blank: String,
    /// How many pieces of thoughts were not told.
    hidden: u32,
    stop: Option<StopReason<'static>>,
    usage: Usage,
}

/// What the open block holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Thinking,
    Call(usize),
}

impl Writer {
    pub(crate) fn new(head: Head) -> Self {
        Self {
            head,
            data: Vec::with_capacity(512),
            has_started: false,
            open: None,
            blocks: 0,
            calls: 0,
            blank: String::new(),
            hidden: 0,
            stop: None,
            usage: Usage::default(),
        }
    }

    pub(crate) fn write(&mut self, delta: &Delta<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
        match delta {
            Delta::Start => self.start(out),
            Delta::Text(text) => self.said(text, out),
            Delta::Reasoning(_) if self.head.asked.hides_reasoning => self.think_in_silence(out),
            Delta::Reasoning(text) => {
                if self.open != Some(Open::Thinking) {
                    self.open(Open::Thinking, out, |block| {
                        block.string("type", "thinking");
                        block.string("thinking", "");
                        block.string("signature", "");
                    });
                }
                self.piece("thinking_delta", "thinking", text, out);
            }
            Delta::Call { call, id, name } => {
                self.calls += 1;
                let id = self.head.call_id(id, *call).into_owned();
                self.open(Open::Call(*call), out, |block| {
                    block.string("type", "tool_use");
                    block.text("id", &tool_id(&id));
                    block.text("name", name);
                    block.raw("input", "{}");
                });
            }
            Delta::Arguments { call, .. } if self.open != Some(Open::Call(*call)) => {
                return Err(Malformed::new("arguments of a tool call after something else began"));
            }
            Delta::Arguments { json, .. } => self.piece("input_json_delta", "partial_json", json, out),
            Delta::CallEnd { call } if self.open == Some(Open::Call(*call)) => self.close(out),
            Delta::Usage(usage) => self.usage.update(*usage),
            Delta::Stop(reason) => {
                self.stop = Some(reason.clone().into_owned());
                self.close(out);
            }
            Delta::Ping if self.has_started => self.beat(false, out),
            Delta::CallEnd { .. }
            | Delta::Foreign
            | Delta::Sureness(_)
            | Delta::Ping
            | Delta::End
            | Delta::Error(_) => {}
        }
        Ok(())
    }

    /// A sign of life. A late one opens a text, which stays open for whatever the answer begins with.
    pub(crate) fn beat(&mut self, is_late: bool, out: &mut Vec<u8>) {
        match (is_late, self.has_started) {
            (true, _) => {
                if self.open.is_none() {
                    self.open_text(out);
                }
                if self.open == Some(Open::Text) {
                    self.piece("text_delta", "text", &Text::plain(""), out);
                }
            }
            (false, false) => self.start(out),
            (false, true) => write_event(out, "ping", b"{\"type\":\"ping\"}"),
        }
    }

    /// How far the answer has been said.
    pub(crate) fn progress(&self) -> Said {
        Said { has_opened: self.has_started, has_text: self.open == Some(Open::Text), events: 0 }
    }

    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        self.start(out);
        self.close(out);
        let (stop, usage, calls) = (self.stop.take(), self.usage, self.calls);
        self.event("message_delta", out, |event| {
            event.object("delta", |delta| write_stop(delta, stop.as_ref(), calls > 0));
            event.object("usage", |object| write_usage(object, &usage));
        });
        self.event("message_stop", out, |_| {});
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.has_started, true) {
            return;
        }
        let (id, model, usage) = (format!("msg_{}", self.head.id), self.head.model.clone(), self.usage);
        self.event("message_start", out, |event| {
            event.object("message", |message| {
                message.string("id", &id);
                message.string("type", "message");
                message.string("role", "assistant");
                message.string("model", &model);
                message.raw("content", "[]");
                message.raw("stop_reason", "null");
                message.raw("stop_sequence", "null");
                message.object("usage", |object| write_usage(object, &usage));
            });
        });
    }

    fn said(&mut self, text: &Text<'_>, out: &mut Vec<u8>) {
        if self.open == Some(Open::Text) {
            return self.piece("text_delta", "text", text, out);
        }
        if text.is_blank() && self.blank.len() < BLANK_LIMIT {
            self.start(out);
            self.blank.push_str(text.escaped());
            return;
        }
        let blank = std::mem::take(&mut self.blank);
        self.open_text(out);
        if blank.is_empty() {
            self.piece("text_delta", "text", text, out);
        } else {
            let blank = format!("\"{blank}\"");
            let before = Text::from_literal(&blank).unwrap_or_else(|| Text::plain(""));
            self.piece("text_delta", "text", &Text::join([&before, text], ""), out);
        }
    }

    fn open_text(&mut self, out: &mut Vec<u8>) {
        self.open(Open::Text, out, |block| {
            block.string("type", "text");
            block.string("text", "");
        });
    }

    fn open(&mut self, block: Open, out: &mut Vec<u8>, write: impl FnOnce(&mut compose::Object<'_>)) {
        self.start(out);
        self.close(out);
        self.blank.clear();
        self.open = Some(block);
        let index = self.blocks;
        self.blocks += 1;
        self.event("content_block_start", out, |event| {
            event.number("index", index);
            event.object("content_block", write);
        });
    }

    /// Says that the model is at work, now and then while it thinks.
    fn think_in_silence(&mut self, out: &mut Vec<u8>) {
        self.start(out);
        if self.hidden.is_multiple_of(PIECES_A_PING) {
            self.beat(false, out);
        }
        self.hidden = self.hidden.wrapping_add(1);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.open == Some(Open::Thinking) {
            // The vendor signs every thought; a client that finds no signature loses the thought.
            self.piece("signature_delta", "signature", &Text::plain(""), out);
        }
        if self.open.take().is_some() {
            let index = self.blocks.saturating_sub(1);
            self.event("content_block_stop", out, |event| event.number("index", index));
        }
    }

    fn piece(&mut self, kind: &'static str, member: &str, text: &Text<'_>, out: &mut Vec<u8>) {
        let index = self.blocks.saturating_sub(1);
        self.event("content_block_delta", out, |event| {
            event.number("index", index);
            event.object("delta", |delta| {
                delta.text("type", &Text::plain(kind));
                delta.text(member, text);
            });
        });
    }

    fn event(&mut self, name: &'static str, out: &mut Vec<u8>, write: impl FnOnce(&mut compose::Object<'_>)) {
        self.data.clear();
        compose::object(&mut self.data, |event| {
            event.text("type", &Text::plain(name));
            write(event);
        });
        write_event(out, name, &self.data);
    }
}
