//! Claude Code's log: a line for every block of every message.
//!
//! An answer of several blocks is several lines, all with the answer's id, the request's and the same usage; older
//! versions told the first lines the usage as the stream began, and the last the whole one. A resumed or forked session
//! copies the lines of the one before. Sub-agents' lines are marked `isSidechain`, in files of their own since 2.1.

use std::collections::HashMap;
use std::sync::Arc;

use serde::de::MapAccess;
use serde_json::value::RawValue;

use crate::content::{self, Block};
use crate::count::{Absurd, Count};
use crate::document::{Flag, List, Members, Object, Text, skip};
use crate::moment::milliseconds;
use crate::reader::{Log, Names};
use crate::request::{Call, Pause, Request, Tokens};

/// The model of what the client says itself: that an answer failed, for one.
const SYNTHETIC: &str = "<synthetic>";

/// The names that the tool which starts sub-agents has had.
const STARTS_SUBAGENTS: [&str; 2] = ["Agent", "Task"];
const CALLS_SKILLS: &str = "Skill";
/// The sub-agent that is started where none is named.
const USUAL_SUBAGENT: &str = "general-purpose";

/// What the lines so far have said.
#[derive(Default)]
pub(crate) struct Claude {
    places: HashMap<Arc<str>, usize>,
    /// When what is to be answered was written down, in the conversation and in sub-agents'.
    asked: [Option<i64>; 2],
    /// When an answer that calls no tool was written down, if nothing has followed it.
    answered: Option<i64>,
}

impl Claude {
    pub(crate) fn take(&mut self, line: &str, log: &mut Log, names: &mut Names) -> Result<(), serde_json::Error> {
        let Object(Some(mut line)) = serde_json::from_str::<Object<Line>>(line)? else { return Err(not_an_object()) };
        if log.session.id.is_none() {
            log.session.id.clone_from(&line.session);
        }
        if log.session.folder.is_none() {
            log.session.folder.clone_from(&line.folder);
        }
        if let Some(Progress { message: Some(mut inner) }) = line.progress.take() {
            // A sub-agent's line within the conversation's, as versions before 2.1 wrote them.
            inner.session = inner.session.or_else(|| line.session.clone());
            inner.folder = inner.folder.or_else(|| line.folder.clone());
            inner.is_sidechain = true;
            self.entry(*inner, log, names)?;
        }
        self.entry(line, log, names)
    }

    fn entry(&mut self, mut line: Line<'_>, log: &mut Log, names: &mut Names) -> Result<(), serde_json::Error> {
        let at = line.at;
        let Some(mut message) = line.message.take() else {
            self.asked[usize::from(line.is_sidechain)] = at.or(self.asked[usize::from(line.is_sidechain)]);
            return Ok(());
        };
        let Some(usage) = message.usage.take() else {
            return if line.is_user() { self.prompt(&line, &message, log) } else { Ok(()) };
        };
        if message.model.as_deref() == Some(SYNTHETIC) {
            log.synthetic += 1;
            return Ok(());
        }
        let began = self.asked[usize::from(line.is_sidechain)];
        let calls: Vec<Call> = content::calling(message.content)?.into_iter().map(|block| call(block, names)).collect();
        if !line.is_sidechain {
            self.answered = if calls.is_empty() { at } else { None };
        }
        match usage.tokens() {
            Ok(tokens) => {
                let mut request = request(&line, &message, tokens, began, names);
                request.add_calls(calls);
                for (place, advisor) in usage.iterations.iter().enumerate() {
                    self.advisor(&request, advisor, place, log, names);
                }
                self.add(request, log);
            }
            Err(Absurd) => log.absurd += 1,
        }
        Ok(())
    }

    fn prompt(&mut self, line: &Line<'_>, message: &Message<'_>, log: &mut Log) -> Result<(), serde_json::Error> {
        self.asked[usize::from(line.is_sidechain)] = line.at.or(self.asked[usize::from(line.is_sidechain)]);
        if line.is_sidechain {
            return Ok(());
        }
        if let (Some(answered), Some(at)) = (self.answered.take(), line.at)
            && at >= answered
            && !line.is_meta
            && content::is_typed(message.content)?
        {
            log.pauses.push(Pause { at, lasted: at - answered });
        }
        Ok(())
    }

    /// Another model that was asked while a request ran; its tokens are not in the request's own.
    fn advisor(&mut self, asked: &Request, advisor: &Usage, place: usize, log: &mut Log, names: &mut Names) {
        let (Some("advisor_message"), Some(model)) = (advisor.kind.as_deref(), advisor.model.as_deref()) else {
            return;
        };
        match advisor.tokens() {
            Ok(tokens) => {
                let request = Request {
                    identity: asked.identity.as_ref().map(|identity| format!("{identity}\0advisor\0{place}").into()),
                    message: asked.message.as_ref().map(|id| format!("{id}:advisor:{place}").into()),
                    model: Some(names.of(model)),
                    tokens,
                    calls: Vec::new(),
                    ..asked.clone()
                };
                self.add(request, log);
            }
            Err(Absurd) => log.absurd += 1,
        }
    }

    fn add(&mut self, request: Request, log: &mut Log) {
        let Some(identity) = &request.identity else { return log.requests.push(request) };
        if let Some(&place) = self.places.get(identity) {
            log.requests[place].join(request);
        } else {
            self.places.insert(identity.clone(), log.requests.len());
            log.requests.push(request);
        }
    }
}

/// Gives answers without a request's id an identity that holds in other files too.
///
/// Within a file an answer's id was believed within its session. A forked session copies it under a name of its own,
/// with the time at which it was written down; another answer of another session may have the same id.
pub(crate) fn settle(log: &mut Log) {
    for request in &mut log.requests {
        if let (Some(identity), Some(message), Some(at)) = (&request.identity, &request.message, request.at)
            && identity.strip_prefix(&**message).is_some_and(|rest| rest.starts_with("\0\0"))
        {
            request.identity = Some(format!("{message}\0\0{at}").into());
        }
    }
}

fn not_an_object() -> serde_json::Error {
    serde::de::Error::custom("no object")
}

fn request(line: &Line<'_>, message: &Message<'_>, tokens: Tokens, began: Option<i64>, names: &mut Names) -> Request {
    // Without a request's id, such as of a tier that sends none: see `settle`.
    let identity = message.id.as_deref().map(|id| match &line.request {
        Some(request) => format!("{id}\0{request}").into(),
        None => format!("{id}\0\0{}", line.session.as_deref().unwrap_or_default()).into(),
    });
    Request {
        identity,
        message: message.id.as_deref().map(Into::into),
        session: line.session.as_deref().map(|name| names.of(name)),
        model: message.model.as_deref().map(|name| names.of(name)),
        folder: line.folder.as_deref().map(|name| names.of(name)),
        at: line.at,
        began,
        ended: line.at,
        is_subagent: line.is_sidechain,
        agent: line.agent.as_deref().map(|name| names.of(name)),
        tokens,
        calls: Vec::new(),
    }
}

fn call(block: Block, names: &mut Names) -> Call {
    let tool = block.name.as_deref().unwrap_or("?");
    let input = block.input.unwrap_or_default();
    let starts = if STARTS_SUBAGENTS.contains(&tool) {
        Some(input.subagent_type.as_deref().unwrap_or(USUAL_SUBAGENT))
    } else if tool == CALLS_SKILLS {
        input.skill.as_deref()
    } else {
        None
    };
    Call { starts: starts.map(|name| names.of(name)), tool: names.of(tool), id: block.id }
}

/// What is read of a line.
#[derive(Default)]
struct Line<'j> {
    kind: Option<String>,
    at: Option<i64>,
    session: Option<String>,
    request: Option<String>,
    agent: Option<String>,
    folder: Option<String>,
    is_sidechain: bool,
    is_meta: bool,
    message: Option<Message<'j>>,
    progress: Option<Progress<'j>>,
}

impl Line<'_> {
    fn is_user(&self) -> bool {
        self.kind.as_deref() == Some("user")
    }
}

impl<'j> Members<'j> for Line<'j> {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => self.kind = map.next_value::<Text>()?.0,
            "timestamp" => self.at = map.next_value::<Text>()?.0.as_deref().and_then(milliseconds),
            "sessionId" => self.session = map.next_value::<Text>()?.0,
            "requestId" => self.request = map.next_value::<Text>()?.0,
            "agentId" => self.agent = map.next_value::<Text>()?.0,
            "cwd" => self.folder = map.next_value::<Text>()?.0,
            "isSidechain" => self.is_sidechain = map.next_value::<Flag>()?.0,
            "isMeta" => self.is_meta = map.next_value::<Flag>()?.0,
            "message" => self.message = map.next_value::<Object<Message>>()?.0,
            "data" => self.progress = map.next_value::<Object<Progress>>()?.0,
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// The `data` of a line about a sub-agent's progress: a line within the line.
#[derive(Default)]
struct Progress<'j> {
    message: Option<Box<Line<'j>>>,
}

impl<'j> Members<'j> for Progress<'j> {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "message" => self.message = map.next_value::<Object<Inner>>()?.0.map(|inner| Box::new(inner.0)),
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// A line within a line, which has no further one in it.
#[derive(Default)]
struct Inner<'j>(Line<'j>);

impl<'j> Members<'j> for Inner<'j> {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        if name == "data" { skip(map) } else { self.0.member(name, map) }
    }
}

#[derive(Default)]
struct Message<'j> {
    id: Option<String>,
    model: Option<String>,
    usage: Option<Usage>,
    content: Option<&'j RawValue>,
}

impl<'j> Members<'j> for Message<'j> {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "id" => self.id = map.next_value::<Text>()?.0,
            "model" => self.model = map.next_value::<Text>()?.0,
            "usage" => self.usage = map.next_value::<Object<Usage>>()?.0,
            "content" => self.content = Some(map.next_value()?),
            _ => skip(map)?,
        }
        Ok(())
    }
}

/// `usage`, and each of its `iterations`, which also have a kind and a model.
#[derive(Default)]
struct Usage {
    fresh: Count,
    cache_read: Count,
    cache_write: Count,
    by_time: Option<ByTime>,
    output: Count,
    iterations: Vec<Usage>,
    kind: Option<String>,
    model: Option<String>,
}

impl Usage {
    fn tokens(&self) -> Result<Tokens, Absurd> {
        let by_time = self.by_time.as_ref();
        let (five, hour) = match by_time {
            Some(by_time) => (by_time.five_minutes.value()?, by_time.hour.value()?),
            None => (0, 0),
        };
        // What is said in all counts; how it is divided is believed as far as it fits.
        let written = self.cache_write.known()?.unwrap_or(five + hour);
        let hour = hour.min(written);
        Ok(Tokens {
            fresh: self.fresh.value()?,
            cache_read: self.cache_read.value()?,
            cache_write: written - hour,
            cache_write_hour: hour,
            output: self.output.value()?,
            reasoning: 0,
        })
    }

    fn tokens_member<'j, A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "input_tokens" => self.fresh = map.next_value()?,
            "cache_read_input_tokens" => self.cache_read = map.next_value()?,
            "cache_creation_input_tokens" => self.cache_write = map.next_value()?,
            "cache_creation" => self.by_time = map.next_value::<Object<ByTime>>()?.0,
            "output_tokens" => self.output = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl<'j> Members<'j> for Usage {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        if name == "iterations" {
            self.iterations = map.next_value::<List<Iteration>>()?.0.into_iter().map(|iteration| iteration.0).collect();
            return Ok(());
        }
        self.tokens_member(name, map)
    }
}

#[derive(Default)]
struct Iteration(Usage);

impl<'j> Members<'j> for Iteration {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "type" => self.0.kind = map.next_value::<Text>()?.0,
            "model" => self.0.model = map.next_value::<Text>()?.0,
            _ => self.0.tokens_member(name, map)?,
        }
        Ok(())
    }
}

#[derive(Default)]
struct ByTime {
    five_minutes: Count,
    hour: Count,
}

impl<'j> Members<'j> for ByTime {
    fn member<A: MapAccess<'j>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "ephemeral_5m_input_tokens" => self.five_minutes = map.next_value()?,
            "ephemeral_1h_input_tokens" => self.hour = map.next_value()?,
            _ => skip(map)?,
        }
        Ok(())
    }
}
