//! How an answer is to be made.

use super::Spelling;
use crate::compose::Object;
use crate::node::Node;
use crate::text::Text;
use crate::untranslatable::Untranslatable;
use crate::warning::Warnings;

/// The longest id of a caller's own user that `OpenAI` accepts, in characters.
const USER_LIMIT: usize = 64;

/// What a caller asks of an answer. Numbers stay as they were spelt.
#[derive(Debug, Default)]
pub(crate) struct Settings<'a> {
    /// The cap on generated tokens.
    pub(crate) cap: Option<u64>,
    pub(crate) temperature: Option<&'a str>,
    pub(crate) top_p: Option<&'a str>,
    pub(crate) top_k: Option<&'a str>,
    pub(crate) stop: Vec<Text<'a>>,
    /// An opaque id of the caller's own user.
    pub(crate) user: Option<Text<'a>>,
    pub(crate) format: Option<Format<'a>>,
    pub(crate) reasoning: Option<Reasoning>,
    pub(crate) stream: Option<bool>,
}

impl<'a> Settings<'a> {
    /// Reads a member that every dialect spells alike; whether it is one.
    pub(crate) fn read(&mut self, name: &str, node: &Node<'a>) -> Result<bool, Untranslatable> {
        match name {
            "stream" => self.stream = node.boolean(),
            "temperature" => self.temperature = Some(number(name, node)?),
            "top_p" => self.top_p = Some(number(name, node)?),
            "top_k" => self.top_k = Some(number(name, node)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Writes the caller's own user as `OpenAI`'s dialects take it: under `member`, and not where it is too long for them.
    pub(crate) fn write_user(&self, body: &mut Object<'_>, member: &str, spelling: &Spelling, warnings: &mut Warnings) {
        match &self.user {
            Some(user) if user.decoded().chars().count() > USER_LIMIT => warnings.dropped(spelling.user),
            Some(user) => body.text(member, user),
            None => {}
        }
    }
}

/// The number that the member `name` holds, as it was spelt.
fn number<'a>(name: &str, node: &Node<'a>) -> Result<&'a str, Untranslatable> {
    if node.is_number() { Ok(node.raw()) } else { Err(Untranslatable::not(name, "a number")) }
}

/// The form an answer must have.
#[derive(Debug)]
pub(crate) enum Format<'a> {
    /// Any JSON object.
    Json,
    Schema(Shape<'a>),
}

/// JSON that follows a schema.
#[derive(Debug)]
pub(crate) struct Shape<'a> {
    pub(crate) schema: &'a str,
    /// What `OpenAI`'s dialects call it and say of it; Messages has neither.
    pub(crate) name: Option<Text<'a>>,
    pub(crate) description: Option<Text<'a>>,
    /// Whether the caller wants it followed to the letter and knows that the schema is one of those for which the vendor
    /// can. Messages does so always, with more schemas, and has no word for it.
    pub(crate) strict: Option<bool>,
}

impl<'a> Shape<'a> {
    /// Reads the spelling of `OpenAI`'s dialects; none where there is no schema.
    pub(crate) fn read(definition: &Node<'a>) -> Option<Self> {
        Some(Self {
            schema: definition.get("schema")?.raw(),
            name: definition.get_text("name"),
            description: definition.get_text("description"),
            strict: definition.get("strict").and_then(Node::boolean),
        })
    }

    /// Writes it in that spelling.
    pub(crate) fn write(&self, definition: &mut Object<'_>) {
        definition.text("name", self.name.as_ref().unwrap_or(&Text::plain("answer")));
        if let Some(description) = &self.description {
            definition.text("description", description);
        }
        if let Some(strict) = self.strict {
            definition.boolean("strict", strict);
        }
        definition.raw("schema", self.schema);
    }
}

/// How much a model is to think.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reasoning {
    Off,
    /// As much as it sees fit.
    Adaptive,
    Effort(Effort),
}

/// An effort. Both vendors' scales, one over the other: Messages lacks `none` (thinking is disabled instead) and `minimal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effort {
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
    Max,
}

impl Effort {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "minimal" => Self::Minimal,
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "xhigh" => Self::XHigh,
            "max" => Self::Max,
            _ => return None,
        })
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::XHigh => "xhigh",
            Self::Max => "max",
        }
    }

    /// The effort that a budget of thinking tokens stands for. Bounds as harnesses set them: Claude Code's own levels were
    /// 4,000, 10,000 and 31,999 tokens.
    pub(crate) const fn from_budget(tokens: u64) -> Self {
        match tokens {
            0..=4_000 => Self::Low,
            4_001..=16_000 => Self::Medium,
            _ => Self::High,
        }
    }
}
