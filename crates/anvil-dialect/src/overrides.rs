//! What a tier changes in every body it is sent.

use serde_json::{Map, Value};
use thiserror::Error;

/// What a tier changes in a body: members set whatever the caller said, members set only where the caller said nothing, and a
/// cap on generated tokens; and whether the tier is the vendor. Built once a tier, used for every request.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    set: Vec<(String, String)>,
    defaults: Vec<(String, String)>,
    max_output_tokens: Option<(u64, String)>,
    is_local: bool,
    asks_for_logprobs: bool,
}

/// The configured extra members are not a JSON object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("extra members must be a JSON object: {reason}")]
pub struct BadOverrides {
    /// What the parser said.
    pub reason: String,
}

impl Overrides {
    /// `model` replaces the caller's; `set` and `defaults` are JSON objects as text (`{}` for none).
    ///
    /// # Errors
    /// [`BadOverrides`] when `set` or `defaults` is not a JSON object.
    pub fn new(
        model: Option<&str>,
        set: &str,
        defaults: &str,
        max_output_tokens: Option<u64>,
    ) -> Result<Self, BadOverrides> {
        let mut overrides = Self {
            set: members(set)?,
            defaults: members(defaults)?,
            max_output_tokens: max_output_tokens.map(|limit| (limit, limit.to_string())),
            is_local: false,
            asks_for_logprobs: false,
        };
        if let Some(model) = model {
            overrides.set.retain(|(name, _)| name != "model");
            overrides.set.push(("model".to_owned(), Value::from(model).to_string()));
        }
        Ok(overrides)
    }

    /// The same for a tier that is not the vendor of the dialect it speaks: a Messages request is sent to it without what
    /// only the vendor knows, and with a prompt that begins the same in every conversation.
    #[must_use]
    pub fn for_local_tier(self) -> Self {
        Self { is_local: true, ..self }
    }

    /// The same for a tier that is asked how sure it was of each token, where that can be asked.
    #[must_use]
    pub fn asking_for_logprobs(self) -> Self {
        Self { asks_for_logprobs: true, ..self }
    }

    pub(crate) fn asks_for_logprobs(&self) -> bool {
        self.asks_for_logprobs
    }

    pub(crate) fn is_local(&self) -> bool {
        self.is_local
    }

    pub(crate) fn set(&self) -> impl Iterator<Item = (&str, &str)> {
        self.set.iter().map(|(name, json)| (name.as_str(), json.as_str()))
    }

    pub(crate) fn defaults(&self) -> impl Iterator<Item = (&str, &str)> {
        self.defaults.iter().map(|(name, json)| (name.as_str(), json.as_str()))
    }

    /// The default of that member, as JSON.
    pub(crate) fn default_of(&self, wanted: &str) -> Option<&str> {
        self.defaults().find(|(name, _)| *name == wanted).map(|(_, json)| json)
    }

    /// Whether the member is set or has a default.
    pub(crate) fn names(&self, wanted: &str) -> bool {
        self.set().chain(self.defaults()).any(|(name, _)| name == wanted)
    }

    pub(crate) fn max_output_tokens(&self) -> Option<(u64, &str)> {
        self.max_output_tokens.as_ref().map(|(limit, json)| (*limit, json.as_str()))
    }
}

fn members(text: &str) -> Result<Vec<(String, String)>, BadOverrides> {
    let object: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| BadOverrides { reason: error.to_string() })?;
    Ok(object.into_iter().map(|(name, value)| (name, value.to_string())).collect())
}
