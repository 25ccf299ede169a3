//! What a request demands of its answer: which tools may be called and how, and in which form it has to come.

use crate::asked::Asked;
use crate::conversation::{Choice, Conversation, Form, Format};
use crate::dialect::Dialect;
use crate::request::Request;
use crate::translate;
use crate::warning::WarningKind;

/// Demands on an answer, as the tier that makes it is told them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demands {
    /// The tools that may be called; `None` where not all of them are known here, such as a vendor's own.
    pub tools: Option<Vec<Demanded>>,
    /// Which of them has to be called.
    pub choice: ToolChoice,
    /// Whether several may be called at once.
    pub allows_parallel_calls: bool,
    /// The form of the text.
    pub format: AnswerFormat,
    /// Whether the caller names sequences that end the answer.
    pub has_stop_sequences: bool,
}

/// A tool that may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demanded {
    /// Its name as the tier is told it.
    pub name: String,
    /// The JSON Schema of its arguments, as JSON.
    pub schema: String,
}

/// Which tool has to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToolChoice {
    /// Whichever the model sees fit, or none.
    Auto,
    /// At least one.
    Required,
    /// This one.
    Tool(String),
    /// None.
    None,
}

/// The form that an answer's text must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerFormat {
    /// Any.
    Any,
    /// A JSON object.
    Json,
    /// JSON that follows this schema, as JSON.
    Schema(String),
}

impl Demands {
    /// What `request` demands of a tier that speaks `tier`; `None` where the request says what is not understood here, so that
    /// nothing can be demanded for sure.
    pub fn of(request: &Request, tier: Dialect) -> Option<Self> {
        let (conversation, warnings) = translate::read(request).ok()?;
        // In Responses a tool keeps its namespace, and a form of its own; elsewhere it is told as the function read here.
        let is_responses_own = tier == Dialect::Responses && request.dialect() == tier;
        let are_told_as_read = !is_responses_own || Asked::of(request).tools.is_empty();
        let are_known = are_told_as_read && !warnings.has(WarningKind::ToolDropped);
        Some(Self {
            tools: are_known.then(|| tools(&conversation)),
            choice: choice(&conversation),
            allows_parallel_calls: conversation.parallel_calls != Some(false),
            format: match &conversation.settings.format {
                None => AnswerFormat::Any,
                Some(Format::Json) => AnswerFormat::Json,
                Some(Format::Schema(shape)) => AnswerFormat::Schema(shape.schema.to_owned()),
            },
            has_stop_sequences: !conversation.settings.stop.is_empty(),
        })
    }
}

fn tools(conversation: &Conversation<'_>) -> Vec<Demanded> {
    let named = conversation.tools.iter().map(|tool| {
        // What a vendor's schema is not held to by its own servers is no demand either: no schema says nothing.
        let schema = match tool.form {
            Form::Function { schema, .. } => schema.unwrap_or("{}"),
            Form::Freeform(_) => tool.schema(),
        };
        Demanded { name: tool.name.decoded().into_owned(), schema: schema.to_owned() }
    });
    named.collect()
}

fn choice(conversation: &Conversation<'_>) -> ToolChoice {
    match &conversation.choice {
        None | Some(Choice::Auto) => ToolChoice::Auto,
        Some(Choice::Required) => ToolChoice::Required,
        Some(Choice::Tool(name)) => ToolChoice::Tool(name.decoded().into_owned()),
        Some(Choice::None) => ToolChoice::None,
    }
}
