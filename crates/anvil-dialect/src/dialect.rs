//! The wire forms this crate knows.

/// A vendor's wire form for one exchange with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Anthropic Messages, `POST /v1/messages`.
    Messages,
    /// OpenAI Chat Completions, `POST /v1/chat/completions`.
    Chat,
    /// OpenAI Responses, `POST /v1/responses`.
    Responses,
}

impl Dialect {
    /// The dialect's name in decisions, logs and the Python surface.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Messages => "messages",
            Self::Chat => "chat",
            Self::Responses => "responses",
        }
    }

    /// The dialect of that name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "messages" => Some(Self::Messages),
            "chat" => Some(Self::Chat),
            "responses" => Some(Self::Responses),
            _ => None,
        }
    }

    /// The path below a tier's base URL (which ends in `/v1`) that answers this dialect.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Messages => "/messages",
            Self::Chat => "/chat/completions",
            Self::Responses => "/responses",
        }
    }
}
