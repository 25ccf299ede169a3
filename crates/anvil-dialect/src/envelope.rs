//! How an error looks on the wire, in each dialect; and how a tier's error is read.
//!
//! Sources: Anthropic's "Errors" page (`type`, `error.type`, `request_id`), OpenAI's "Error codes" page and its SDKs'
//! `APIError` (`message`, `type`, `param`, `code`).

use jiter::Peek;

use crate::dialect::Dialect;
use crate::invalid::Invalid;
use crate::json::{Reader, push_string, read_lenient};

/// The most bytes of a tier's own words that are kept. More than a caller is told: a secret in them can be found whole, and
/// the cut that the caller sees is made after that.
const WORDS_LIMIT: usize = 8_000;

/// What makes the vendor's SDKs send whole conversations from then on.
const THREAD_DETAILS: &[u8] = br#","details":{"error_code":"thread_unsupported_request","unsupported":["thread"]}"#;

/// What kind of error it is, in neutral terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request is not one this dialect knows, or the tier says it is wrong.
    InvalidRequest,
    /// The prompt, or the prompt and the cap, is longer than the model's context window.
    ContextOverflow,
    /// The request goes on from an answer that is not stored.
    UnknownResponse,
    /// The request wants its conversation kept at the vendor.
    ThreadUnsupported,
    /// No valid credential.
    Authentication,
    /// A valid credential without the right.
    Permission,
    /// No such path or thing.
    NotFound,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// The body did not arrive in time.
    Timeout,
    /// The body is too large.
    TooLarge,
    /// Too many requests.
    RateLimited,
    /// Nothing can answer now.
    Overloaded,
    /// A defect of the router.
    Internal,
}

impl ErrorKind {
    /// The kind of that name, as `errors.py` spells it; an unknown name is [`ErrorKind::Internal`].
    pub fn from_name(name: &str) -> Self {
        match name {
            "invalid_request" => Self::InvalidRequest,
            "context_overflow" => Self::ContextOverflow,
            "unknown_response" => Self::UnknownResponse,
            "thread_unsupported" => Self::ThreadUnsupported,
            "authentication" => Self::Authentication,
            "permission" => Self::Permission,
            "not_found" => Self::NotFound,
            "method_not_allowed" => Self::MethodNotAllowed,
            "timeout" => Self::Timeout,
            "too_large" => Self::TooLarge,
            "rate_limited" => Self::RateLimited,
            "overloaded" => Self::Overloaded,
            _ => Self::Internal,
        }
    }

    /// Anthropic's `error.type`.
    const fn messages_type(self) -> &'static str {
        match self {
            Self::InvalidRequest
            | Self::ContextOverflow
            | Self::UnknownResponse
            | Self::ThreadUnsupported
            | Self::MethodNotAllowed => "invalid_request_error",
            Self::Authentication => "authentication_error",
            Self::Permission => "permission_error",
            Self::NotFound => "not_found_error",
            Self::Timeout => "timeout_error",
            Self::TooLarge => "request_too_large",
            Self::RateLimited => "rate_limit_error",
            Self::Overloaded => "overloaded_error",
            Self::Internal => "api_error",
        }
    }

    /// OpenAI's `error.type` and `error.code`. The code `server_is_overloaded` is never said: Codex gives up on it.
    const fn chat_type(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::InvalidRequest | Self::ThreadUnsupported | Self::MethodNotAllowed => ("invalid_request_error", None),
            Self::ContextOverflow => ("invalid_request_error", Some("context_length_exceeded")),
            Self::UnknownResponse => ("invalid_request_error", Some("previous_response_not_found")),
            Self::Authentication => ("invalid_request_error", Some("invalid_api_key")),
            Self::Permission => ("invalid_request_error", Some("insufficient_permissions")),
            Self::NotFound => ("invalid_request_error", Some("not_found")),
            Self::Timeout => ("invalid_request_error", Some("request_timeout")),
            Self::TooLarge => ("invalid_request_error", Some("request_too_large")),
            Self::RateLimited => ("rate_limit_error", Some("rate_limit_exceeded")),
            Self::Overloaded | Self::Internal => ("server_error", Some("server_error")),
        }
    }

    /// The `code` of a `response.failed`. Codex tries again after all but `context_length_exceeded`, `server_is_overloaded` and their
    /// like, which it takes for final (clients.md, item 6).
    pub(crate) const fn responses_code(self) -> &'static str {
        match self {
            Self::InvalidRequest
            | Self::UnknownResponse
            | Self::ThreadUnsupported
            | Self::MethodNotAllowed
            | Self::NotFound
            | Self::TooLarge => "invalid_prompt",
            Self::ContextOverflow => "context_length_exceeded",
            Self::RateLimited => "rate_limit_exceeded",
            Self::Authentication | Self::Permission | Self::Timeout | Self::Overloaded | Self::Internal => {
                "server_error"
            }
        }
    }
}

/// The body of an error answer.
pub fn body(dialect: Dialect, kind: ErrorKind, message: &str, param: Option<&str>, request_id: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(message.len() + 160);
    match dialect {
        Dialect::Messages => {
            out.extend_from_slice(b"{\"type\":\"error\",\"error\":{\"type\":\"");
            out.extend_from_slice(kind.messages_type().as_bytes());
            out.extend_from_slice(b"\",\"message\":");
            push_string(&mut out, message);
            if kind == ErrorKind::ThreadUnsupported {
                out.extend_from_slice(THREAD_DETAILS);
            }
            out.extend_from_slice(b"},\"request_id\":");
            push_string(&mut out, request_id);
        }
        Dialect::Chat | Dialect::Responses => {
            let (name, code) = kind.chat_type();
            out.extend_from_slice(b"{\"error\":{\"message\":");
            push_string(&mut out, message);
            out.extend_from_slice(b",\"type\":\"");
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\",\"param\":");
            push_optional(&mut out, param);
            out.extend_from_slice(b",\"code\":");
            push_optional(&mut out, code);
            out.push(b'}');
        }
    }
    out.push(b'}');
    out
}

/// The event that tells a client that a streamed answer is whole, where that says nothing else: not in Responses, whose last event
/// holds the whole answer.
pub fn push_terminal(out: &mut Vec<u8>, dialect: Dialect) {
    match dialect {
        Dialect::Messages => anvil_sse::write_event(out, "message_stop", b"{\"type\":\"message_stop\"}"),
        Dialect::Chat => anvil_sse::write_event(out, "", b"[DONE]"),
        Dialect::Responses => {}
    }
}

/// What a tier said of its own failure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TierError {
    /// The vendor's type or code; empty where there is none.
    pub kind: String,
    /// The tier's words, cut to 8,000 bytes; empty where there are none.
    pub message: String,
    /// The offending member, where the tier names one.
    pub param: Option<String>,
}

impl TierError {
    /// Reads the body of an error answer, in any of the shapes engines use: both vendors' envelopes, `{"message": …}`,
    /// `{"detail": …}` and `{"error": "…"}`. A body that is none of them reads as an error without words.
    pub fn from_body(body: &[u8]) -> Self {
        if std::str::from_utf8(body).is_err() {
            return Self::default();
        }
        let read = read_lenient(body, |body| {
            let mut json = Reader::new(body);
            if json.peek()? == Peek::Object { Self::read(&mut json) } else { Ok(Self::default()) }
        });
        read.unwrap_or_default()
    }

    /// Reads the error that comes next: an object, or a string that is the message.
    pub(crate) fn read(json: &mut Reader<'_>) -> Result<Self, Invalid> {
        // One level of wrapping is what the vendors have; deeper nesting stays unread.
        let mut error = Self::read_nested(json, 1)?;
        error.cut();
        Ok(error)
    }

    fn read_nested(json: &mut Reader<'_>, wrappings: u8) -> Result<Self, Invalid> {
        let mut error = Self::default();
        if json.peek()? != Peek::Object {
            error.message = json.string()?.unwrap_or_default();
            return Ok(error);
        }
        let (mut code, mut detail, mut inner) = (None, None, None);
        json.object(
            |name| match name {
                "type" => 1,
                "message" => 2,
                "param" => 3,
                "error" => 4,
                "code" => 5,
                "detail" => 6,
                _ => 0,
            },
            |member, json| {
                match member {
                    1 => error.kind = json.string()?.unwrap_or_default(),
                    2 => error.message = json.string()?.unwrap_or_default(),
                    3 => error.param = json.string()?,
                    4 if wrappings > 0 && json.peek()? != Peek::Null => {
                        inner = Some(Self::read_nested(json, wrappings - 1)?);
                    }
                    5 => code = json.string()?,
                    6 => detail = read_detail(json)?,
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        if let Some(inner) = inner {
            return Ok(inner);
        }
        if error.kind.is_empty() {
            error.kind = code.unwrap_or_default();
        }
        if error.message.is_empty() {
            error.message = detail.unwrap_or_default();
        }
        Ok(error)
    }

    fn cut(&mut self) {
        for text in [&mut self.kind, &mut self.message].into_iter().chain(&mut self.param) {
            let mut end = text.len().min(WORDS_LIMIT);
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
        }
    }
}

/// The `detail` of Python's web frameworks: a string, or a list of objects of which the first's `msg` says what is wrong.
fn read_detail(json: &mut Reader<'_>) -> Result<Option<String>, Invalid> {
    if json.peek()? != Peek::Array {
        return json.string();
    }
    let mut first = None;
    json.array(|_, json| {
        let words = json.member_string("msg")?;
        first = first.take().or(words);
        Ok(())
    })?;
    Ok(first)
}

fn push_optional(out: &mut Vec<u8>, text: Option<&str>) {
    match text {
        Some(text) => push_string(out, text),
        None => out.extend_from_slice(b"null"),
    }
}
