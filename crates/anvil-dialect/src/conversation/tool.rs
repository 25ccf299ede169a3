//! The tools that a model may call.

use std::borrow::Cow;

use crate::compose::Object;
use crate::text::Text;

/// A schema for a function that declares none.
const ANY_ARGUMENTS: &str = "{\"type\":\"object\",\"properties\":{}}";
/// The schema of a function that stands for a tool which takes text.
const ONE_TEXT: &str = concat!(
    r#"{"type":"object","properties":{"input":{"type":"string"}},"#,
    r#""required":["input"],"additionalProperties":false}"#
);

/// A tool. Every dialect is told of it as a function.
#[derive(Debug)]
pub(crate) struct Tool<'a> {
    pub(crate) name: Text<'a>,
    pub(crate) description: Option<Text<'a>>,
    pub(crate) form: Form<'a>,
}

/// What a tool takes.
#[derive(Debug)]
pub(crate) enum Form<'a> {
    /// Arguments.
    Function {
        /// Their JSON Schema, as JSON.
        schema: Option<&'a str>,
        /// Whether they must follow it to the letter; `None` where the caller did not say.
        strict: Option<bool>,
    },
    /// Text.
    Freeform(Option<Grammar<'a>>),
}

/// What a text must be.
#[derive(Debug)]
pub(crate) struct Grammar<'a> {
    /// Which kind of grammar it is (`lark`, `regex`).
    pub(crate) syntax: Text<'a>,
    pub(crate) definition: Text<'a>,
}

impl Tool<'_> {
    /// The function's description. A schema cannot say a grammar, and what is said of a freeform tool may forbid JSON.
    pub(crate) fn description(&self) -> Option<Cow<'_, Text<'_>>> {
        let Form::Freeform(grammar) = &self.form else { return self.description.as_ref().map(Cow::Borrowed) };
        let how = Text::plain("The whole text goes, as it is, into the one argument `input`.");
        let (before, after) = (Text::plain("It must follow this grammar ("), Text::plain("):\\n"));
        let rule =
            grammar.as_ref().map(|grammar| Text::join([&before, &grammar.syntax, &after, &grammar.definition], ""));
        let paragraphs = self.description.as_ref().into_iter().chain([&how]).chain(&rule);
        Some(Cow::Owned(Text::join(paragraphs, Text::PARAGRAPH)))
    }

    /// The function's schema, as JSON.
    pub(crate) fn schema(&self) -> &str {
        match self.form {
            Form::Function { schema, .. } => schema.filter(|schema| *schema != "{}").unwrap_or(ANY_ARGUMENTS),
            Form::Freeform(_) => ONE_TEXT,
        }
    }

    /// Whether the arguments must follow the schema to the letter; `None` where the caller did not say.
    pub(crate) fn strict(&self) -> Option<bool> {
        match self.form {
            Form::Function { strict, .. } => strict,
            Form::Freeform(_) => None,
        }
    }
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

    /// Writes it in the spelling of `OpenAI`'s dialects, which differ in where the one tool has its name.
    pub(crate) fn write(&self, body: &mut Object<'_>, name_it: impl FnOnce(&mut Object<'_>, &Text<'_>)) {
        match self {
            Self::Auto => body.string("tool_choice", "auto"),
            Self::Required => body.string("tool_choice", "required"),
            Self::None => body.string("tool_choice", "none"),
            Self::Tool(name) => body.object("tool_choice", |choice| {
                choice.string("type", "function");
                name_it(choice, name);
            }),
        }
    }
}
