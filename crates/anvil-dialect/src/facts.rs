//! What the policy needs to know about a request, in numbers and names; never the whole text.

use crate::dialect::Dialect;
use crate::invalid::Invalid;
use crate::json::{Reader, Span};
use crate::words::Words;

/// Bytes of JSON text per token, for an estimate before any tokenizer is asked. English prose runs near 4.2, code near 3.2;
/// a low figure overestimates, which is the safe side for a context window.
const BYTES_PER_TOKEN: u64 = 3;
/// Tokens that one image is taken for: about what both vendors charge for a picture of 1,200 × 1,000.
const TOKENS_PER_IMAGE: u64 = 1_600;
/// The most tool names, and the most ids of failed tool results, that are kept; further ones are counted, not named.
const NAMES_LIMIT: usize = 512;
/// The most ids of tool results that are kept.
const RESULTS_LIMIT: usize = 64;
/// The longest name of an effort that is kept, in characters.
const EFFORT_LIMIT: usize = 16;
/// The most items that a request may refer to instead of holding them. A long conversation of the AI SDK has hundreds.
const REFERENCES_LIMIT: usize = 4_096;

/// Small facts of one request.
#[expect(clippy::struct_excessive_bools, reason = "each is one independent fact, not a state")]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The `model` member, as sent.
    pub model: String,
    /// Whether a streamed answer is asked for.
    pub stream: bool,
    /// The caller's cap on generated tokens.
    pub max_output_tokens: Option<u64>,
    /// How many answers are asked for at once (`n`, Chat Completions), where that is said.
    pub answers: Option<u64>,
    /// The prompt's size in tokens, estimated from its bytes; errs on the high side.
    pub prompt_tokens: u64,
    /// How many messages the conversation has; in Responses, how many items.
    pub messages: usize,
    /// Names of the tools offered, in order; in Responses, as they are told to a tier that knows only functions.
    pub tools: Vec<String>,
    /// Whether the caller named a tool choice other than leaving it to the model.
    pub tool_choice: bool,
    /// Images anywhere in the conversation.
    pub images: u32,
    /// Documents or files anywhere in the conversation.
    pub documents: u32,
    /// Whether reasoning is asked for, by a thinking block or an effort.
    pub thinking: bool,
    /// The effort that the caller declares, in lower case and at most 16 characters.
    pub effort: Option<String>,
    /// Whether a structured output (JSON or a JSON Schema) is asked for.
    pub structured_output: bool,
    /// The caller's session key, where the body carries one.
    pub session: Option<String>,
    /// What the caller says to the router itself: where it stands, and the raw text of a JSON object of at most 8 KiB.
    pub dimensions: Vec<(&'static str, String)>,
    /// A hash of how the conversation begins: the same in every later request of it, in every process and release.
    /// 0 where it begins with nothing to know it by.
    pub conversation: u64,
    /// How many messages hold what a person wrote.
    pub user_turns: usize,
    /// What a person wrote last, without what the harness put beside it; of more than 8 KiB the first 5 and the last 3.
    pub last_user_text: String,
    /// How many bytes that is before it is cut.
    pub last_user_bytes: usize,
    /// Whether the conversation ends in a tool's result: a tool loop is open.
    pub open_tool_loop: bool,
    /// Whether the history holds thinking blocks that some model signed.
    pub signed_thinking: bool,
    /// Whether the assistant's turns hold what no vendor takes back: thoughts that nobody signed, or (Messages) texts of nothing.
    pub unsigned_thinking: bool,
    /// Whether a system message stands among the messages (Messages).
    pub system_turns: bool,
    /// Whether the conversation is to be kept at the vendor and gone on with there (`thread`, Messages).
    pub thread: bool,
    /// Ids of the tool calls whose results the model has not answered yet; at most 64.
    pub tool_results: Vec<String>,
    /// Ids of the tool calls whose results report an error.
    pub failed_tool_calls: Vec<String>,
    /// The answer that the request goes on from (`previous_response_id`); only Responses has it.
    pub previous_response: Option<String>,
    /// Ids of the stored items that stand in the conversation by reference; only Responses has them.
    pub item_references: Vec<String>,
    /// Whether the answer is to be kept, so that a later request can refer to it; only Responses asks for that.
    pub store: bool,
}

/// What a dialect's reader gathers on its way through a body.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    pub(crate) facts: Facts,
    /// Bytes of everything that becomes prompt text.
    pub(crate) prompt_bytes: u64,
    /// Where the texts lie that are read once all of the body has been.
    pub(crate) words: Words,
    /// Whether the caller's cap was given as `max_completion_tokens`.
    pub(crate) has_completion_cap: bool,
    /// The effort in a spelling that counts only where the dialect's own is not there.
    pub(crate) other_effort: Option<String>,
    /// Whether the request goes on from something that is not in it.
    pub(crate) continues: bool,
    /// Whether the caller wants no answer kept.
    pub(crate) is_forgotten: bool,
}

impl Gathering {
    pub(crate) fn count(&mut self, span: &Span) {
        self.prompt_bytes = self.prompt_bytes.saturating_add(span.len() as u64);
    }

    pub(crate) fn tool(&mut self, name: String) {
        if self.facts.tools.len() < NAMES_LIMIT {
            self.facts.tools.push(name);
        }
    }

    /// Whether no further tool will be named.
    pub(crate) fn has_all_names(&self) -> bool {
        self.facts.tools.len() == NAMES_LIMIT
    }

    /// Takes over a message of the user's. `has_media`: it shows a picture or a document.
    pub(crate) fn user_message(&mut self, json: &Reader<'_>, texts: Vec<Span>, has_media: bool) {
        self.facts.user_turns += usize::from(self.words.user_message(json.text(), texts, has_media));
    }

    /// The model's turn: results before it have been answered.
    pub(crate) fn model_message(&mut self) {
        self.facts.tool_results.clear();
        self.words.answered();
    }

    /// How many images and documents there have been.
    pub(crate) fn media(&self) -> u32 {
        self.facts.images.saturating_add(self.facts.documents)
    }

    /// Takes over the result of the tool call `id`.
    pub(crate) fn tool_result(&mut self, id: String, is_error: bool) {
        if is_error && self.facts.failed_tool_calls.len() < NAMES_LIMIT {
            self.facts.failed_tool_calls.push(id.clone());
        }
        if self.facts.tool_results.len() < RESULTS_LIMIT {
            self.facts.tool_results.push(id);
        }
    }

    /// Notes that the item at `path` refers to a stored one.
    pub(crate) fn item_reference(&mut self, path: &str, id: String) -> Result<(), Invalid> {
        if self.facts.item_references.len() == REFERENCES_LIMIT {
            return Err(Invalid::wrong(path, "one of at most 4096 references"));
        }
        self.facts.item_references.push(id);
        Ok(())
    }

    pub(crate) fn finish(mut self, body: &[u8]) -> (Facts, Words) {
        let images = u64::from(self.facts.images).saturating_mul(TOKENS_PER_IMAGE);
        self.facts.prompt_tokens = (self.prompt_bytes / BYTES_PER_TOKEN).saturating_add(images);
        self.words.finish(body, &mut self.facts);
        (self.facts, self.words)
    }
}

/// An effort as it is kept; `None` where it is of no character.
pub(crate) fn effort(name: &str) -> Option<String> {
    let effort: String = name.trim().chars().flat_map(char::to_lowercase).take(EFFORT_LIMIT).collect();
    (!effort.is_empty()).then_some(effort)
}

/// The readers of the dialects, chosen once.
pub(crate) fn reader(dialect: Dialect) -> &'static dyn crate::request::ReadMember {
    match dialect {
        Dialect::Messages => &crate::messages::request::Members,
        Dialect::Chat => &crate::chat::request::Members,
        Dialect::Responses => &crate::responses::request::Members,
    }
}
