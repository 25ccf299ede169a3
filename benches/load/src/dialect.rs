//! What an API calls things: the request that is asked in it, and how its answers end.

use std::str::FromStr;

use crate::load::Mode;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Chat,
    Messages,
    Responses,
}

impl FromStr for Dialect {
    type Err = ();
    fn from_str(word: &str) -> Result<Self, ()> {
        match word {
            "chat" => Ok(Self::Chat),
            "messages" => Ok(Self::Messages),
            "responses" => Ok(Self::Responses),
            _ => Err(()),
        }
    }
}

impl Dialect {
    /// The body of every request.
    pub fn body(self, model: &str, mode: Mode) -> String {
        let system = "You are a careful programmer. Answer in plain words and keep to what was asked.";
        let user = "Explain in a few sentences what a router for local language models does when the first model's answer fails \
                    a check, and why a client never sees the rejected text. Name the parts in the order a request meets them.";
        let stream = mode != Mode::Whole;
        match self {
            Self::Chat => format!(
                r#"{{"model":"{model}","messages":[{{"role":"system","content":"{system}"}},{{"role":"user","content":"{user}"}}],"max_tokens":512,"temperature":0,"stream":{stream}}}"#
            ),
            Self::Messages => format!(
                r#"{{"model":"{model}","max_tokens":512,"system":"{system}","messages":[{{"role":"user","content":"{user}"}}],"stream":{stream}}}"#
            ),
            // Kept by nobody, as Codex asks: else the router would have to remember every answer.
            Self::Responses => format!(
                r#"{{"model":"{model}","instructions":"{system}","input":[{{"type":"message","role":"user","content":[{{"type":"input_text","text":"{user}"}}]}}],"max_output_tokens":512,"store":false,"stream":{stream}}}"#
            ),
        }
    }

    /// Header lines that every request has beside those of HTTP.
    pub fn headers(self) -> &'static str {
        match self {
            Self::Messages => "anthropic-version: 2023-06-01\r\n",
            Self::Chat | Self::Responses => "",
        }
    }

    /// Whether `tail`, without white space after it, is how a stream ends that is all there.
    pub fn ends_stream(self, tail: &[u8]) -> bool {
        match self {
            Self::Chat => tail.ends_with(b"data: [DONE]") || tail.ends_with(b"data:[DONE]"),
            Self::Messages => contains(tail, b"event: message_stop") && tail.ends_with(b"}"),
            // The last event holds the whole answer, and that its usage last; no event before it says any.
            Self::Responses => contains(tail, b"\"total_tokens\"") && tail.ends_with(b"}}}"),
        }
    }

    /// Whether `body` looks like an answer that is not streamed.
    pub fn is_whole(self, body: &[u8]) -> bool {
        let (part, end): (&[u8], &[u8]) = match self {
            Self::Chat => (b"\"choices\"", b"\"finish_reason\""),
            Self::Messages => (b"\"content\"", b"\"stop_sequence\""),
            Self::Responses => (b"\"output_text\"", b"\"total_tokens\""),
        };
        body.starts_with(b"{") && body.ends_with(b"}") && contains(body, part) && contains(body, end)
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
