//! The members of a body that is passed on without being read: for embeddings, a ranking, a completion of text.

use crate::facts::Gathering;
use crate::invalid::Invalid;
use crate::json::{Reader, Span};
use crate::request::ReadMember;

/// Reads each member of the top level.
pub(crate) struct Members;

impl ReadMember for Members {
    fn read(&self, name: &str, json: &mut Reader<'_>, gathering: &mut Gathering) -> Result<Span, Invalid> {
        let start = json.start()?;
        match name {
            "model" => gathering.facts.model = json.string()?.ok_or_else(|| Invalid::wrong("model", "a string"))?,
            "stream" => gathering.facts.stream = json.boolean()?.unwrap_or(false),
            _ => json.ignore()?,
        }
        Ok(start..json.index())
    }

    /// Nothing is: with one model behind a path, engines let its name be left out, and it is put in anyway.
    fn require(&self, _has: &dyn Fn(&str) -> bool, _gathering: &mut Gathering) -> Result<(), Invalid> {
        Ok(())
    }
}
