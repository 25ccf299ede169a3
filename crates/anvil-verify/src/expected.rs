//! What is expected of one answer.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::checks::{Check, Checks};
use crate::format::Format;
use crate::offered::{Choice, Offered};
use crate::seen::Seen;
use crate::token::Tokens;

/// What the checks may ask of the request. Each is asked when it is first needed, and once.
pub trait Conversation: Send + Sync {
    /// What the request demands of the answer.
    fn demanded(&self) -> Demanded;
    /// Tells, in its order, what the conversation shows of files.
    fn tell(&self, seen: &mut Seen);
    /// The tokens of chat templates that the request names itself.
    fn named_tokens(&self) -> Tokens;
    /// The bytes of the request, which bound what answering one of these takes.
    fn size(&self) -> usize;
}

/// What a byte of the request takes at most, about, in nanoseconds, where it is read for what it demands, for the files that it shows
/// and for the tokens that it names.
const DEMANDED: u64 = 10;
const SEEN: u64 = 20;
const NAMED: u64 = 4;

/// What a request demands of its answer. Nothing, by default.
#[derive(Debug, Default)]
pub struct Demanded {
    /// The tools that may be called; `None` where not all of them are known.
    pub tools: Option<Arc<Offered>>,
    /// The form of the text.
    pub format: Format,
    /// Whether the caller names sequences that end the answer wherever they come.
    pub has_stop_sequences: bool,
}

/// Numbers that an answer is held to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// The caller's cap on generated tokens.
    pub cap: Option<u64>,
    /// The fewest tokens that the prompt can have.
    pub least_prompt_tokens: Option<u64>,
    /// The mean log-probability, in nats, below which the model was not sure enough.
    pub least_mean_logprob: Option<f64>,
}

/// What is expected of one answer.
pub struct Expected {
    checks: Checks,
    limits: Limits,
    tools: Vec<String>,
    has_format: bool,
    conversation: Box<dyn Conversation>,
    demanded: OnceLock<Demanded>,
    seen: OnceLock<Seen>,
    tokens: OnceLock<Tokens>,
}

impl Expected {
    /// `tools` are the names of those that are offered; `has_format` says whether the text has to have a form.
    pub fn new(
        checks: Checks,
        limits: Limits,
        tools: Vec<String>,
        has_format: bool,
        conversation: Box<dyn Conversation>,
    ) -> Self {
        let (demanded, seen, tokens) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { checks, limits, tools, has_format, conversation, demanded, seen, tokens }
    }

    pub(crate) fn checks(&self) -> Checks {
        self.checks
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn tools(&self) -> &[String] {
        &self.tools
    }

    pub(crate) fn has_format(&self) -> bool {
        self.has_format
    }

    pub(crate) fn demanded(&self) -> &Demanded {
        self.demanded.get_or_init(|| self.conversation.demanded())
    }

    /// What the conversation shows of files, before the answer.
    pub(crate) fn seen(&self) -> &Seen {
        self.seen.get_or_init(|| self.seen_anew())
    }

    /// The bytes of the files that the conversation shows, where that has been read.
    pub(crate) fn pasted_bytes(&self) -> usize {
        self.seen.get().map_or(0, Seen::bytes)
    }

    /// The same, for an answer to go on with.
    pub(crate) fn seen_anew(&self) -> Seen {
        let mut seen = Seen::new();
        self.conversation.tell(&mut seen);
        seen
    }

    /// What reading the request may still take at most, about, in nanoseconds.
    pub fn outstanding(&self) -> u64 {
        let unread = [
            (self.demanded.get().is_none(), DEMANDED),
            (self.checks.has(Check::Edits) && self.seen.get().is_none(), SEEN),
            (self.checks.has(Check::Template) && self.tokens.get().is_none(), NAMED),
        ];
        let each: u64 = unread.into_iter().filter_map(|(is_unread, each)| is_unread.then_some(each)).sum();
        each.saturating_mul(u64::try_from(self.conversation.size()).unwrap_or(u64::MAX))
    }

    /// Whether the answer has to call a tool.
    pub(crate) fn demands_calls(&self) -> bool {
        let tools = self.demanded().tools.as_ref();
        tools.is_some_and(|tools| matches!(tools.choice(), Choice::Required | Choice::Tool(_)))
    }

    pub(crate) fn named_tokens(&self) -> Tokens {
        *self.tokens.get_or_init(|| self.conversation.named_tokens())
    }
}

impl fmt::Debug for Expected {
    /// Without anything of the conversation.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Expected")
            .field("checks", &self.checks)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
