//! The tools that a model may call.

use crate::text::Text;

/// A function.
#[derive(Debug)]
pub(crate) struct Tool<'a> {
    pub(crate) name: Text<'a>,
    pub(crate) description: Option<Text<'a>>,
    /// The JSON Schema of its arguments, as JSON.
    pub(crate) schema: Option<&'a str>,
    /// Whether the arguments must follow the schema to the letter; `None` where the caller did not say.
    pub(crate) strict: Option<bool>,
}

/// Which tools a model must call.
#[derive(Debug)]
pub(crate) enum Choice<'a> {
    /// It decides.
    Auto,
    /// At least one.
    Required,
    /// This one.
    Tool(Text<'a>),
    /// None.
    None,
}

impl Choice<'_> {
    /// Whether it makes the model call.
    pub(crate) fn is_forced(&self) -> bool {
        matches!(self, Self::Required | Self::Tool(_))
    }
}
