//! A tier's events in the client's own dialect: passed on byte for byte but for a few names.

use std::borrow::Cow;

use anvil_dialect::envelope::{self, ErrorKind};
use anvil_dialect::{DeltaWriter, Dialect, Event as Read, EventKind, Head, Outline, Reader, Said};
use anvil_sse::Event;
use anvil_verify::{Defect, form};

use super::{Heard, Hearing};
use crate::gate::Hold;
use crate::opening::Opening;
use crate::setup::Setup;
use crate::splice::Splice;
use crate::utterance::{SameEvent, Utterance};
use crate::window::Released;

/// Passes on what the tier says.
#[derive(Debug)]
pub(crate) struct Same {
    client: Dialect,
    head: Head,
    reader: Reader,
    splice: Splice,
    opening: Option<Opening>,
    /// What the client had been told before the first event; `None` if nothing.
    told: Option<Said>,
    /// How many blocks came before the tier's own (Messages).
    shift: u64,
    /// The text that is open for the client, by its number (Messages).
    text: Option<u64>,
    /// Whether a text is left open until something else is said: only an open one has room for a sign of life that counts (Messages).
    lingers: bool,
    /// The end of a text that is left open, as it is to be sent.
    ending: Vec<u8>,
    /// How many numbered events the client has been sent (Responses).
    events: u64,
    /// Whether the client has been sent events besides the tier's (Responses).
    is_numbered_anew: bool,
    /// Whether the dialect's last event has come and is part of the answer (Responses).
    has_last: bool,
    /// That event as it is to be sent, with the end of the answer.
    last: Vec<u8>,
    /// The items of the output, where they are to be kept.
    items: Option<Vec<Vec<u8>>>,
}

impl Same {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            client: setup.client,
            head: setup.head.clone(),
            reader: Reader::new(setup.tier),
            splice: Splice::new(setup.client, &setup.head),
            opening: setup.opening.clone(),
            told: None,
            shift: 0,
            text: None,
            lingers: setup.hold == Hold::Block,
            ending: Vec::new(),
            events: 0,
            is_numbered_anew: false,
            has_last: false,
            last: Vec::new(),
            items: setup.keeps_items.then(Vec::new),
        }
    }

    pub(super) fn hear<'e>(&mut self, event: &Event<'e>, hearing: &mut Hearing) -> Result<Heard<'e>, Defect> {
        let (mut read, passed) = form::event(self.reader.read(event.data))?;
        hearing.report.usage = self.reader.usage();
        hearing.calls.extend(std::mem::take(&mut read.calls));
        match std::mem::replace(&mut read.kind, EventKind::Answer) {
            EventKind::Error(error) => Err(Defect::TierError { kind: error.kind, words: error.message }),
            EventKind::Ping => Ok(Heard::Ping),
            // Where it finishes nothing it says only that there is no more.
            EventKind::Terminal if read.finished == 0 => Ok(Heard::Last(None)),
            EventKind::Terminal => {
                hearing.note(read.choices, read.finished, read.finish);
                self.has_last = true;
                Ok(Heard::Last(Some((utterance(event, read), passed))))
            }
            EventKind::Answer => {
                hearing.note(read.choices, read.finished, read.finish);
                hearing.report.events += 1;
                if let (Some(items), Some(span)) = (&mut self.items, &read.spans.item) {
                    items.push(event.data[span.clone()].to_vec());
                }
                if self.is_for_us_alone(&read) {
                    return Ok(Heard::Nothing);
                }
                Ok(Heard::Said(utterance(event, read), passed))
            }
        }
    }

    /// Says an event. The dialect's last one is kept for the end of the answer.
    pub(super) fn say(&mut self, event: &SameEvent<'_>, released: &Released, out: &mut Vec<u8>) {
        self.take_over();
        if event.read.finished != 0 && self.has_last && self.client == Dialect::Responses {
            self.keep_last(event);
        } else {
            self.pass_on(event, released, out);
        }
    }

    /// Whether the event only says what the stream cost, to a client that has not asked for that (Chat Completions).
    fn is_for_us_alone(&self, read: &Read) -> bool {
        read.outline == Outline::Costs && self.client == Dialect::Chat && !self.head.asked.wants_usage()
    }

    /// What the client was told while it waited is the beginning of this answer.
    fn take_over(&mut self) {
        let opened = self.opening.take().and_then(|opening| opening.take());
        if let Some(said) = opened.map(|writer| writer.said()).filter(|said| said.has_opened) {
            self.told = Some(said);
            self.events = said.events;
            self.text = said.has_text.then_some(0);
        }
    }

    fn pass_on(&mut self, event: &SameEvent<'_>, released: &Released, out: &mut Vec<u8>) {
        if !self.ending.is_empty() {
            out.append(&mut self.ending);
            self.text = None;
        }
        let read = &event.read;
        let has_text = self.told.is_some_and(|said| said.has_text);
        match read.outline {
            Outline::Opens if self.told.is_some() => return,
            // The text that has been opened is this one.
            Outline::BeginsText if has_text => {
                self.told = self.told.map(|said| Said { has_text: false, ..said });
                return;
            }
            Outline::BeginsOther | Outline::Closes if has_text => {
                self.told = self.told.map(|said| Said { has_text: false, ..said });
                self.shift = 1;
                self.text = None;
                released.write_event(out, "content_block_stop", b"{\"type\":\"content_block_stop\",\"index\":0}");
            }
            Outline::BeginsText => {
                self.text = number_in(&event.data, read).map(|own| own.saturating_add(self.shift));
            }
            Outline::EndsBlock if self.text.is_some() && self.lingers => {
                let mut ending = std::mem::take(&mut self.ending);
                self.write(event, released, &mut ending);
                self.ending = ending;
                return;
            }
            Outline::EndsBlock => self.text = None,
            Outline::Opens | Outline::BeginsOther | Outline::Closes | Outline::Costs | Outline::Fills => {}
        }
        self.write(event, released, out);
    }

    fn write(&mut self, event: &SameEvent<'_>, released: &Released, out: &mut Vec<u8>) {
        let name = if event.name.is_empty() { event.read.name } else { &event.name };
        let data = self.spliced(&event.data, &event.read);
        released.write_event(out, name, data);
    }

    /// Keeps the last event, which is sent with the end of the answer.
    fn keep_last(&mut self, event: &SameEvent<'_>) {
        let mut last = std::mem::take(&mut self.last);
        let name = if event.name.is_empty() { event.read.name } else { &event.name };
        anvil_sse::write_event(&mut last, name, self.spliced(&event.data, &event.read));
        self.last = last;
    }

    /// The event's data with the client's names in it, and its number if others came before.
    fn spliced<'d>(&'d mut self, data: &'d [u8], read: &Read) -> &'d [u8] {
        let own = number_in(data, read);
        let number = match self.client {
            Dialect::Messages if self.shift > 0 => own.map(|own: u64| own.saturating_add(self.shift)),
            Dialect::Responses if self.told.is_some() || self.is_numbered_anew => Some(self.events),
            Dialect::Messages | Dialect::Chat | Dialect::Responses => None,
        };
        // What the tier said of it in the beginning, the client has not seen.
        let usage = read.spans.usage.clone().filter(|_| self.told.is_some());
        let usage = usage.and_then(|span| Some(self.reader.usage_in_full(std::str::from_utf8(&data[span]).ok()?)));
        self.events += 1;
        self.splice.apply(data, &read.spans, number, usage.as_deref())
    }

    /// A sign of life, in the form that the dialect's clients know: in Responses an event that is none breaks some.
    pub(super) fn ping(&self, event: &Event<'_>, released: &Released, out: &mut Vec<u8>) {
        match self.client {
            Dialect::Messages => released.write_event(out, "ping", event.data),
            Dialect::Chat | Dialect::Responses => released.write_comment(out, b"ping"),
        }
    }

    /// A sign of life while what the tier says is held.
    pub(super) fn beat(&mut self, released: &Released, out: &mut Vec<u8>) {
        match (self.client, self.text) {
            (Dialect::Messages, Some(text)) => {
                let data = format!(
                    r#"{{"type":"content_block_delta","index":{text},"delta":{{"type":"text_delta","text":""}}}}"#
                );
                released.write_event(out, "content_block_delta", data.as_bytes());
            }
            (Dialect::Messages, None) => released.write_event(out, "ping", br#"{"type":"ping"}"#),
            (Dialect::Chat, _) => released.write_comment(out, b"ping"),
            (Dialect::Responses, _) => {
                let mut writer = DeltaWriter::numbered_from(self.client, self.head.clone(), self.events);
                writer.beat(false, out);
                self.events = writer.said().events;
                self.is_numbered_anew = true;
            }
        }
    }

    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Vec<Vec<u8>> {
        out.append(&mut self.ending);
        out.extend_from_slice(&self.last);
        envelope::push_terminal(out, self.client);
        self.items.take().unwrap_or_default()
    }

    pub(super) fn fail(&mut self, kind: ErrorKind, message: &str, request_id: &str, out: &mut Vec<u8>) {
        out.append(&mut self.ending);
        let mut writer = DeltaWriter::numbered_from(self.client, self.head.clone(), self.events);
        writer.fail(kind, message, request_id, out);
    }
}

/// The number of what an event belongs to (Messages), or its own (Responses), as the tier has it.
fn number_in(data: &[u8], read: &Read) -> Option<u64> {
    read.spans.number.as_ref().and_then(|span| std::str::from_utf8(&data[span.clone()]).ok()?.parse().ok())
}

fn utterance<'e>(event: &Event<'e>, read: Read) -> Utterance<'e> {
    let (name, data) = (Cow::Borrowed(event.name), Cow::Borrowed(event.data));
    Utterance::Event(Box::new(SameEvent { name, data, read, arguments: Vec::new() }))
}
