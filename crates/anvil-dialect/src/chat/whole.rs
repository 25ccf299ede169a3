//! A whole Chat Completions answer, taken apart and put together.

use super::deltas::Deltas;
use super::finish::{finish_reason, write_usage};
use crate::compose;
use crate::delta::{Delta, Head};
use crate::event::Malformed;
use crate::gathered::{Gathered, Piece};
use crate::text::Text;

/// Reads the body.
pub(crate) fn read(text: &str) -> Result<Vec<Delta<'_>>, Malformed> {
    let mut deltas = Vec::new();
    Deltas::default().read_choices(text, "message", &mut deltas)?;
    let is_answer = deltas.iter().any(|delta| matches!(delta, Delta::Start | Delta::Error(_)));
    if !is_answer {
        return Err(Malformed::new("an answer whose choices carry no message"));
    }
    Ok(deltas)
}

/// Writes the body.
pub(crate) fn write(head: &Head, deltas: &[Delta<'_>], out: &mut Vec<u8>) {
    let gathered = Gathered::new(deltas);
    let (mut texts, mut reasoning, mut calls) = (Vec::new(), Vec::new(), Vec::new());
    for piece in &gathered.pieces {
        match piece {
            Piece::Text(pieces) => texts.extend(pieces.iter().copied()),
            Piece::Reasoning(pieces) => reasoning.extend(pieces.iter().copied()),
            Piece::Call { call, id, name, json } => {
                calls.push((*call, *id, *name, Text::join(json.iter().copied(), "")));
            }
        }
    }
    compose::object(out, |body| {
        body.string("id", &format!("chatcmpl-{}", head.id));
        body.string("object", "chat.completion");
        body.number("created", head.created);
        body.string("model", &head.model);
        body.list("choices", [()], |out, ()| {
            compose::object(out, |choice| {
                choice.number("index", 0);
                choice.object("message", |message| {
                    message.string("role", "assistant");
                    match texts.as_slice() {
                        [] => message.raw("content", "null"),
                        texts => message.text("content", &Text::join(texts.iter().copied(), "")),
                    }
                    if !reasoning.is_empty() {
                        message.text("reasoning_content", &Text::join(reasoning.iter().copied(), ""));
                    }
                    if !calls.is_empty() {
                        message.list("tool_calls", &calls, |out, call| write_call(out, head, call));
                    }
                });
                choice.raw("logprobs", "null");
                choice.string("finish_reason", finish_reason(gathered.stop, gathered.has_calls()));
            });
        });
        if gathered.usage.input.is_some() || gathered.usage.output.is_some() {
            body.object("usage", |usage| write_usage(usage, &gathered.usage));
        }
    });
}

fn write_call(out: &mut Vec<u8>, head: &Head, (call, id, name, json): &(usize, &Text<'_>, &Text<'_>, Text<'_>)) {
    compose::object(out, |object| {
        object.text("id", &head.call_id(id, *call));
        object.string("type", "function");
        object.object("function", |function| {
            function.text("name", name);
            function.text("arguments", if json.is_empty() { const { &Text::plain("{}") } } else { json });
        });
    });
}
