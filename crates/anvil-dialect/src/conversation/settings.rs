//! How an answer is to be made.

use crate::node::Node;
use crate::text::Text;
use crate::untranslatable::Untranslatable;

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

/// The number that the member `name` holds, as it was spelt.
pub(crate) fn number<'a>(name: &str, node: &Node<'a>) -> Result<&'a str, Untranslatable> {
    if node.is_number() { Ok(node.raw()) } else { Err(Untranslatable::not(name, "a number")) }
}

/// The form an answer must have.
#[derive(Debug)]
pub(crate) enum Format<'a> {
    /// Any JSON object.
    Json,
    /// JSON that follows this schema.
    Schema(&'a str),
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
