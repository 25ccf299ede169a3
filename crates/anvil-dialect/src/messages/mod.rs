//! Anthropic Messages.

pub(crate) mod answer;
mod blocks;
pub(crate) mod decode;
pub(crate) mod deltas;
pub(crate) mod encode;
mod finish;
pub(crate) mod local;
pub(crate) mod request;
pub(crate) mod seals;
pub(crate) mod stream;
mod tool_id;
mod turns;
pub(crate) mod whole;
pub(crate) mod write;

pub(crate) use finish::usage_in_full;
pub(crate) use tool_id::tool_id;
