//! What a log says of one answer of a model.

use std::sync::Arc;

/// Tokens by what they are: each is counted once.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tokens {
    /// Of the prompt, what neither came from a cache nor was written to one.
    pub fresh: u64,
    /// Of the prompt, what came from a cache.
    pub cache_read: u64,
    /// Of the prompt, what was written to a cache for the usual time (Anthropic's: five minutes).
    pub cache_write: u64,
    /// Of the prompt, what was written to a cache for an hour.
    pub cache_write_hour: u64,
    /// All of the answer, reasoning included.
    pub output: u64,
    /// Of the answer, what was reasoning, where a log says it apart.
    pub reasoning: u64,
}

impl Tokens {
    /// All of the prompt.
    pub fn context(&self) -> u64 {
        self.fresh + self.cache_read + self.cache_write + self.cache_write_hour
    }

    /// Prompt and answer.
    pub fn total(&self) -> u64 {
        self.context() + self.output
    }
}

/// One answer of a model. Times are milliseconds since 1970.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// What another copy of the same answer has too; None: nothing identifies it, so that it counts wherever it stands.
    pub identity: Option<Arc<str>>,
    /// The vendor's id of the answer.
    pub message: Option<Arc<str>>,
    /// The session's id.
    pub session: Option<Arc<str>>,
    /// The model's name, as the vendor told it.
    pub model: Option<Arc<str>>,
    /// The folder that the client worked in.
    pub folder: Option<Arc<str>>,
    /// When it was written down.
    pub at: Option<i64>,
    /// When what it answers was written down.
    pub began: Option<i64>,
    /// When the last of it was written down.
    pub ended: Option<i64>,
    /// Whether a sub-agent asked for it.
    pub is_subagent: bool,
    /// The sub-agent's id.
    pub agent: Option<Arc<str>>,
    /// What was read and written.
    pub tokens: Tokens,
    /// The tools that it calls.
    pub calls: Vec<Call>,
}

/// One call of a tool.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// The call's id.
    pub id: Option<String>,
    /// The tool's name.
    pub tool: Arc<str>,
    /// The sub-agent or the skill that it starts.
    pub starts: Option<Arc<str>>,
}

/// How long a person took from the end of an answer to the next prompt, in milliseconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Pause {
    /// When it ended.
    pub at: i64,
    /// How long it lasted.
    pub lasted: i64,
}

impl Request {
    /// Takes in what another line, or another file, says of the same answer.
    ///
    /// The larger usage counts, for an answer is told of as it grows; of a conversation's and a sub-agent's copy the
    /// conversation's. Calls are those of both.
    pub(crate) fn join(&mut self, mut other: Self) {
        let ended = self.ended.max(other.ended);
        if Self::counts_over((self.is_subagent, self.tokens), (other.is_subagent, other.tokens)) {
            std::mem::swap(self, &mut other);
            std::mem::swap(&mut self.calls, &mut other.calls);
        }
        self.ended = ended;
        self.add_calls(other.calls);
    }

    /// Whether of two copies of an answer the other counts; of each: whether it is a sub-agent's, and its tokens.
    pub(crate) fn counts_over(held: (bool, Tokens), other: (bool, Tokens)) -> bool {
        if held.0 == other.0 { other.1.total() > held.1.total() } else { held.0 }
    }

    /// Adds the calls that it has not yet; without an id none is known to be the same.
    pub(crate) fn add_calls(&mut self, calls: impl IntoIterator<Item = Call>) {
        for call in calls {
            if call.id.is_none() || !self.calls.iter().any(|known| known.id == call.id) {
                self.calls.push(call);
            }
        }
    }
}
