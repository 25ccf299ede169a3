//! What an answer has to know of its request to be said in the caller's dialect.

use crate::dialect::Dialect;
use crate::request::Request;
use crate::responses;

/// What of a request its answer speaks of.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Whether the client asked for usage at the end of a stream (`stream_options.include_usage`); only Chat Completions asks.
    pub(crate) usage: bool,
    /// Whether the client has not asked for the model's thoughts, and so expects none in front of what it reads (Messages).
    pub(crate) hides_reasoning: bool,
    /// Whether the client asked how sure the model was of each token (Chat Completions).
    pub(crate) logprobs: bool,
    /// Members of a Responses request that its answer repeats: `"name":value` each, with a comma after it.
    pub(crate) echo: String,
    /// Tools that the tier knows under another name or in another form than the caller does.
    pub(crate) tools: Vec<Offered>,
}

/// A tool that was told to the tier as a plain function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offered {
    /// The function's name as the tier knows it.
    pub(crate) function: String,
    /// The namespace that the caller keeps it in.
    pub(crate) namespace: Option<String>,
    /// Its name as the caller knows it.
    pub(crate) name: String,
    /// How the caller takes a call of it.
    pub(crate) form: CallForm,
}

/// How a caller takes a tool's call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallForm {
    /// As a function's: its arguments are the text of a JSON object.
    Function,
    /// As text in a grammar of the tool's own.
    Freeform,
    /// As a search among tools that were not told, whose arguments are a JSON object.
    Search,
}

impl Asked {
    /// What a client of Chat Completions asks: whether the end of a stream says what it cost.
    pub fn chat(usage: bool) -> Self {
        Self { usage, ..Self::default() }
    }

    /// What the answer to `request` has to know of it.
    pub fn of(request: &Request) -> Self {
        match request.dialect() {
            Dialect::Messages => Self { hides_reasoning: !request.facts().thinking, ..Self::default() },
            Dialect::Chat => Self { logprobs: request.asks_for_logprobs(), ..Self::chat(request.asks_for_usage()) },
            Dialect::Responses => {
                let (echo, tools) = (responses::echo::echo(request), responses::tools::offered(request));
                Self { usage: true, echo, tools, ..Self::default() }
            }
        }
    }

    /// Whether the client asked for usage at the end of a stream.
    pub fn wants_usage(&self) -> bool {
        self.usage
    }

    /// Whether the client asked how sure the model was of each token.
    pub fn wants_logprobs(&self) -> bool {
        self.logprobs
    }

    /// How the caller knows the tool that a tier calls by this name, where that differs.
    pub(crate) fn tool(&self, function: &str) -> Option<&Offered> {
        self.tools.iter().find(|offered| offered.function == function)
    }
}
