//! The rules once more, without regard to speed, on documents that `serde_json` has built.

use anvil_usage::Tokens;
use serde_json::Value;

/// What is compared of an answer: its tokens and the tools it calls.
pub(crate) type Answer = (Tokens, Vec<String>);

/// What is compared of a file: the answers, and how many lines are broken and how many answers absurd.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Said {
    pub(crate) answers: Vec<Answer>,
    pub(crate) broken: u64,
    pub(crate) absurd: u64,
}

/// The documents of a file's lines; None where a line is broken.
fn documents(bytes: &[u8]) -> impl Iterator<Item = Option<Value>> {
    bytes
        .split(|byte| *byte == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice::<Value>(line).ok().filter(Value::is_object))
}

/// A number of tokens; None: it is absurd.
fn count(value: &Value) -> Option<u64> {
    if value.is_null() { Some(0) } else { value.as_u64().filter(|count| *count <= 1_000_000_000) }
}

pub(crate) fn claude(bytes: &[u8]) -> Said {
    let mut said = Said::default();
    let mut identities: Vec<Option<String>> = Vec::new();
    let mut called: Vec<Vec<(Value, String)>> = Vec::new();
    for document in documents(bytes) {
        let Some(line) = document else {
            said.broken += 1;
            continue;
        };
        let message = &line["message"];
        if !message["usage"].is_object() || message["model"] == "<synthetic>" {
            continue;
        }
        let Some(tokens) = claude_tokens(&message["usage"]) else {
            said.absurd += 1;
            continue;
        };
        let identity = message["id"].as_str().map(|id| match line["requestId"].as_str() {
            Some(request) => format!("{id}|{request}"),
            None => format!("{id}||{}", line["sessionId"].as_str().unwrap_or("")),
        });
        let blocks = message["content"].as_array().cloned().unwrap_or_default();
        let calls: Vec<(Value, String)> = blocks
            .iter()
            .filter(|block| block["type"] == "tool_use" || block["type"] == "server_tool_use")
            .map(|block| (block["id"].clone(), block["name"].as_str().unwrap_or("?").to_owned()))
            .collect();
        if let Some(place) = identities.iter().position(|known| known.is_some() && *known == identity) {
            let held = &mut said.answers[place].0;
            if tokens.total() > held.total() {
                *held = tokens;
            }
            called[place].extend(calls);
        } else {
            identities.push(identity);
            said.answers.push((tokens, Vec::new()));
            called.push(calls);
        }
    }
    for (answer, calls) in said.answers.iter_mut().zip(called) {
        answer.1 = once(calls);
    }
    said
}

/// The names of calls in their order, of those with an id each once.
fn once(calls: Vec<(Value, String)>) -> Vec<String> {
    let mut seen: Vec<Value> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    for (id, name) in calls {
        if !id.is_string() || !seen.contains(&id) {
            seen.push(id);
            names.push(name);
        }
    }
    names.sort();
    names
}

fn claude_tokens(usage: &Value) -> Option<Tokens> {
    let parts = &usage["cache_creation"];
    let (five, hour) = if parts.is_object() {
        (count(&parts["ephemeral_5m_input_tokens"])?, count(&parts["ephemeral_1h_input_tokens"])?)
    } else {
        (0, 0)
    };
    let all = &usage["cache_creation_input_tokens"];
    let written = if all.is_null() { five + hour } else { count(all)? };
    Some(Tokens {
        fresh: count(&usage["input_tokens"])?,
        cache_read: count(&usage["cache_read_input_tokens"])?,
        cache_write: written - hour.min(written),
        cache_write_hour: hour.min(written),
        output: count(&usage["output_tokens"])?,
        reasoning: 0,
    })
}

/// A session that no record is in.
pub(crate) fn codex(bytes: &[u8]) -> Said {
    let mut said = Said::default();
    let mut before: Option<[u64; 5]> = None;
    for document in documents(bytes) {
        let Some(line) = document else {
            said.broken += 1;
            continue;
        };
        let payload = &line["payload"];
        if line["type"] != "event_msg" || payload["type"] != "token_count" || !payload["info"].is_object() {
            continue;
        }
        let (sums, last) = (&payload["info"]["total_token_usage"], &payload["info"]["last_token_usage"]);
        let (Ok(sums), Ok(last)) = (codex_counts(sums), codex_counts(last)) else {
            said.absurd += 1;
            continue;
        };
        let repeats = sums.is_some() && sums == before;
        let zero = [0; 5];
        let new = last
            .or_else(|| sums.map(|sums| std::array::from_fn(|at| sums[at].saturating_sub(before.unwrap_or(zero)[at]))));
        before = sums.or(before);
        if let Some([input, cached, written, output, reasoning]) = new
            && !repeats
        {
            let cache_read = cached.min(input);
            let cache_write = written.min(input - cache_read);
            let tokens = Tokens {
                fresh: input - cache_read - cache_write,
                cache_read,
                cache_write,
                cache_write_hour: 0,
                output,
                reasoning: reasoning.min(output),
            };
            if tokens != Tokens::default() {
                said.answers.push((tokens, Vec::new()));
            }
        }
    }
    said
}

/// An error where one is absurd, None where there are none.
fn codex_counts(usage: &Value) -> Result<Option<[u64; 5]>, ()> {
    let names =
        ["input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens", "reasoning_output_tokens"];
    if !usage.is_object() {
        return Ok(None);
    }
    let counts: Option<Vec<u64>> = names.iter().map(|name| count(&usage[*name])).collect();
    counts.and_then(|counts| counts.try_into().ok()).map(Some).ok_or(())
}
