//! Calls of tools that have not come back.

use super::act::Act;
use super::path;
use crate::edits::request::{Request, Tool};

/// A call without a result.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) act: Act,
    /// The files that it reads or changes.
    pub(super) names: Vec<String>,
    /// Whether its place among the others that ran beside it is not known.
    pub(super) overlapped: bool,
}

/// Whether two calls that run side by side give different outcomes in different orders.
pub(super) fn collide(one: &Pending, other: &Pending) -> bool {
    let meet = || one.names.iter().any(|name| other.names.iter().any(|named| path::may_be_one(name, named)));
    match (&one.act, &other.act) {
        (Act::Anything | Act::Endless, Act::Read(_) | Act::Change(_))
        | (Act::Read(_) | Act::Change(_), Act::Anything | Act::Endless) => true,
        // Claude Code runs its edits one after the other, in the order of the calls.
        (
            Act::Change(Request::Replace { tool: Tool::Claude, .. }),
            Act::Change(Request::Replace { tool: Tool::Claude, .. }),
        ) => false,
        (Act::Read(_) | Act::Change(_), Act::Change(_)) | (Act::Change(_), Act::Read(_)) => meet(),
        _ => false,
    }
}
