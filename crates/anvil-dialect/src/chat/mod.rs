//! OpenAI Chat Completions.

pub(crate) mod answer;
mod choice;
pub(crate) mod decode;
pub(crate) mod deltas;
pub(crate) mod encode;
mod finish;
pub(crate) mod logprobs;
mod parts;
pub(crate) mod request;
pub(crate) mod stream;
mod turns;
pub(crate) mod usage;
pub(crate) mod whole;
pub(crate) mod write;
