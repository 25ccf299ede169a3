//! How sure the model was of each token: asked for where a tier is configured to say it, and taken out again for callers that have
//! not asked themselves.

use jiter::Peek;

use crate::invalid::Invalid;
use crate::json::Reader;
use crate::sureness::Sureness;

/// The member that asks, and the one of a choice that tells.
pub(crate) const MEMBER: &str = "logprobs";

/// Reads the `logprobs` of a choice that come next: `{"content": [{"logprob": -0.1, …}, …]}`.
pub(super) fn read(json: &mut Reader<'_>) -> Result<Sureness, Invalid> {
    let mut sureness = Sureness::default();
    if json.peek()? != Peek::Object {
        json.ignore()?;
        return Ok(sureness);
    }
    json.member("content", |json| {
        if json.peek()? != Peek::Array {
            return json.ignore();
        }
        json.array(|_, json| {
            json.member("logprob", |json| {
                let text = json.text();
                let span = json.skip()?;
                if let Some(nats) = std::str::from_utf8(&text[span]).ok().and_then(|number| number.parse().ok()) {
                    sureness.add_token(nats);
                }
                Ok(())
            })
        })
    })?;
    Ok(sureness)
}
