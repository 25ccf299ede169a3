//! A whole Messages answer, taken apart and put together.

use super::deltas::stop_reason;
use super::finish::{write_stop, write_usage};
use super::tool_id::tool_id;
use crate::compose;
use crate::conversation::Arguments;
use crate::delta::{Delta, Head};
use crate::envelope::TierError;
use crate::event::Malformed;
use crate::gathered::{Gathered, Piece};
use crate::json::Reader;
use crate::node::Node;
use crate::text::Text;
use crate::usage::Usage;

/// How many levels of an answer are taken apart: its blocks, and their members.
const DEPTH: u8 = 3;

/// Reads the body.
pub(crate) fn read(text: &str) -> Result<Vec<Delta<'_>>, Malformed> {
    let body = Node::read(text.trim_ascii(), DEPTH)?;
    if let Some(error) = body.get("error") {
        let error = TierError::read(&mut Reader::new(error.raw().as_bytes())).unwrap_or_default();
        return Ok(vec![Delta::Error(error)]);
    }
    let content = body.get("content").and_then(Node::list);
    let content = content.ok_or_else(|| Malformed::new("an answer without content"))?;
    let mut deltas = vec![Delta::Start];
    let mut calls = 0;
    for block in content {
        match block.kind().as_str() {
            "text" => deltas.extend(said(block, "text").map(Delta::Text)),
            "thinking" => deltas.extend(said(block, "thinking").map(Delta::Reasoning)),
            "tool_use" => {
                let id = block.get_text("id").unwrap_or_else(|| Text::plain(""));
                let name = said(block, "name").ok_or_else(|| Malformed::new("a tool call without a name"))?;
                let input = block.get("input").filter(|input| input.is_object()).map_or("{}", Node::raw);
                deltas.push(Delta::Call { call: calls, id, name });
                deltas.push(Delta::Arguments { call: calls, json: Text::quote(input) });
                deltas.push(Delta::CallEnd { call: calls });
                calls += 1;
            }
            // Blocks that only this dialect knows; a request that came from another never asks for them.
            _ => deltas.push(Delta::Foreign),
        }
    }
    if let Some(usage) = body.get("usage").filter(|usage| usage.is_object()) {
        deltas.push(Delta::Usage(Usage::read_messages(&mut Reader::new(usage.raw().as_bytes()))?));
    }
    let reason = body.get_text("stop_reason");
    deltas.extend(reason.map(|reason| Delta::Stop(stop_reason(&reason.decoded(), body.get_text("stop_sequence")))));
    Ok(deltas)
}

fn said<'a>(block: &Node<'a>, member: &str) -> Option<Text<'a>> {
    block.get_text(member).filter(|text| !text.is_empty())
}

/// Writes the body.
pub(crate) fn write(head: &Head, deltas: &[Delta<'_>], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let gathered = Gathered::new(deltas);
    let is_told = |piece: &&Piece<'_>| !(head.asked.hides_reasoning && matches!(piece, Piece::Reasoning(_)));
    let blocks = gathered.pieces.iter().filter(is_told).map(Block::new).collect::<Result<Vec<_>, _>>()?;
    let blocks: Vec<Block<'_>> = blocks.into_iter().flatten().collect();
    compose::object(out, |body| {
        body.string("id", &format!("msg_{}", head.id));
        body.string("type", "message");
        body.string("role", "assistant");
        body.string("model", &head.model);
        body.list("content", &blocks, |out, block| block.write(head, out));
        write_stop(body, gathered.stop, gathered.has_calls());
        body.object("usage", |usage| write_usage(usage, &gathered.usage));
    });
    Ok(())
}

enum Block<'d> {
    Text(Text<'static>),
    Thinking(Text<'static>),
    Call { call: usize, id: &'d Text<'d>, name: &'d Text<'d>, input: String },
}

impl<'d> Block<'d> {
    /// The block of a piece; `None` for a text of nothing but white space, which the vendor refuses when it comes back.
    fn new(piece: &Piece<'d>) -> Result<Option<Self>, Malformed> {
        Ok(match piece {
            Piece::Text(texts) => Some(Self::Text(Text::join(texts.iter().copied(), "")))
                .filter(|block| !matches!(block, Self::Text(text) if text.is_blank())),
            Piece::Reasoning(texts) => Some(Self::Thinking(Text::join(texts.iter().copied(), ""))),
            Piece::Call { call, id, name, json } => {
                let arguments = Arguments::Text(Text::join(json.iter().copied(), ""));
                let input = arguments.to_object();
                let input = input.ok_or_else(|| Malformed::new("arguments of a tool call that are no JSON object"))?;
                Some(Self::Call { call: *call, id, name, input: input.into_owned() })
            }
        })
    }

    fn write(&self, head: &Head, out: &mut Vec<u8>) {
        compose::object(out, |block| match self {
            Self::Text(text) => {
                block.string("type", "text");
                block.text("text", text);
            }
            Self::Thinking(text) => {
                block.string("type", "thinking");
                block.text("thinking", text);
                block.string("signature", "");
            }
            Self::Call { call, id, name, input } => {
                block.string("type", "tool_use");
                block.text("id", &tool_id(&head.call_id(id, *call)));
                block.text("name", name);
                block.raw("input", input);
            }
        });
    }
}
