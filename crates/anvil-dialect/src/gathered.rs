//! A whole answer, put together from its steps.

use crate::delta::{Delta, StopReason};
use crate::text::Text;
use crate::usage::Usage;

/// What the steps of an answer come to.
#[derive(Debug, Default)]
pub(crate) struct Gathered<'d> {
    pub(crate) pieces: Vec<Piece<'d>>,
    pub(crate) stop: Option<&'d StopReason<'d>>,
    pub(crate) usage: Usage,
}

/// Steps of one kind that follow each other.
#[derive(Debug)]
pub(crate) enum Piece<'d> {
    Text(Vec<&'d Text<'d>>),
    Reasoning(Vec<&'d Text<'d>>),
    Call { call: usize, id: &'d Text<'d>, name: &'d Text<'d>, json: Vec<&'d Text<'d>> },
}

impl<'d> Gathered<'d> {
    pub(crate) fn new(deltas: &'d [Delta<'d>]) -> Self {
        let mut gathered = Self::default();
        for delta in deltas {
            match delta {
                Delta::Text(text) => match gathered.pieces.last_mut() {
                    Some(Piece::Text(texts)) => texts.push(text),
                    _ => gathered.pieces.push(Piece::Text(vec![text])),
                },
                Delta::Reasoning(text) => match gathered.pieces.last_mut() {
                    Some(Piece::Reasoning(texts)) => texts.push(text),
                    _ => gathered.pieces.push(Piece::Reasoning(vec![text])),
                },
                Delta::Call { call, id, name } => {
                    gathered.pieces.push(Piece::Call { call: *call, id, name, json: Vec::new() });
                }
                Delta::Arguments { call, json } => gathered.add_arguments(*call, json),
                Delta::Usage(usage) => gathered.usage.update(*usage),
                Delta::Stop(reason) => gathered.stop = Some(reason),
                Delta::Start
                | Delta::CallEnd { .. }
                | Delta::Foreign
                | Delta::Sureness(_)
                | Delta::Ping
                | Delta::End
                | Delta::Error(_) => {}
            }
        }
        gathered
    }

    fn add_arguments(&mut self, wanted: usize, text: &'d Text<'d>) {
        // From the end: they follow the beginning of their call, and an answer may have very many.
        let called = self.pieces.iter_mut().rev().find_map(|piece| match piece {
            Piece::Call { call, json, .. } if *call == wanted => Some(json),
            _ => None,
        });
        if let Some(json) = called {
            json.push(text);
        }
    }

    /// Whether the answer calls a tool.
    pub(crate) fn has_calls(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Call { .. }))
    }
}
