//! Answers in few bytes: there are as many as a person ever had.

use std::collections::HashMap;
use std::sync::Arc;

use crate::request::{Call, Request, Tokens};

/// What a request is once it is known not to be a copy: names by their number, and no ids.
pub(crate) struct Kept {
    session: Name,
    model: Name,
    folder: Name,
    agent: Name,
    pub(crate) at: Option<i64>,
    began: Option<i64>,
    ended: Option<i64>,
    pub(crate) is_subagent: bool,
    tokens: Tokens,
    /// The tools that it calls, and what each starts.
    calls: Box<[(Name, Name)]>,
}

impl Kept {
    /// Takes in a copy of it, as [`Request::join`] does. A copy has all of its calls, or the first of them.
    pub(crate) fn join(&mut self, mut other: Self) {
        let ended = self.ended.max(other.ended);
        if Request::counts_over((self.is_subagent, self.tokens), (other.is_subagent, other.tokens)) {
            std::mem::swap(self, &mut other);
        }
        if other.calls.len() > self.calls.len() {
            self.calls = other.calls;
        }
        self.ended = ended;
    }
}

/// The number of a name; the last there is stands for none.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
struct Name(u32);

const NONE: Name = Name(u32::MAX);

/// Every name once.
#[derive(Default)]
pub(crate) struct Register {
    names: Vec<Arc<str>>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Register {
    pub(crate) fn keep(&mut self, request: Request) -> Kept {
        Kept {
            session: self.number(request.session),
            model: self.number(request.model),
            folder: self.number(request.folder),
            agent: self.number(request.agent),
            at: request.at,
            began: request.began,
            ended: request.ended,
            is_subagent: request.is_subagent,
            tokens: request.tokens,
            calls: request
                .calls
                .into_iter()
                .map(|call| (self.number(Some(call.tool)), self.number(call.starts)))
                .collect(),
        }
    }

    pub(crate) fn request(&self, kept: &Kept) -> Request {
        Request {
            identity: None,
            message: None,
            session: self.name(kept.session),
            model: self.name(kept.model),
            folder: self.name(kept.folder),
            at: kept.at,
            began: kept.began,
            ended: kept.ended,
            is_subagent: kept.is_subagent,
            agent: self.name(kept.agent),
            tokens: kept.tokens,
            calls: kept.calls.iter().filter_map(|(tool, starts)| self.call(*tool, *starts)).collect(),
        }
    }

    fn call(&self, tool: Name, starts: Name) -> Option<Call> {
        Some(Call { id: None, tool: self.name(tool)?, starts: self.name(starts) })
    }

    fn name(&self, name: Name) -> Option<Arc<str>> {
        self.names.get(usize::try_from(name.0).ok()?).cloned()
    }

    fn number(&mut self, name: Option<Arc<str>>) -> Name {
        let Some(name) = name else { return NONE };
        if let Some(number) = self.numbers.get(&name) {
            return Name(*number);
        }
        // Four thousand million names would fill the memory long before.
        let Ok(number) = u32::try_from(self.names.len()) else { return NONE };
        self.names.push(name.clone());
        self.numbers.insert(name, number);
        Name(number)
    }
}
