//! A whole Responses answer, taken apart and put together.

use super::call::Call;
use super::deltas::read_output;
use super::output::{Item, Outline, Progress, write_response};
use super::response::{Response, Status};
use crate::compose;
use crate::delta::{Delta, Head, StopReason};
use crate::envelope::TierError;
use crate::event::Malformed;
use crate::gathered::{Gathered, Piece};
use crate::json::{Reader, read_lenient};
use crate::text::Text;

/// Reads the body.
pub(crate) fn read(text: &str) -> Result<Vec<Delta<'_>>, Malformed> {
    let response = read_lenient(text.as_bytes(), |body| {
        let mut json = Reader::new(body);
        let response = Response::read(&mut json)?;
        json.finish().map(|()| response)
    })?;
    if let Some(error) = response.error {
        return Ok(vec![Delta::Error(error)]);
    }
    match response.status {
        Status::Failed => return Ok(vec![Delta::Error(TierError::default())]),
        Status::Unfinished => return Err(Malformed::new("an answer that is not finished")),
        Status::Completed | Status::Incomplete => {}
    }
    let output = response.output.clone().ok_or_else(|| Malformed::new("an answer without output"))?;
    let mut deltas = vec![Delta::Start];
    let has_refused = read_output(text, output, &mut deltas)?;
    deltas.push(Delta::Usage(response.usage));
    deltas.push(Delta::Stop(if has_refused { StopReason::Refusal } else { response.stop() }));
    Ok(deltas)
}

/// Writes the body; returns the items of its output.
pub(crate) fn write(head: &Head, deltas: &[Delta<'_>], out: &mut Vec<u8>) -> Result<Vec<Vec<u8>>, Malformed> {
    let gathered = Gathered::new(deltas);
    let progress = Progress::of_stop(gathered.stop);
    let items = gathered.pieces.iter().enumerate().map(|(place, piece)| {
        let mut json = Vec::new();
        item(head, piece)?.write(head, place, progress, &mut json);
        Ok(json)
    });
    let items: Vec<Vec<u8>> = items.collect::<Result<_, Malformed>>()?;
    let output: Vec<&[u8]> = items.iter().map(Vec::as_slice).collect();
    let is_known = gathered.usage.input.is_some() || gathered.usage.output.is_some();
    let outline = Outline {
        progress,
        stop: gathered.stop,
        output: &output,
        usage: is_known.then_some(&gathered.usage),
        error: None,
    };
    compose::object(out, |body| write_response(body, head, &outline));
    Ok(items)
}

fn item(head: &Head, piece: &Piece<'_>) -> Result<Item, Malformed> {
    let joined = |texts: &[&Text<'_>]| Text::join(texts.iter().copied(), "").escaped().to_owned();
    Ok(match piece {
        Piece::Text(texts) => Item::Message(joined(texts)),
        Piece::Reasoning(texts) => Item::Reasoning(joined(texts)),
        Piece::Call { call, id, name, json } => {
            let mut called = Call::new(head, *call, id, name);
            for piece in json {
                called.push(piece);
            }
            called.finish()?;
            Item::Call(called)
        }
    })
}
