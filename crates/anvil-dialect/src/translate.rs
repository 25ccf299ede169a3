//! A request of one dialect as the body of another.

use bytes::Bytes;

use crate::conversation::{Choice, Conversation, Spelling};
use crate::dialect::Dialect;
use crate::overrides::Overrides;
use crate::request::Request;
use crate::untranslatable::Untranslatable;
use crate::warning::{Warning, WarningKind, Warnings};
use crate::{chat, messages, responses};

/// A body for a tier, and what it no longer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// A request of the tier's dialect.
    pub body: Bytes,
    /// What could not be carried as it was; empty when nothing was lost.
    pub warnings: Vec<Warning>,
}

/// The body for a tier that speaks `to`, with what `overrides` changes, which is said in the tier's dialect.
///
/// A request of the same dialect is spliced ([`Request::encode`]): every unknown member survives. One of another is read into
/// a neutral form and written from it; which member becomes which is told in `docs/adr/0006-translation.md`.
///
/// # Errors
/// [`Untranslatable`] when the request holds what the dialect cannot say and what may not be left out.
pub fn translate(request: &Request, to: Dialect, overrides: &Overrides) -> Result<Translated, Untranslatable> {
    if request.dialect() == to {
        return Ok(Translated { body: request.encode(overrides), warnings: Vec::new() });
    }
    let (conversation, mut warnings) = read(request)?;
    check_choice(&conversation, &warnings)?;
    let body = match to {
        Dialect::Messages => messages::encode::encode(conversation, overrides, &mut warnings)?,
        Dialect::Chat => chat::encode::encode(conversation, overrides, &mut warnings)?,
        Dialect::Responses => responses::encode::encode(conversation, overrides, &mut warnings)?,
    };
    // Read back: the tier's own settings are spliced in as for its own dialect, and nothing leaves that is no request of it.
    let body = Request::decode(to, Bytes::from(body))?.encode(overrides);
    Ok(Translated { body, warnings: warnings.into_vec() })
}

/// The conversation that a request holds, and what of it no dialect but its own can say.
pub(crate) fn read(request: &Request) -> Result<(Conversation<'_>, Warnings), Untranslatable> {
    let mut warnings = Warnings::new(Spelling::of(request.dialect()).messages);
    let conversation = match request.dialect() {
        Dialect::Messages => messages::decode::decode(request, &mut warnings)?,
        Dialect::Chat => chat::decode::decode(request, &mut warnings)?,
        Dialect::Responses => responses::decode::decode(request, &mut warnings)?,
    };
    Ok((conversation, warnings))
}

/// A choice that demands a tool which was left out cannot be carried.
fn check_choice(conversation: &Conversation<'_>, warnings: &Warnings) -> Result<(), Untranslatable> {
    let lost = match &conversation.choice {
        Some(Choice::Tool(name)) => !conversation.tools.iter().any(|tool| tool.name.same(name)),
        Some(Choice::Required) => conversation.tools.is_empty() && warnings.has(WarningKind::ToolDropped),
        _ => false,
    };
    if lost {
        return Err(Untranslatable::new("tool_choice", "demands a tool that only its own dialect knows"));
    }
    Ok(())
}
