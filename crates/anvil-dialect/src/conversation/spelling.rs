//! What a caller calls the members that a warning or a refusal speaks of.

use crate::dialect::Dialect;

/// A dialect's names for what every dialect has. Where it spells one in two ways, the vendor's present one.
#[derive(Debug)]
pub(crate) struct Spelling {
    /// The conversation.
    pub(crate) messages: &'static str,
    /// How much to think.
    pub(crate) reasoning: &'static str,
    /// The form that the answer must have.
    pub(crate) format: &'static str,
    /// The schema of that form, with what is said of it.
    pub(crate) shape: &'static str,
    /// The stop sequences.
    pub(crate) stop: &'static str,
    /// The caller's own user.
    pub(crate) user: &'static str,
}

impl Spelling {
    pub(crate) const fn of(dialect: Dialect) -> &'static Self {
        match dialect {
            Dialect::Messages => &Self {
                messages: "messages",
                reasoning: "thinking",
                format: "output_config.format",
                shape: "output_config.format",
                stop: "stop_sequences",
                user: "metadata.user_id",
            },
            Dialect::Chat => &Self {
                messages: "messages",
                reasoning: "reasoning_effort",
                format: "response_format",
                shape: "response_format.json_schema",
                stop: "stop",
                user: "user",
            },
            Dialect::Responses => &Self {
                messages: "input",
                reasoning: "reasoning.effort",
                format: "text.format",
                shape: "text.format",
                stop: "stop",
                user: "safety_identifier",
            },
        }
    }
}
