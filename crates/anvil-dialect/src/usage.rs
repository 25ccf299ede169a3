//! What an answer cost in tokens, as the tier counted it.

use crate::invalid::Invalid;
use crate::json::Reader;

/// Token counts of one answer. `None` where the tier did not say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Prompt tokens, cached ones included.
    pub input: Option<u64>,
    /// Generated tokens, reasoning included.
    pub output: Option<u64>,
    /// Prompt tokens that came from the tier's prefix cache.
    pub cached: Option<u64>,
    /// Generated tokens spent on reasoning.
    pub reasoning: Option<u64>,
}

impl Usage {
    /// Takes over every count that `later` has: within one stream, later numbers replace earlier ones.
    pub fn update(&mut self, later: Self) {
        self.input = later.input.or(self.input);
        self.output = later.output.or(self.output);
        self.cached = later.cached.or(self.cached);
        self.reasoning = later.reasoning.or(self.reasoning);
    }

    /// Reads the `usage` object of Messages. Its `input_tokens` leaves out what the cache gave or took; ours does not.
    pub(crate) fn read_messages(json: &mut Reader<'_>) -> Result<Self, Invalid> {
        let (mut fresh, mut read, mut written, mut output, mut reasoning) = (None, None, None, None, None);
        json.object(
            |name| match name {
                "input_tokens" => 1,
                "cache_read_input_tokens" => 2,
                "cache_creation_input_tokens" => 3,
                "output_tokens" => 4,
                "output_tokens_details" => 5,
                _ => 0,
            },
            |member, json| {
                match member {
                    1 => fresh = json.unsigned()?,
                    2 => read = json.unsigned()?,
                    3 => written = json.unsigned()?,
                    4 => output = json.unsigned()?,
                    5 => reasoning = read_detail(json, "thinking_tokens")?,
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        let input =
            fresh.map(|tokens: u64| tokens.saturating_add(read.unwrap_or(0)).saturating_add(written.unwrap_or(0)));
        Ok(Self { input, output, cached: read, reasoning })
    }

    /// Reads the `usage` object of Chat Completions.
    pub(crate) fn read_chat(json: &mut Reader<'_>) -> Result<Self, Invalid> {
        let mut usage = Self::default();
        json.object(
            |name| match name {
                "prompt_tokens" => 1,
                "completion_tokens" => 2,
                "prompt_tokens_details" => 3,
                "completion_tokens_details" => 4,
                _ => 0,
            },
            |member, json| {
                match member {
                    1 => usage.input = json.unsigned()?,
                    2 => usage.output = json.unsigned()?,
                    3 => usage.cached = read_detail(json, "cached_tokens")?,
                    4 => usage.reasoning = read_detail(json, "reasoning_tokens")?,
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        Ok(usage)
    }
}

fn read_detail(json: &mut Reader<'_>, wanted: &str) -> Result<Option<u64>, Invalid> {
    let mut value = None;
    json.member(wanted, |json| {
        value = json.unsigned()?;
        Ok(())
    })?;
    Ok(value)
}
