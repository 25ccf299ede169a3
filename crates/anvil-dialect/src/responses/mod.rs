//! OpenAI Responses.

pub(crate) mod answer;
mod call;
mod choice;
mod content;
pub(crate) mod decode;
pub(crate) mod deltas;
pub(crate) mod echo;
pub(crate) mod encode;
mod freeform;
mod item;
mod items;
mod kind;
mod name;
mod output;
pub(crate) mod request;
mod response;
pub(crate) mod resume;
pub(crate) mod seals;
pub(crate) mod stream;
pub(crate) mod tools;
mod turns;
pub(crate) mod whole;
pub(crate) mod write;
