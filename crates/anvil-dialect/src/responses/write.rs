//! A streamed answer, written as one of Responses.

use anvil_sse::write_event;

use super::call::Call;
use super::output::{self, Item, Outline, Progress};
use crate::compose::{self, Object};
use crate::delta::{Delta, Head, Said, StopReason};
use crate::event::Malformed;
use crate::text::Text;
use crate::usage::Usage;

/// The most bytes of an answer: it is said once more when it is over, and kept until then.
const ANSWER_LIMIT: usize = 64 * 1024 * 1024;
/// What an item counts for beside its words, in bytes: its members, of which some stand in it and some are made of it.
const ITEM_BYTES: usize = 256;

/// Writes the events. Grammar: `response.created`, `response.in_progress`; each item with its start, parts, pieces and end;
/// `response.completed` or `response.incomplete`, which holds the whole answer (OpenAI, "Streaming events", Responses).
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    head: Head,
    data: Vec<u8>,
    sequence: u64,
    has_started: bool,
    /// The text or the reasoning that is being said.
    open: Option<Open<Item>>,
    /// The calls that are being said; several may be, and each by the tier's number.
    calls: Vec<(usize, Open<Call>)>,
    /// The items that are complete, by their place; one that is not is empty.
    items: Vec<Vec<u8>>,
    size: usize,
    stop: Option<StopReason<'static>>,
    usage: Usage,
}

/// An item that is being said: every event of it names its place and its id.
#[derive(Debug, Clone)]
struct Open<I> {
    place: usize,
    id: Text<'static>,
    item: I,
}

impl Writer {
    pub(crate) fn new(head: Head) -> Self {
        Self {
            head,
            data: Vec::with_capacity(512),
            sequence: 0,
            has_started: false,
            open: None,
            calls: Vec::new(),
            items: Vec::new(),
            size: 0,
            stop: None,
            usage: Usage::default(),
        }
    }

    /// Goes on after so many events.
    pub(crate) fn number_from(&mut self, events: u64) {
        self.sequence = events;
        self.has_started |= events > 0;
    }

    /// How far the answer has been said.
    pub(crate) fn progress(&self) -> Said {
        Said { has_opened: self.has_started, has_text: false, events: self.sequence }
    }

    /// The items of the answer, once it has ended.
    pub(crate) fn take_items(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.items)
    }

    pub(crate) fn write(&mut self, delta: &Delta<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
        match delta {
            Delta::Start => self.start(out),
            Delta::Text(text) => self.said(text, true, out)?,
            Delta::Reasoning(text) => self.said(text, false, out)?,
            Delta::Call { call, id, name } => {
                self.start(out);
                self.close(Progress::Completed, out);
                let item = Item::Call(Call::new(&self.head, *call, id, name));
                let (place, id) = self.add(&item, out)?;
                if let Item::Call(item) = item {
                    self.calls.push((*call, Open { place, id, item }));
                }
            }
            Delta::Arguments { call, json } => self.arguments(*call, json, out)?,
            Delta::CallEnd { call } => {
                if let Some(position) = self.calls.iter().position(|(own, _)| own == call) {
                    self.end_call(position, Progress::Completed, out)?;
                }
            }
            Delta::Usage(usage) => self.usage.update(*usage),
            Delta::Stop(reason) => {
                let progress = Progress::of_stop(Some(reason));
                self.stop = Some(reason.clone().into_owned());
                self.close(progress, out);
                self.end_calls(progress, out)?;
            }
            Delta::Ping if self.has_started => self.beat(out),
            Delta::Foreign | Delta::Sureness(_) | Delta::Ping | Delta::End | Delta::Error(_) => {}
        }
        Ok(())
    }

    /// Says the opening once more, which is a sign of life (clients.md, item 5).
    pub(crate) fn beat(&mut self, out: &mut Vec<u8>) {
        if self.has_started {
            self.outline_event("response.in_progress", Progress::Begun, None, out);
        } else {
            self.start(out);
        }
    }

    pub(crate) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        self.start(out);
        let progress = Progress::of_stop(self.stop.as_ref());
        self.close(progress, out);
        // Some that began after the reason to stop was said.
        self.end_calls(progress, out)?;
        let name = if progress == Progress::Incomplete { "response.incomplete" } else { "response.completed" };
        self.outline_event(name, progress, None, out);
        Ok(())
    }

    /// Ends the stream with a failure: the code, and words for a person.
    pub(crate) fn fail(&mut self, code: &str, message: &str, out: &mut Vec<u8>) {
        self.outline_event("response.failed", Progress::Failed, Some((code, message)), out);
    }

    fn start(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.has_started, true) {
            self.outline_event("response.created", Progress::Begun, None, out);
            self.outline_event("response.in_progress", Progress::Begun, None, out);
        }
    }

    fn said(&mut self, text: &Text<'_>, is_text: bool, out: &mut Vec<u8>) -> Result<(), Malformed> {
        self.start(out);
        self.grow(text.escaped().len())?;
        let is_open = matches!(
            (self.open.as_ref().map(|open| &open.item), is_text),
            (Some(Item::Message(_)), true) | (Some(Item::Reasoning(_)), false)
        );
        if !is_open {
            self.close(Progress::Completed, out);
            self.end_calls(Progress::Completed, out)?;
            let item = if is_text { Item::Message(String::new()) } else { Item::Reasoning(String::new()) };
            let (place, id) = self.add(&item, out)?;
            self.event("response.content_part.added", out, |event| {
                write_place(event, &id, place, true);
                event.with("part", |out| write_part(&item, out));
            });
            self.open = Some(Open { place, id, item });
        }
        let Self { open: Some(Open { place, id, item }), data, sequence, .. } = self else { return Ok(()) };
        if let Item::Message(said) | Item::Reasoning(said) = item {
            said.push_str(text.escaped());
        }
        let name = if is_text { "response.output_text.delta" } else { "response.reasoning_text.delta" };
        write_numbered(data, sequence, name, out, |event| {
            write_place(event, id, *place, true);
            event.text("delta", text);
            if is_text {
                event.raw("logprobs", "[]");
            }
        });
        Ok(())
    }

    fn arguments(&mut self, call: usize, json: &Text<'_>, out: &mut Vec<u8>) -> Result<(), Malformed> {
        self.grow(json.escaped().len())?;
        let Self { calls, data, sequence, .. } = self;
        let Some((_, Open { place, id, item })) = calls.iter_mut().find(|(own, _)| *own == call) else {
            return Err(Malformed::new("arguments of a tool call that is over"));
        };
        if let (Some(piece), Some(name)) = (item.push(json), item.delta_event()) {
            write_numbered(data, sequence, name, out, |event| {
                write_place(event, id, *place, false);
                event.text("delta", &piece);
            });
        }
        Ok(())
    }

    fn end_calls(&mut self, progress: Progress, out: &mut Vec<u8>) -> Result<(), Malformed> {
        while !self.calls.is_empty() {
            self.end_call(0, progress, out)?;
        }
        Ok(())
    }

    fn end_call(&mut self, position: usize, progress: Progress, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let (_, Open { place, id, item: mut call }) = self.calls.remove(position);
        if let (Some(rest), Some(name)) = (call.finish()?, call.delta_event()) {
            self.event(name, out, |event| {
                write_place(event, &id, place, false);
                event.text("delta", &rest);
            });
        }
        if let Some((name, member)) = call.done_event() {
            self.event(name, out, |event| {
                write_place(event, &id, place, false);
                event.text("name", &call.name);
                output::write_escaped(event, member, call.arguments());
            });
        }
        self.complete(place, &Item::Call(call), progress, out);
        Ok(())
    }

    /// Ends the text or the reasoning that is being said.
    fn close(&mut self, progress: Progress, out: &mut Vec<u8>) {
        let Some(Open { place, id, item }) = self.open.take() else { return };
        let (Item::Message(said) | Item::Reasoning(said)) = &item else { return };
        let is_text = matches!(item, Item::Message(_));
        let name = if is_text { "response.output_text.done" } else { "response.reasoning_text.done" };
        self.event(name, out, |event| {
            write_place(event, &id, place, true);
            output::write_escaped(event, "text", said);
            if is_text {
                event.raw("logprobs", "[]");
            }
        });
        self.event("response.content_part.done", out, |event| {
            write_place(event, &id, place, true);
            event.with("part", |out| write_part(&item, out));
        });
        self.complete(place, &item, progress, out);
    }

    /// Begins an item; returns its place and its id.
    fn add(&mut self, item: &Item, out: &mut Vec<u8>) -> Result<(usize, Text<'static>), Malformed> {
        self.grow(ITEM_BYTES)?;
        let place = self.items.len();
        self.items.push(Vec::new());
        self.item_event("response.output_item.added", place, item, Progress::Begun, out);
        Ok((place, Text::quote(&item.id(&self.head, place))))
    }

    fn complete(&mut self, place: usize, item: &Item, progress: Progress, out: &mut Vec<u8>) {
        self.item_event("response.output_item.done", place, item, progress, out);
        let mut json = Vec::new();
        item.write(&self.head, place, progress, &mut json);
        self.items[place] = json;
    }

    fn item_event(&mut self, name: &'static str, place: usize, item: &Item, progress: Progress, out: &mut Vec<u8>) {
        let Self { head, data, sequence, .. } = self;
        write_numbered(data, sequence, name, out, |event| {
            event.number("output_index", place as u64);
            event.with("item", |out| item.write(head, place, progress, out));
        });
    }

    /// An event that holds the answer: no more than its outline until it is over, for a sign of life that repeated what has been
    /// said would grow with the answer.
    fn outline_event(
        &mut self,
        name: &'static str,
        progress: Progress,
        error: Option<(&str, &str)>,
        out: &mut Vec<u8>,
    ) {
        let Self { head, data, sequence, items, stop, usage, .. } = self;
        let is_known = usage.input.is_some() || usage.output.is_some();
        let is_complete = |item: &&[u8]| progress != Progress::Begun && !item.is_empty();
        let complete: Vec<&[u8]> = items.iter().map(Vec::as_slice).filter(is_complete).collect();
        let outline = Outline {
            progress,
            stop: stop.as_ref(),
            output: &complete,
            usage: (is_known && progress != Progress::Begun).then_some(&*usage),
            error,
        };
        write_numbered(data, sequence, name, out, |event| {
            event.object("response", |response| output::write_response(response, head, &outline));
        });
    }

    fn event(&mut self, name: &'static str, out: &mut Vec<u8>, write: impl FnOnce(&mut Object<'_>)) {
        write_numbered(&mut self.data, &mut self.sequence, name, out, write);
    }

    fn grow(&mut self, bytes: usize) -> Result<(), Malformed> {
        self.size += bytes;
        if self.size > ANSWER_LIMIT { Err(Malformed::new("an answer larger than 64 MiB")) } else { Ok(()) }
    }
}

/// Writes an event with the next number; `data` is room to write it in.
fn write_numbered(
    data: &mut Vec<u8>,
    sequence: &mut u64,
    name: &'static str,
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Object<'_>),
) {
    data.clear();
    compose::object(data, |event| {
        event.text("type", &Text::plain(name));
        event.number("sequence_number", *sequence);
        write(event);
    });
    *sequence += 1;
    write_event(out, name, data);
}

/// Where among the items an event belongs.
fn write_place(event: &mut Object<'_>, id: &Text<'_>, place: usize, has_parts: bool) {
    event.text("item_id", id);
    event.number("output_index", place as u64);
    if has_parts {
        event.number("content_index", 0);
    }
}

fn write_part(item: &Item, out: &mut Vec<u8>) {
    match item {
        Item::Message(said) => output::write_text(out, said),
        Item::Reasoning(said) => output::write_reasoning(out, said),
        Item::Call(_) => compose::object(out, |_| {}),
    }
}
