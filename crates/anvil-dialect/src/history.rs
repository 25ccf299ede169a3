//! What happened in a conversation before the answer that is asked for.

use std::borrow::Cow;

use crate::conversation::{Part, Role};
use crate::request::Request;
use crate::translate;

/// A step of a conversation, as far as it can tell what a file holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// The model called a tool.
    Call {
        /// The call's id.
        id: Cow<'a, str>,
        /// The tool's name.
        name: Cow<'a, str>,
        /// The arguments, as JSON.
        arguments: Cow<'a, str>,
    },
    /// The tool gave something back.
    Result {
        /// The call's id.
        id: Cow<'a, str>,
        /// What it gave, as far as it is text.
        text: String,
        /// Whether it reports an error.
        is_error: bool,
    },
    /// The user, or the harness in the user's place, said something.
    User(Cow<'a, str>),
    /// What the system's, or the developer's, instructions say, before the conversation or in its midst.
    Instructions(Cow<'a, str>),
}

impl Request {
    /// Tells the steps of the conversation in their order. Whether it could be read; where it could not, nothing is told.
    pub fn history(&self, mut tell: impl FnMut(Step<'_>)) -> bool {
        let Ok((conversation, _)) = translate::read(self) else { return false };
        for text in &conversation.system {
            tell(Step::Instructions(text.decoded()));
        }
        for message in &conversation.messages {
            for part in &message.parts {
                match part {
                    Part::Call(call) => {
                        let arguments = call.arguments.to_object().unwrap_or(Cow::Borrowed("{}"));
                        tell(Step::Call { id: call.id.decoded(), name: call.name.decoded(), arguments });
                    }
                    Part::Result(result) => {
                        let texts = result.content.iter().filter_map(Part::as_text);
                        let text = texts.map(|text| text.decoded()).collect::<Vec<_>>().join("\n");
                        tell(Step::Result { id: result.id.decoded(), text, is_error: result.is_error });
                    }
                    Part::Text(text) if message.role == Role::User => tell(Step::User(text.decoded())),
                    Part::Text(text) if message.role == Role::System => tell(Step::Instructions(text.decoded())),
                    Part::Text(_) | Part::Image(_) | Part::Document(_) | Part::Reasoning(_) => {}
                }
            }
        }
        true
    }
}
