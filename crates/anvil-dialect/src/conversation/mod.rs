//! A request as no dialect says it: what all of them can be read into and written from.
//!
//! Three dialects would need six translations pairwise; through this they need a reader and a writer each. Texts, schemas and
//! arguments are borrowed from the caller's body as they were spelt there.

mod arrange;
mod attribution;
mod part;
mod settings;
mod spelling;
mod tool;

pub(crate) use arrange::{OPENING, Turn, arrange, instructions, reminded, reminder};
pub(crate) use attribution::{is_attributed, without_attribution};
pub(crate) use part::{Arguments, Call, CallResult, Document, Media, Part};
pub(crate) use settings::{Effort, Format, Reasoning, Settings, Shape};
pub(crate) use spelling::Spelling;
pub(crate) use tool::{Choice, Form, Grammar, Tool};

use crate::dialect::Dialect;
use crate::text::Text;

/// One request.
#[derive(Debug)]
pub(crate) struct Conversation<'a> {
    pub(crate) model: Text<'a>,
    /// Instructions that stand before the conversation.
    pub(crate) system: Vec<Text<'a>>,
    pub(crate) messages: Vec<Message<'a>>,
    pub(crate) tools: Vec<Tool<'a>>,
    pub(crate) choice: Option<Choice<'a>>,
    /// Whether the model may call several tools at once; `None` where the caller did not say.
    pub(crate) parallel_calls: Option<bool>,
    pub(crate) settings: Settings<'a>,
    /// What the caller calls all this.
    pub(crate) spelling: &'static Spelling,
}

impl Conversation<'_> {
    /// A conversation of a caller who speaks `dialect`, of which nothing more is known yet.
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            model: Text::plain(""),
            system: Vec::new(),
            messages: Vec::new(),
            tools: Vec::new(),
            choice: None,
            parallel_calls: None,
            settings: Settings::default(),
            spelling: Spelling::of(dialect),
        }
    }
}

/// One message as the caller grouped it.
#[derive(Debug)]
pub(crate) struct Message<'a> {
    pub(crate) role: Role,
    pub(crate) parts: Vec<Part<'a>>,
    /// Where it lies among the caller's messages.
    pub(crate) index: usize,
}

/// Whose message it is. A tool's result is part of the user's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    System,
    User,
    Assistant,
}
