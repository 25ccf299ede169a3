//! A request: its bytes, where its members lie, and its facts.

use std::borrow::Cow;

use bytes::Bytes;
use jiter::Peek;

use crate::dialect::Dialect;
use crate::dimensions;
use crate::facts::{self, Facts, Gathering};
use crate::invalid::Invalid;
use crate::json::{self, Reader, Span};
use crate::overrides::Overrides;
use crate::phrases::{Found, Phrases};
use crate::prose::Prose;
use crate::shape::Shape;
use crate::speech::Speech;
use crate::unread;
use crate::words::Words;
use crate::{chat, messages, responses};

/// The most members the top level of a body may have. Real requests have under thirty.
const MEMBERS_LIMIT: usize = 1_024;
/// Members that are required only of a request for an answer.
const ANSWER_MEMBERS: [&str; 1] = ["max_tokens"];

/// One decoded request. The body is kept as it came; nothing but the top level has been taken apart.
#[derive(Debug, Clone)]
pub struct Request {
    dialect: Dialect,
    /// Whether the body is of no dialect, and only as much is known of it as passing it on needs.
    is_unread: bool,
    body: Bytes,
    members: Vec<Member>,
    facts: Facts,
    words: Words,
}

#[derive(Debug, Clone)]
struct Member {
    name: String,
    value: Span,
}

/// How a dialect reads one member of the top level.
pub(crate) trait ReadMember {
    /// Reads the value that comes next, which belongs to the member `name`, into `gathering`.
    fn read(&self, name: &str, json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<Span, Invalid>;
    /// Checks, when all members are read, that the required ones were there.
    fn require(&self, has: &dyn Fn(&str) -> bool, gathering: &mut Gathering) -> Result<(), Invalid>;
}

impl Request {
    /// Reads a body in one pass.
    ///
    /// # Errors
    /// [`Invalid`] when the body is not a request of this dialect.
    pub fn decode(dialect: Dialect, body: Bytes) -> Result<Self, Invalid> {
        Self::decode_as(dialect, facts::reader(dialect), &[], body)
    }

    /// Reads a body that asks about a prompt, such as for its size, and for no answer: a cap is not required of it.
    ///
    /// # Errors
    /// [`Invalid`] when the body is otherwise not a request of this dialect.
    pub fn decode_prompt(dialect: Dialect, body: Bytes) -> Result<Self, Invalid> {
        Self::decode_as(dialect, facts::reader(dialect), &ANSWER_MEMBERS, body)
    }

    /// Reads a body that asks for no conversation, such as for embeddings: which model is meant, and whether a stream is asked for.
    /// Errors and streams are framed as in Chat Completions, of whose API it is.
    ///
    /// # Errors
    /// [`Invalid`] when the body is not a JSON object, or one of these two members cannot be read.
    pub fn decode_unread(body: Bytes) -> Result<Self, Invalid> {
        let request = Self::decode_as(Dialect::Chat, &unread::Members, &[], body)?;
        Ok(Self { is_unread: true, ..request })
    }

    /// Reads a body with `reader`; the members of `excused` may be missing.
    fn decode_as(dialect: Dialect, reader: &dyn ReadMember, excused: &[&str], body: Bytes) -> Result<Self, Invalid> {
        if let Err(error) = std::str::from_utf8(&body) {
            return Err(Invalid::NotUtf8 { offset: error.valid_up_to() });
        }
        let (members, (facts, words)) = json::read_lenient(&body, |text| Self::read(reader, excused, text))?;
        Ok(Self { dialect, is_unread: false, body, members, facts, words })
    }

    fn read(reader: &dyn ReadMember, excused: &[&str], text: &[u8]) -> Result<(Vec<Member>, (Facts, Words)), Invalid> {
        let mut json = Reader::new(text);
        if json.peek()? != Peek::Object {
            json.skip()?;
            return Err(Invalid::NotAnObject);
        }
        let mut gathering = Gathering::default();
        let mut members: Vec<Member> = Vec::with_capacity(16);
        json.object(str::to_owned, |name, json| {
            if members.len() == MEMBERS_LIMIT {
                return Err(Invalid::wrong("body", "an object of at most 1024 members"));
            }
            if members.iter().any(|member| member.name == name) {
                return Err(Invalid::Duplicate { path: name });
            }
            let value = reader.read(&name, json, &mut gathering)?;
            dimensions::read(&name, text, &value, &mut gathering.facts.dimensions)?;
            members.push(Member { name, value });
            Ok(())
        })?;
        json.finish()?;
        let has = |name: &str| excused.contains(&name) || members.iter().any(|member| member.name == name);
        reader.require(&has, &mut gathering)?;
        Ok((members, gathering.finish(text)))
    }

    /// The dialect the request was decoded as.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether the request is of no dialect ([`Request::decode_unread`]), and so is its whole answer.
    pub fn is_unread(&self) -> bool {
        self.is_unread
    }

    /// The body's size in bytes.
    pub fn size(&self) -> usize {
        self.body.len()
    }

    /// The body as it came.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap_or_default()
    }

    /// The request's facts.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Which phrases the user's last words hold, what is pasted among them left out unless there is nothing else.
    pub fn spoken(&self, phrases: &Phrases) -> Vec<usize> {
        self.said(phrases).anywhere
    }

    /// What the user's last words look like, and which phrases they hold.
    pub fn said(&self, phrases: &Phrases) -> Speech {
        let prose = self.prose();
        let text = if prose.text.trim().is_empty() { &self.facts.last_user_text } else { &prose.text };
        Speech::of(text, Shape::of(&prose, self.facts.last_user_bytes), phrases)
    }

    /// Which phrases the instructions hold, and what the harness put beside the user's last words: 48 KiB of one, 32 of the other.
    pub fn instructed(&self, phrases: &Phrases) -> Vec<usize> {
        let mut found = Found::default();
        self.words.instructed(&self.body, |text| phrases.mark(text, &mut found));
        found.places()
    }

    /// What the user's last words look like.
    pub fn shape(&self) -> Shape {
        Shape::of(&self.prose(), self.facts.last_user_bytes)
    }

    fn prose(&self) -> Prose {
        Prose::of(&self.facts.last_user_text, self.words.cut)
    }

    /// Whether the client asked for a chunk with usage at the end of a stream (`stream_options.include_usage`).
    pub fn asks_for_usage(&self) -> bool {
        chat::usage::is_asked(self.raw(chat::usage::OPTIONS))
    }

    /// Whether the client asked how sure the model was of each token (Chat Completions).
    pub fn asks_for_logprobs(&self) -> bool {
        self.raw(chat::logprobs::MEMBER) == Some("true")
    }

    /// The body for a tier of the same dialect: every member byte for byte, except what `overrides` says.
    ///
    /// Returns the body itself, shared and not copied, when nothing is to be changed.
    pub fn encode(&self, overrides: &Overrides) -> Bytes {
        let edits = self.edits(overrides);
        if edits.is_empty() {
            return self.body.clone();
        }
        let grown: usize =
            edits.iter().map(|edit| edit.name.len() + edit.json.as_ref().map_or(0, |json| json.len()) + 6).sum();
        let mut out = Vec::with_capacity(self.body.len() + grown);
        out.push(b'{');
        for member in &self.members {
            match edits.iter().find(|edit| edit.name == member.name) {
                None => push_member(&mut out, &member.name, &self.body[member.value.clone()]),
                Some(Edit { json: Some(json), .. }) => push_member(&mut out, &member.name, json.as_bytes()),
                Some(Edit { json: None, .. }) => {}
            }
        }
        for edit in edits.iter().filter(|edit| !self.has(edit.name)) {
            if let Some(json) = &edit.json {
                push_member(&mut out, edit.name, json.as_bytes());
            }
        }
        out.push(b'}');
        Bytes::from(out)
    }

    /// The same Responses request without its `previous_response_id`: its input is `history` (JSON items with commas between
    /// them, or nothing) and then its own items, with what `stored` has for an id in place of each item that refers to one. A
    /// request of another dialect is the same.
    ///
    /// # Errors
    /// [`Invalid`] when an item refers to one that `stored` does not have, or when there is no item at all.
    pub fn resumed(&self, history: &str, stored: &dyn Fn(&str) -> Option<String>) -> Result<Self, Invalid> {
        match self.dialect {
            Dialect::Messages | Dialect::Chat => Ok(self.clone()),
            Dialect::Responses => responses::resume::resumed(self, history, stored),
        }
    }

    /// The items of a Responses request, JSON with commas between them; its input, where that is a string, as a message of
    /// the user's.
    pub fn input_items(&self) -> String {
        match self.dialect {
            Dialect::Messages | Dialect::Chat => String::new(),
            Dialect::Responses => responses::resume::input_items(self),
        }
    }

    /// The members in order, each with its value as JSON text.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = std::str::from_utf8(&self.body).unwrap_or_default();
        self.members.iter().map(move |member| (member.name.as_str(), text.get(member.value.clone()).unwrap_or("null")))
    }

    /// The member's value as JSON text.
    fn raw(&self, wanted: &str) -> Option<&str> {
        let member = self.members.iter().find(|member| member.name == wanted)?;
        std::str::from_utf8(&self.body[member.value.clone()]).ok()
    }

    fn has(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    /// Whether the caller set the member to something other than `null`.
    fn sets(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name && &self.body[member.value.clone()] != b"null")
    }

    /// The member's value where it is an integer of at least 0.
    fn unsigned(&self, name: &str) -> Option<u64> {
        let member = self.members.iter().find(|member| member.name == name)?;
        Reader::new(&self.body[member.value.clone()]).unsigned().ok().flatten()
    }

    /// What may not go to the tier as it is, whatever its settings say.
    fn hygiene(&self, is_local: bool) -> Vec<(&'static str, Option<String>)> {
        let Facts { signed_thinking, unsigned_thinking, store, .. } = self.facts;
        match (self.dialect, is_local) {
            (Dialect::Messages, true) => messages::local::edits(self),
            (Dialect::Messages, false) if unsigned_thinking => {
                let messages = self.raw("messages").and_then(messages::seals::only);
                messages.map(|messages| ("messages", Some(messages))).into_iter().collect()
            }
            (Dialect::Responses, _) => {
                let input = match is_local {
                    true if signed_thinking => self.raw("input").and_then(responses::seals::without),
                    false if unsigned_thinking => self.raw("input").and_then(responses::seals::only),
                    _ => None,
                };
                // What is referred to is looked up here, whoever answers (docs/adr/0009-stored-responses.md).
                let store = store.then(|| ("store", Some("false".to_owned())));
                input.map(|input| ("input", Some(input))).into_iter().chain(store).collect()
            }
            (Dialect::Chat, _) if self.facts.stream && !self.is_unread => {
                chat::usage::asked(self.raw(chat::usage::OPTIONS))
                    .map(|options| (chat::usage::OPTIONS, Some(options)))
                    .into_iter()
                    .collect()
            }
            (Dialect::Messages | Dialect::Chat, _) => Vec::new(),
        }
    }

    fn edits<'a>(&self, overrides: &'a Overrides) -> Vec<Edit<'a>> {
        let mut edits = Vec::new();
        if self.has(dimensions::MEMBER) {
            edits.push(Edit { name: dimensions::MEMBER, json: None });
        }
        for (name, json) in overrides.set() {
            edits.push(Edit { name, json: Some(json.into()) });
        }
        // llama.cpp refuses tools, a stream and log-probabilities together; of several answers nobody is told which is meant.
        let Facts { tools, answers, .. } = &self.facts;
        let is_plain = tools.is_empty() && answers.is_none_or(|answers| answers < 2);
        let may_ask = self.dialect == Dialect::Chat && !self.is_unread && is_plain;
        if overrides.asks_for_logprobs() && may_ask && !self.sets(chat::logprobs::MEMBER) {
            edits.push(Edit { name: chat::logprobs::MEMBER, json: Some("true".into()) });
        }
        let metadata = self.raw(dimensions::METADATA).and_then(dimensions::without);
        let metadata = metadata.map(|metadata| (dimensions::METADATA, Some(metadata)));
        for (name, json) in self.hygiene(overrides.is_local()).into_iter().chain(metadata) {
            if edits.iter().all(|edit| edit.name != name) {
                edits.push(Edit { name, json: json.map(Cow::Owned) });
            }
        }
        for (name, json) in overrides.defaults() {
            if !self.sets(name) && edits.iter().all(|edit| edit.name != name) {
                edits.push(Edit { name, json: Some(json.into()) });
            }
        }
        if let Some((limit, json)) = overrides.max_output_tokens() {
            for name in ["max_tokens", "max_completion_tokens", "max_output_tokens"] {
                // Each for itself: a cap is only ever lowered.
                let is_over = self.unsigned(name).is_some_and(|asked| asked > limit);
                if is_over && edits.iter().all(|edit| edit.name != name) {
                    edits.push(Edit { name, json: Some(json.into()) });
                }
            }
        }
        edits
    }
}

/// Reads the list of messages that comes next, each with `message`, which is told its index and counts it.
pub(crate) fn read_messages(
    json: &mut Reader<'_>,
    gathering: &mut Gathering,
    message: impl Fn(usize, &mut Reader<'_>, &mut Gathering) -> Result<(), Invalid>,
) -> Result<(), Invalid> {
    if json.peek()? != Peek::Array {
        return Err(Invalid::wrong("messages", "a list of messages"));
    }
    json.array(|index, json| message(index, json, gathering))?;
    if gathering.facts.messages == 0 {
        return Err(Invalid::wrong("messages", "a list of at least one message"));
    }
    Ok(())
}

struct Edit<'a> {
    name: &'a str,
    /// The new value as JSON text; `None` removes the member.
    json: Option<Cow<'a, str>>,
}

fn push_member(out: &mut Vec<u8>, name: &str, value: &[u8]) {
    if out.len() > 1 {
        out.push(b',');
    }
    json::push_string(out, name);
    out.push(b':');
    out.extend_from_slice(value);
}
