//! What the events of a streamed Responses answer say.

use jiter::Peek;

use super::item::ItemParts;
use super::kind::Kind;
use super::response::Response;
use super::stream::DONE;
use crate::delta::{Delta, StopReason};
use crate::envelope::TierError;
use crate::event::Malformed;
use crate::invalid::Invalid;
use crate::json::{Reader, Span, read_lenient};
use crate::text::Text;

/// The most items that one answer may have.
const ITEMS_LIMIT: usize = 1_024;

/// The state between events: which items there are, and whether anything of each has been said.
#[derive(Debug, Default)]
pub(crate) struct Deltas {
    has_started: bool,
    has_refused: bool,
    items: Vec<Item>,
    calls: usize,
}

#[derive(Debug)]
struct Item {
    index: u64,
    kind: ItemKind,
    /// Whether pieces of it have come; what is then said once more as a whole is left alone.
    has_pieces: bool,
    /// Whether it is complete.
    is_done: bool,
    /// The tier's id of it, else of its call, as spelt; empty where there is none.
    id: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ItemKind {
    Message,
    Reasoning,
    Call(usize),
    /// An item that only its own dialect knows, such as a search that the vendor ran.
    Foreign,
}

/// The members of one event.
#[derive(Default)]
struct Members {
    kind: Option<Kind>,
    index: u64,
    delta: Option<Span>,
    arguments: Option<Span>,
    item: Option<ItemParts>,
    response: Option<Response>,
    error: Option<TierError>,
    words: TierError,
}

impl Deltas {
    /// Reads one event's data.
    pub(crate) fn read<'d>(&mut self, text: &'d str, deltas: &mut Vec<Delta<'d>>) -> Result<(), Malformed> {
        if text.trim_ascii().as_bytes() == DONE {
            deltas.push(Delta::End);
            return Ok(());
        }
        let members = read_lenient(text.as_bytes(), Members::read)?;
        let kind = members.kind.or(members.error.is_some().then_some(Kind::Error));
        let kind = kind.ok_or_else(|| Malformed::new("an event without a type"))?;
        let response = members.response.unwrap_or_default();
        match kind {
            Kind::Failed => deltas.push(Delta::Error(response.error.unwrap_or_default())),
            Kind::Error => deltas.push(Delta::Error(members.error.unwrap_or(members.words))),
            Kind::Ping => deltas.push(Delta::Ping),
            Kind::Opening => self.start(deltas),
            Kind::Completed | Kind::Incomplete => {
                self.start(deltas);
                if let Some(output) = response.output.clone().filter(|_| self.items.is_empty()) {
                    // A tier that has streamed nothing says here what it has to say.
                    self.output(text, output, deltas)?;
                }
                deltas.push(Delta::Usage(response.usage));
                deltas.push(Delta::Stop(if self.has_refused { StopReason::Refusal } else { response.stop() }));
                deltas.push(Delta::End);
            }
            Kind::ItemAdded | Kind::ItemDone => {
                self.start(deltas);
                let item = members.item.unwrap_or_default();
                self.item(members.index, &item, kind == Kind::ItemDone, text, deltas)?;
            }
            _ => {
                self.start(deltas);
                self.piece(kind, members.index, members.delta.or(members.arguments), text, deltas);
            }
        }
        Ok(())
    }

    fn start(&mut self, deltas: &mut Vec<Delta<'_>>) {
        if !std::mem::replace(&mut self.has_started, true) {
            deltas.push(Delta::Start);
        }
    }

    /// All items at once.
    fn output<'d>(&mut self, text: &'d str, output: Span, deltas: &mut Vec<Delta<'d>>) -> Result<(), Malformed> {
        let Some(list) = text.get(output) else { return Ok(()) };
        let items = read_lenient(list.as_bytes(), |list| {
            let mut items = Vec::new();
            Reader::new(list).array(|_, json| {
                items.push(ItemParts::read(json)?);
                Ok(())
            })?;
            Ok::<_, Invalid>(items)
        })?;
        items.iter().enumerate().try_for_each(|(index, item)| self.item(index as u64, item, true, list, deltas))
    }

    /// An item begins, or is complete; some engines say only the latter, and some give every item the same index.
    fn item<'d>(
        &mut self,
        index: u64,
        members: &ItemParts,
        is_done: bool,
        text: &'d str,
        deltas: &mut Vec<Delta<'d>>,
    ) -> Result<(), Malformed> {
        let place = match self.items.iter().rposition(|item| item.index == index && !item.is_done) {
            Some(place) => place,
            None if self.was_done(index, members.identity(text)) => return Ok(()),
            None => self.add(index, members, text, deltas)?,
        };
        if !is_done {
            return Ok(());
        }
        let item = &mut self.items[place];
        item.is_done = true;
        let (kind, has_pieces) = (item.kind, item.has_pieces);
        match kind {
            ItemKind::Message if !has_pieces => {
                self.has_refused |= !members.refusals.is_empty();
                let spans = members.texts.iter().chain(&members.refusals);
                deltas.extend(spans.filter_map(|span| said(text, Some(span.clone()))).map(Delta::Text));
            }
            ItemKind::Reasoning if !has_pieces => {
                let spans = if members.texts.is_empty() { &members.summary } else { &members.texts };
                deltas.extend(spans.iter().filter_map(|span| said(text, Some(span.clone()))).map(Delta::Reasoning));
            }
            ItemKind::Call(call) => {
                let json = given(text, members.arguments.clone()).filter(|_| !has_pieces);
                deltas.extend(json.map(|json| Delta::Arguments { call, json }));
                deltas.push(Delta::CallEnd { call });
            }
            ItemKind::Message | ItemKind::Reasoning | ItemKind::Foreign => {}
        }
        Ok(())
    }

    /// Adds an item; returns where among the items it is.
    fn add<'d>(
        &mut self,
        index: u64,
        members: &ItemParts,
        text: &'d str,
        deltas: &mut Vec<Delta<'d>>,
    ) -> Result<usize, Malformed> {
        if self.items.len() == ITEMS_LIMIT {
            return Err(Malformed::new("too many items"));
        }
        let kind = match members.kind.as_str() {
            "message" => ItemKind::Message,
            "reasoning" => ItemKind::Reasoning,
            "function_call" => {
                let call = self.calls;
                self.calls += 1;
                let name = said(text, members.name.clone());
                let name = name.ok_or_else(|| Malformed::new("a tool call without a name"))?;
                let id = said(text, members.call_id.clone()).unwrap_or_else(|| Text::plain(""));
                deltas.push(Delta::Call { call, id, name });
                ItemKind::Call(call)
            }
            _ => {
                deltas.push(Delta::Foreign);
                ItemKind::Foreign
            }
        };
        let id = members.identity(text).to_owned();
        self.items.push(Item { index, kind, has_pieces: false, is_done: false, id });
        Ok(self.items.len() - 1)
    }

    /// Whether that item has been complete before: to be told so twice is to be told nothing new.
    fn was_done(&self, index: u64, id: &str) -> bool {
        !id.is_empty() && self.items.iter().any(|item| item.is_done && item.index == index && item.id == id)
    }

    fn piece<'d>(&mut self, event: Kind, index: u64, span: Option<Span>, text: &'d str, deltas: &mut Vec<Delta<'d>>) {
        let Some(item) = self.items.iter_mut().rfind(|item| item.index == index && !item.is_done) else { return };
        let piece = if event == Kind::ArgumentsDone { given(text, span) } else { said(text, span) };
        let delta = match (event, item.kind) {
            (Kind::TextDelta, ItemKind::Message) => piece.map(Delta::Text),
            (Kind::RefusalDelta, ItemKind::Message) => {
                self.has_refused = true;
                piece.map(Delta::Text)
            }
            (Kind::ReasoningDelta | Kind::SummaryDelta, ItemKind::Reasoning) => piece.map(Delta::Reasoning),
            // Between the parts of a summary.
            (Kind::SummaryPart, ItemKind::Reasoning) if item.has_pieces => {
                Some(Delta::Reasoning(Text::plain("\\n\\n")))
            }
            (Kind::ArgumentsDelta, ItemKind::Call(call)) => piece.map(|json| Delta::Arguments { call, json }),
            // An engine that does not stream arguments gives them here.
            (Kind::ArgumentsDone, ItemKind::Call(call)) if !item.has_pieces => {
                piece.map(|json| Delta::Arguments { call, json })
            }
            _ => None,
        };
        item.has_pieces |= delta.is_some();
        deltas.extend(delta);
    }
}

/// Reads the output of a whole answer; whether it refuses.
pub(super) fn read_output<'d>(text: &'d str, output: Span, deltas: &mut Vec<Delta<'d>>) -> Result<bool, Malformed> {
    let mut reader = Deltas { has_started: true, ..Deltas::default() };
    reader.output(text, output, deltas)?;
    Ok(reader.has_refused)
}

impl Members {
    fn read(json: &[u8]) -> Result<Self, Malformed> {
        let mut json = Reader::of_object(json, "an event that is not a JSON object")?;
        let mut members = Self::default();
        json.object(
            |name| match name {
                "type" => 1,
                "output_index" => 2,
                "delta" => 3,
                "arguments" => 4,
                "item" => 5,
                "response" => 6,
                "error" => 7,
                "code" => 8,
                "message" => 9,
                _ => 0,
            },
            |member, json| {
                match (member, json.peek()?) {
                    (1, _) => members.kind = json.string_as(Kind::from_name)?,
                    (2, _) => members.index = json.unsigned()?.unwrap_or(0),
                    (3, Peek::String) => members.delta = json.string_span()?,
                    (4, Peek::String) => members.arguments = json.string_span()?,
                    (5, Peek::Object) => members.item = Some(ItemParts::read(json)?),
                    (6, Peek::Object) => members.response = Some(Response::read(json)?),
                    (7, next) if next != Peek::Null => members.error = Some(TierError::read(json)?),
                    (8, Peek::String) => members.words.kind = json.string()?.unwrap_or_default(),
                    (9, Peek::String) => members.words.message = json.string()?.unwrap_or_default(),
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        json.finish()?;
        Ok(members)
    }
}

fn said(text: &str, span: Option<Span>) -> Option<Text<'_>> {
    Text::from_literal(text.get(span?)?).filter(|piece| !piece.is_empty())
}

/// Arguments that are given whole; an object of nothing says nothing.
fn given(text: &str, span: Option<Span>) -> Option<Text<'_>> {
    said(text, span).filter(|json| json.escaped() != "{}")
}
