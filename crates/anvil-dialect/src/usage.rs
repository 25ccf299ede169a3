//! What an answer cost in tokens, as the tier counted it.

use jiter::Peek;

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
    /// Prompt tokens that were written to it.
    pub written: Option<u64>,
    /// Generated tokens spent on reasoning.
    pub reasoning: Option<u64>,
}

impl Usage {
    /// Takes over every count that `later` has: within one stream, later numbers replace earlier ones.
    pub fn update(&mut self, later: Self) {
        self.input = later.input.or(self.input);
        self.output = later.output.or(self.output);
        self.cached = later.cached.or(self.cached);
        self.written = later.written.or(self.written);
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
                    5 => [reasoning] = read_details(json, ["thinking_tokens"])?,
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        let input =
            fresh.map(|tokens: u64| tokens.saturating_add(read.unwrap_or(0)).saturating_add(written.unwrap_or(0)));
        Ok(Self { input, output, cached: read, written, reasoning })
    }

    /// Reads the `usage` object of Chat Completions.
    pub(crate) fn read_chat(json: &mut Reader<'_>) -> Result<Self, Invalid> {
        let names = ["prompt_tokens", "completion_tokens", "prompt_tokens_details", "completion_tokens_details"];
        Self::read_openai(json, names)
    }

    /// Reads the `usage` object of Responses.
    pub(crate) fn read_responses(json: &mut Reader<'_>) -> Result<Self, Invalid> {
        Self::read_openai(json, ["input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details"])
    }

    /// Reads an object of counts that goes by these names: input, output, and the details of each.
    fn read_openai(json: &mut Reader<'_>, names: [&str; 4]) -> Result<Self, Invalid> {
        let mut usage = Self::default();
        json.object(
            |name| names.iter().position(|own| *own == name),
            |member, json| {
                match member {
                    Some(0) => usage.input = json.unsigned()?,
                    Some(1) => usage.output = json.unsigned()?,
                    Some(2) => {
                        [usage.cached, usage.written] = read_details(json, ["cached_tokens", "cache_write_tokens"])?;
                    }
                    Some(3) => [usage.reasoning] = read_details(json, ["reasoning_tokens"])?,
                    _ => json.ignore()?,
                }
                Ok(())
            },
        )?;
        Ok(usage)
    }
}

/// Takes the next value; the counts of these names where it is an object that has them.
fn read_details<const N: usize>(json: &mut Reader<'_>, wanted: [&str; N]) -> Result<[Option<u64>; N], Invalid> {
    let mut counts = [None; N];
    if json.peek()? != Peek::Object {
        json.ignore()?;
        return Ok(counts);
    }
    json.object(
        |name| wanted.iter().position(|own| *own == name),
        |member, json| {
            match member {
                Some(place) => counts[place] = json.unsigned()?,
                None => json.ignore()?,
            }
            Ok(())
        },
    )?;
    Ok(counts)
}
