//! A streamed answer, written as one of Chat Completions.

use std::collections::HashSet;

use anvil_sse::write_event;

use super::finish::{finish_reason, write_usage};
use crate::compose;
use crate::delta::{Delta, Head, StopReason};
use crate::event::Malformed;
use crate::text::Text;
use crate::usage::Usage;

/// Writes the chunks. Grammar: one that names the role; content, reasoning and calls in pieces; one with the reason; if the
/// client asked for it, one with usage and no choice; `[DONE]` (OpenAI, "Chat Completions", streaming).
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    head: Head,
    /// What every chunk begins with, up to its choices.
    prefix: Vec<u8>,
    chunk: Vec<u8>,
    has_started: bool,
    calls: usize,
    /// The call that is being said, if it has no arguments yet: one without any still has an object of none.
    bare: Option<usize>,
    /// The calls that were given such an object.
    without_arguments: HashSet<usize>,
    stop: Option<StopReason<'static>>,
    usage: Usage,
}

impl Writer {
    pub(crate) fn new(head: Head) -> Self {
        let mut prefix = Vec::with_capacity(160);
        compose::object(&mut prefix, |chunk| {
            chunk.string("id", &format!("chatcmpl-{}", head.id));
            chunk.string("object", "chat.completion.chunk");
            chunk.number("created", head.created);
            chunk.string("model", &head.model);
        });
        prefix.pop();
        prefix.extend_from_slice(b",\"choices\":[");
        Self {
            head,
            prefix,
            chunk: Vec::with_capacity(512),
            has_started: false,
            calls: 0,
            bare: None,
            without_arguments: HashSet::new(),
            stop: None,
            usage: Usage::default(),
        }
    }

    pub(crate) fn write(&mut self, delta: &Delta<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
        match delta {
            Delta::Start => self.start(out),
            Delta::Text(text) => self.said("content", text, out),
            Delta::Reasoning(text) => self.said("reasoning_content", text, out),
            Delta::Call { call, id, name } => self.call(*call, id, name, out),
            Delta::Arguments { call, .. } if self.without_arguments.contains(call) => {
                return Err(Malformed::new("arguments of a tool call after something else began"));
            }
            Delta::Arguments { call, json } if !json.is_empty() => {
                self.bare = self.bare.filter(|bare| bare != call);
                self.arguments(*call, json, out);
            }
            Delta::CallEnd { .. } => self.complete_call(out),
            Delta::Usage(usage) => self.usage.update(*usage),
            Delta::Stop(reason) => {
                self.complete_call(out);
                self.stop = Some(reason.clone().into_owned());
            }
            Delta::Ping if self.has_started => self.beat(out),
            Delta::Arguments { .. }
            | Delta::Foreign
            | Delta::Sureness(_)
            | Delta::Ping
            | Delta::End
            | Delta::Error(_) => {}
        }
        Ok(())
    }

    /// A sign of life. A `ping` event, or a chunk of an odd shape, breaks clients; a comment breaks none (clients.md, item 5).
    #[expect(clippy::unused_self, reason = "what it writes does not depend on what was said, unlike in other dialects")]
    pub(crate) fn beat(&self, out: &mut Vec<u8>) {
        anvil_sse::write_comment(out, b"ping");
    }

    pub(crate) fn end(&mut self, out: &mut Vec<u8>) {
        self.start(out);
        self.complete_call(out);
        let reason = finish_reason(self.stop.as_ref(), self.calls > 0);
        self.delta(out, reason, |_| {});
        let is_known = self.usage.input.is_some() || self.usage.output.is_some();
        if self.head.asked.usage && is_known {
            self.chunk.clear();
            self.chunk.extend_from_slice(&self.prefix);
            self.chunk.extend_from_slice(b"],\"usage\":");
            compose::object(&mut self.chunk, |usage| write_usage(usage, &self.usage));
            self.chunk.push(b'}');
            write_event(out, "", &self.chunk);
        }
        write_event(out, "", b"[DONE]");
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.has_started, true) {
            self.delta(out, "", |delta| {
                delta.string("role", "assistant");
                delta.string("content", "");
            });
        }
    }

    fn said(&mut self, member: &str, text: &Text<'_>, out: &mut Vec<u8>) {
        self.start(out);
        self.complete_call(out);
        self.delta(out, "", |delta| delta.text(member, text));
    }

    fn call(&mut self, call: usize, id: &Text<'_>, name: &Text<'_>, out: &mut Vec<u8>) {
        self.start(out);
        self.complete_call(out);
        self.calls += 1;
        self.bare = Some(call);
        let id = self.head.call_id(id, call).into_owned();
        self.delta(out, "", |delta| {
            delta.list("tool_calls", [call], |out, call| {
                compose::object(out, |object| {
                    object.number("index", call as u64);
                    object.text("id", &id);
                    object.string("type", "function");
                    object.object("function", |function| {
                        function.text("name", name);
                        function.string("arguments", "");
                    });
                });
            });
        });
    }

    fn complete_call(&mut self, out: &mut Vec<u8>) {
        if let Some(call) = self.bare.take() {
            self.without_arguments.insert(call);
            self.arguments(call, &Text::plain("{}"), out);
        }
    }

    fn arguments(&mut self, call: usize, json: &Text<'_>, out: &mut Vec<u8>) {
        self.delta(out, "", |delta| {
            delta.list("tool_calls", [call], |out, call| {
                compose::object(out, |object| {
                    object.number("index", call as u64);
                    object.object("function", |function| function.text("arguments", json));
                });
            });
        });
    }

    /// Writes a chunk with one choice; `reason` is empty but in the last.
    fn delta(&mut self, out: &mut Vec<u8>, reason: &str, write: impl FnOnce(&mut compose::Object<'_>)) {
        self.chunk.clear();
        self.chunk.extend_from_slice(&self.prefix);
        self.chunk.extend_from_slice(b"{\"index\":0,\"delta\":");
        compose::object(&mut self.chunk, write);
        self.chunk.extend_from_slice(b",\"logprobs\":null,\"finish_reason\":");
        if reason.is_empty() {
            self.chunk.extend_from_slice(b"null}]}");
        } else {
            self.chunk.push(b'"');
            self.chunk.extend_from_slice(reason.as_bytes());
            self.chunk.extend_from_slice(b"\"}]}");
        }
        write_event(out, "", &self.chunk);
    }
}
