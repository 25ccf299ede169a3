//! The events of a streamed Responses answer.

use jiter::Peek;

use super::kind::Kind;
use super::response::{Response, read_item};
use crate::envelope::TierError;
use crate::event::{Event, EventKind, Malformed, Outline, Spans};
use crate::json::Reader;
use crate::tool_calls::ToolCalls;
use crate::usage::Usage;

/// Responses has one choice.
const CHOICE: u128 = 1;
/// What some engines send after the last event, as they do in Chat Completions.
pub(super) const DONE: &[u8] = b"[DONE]";

/// Reads one event's data.
pub(crate) fn read(data: &[u8], usage: &mut Usage) -> Result<Event, Malformed> {
    if data.trim_ascii() == DONE {
        return Ok(Event::bare(EventKind::Terminal, ""));
    }
    let mut json = Reader::of_object(data, "an event that is not a JSON object")?;
    let (mut kind, mut response, mut spans, mut error) = (None, Response::default(), Spans::default(), None);
    let (mut words, mut calls) = (TierError::default(), ToolCalls::default());
    json.object(
        |name| match name {
            "type" => 1,
            "response" => 2,
            "sequence_number" => 3,
            "item" => 4,
            "error" => 5,
            "code" => 6,
            "message" => 7,
            _ => 0,
        },
        |member, json| {
            match (member, json.peek()?) {
                (1, _) => kind = json.string_as(Kind::from_name)?,
                (2, Peek::Object) => response = Response::read(json)?,
                (3, next) if next.is_num() => spans.number = Some(json.skip()?),
                (4, Peek::Object) => {
                    let start = json.start()?;
                    read_item(json, &mut calls)?;
                    spans.item = Some(start..json.index());
                }
                (5, next) if next != Peek::Null => error = Some(TierError::read(json)?),
                // The dialect's own `error` event has its words at the top.
                (6, Peek::String) => words.kind = json.string()?.unwrap_or_default(),
                (7, Peek::String) => words.message = json.string()?.unwrap_or_default(),
                _ => json.ignore()?,
            }
            Ok(())
        },
    )?;
    json.finish()?;
    let kind = kind.or(error.is_some().then_some(Kind::Error));
    let kind = kind.ok_or_else(|| Malformed::new("an event without a type"))?;
    usage.update(response.usage);
    spans.model = response.model;
    spans.id = response.id;
    spans.item = spans.item.filter(|_| kind == Kind::ItemDone);
    calls.extend(response.calls);
    let ends = matches!(kind, Kind::Completed | Kind::Incomplete);
    Ok(Event {
        kind: match kind {
            Kind::Failed => EventKind::Error(response.error.unwrap_or_default()),
            Kind::Error => EventKind::Error(error.unwrap_or(words)),
            Kind::Ping => EventKind::Ping,
            _ if ends => EventKind::Terminal,
            _ => EventKind::Answer,
        },
        name: kind.event_name(),
        outline: if kind == Kind::Opening { Outline::Opens } else { Outline::Fills },
        spans,
        choices: CHOICE,
        finished: if ends { CHOICE } else { 0 },
        finish: ends.then_some(response.finish),
        calls,
    })
}
