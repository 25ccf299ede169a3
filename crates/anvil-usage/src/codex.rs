//! Codex's log, a "rollout": what happened, in its order, with running sums of tokens.
//!
//! Since 0.160 or so a `token_usage_record` has every answer with its id; before it, and still beside it, an event
//! `token_count` has the sums so far and the last answer's. Such an event comes again with nothing new where only the
//! rate limits have changed. A forked session copied its parent's lines with times of its own, or, since it says
//! `history_base`, refers to them.

use std::sync::Arc;

use serde::de::MapAccess;

use crate::count::{Absurd, Count};
use crate::document::{Members, Object, Text, skip};
use crate::moment::milliseconds;
use crate::reader::{Log, Names};
use crate::request::{Call, Pause, Request, Tokens};

/// The tool that starts a sub-agent.
const STARTS_SUBAGENTS: &str = "spawn_agent";

/// What the lines so far have said.
#[derive(Default)]
pub(crate) struct Codex {
    has_head: bool,
    is_subagent: bool,
    model: Option<Arc<str>>,
    folder: Option<Arc<str>>,
    /// The sums of the last event, to know what is new in the next.
    sums: Option<Sums>,
    /// The last record, until the event that repeats it: its usage, and the sums with it.
    record: Option<(Sums, Option<Sums>)>,
    /// The tools that were called since the last usage.
    calls: Vec<Call>,
    asked: Option<i64>,
    answered: Option<i64>,
}

impl Codex {
    pub(crate) fn take(&mut self, line: &str, log: &mut Log, names: &mut Names) -> Result<(), serde_json::Error> {
        let Object(Some(line)) = serde_json::from_str::<Object<Line>>(line)? else {
            return Err(serde::de::Error::custom("no object"));
        };
        let Some(mut payload) = line.payload else { return Ok(()) };
        match (line.kind.as_deref(), payload.kind.as_deref()) {
            (Some("session_meta"), _) => self.head(&payload, log, names),
            (Some("turn_context"), _) => {
                self.model = payload.model.as_deref().map(|name| names.of(name)).or(self.model.take());
                self.folder = payload.folder.as_deref().map(|name| names.of(name)).or(self.folder.take());
            }
            (Some("token_usage_record"), _) => self.record(line.at, &mut payload, log, names),
            (Some("event_msg"), Some("token_count")) => self.count(line.at, &mut payload, log, names),
            (Some("event_msg"), Some("task_started")) => {
                self.asked = line.at;
                if let (Some(answered), Some(at)) = (self.answered.take(), line.at)
                    && at >= answered
                {
                    log.pauses.push(Pause { at, lasted: at - answered });
                }
            }
            (Some("event_msg"), Some("task_complete")) => self.answered = line.at,
            (Some("event_msg"), Some("user_message")) => self.asked = line.at,
            (Some("response_item"), Some(kind)) => self.item(kind, line.at, &payload, names),
            _ => {}
        }
        Ok(())
    }

    /// The first line. A copied history may bring its own with it, which says nothing of this session.
    fn head(&mut self, payload: &Payload, log: &mut Log, names: &mut Names) {
        if self.has_head {
            return;
        }
        self.has_head = true;
        let spawned_by = payload.source.as_ref().and_then(|source| source.parent.clone());
        self.is_subagent = payload.source.as_ref().is_some_and(|source| source.is_subagent);
        self.folder = payload.folder.as_deref().map(|name| names.of(name));
        log.session.id.clone_from(&payload.id);
        log.session.folder.clone_from(&payload.folder);
        log.session.parent = payload.forked_from.clone().or(spawned_by);
        log.session.copies_parent = log.session.parent.is_some() && !payload.has_history_base;
    }

    fn item(&mut self, kind: &str, at: Option<i64>, payload: &Payload, names: &mut Names) {
        let name = match kind {
            "function_call" | "custom_tool_call" => payload.name.as_deref().unwrap_or("?"),
            "local_shell_call" => "shell",
            "web_search_call" => "web_search",
            "tool_search_call" => "tool_search",
            "function_call_output" | "custom_tool_call_output" | "tool_search_output" => {
                self.asked = at.or(self.asked);
                return;
            }
            _ => return,
        };
        let tool = names.of(name);
        let starts = (name == STARTS_SUBAGENTS).then(|| tool.clone());
        self.calls.push(Call { id: payload.call.clone(), tool, starts });
    }

    fn record(&mut self, at: Option<i64>, payload: &mut Payload, log: &mut Log, names: &mut Names) {
        let Some(usage) = payload.usage.take() else { return };
        let Ok(usage) = usage.sums() else {
            log.absurd += 1;
            return;
        };
        let thread = payload.thread_usage.take().and_then(|sums| sums.sums().ok());
        self.record = Some((usage, thread));
        let turn = payload.turn.as_deref().unwrap_or_default();
        let identity = payload.response.as_deref().map(|response| format!("{response}\0{turn}").into());
        self.add(at, usage, identity, payload.response.as_deref(), log, names);
    }

    fn count(&mut self, at: Option<i64>, payload: &mut Payload, log: &mut Log, names: &mut Names) {
        let Some(info) = payload.info.take() else { return };
        let (Ok(sums), Ok(last)) = (all(info.sums.as_ref()), all(info.last.as_ref())) else {
            log.absurd += 1;
            return;
        };
        let before = self.sums;
        self.sums = sums.or(self.sums);
        if sums.is_some() && sums == before {
            return;
        }
        // Either the last answer's own, or what the sums have grown by.
        let usage = match (last, sums) {
            (Some(last), _) => last,
            (None, Some(sums)) => sums.less(before.unwrap_or_default()),
            (None, None) => return,
        };
        if let Some((recorded, thread)) = self.record.take()
            && (recorded == usage || (thread.is_some() && thread == sums))
        {
            return;
        }
        let identity = log.session.id.as_deref().zip(sums);
        let identity = identity.map(|(id, sums)| format!("{id}\0{} {}", sums.spelled(), usage.spelled()).into());
        self.add(at, usage, identity, None, log, names);
    }

    fn add(
        &mut self,
        at: Option<i64>,
        usage: Sums,
        identity: Option<Arc<str>>,
        response: Option<&str>,
        log: &mut Log,
        names: &mut Names,
    ) {
        let tokens = usage.tokens();
        if tokens == Tokens::default() {
            return;
        }
        log.requests.push(Request {
            identity,
            message: response.map(Into::into),
            session: log.session.id.as_deref().map(|name| names.of(name)),
            model: self.model.clone(),
            folder: self.folder.clone(),
            at,
            began: self.asked,
            ended: at,
            is_subagent: self.is_subagent,
            agent: if self.is_subagent { log.session.id.as_deref().map(|name| names.of(name)) } else { None },
            tokens,
            calls: std::mem::take(&mut self.calls),
        });
    }
}

/// None where there is none.
fn all(usage: Option<&Usage>) -> Result<Option<Sums>, Absurd> {
    usage.map(Usage::sums).transpose()
}

/// Tokens as Codex counts them: what came from a cache is part of the input, reasoning of the output.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Sums {
    input: u64,
    cached: u64,
    written: u64,
    output: u64,
    reasoning: u64,
}

impl Sums {
    fn tokens(self) -> Tokens {
        let cache_read = self.cached.min(self.input);
        let cache_write = self.written.min(self.input - cache_read);
        Tokens {
            fresh: self.input - cache_read - cache_write,
            cache_read,
            cache_write,
            cache_write_hour: 0,
            output: self.output,
            reasoning: self.reasoning.min(self.output),
        }
    }

    fn less(self, before: Self) -> Self {
        Self {
            input: self.input.saturating_sub(before.input),
            cached: self.cached.saturating_sub(before.cached),
            written: self.written.saturating_sub(before.written),
            output: self.output.saturating_sub(before.output),
            reasoning: self.reasoning.saturating_sub(before.reasoning),
        }
    }

    fn spelled(self) -> String {
        format!("{} {} {} {} {}", self.input, self.cached, self.written, self.output, self.reasoning)
    }
}

/// What is read of a line.
#[derive(Default)]
struct Line {
    kind: Option<String>,
    at: Option<i64>,
    payload: Option<Payload>,
}

impl<'j> Members<'j> for Line {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => self.kind = map.next_value::<Text>()?.0,
            "timestamp" => self.at = map.next_value::<Text>()?.0.as_deref().and_then(milliseconds),
            "payload" => self.payload = map.next_value::<Object<Payload>>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// What is read of any line's payload.
#[derive(Default)]
struct Payload {
    kind: Option<String>,
    id: Option<String>,
    forked_from: Option<String>,
    has_history_base: bool,
    source: Option<Source>,
    folder: Option<String>,
    model: Option<String>,
    name: Option<String>,
    call: Option<String>,
    response: Option<String>,
    turn: Option<String>,
    usage: Option<Usage>,
    thread_usage: Option<Usage>,
    info: Option<Info>,
}

impl<'j> Members<'j> for Payload {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => self.kind = map.next_value::<Text>()?.0,
            "id" => self.id = map.next_value::<Text>()?.0,
            "forked_from_id" => self.forked_from = map.next_value::<Text>()?.0,
            "history_base" => self.has_history_base = map.next_value::<Object<Anything>>()?.0.is_some(),
            "source" => self.source = map.next_value::<Object<Source>>()?.0,
            "cwd" => self.folder = map.next_value::<Text>()?.0,
            "model" => self.model = map.next_value::<Text>()?.0,
            "name" => self.name = map.next_value::<Text>()?.0,
            "call_id" => self.call = map.next_value::<Text>()?.0,
            "response_id" => self.response = map.next_value::<Text>()?.0,
            "turn_id" => self.turn = map.next_value::<Text>()?.0,
            "usage" => self.usage = map.next_value::<Object<Usage>>()?.0,
            "thread_token_usage" => self.thread_usage = map.next_value::<Object<Usage>>()?.0,
            "info" => self.info = map.next_value::<Object<Info>>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// An object of which nothing is read.
#[derive(Default)]
struct Anything;

impl<'j> Members<'j> for Anything {
    fn member<A: MapAccess<'j>>(&mut self, _: &str, map: &mut A) -> Result<(), A::Error> {
        skip(map)
    }
}

/// Who started the session: an object where it was another session.
#[derive(Default)]
struct Source {
    is_subagent: bool,
    parent: Option<String>,
}

impl<'j> Members<'j> for Source {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            // `{"thread_spawn": {"parent_thread_id": …}}`, or only a word, such as "review".
            "subagent" => {
                self.is_subagent = true;
                self.parent = map.next_value::<Object<Subagent>>()?.0.and_then(|subagent| subagent.0);
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}

#[derive(Default)]
struct Subagent(Option<String>);

impl<'j> Members<'j> for Subagent {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "thread_spawn" => self.0 = map.next_value::<Object<Self>>()?.0.and_then(|spawn| spawn.0),
            "parent_thread_id" => self.0 = map.next_value::<Text>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

#[derive(Default)]
struct Info {
    sums: Option<Usage>,
    last: Option<Usage>,
}

impl<'j> Members<'j> for Info {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "total_token_usage" => self.sums = map.next_value::<Object<Usage>>()?.0,
            "last_token_usage" => self.last = map.next_value::<Object<Usage>>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

#[derive(Default)]
struct Usage {
    input: Count,
    cached: Count,
    written: Count,
    output: Count,
    reasoning: Count,
}

impl Usage {
    fn sums(&self) -> Result<Sums, Absurd> {
        Ok(Sums {
            input: self.input.value()?,
            cached: self.cached.value()?,
            written: self.written.value()?,
            output: self.output.value()?,
            reasoning: self.reasoning.value()?,
        })
    }
}

impl<'j> Members<'j> for Usage {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "input_tokens" => self.input = map.next_value()?,
            "cached_input_tokens" => self.cached = map.next_value()?,
            "cache_write_input_tokens" => self.written = map.next_value()?,
            "output_tokens" => self.output = map.next_value()?,
            "reasoning_output_tokens" => self.reasoning = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}
