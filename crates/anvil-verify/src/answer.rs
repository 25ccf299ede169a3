//! All checks on one answer, fed with what it says.

use std::sync::Arc;

use crate::calls::{Calls, Repairs};
use crate::checks::Check;
use crate::content::{Content, Finish};
use crate::defect::Defect;
use crate::edits;
use crate::expected::Expected;
use crate::format::FormatCheck;
use crate::prose::Prose;
use crate::seen::Seen;
use crate::span::Span;
use crate::template;
use crate::verdict::Passed;

/// How much of a text has to pass before a window opens that holds it in blocks, in bytes. No proof at the beginning of a text
/// takes more: markers of leaked calls and channels, refusals and their like are shorter.
const OPENING_BYTES: usize = 200;
/// The fewest tokens of which a mean says something of the model.
const SURE_TOKENS: u64 = 32;

/// Bytes of arguments and files that all edits of one answer are held against. With more, the rest passes.
const EDIT_BYTES: usize = 64 << 20;
/// What a byte of a JSON text takes at most, about, in nanoseconds, when it is whole and held against a schema.
const HELD_AGAINST: u64 = 50;

/// What is known of an answer only at its end.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ending {
    /// Why it stopped.
    pub finish: Finish,
    /// Tokens of its prompt, as the tier counted; `None` where it did not say.
    pub input_tokens: Option<u64>,
    /// Tokens that were generated.
    pub output_tokens: Option<u64>,
    /// The mean log-probability of its tokens in nats, and of how many.
    pub mean_logprob: Option<(f64, u64)>,
}

/// One answer under its checks.
#[derive(Debug)]
pub struct Answer {
    expected: Arc<Expected>,
    content: Content,
    prose: Option<Prose>,
    format: Option<FormatCheck>,
    calls: Option<Calls>,
    open_calls: usize,
    has_called: bool,
    text_bytes: usize,
    repaired: Vec<&'static str>,
    /// What is known of files, once a call edits one.
    seen: Option<Box<Seen>>,
    /// Bytes that its edits have been held against.
    edited: usize,
}

impl Answer {
    /// An answer of which nothing has been said yet.
    pub fn new(expected: Arc<Expected>) -> Self {
        let checks = expected.checks();
        let format = (checks.has(Check::Format) && expected.has_format())
            .then(|| FormatCheck::new(expected.demanded().format.clone()));
        Self {
            content: Content::default(),
            // A text of a form is no prose: a fence in it is part of a string.
            prose: (!expected.has_format()).then(|| Prose::new(Arc::clone(&expected))),
            format,
            calls: None,
            open_calls: 0,
            has_called: false,
            text_bytes: 0,
            repaired: Vec::new(),
            seen: None,
            edited: 0,
            expected,
        }
    }

    /// More of what the model says.
    ///
    /// # Errors
    /// The first defect that is proven, as with everything that an answer says.
    pub fn text(&mut self, piece: &str) -> Result<(), Defect> {
        self.text_bytes += piece.len();
        self.content.feed_text(piece);
        if let Some(format) = &mut self.format {
            format.feed(piece)?;
        }
        self.prose.as_mut().map_or(Ok(()), |prose| prose.feed(piece))
    }

    /// More of what it thinks.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn reasoning(&mut self, piece: &str) -> Result<(), Defect> {
        self.content.feed_reasoning(piece);
        self.prose.as_mut().map_or(Ok(()), |prose| prose.reason(piece))
    }

    /// It begins to call a tool.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn call(&mut self, call: usize, id: &str, name: &str) -> Result<(), Defect> {
        self.content.called();
        if let Some(prose) = &mut self.prose {
            prose.called();
        }
        self.open_calls += 1;
        self.has_called = true;
        let checks = self.expected.checks();
        if checks.has(Check::Template) && template::in_name(name) {
            return Err(Defect::TemplateToken { span: Span::new(0, name.len()) });
        }
        self.tool_calls().map_or(Ok(()), |calls| calls.begin(call, id, name))
    }

    /// It says something that is not understood here: that is an answer too, and opens a window that holds in blocks.
    pub fn foreign(&mut self) {
        self.content.called();
        if let Some(prose) = &mut self.prose {
            prose.called();
        }
        self.has_called = true;
    }

    /// More of a call's arguments.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn arguments(&mut self, call: usize, json: &str) -> Result<(), Defect> {
        self.tool_calls().map_or(Ok(()), |calls| calls.feed(call, json))
    }

    /// The call has all its arguments. What they have to be instead, where it is certain what was meant.
    ///
    /// # Errors
    /// As [`text`](Self::text).
    pub fn call_end(&mut self, call: usize) -> Result<Option<String>, Defect> {
        self.open_calls = self.open_calls.saturating_sub(1);
        let Some(calls) = &mut self.calls else { return Ok(None) };
        let ended = calls.end(call)?;
        if self.expected.checks().has(Check::Edits) {
            self.check_edit(call, &ended.name, &ended.arguments)?;
        }
        let Some(repaired) = ended.repaired else { return Ok(None) };
        self.repaired.extend(repaired.kinds.iter().map(|kind| kind.label()));
        Ok(Some(repaired.json))
    }

    /// The proof that all that has been said may be seen, where it may: the opening has passed, and no block, no call and no marker
    /// is open.
    pub fn clear(&self) -> Option<Passed> {
        let has_opened = self.text_bytes >= OPENING_BYTES || self.has_called;
        let is_clear = self.open_calls == 0 && self.prose.as_ref().is_some_and(Prose::is_clear);
        (has_opened && is_clear).then(Passed::new)
    }

    /// What the checks of the next piece may take at most, about, in nanoseconds, for what has come before it and for the request.
    pub fn outstanding(&self) -> u64 {
        let json =
            self.calls.as_ref().map_or(0, Calls::open_bytes) + self.format.as_ref().map_or(0, FormatCheck::bytes);
        let files = if self.open_calls > 0 { self.seen.as_ref().map_or(0, |seen| seen.bytes()) } else { 0 };
        let prose = self.prose.as_ref().map_or(0, Prose::outstanding);
        HELD_AGAINST
            .saturating_mul(json as u64)
            .saturating_add(edits::SEARCHED.saturating_mul(files as u64))
            .saturating_add(prose)
            .saturating_add(self.expected.outstanding())
    }

    /// The labels of what was repaired.
    pub fn repaired(&self) -> &[&'static str] {
        &self.repaired
    }

    /// The verdict on all of it.
    ///
    /// # Errors
    /// The first defect that is proven.
    pub fn end(&mut self, ending: Ending) -> Result<Passed, Defect> {
        let (checks, limits) = (self.expected.checks(), *self.expected.limits());
        if checks.has(Check::Prompt)
            && let (Some(counted), Some(expected)) = (ending.input_tokens, limits.least_prompt_tokens)
            // None counted is not counted.
            && (1..expected).contains(&counted)
        {
            return Err(Defect::PromptTruncated { counted, expected });
        }
        if checks.has(Check::Content) {
            self.end_content(ending, limits.cap)?;
        }
        let is_cut = ending.finish == Finish::Length;
        if let Some(prose) = &mut self.prose {
            prose.end(is_cut)?;
        }
        if let Some(mut format) = self.format.take().filter(|_| !is_cut && !self.has_called) {
            let _: Passed = format.end()?;
        }
        if is_cut {
            // What a cap has cut is not held to what it would have become.
            return Ok(Passed::new());
        }
        if checks.has(Check::Tools) && (self.has_called || self.expected.demands_calls()) {
            let _: Passed = self.tool_calls().map_or_else(|| Ok(Passed::new()), Calls::finish)?;
        }
        match (ending.mean_logprob, limits.least_mean_logprob) {
            (Some((mean, tokens)), Some(least)) if mean < least && tokens >= SURE_TOKENS => Err(Defect::LowConfidence),
            _ => Ok(Passed::new()),
        }
    }

    /// Holds an edit against what the conversation, and the calls of this answer before it, show of its file.
    fn check_edit(&mut self, call: usize, name: &str, arguments: &str) -> Result<(), Defect> {
        if self.seen.is_none() && !edits::may_edit(name, arguments) {
            return Ok(());
        }
        let seen = self.seen.get_or_insert_with(|| Box::new(self.expected.seen_anew()));
        self.edited = self.edited.saturating_add(arguments.len()).saturating_add(seen.bytes());
        if self.edited > EDIT_BYTES {
            return Ok(());
        }
        let _: Passed = edits::call(name, arguments, seen)?;
        seen.call(&format!("of this answer: {call}"), name, arguments);
        Ok(())
    }

    fn end_content(&mut self, ending: Ending, cap: Option<u64>) -> Result<(), Defect> {
        let ended = std::mem::take(&mut self.content).end(ending.finish, ending.output_tokens, cap);
        match ended {
            // Such a sequence may come first of all, and not every engine says that it did.
            Err(Defect::Empty | Defect::Blank | Defect::ReasoningOnly)
                if self.expected.demanded().has_stop_sequences =>
            {
                Ok(())
            }
            ended => ended.map(drop),
        }
    }

    /// The checks on calls, where they are made and the tools are known.
    fn tool_calls(&mut self) -> Option<&mut Calls> {
        if self.calls.is_none() && self.expected.checks().has(Check::Tools) {
            let tools = self.expected.demanded().tools.clone()?;
            let checks = self.expected.checks();
            let repairs = if checks.repairs() { Repairs::On } else { Repairs::Off };
            self.calls = Some(Calls::new(tools, repairs));
        }
        self.calls.as_mut()
    }
}
