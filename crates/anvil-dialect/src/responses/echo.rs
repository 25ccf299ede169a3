//! What an answer repeats of its request.

use crate::node::Node;
use crate::request::Request;

/// The longest value that is repeated, in bytes of JSON. What is longer would make up most of a short answer.
const VALUE_LIMIT: usize = 4 * 1024;
/// The members that an answer has whether the request has them or not, each with what it is then. SDKs require `tools`,
/// `tool_choice` and `parallel_tool_calls`; tools and instructions are never repeated.
const ALWAYS: [(&str, &str); 14] = [
    ("instructions", "null"),
    ("tools", "[]"),
    ("tool_choice", "\"auto\""),
    ("parallel_tool_calls", "true"),
    ("temperature", "null"),
    ("top_p", "null"),
    ("max_output_tokens", "null"),
    ("metadata", "{}"),
    ("previous_response_id", "null"),
    ("reasoning", "{\"effort\":null,\"summary\":null}"),
    ("store", "true"),
    ("text", "{\"format\":{\"type\":\"text\"}}"),
    ("truncation", "\"disabled\""),
    ("background", "false"),
];
/// The members that it has where the request has them.
const WHERE_SAID: [&str; 6] =
    ["user", "safety_identifier", "prompt_cache_key", "service_tier", "max_tool_calls", "top_logprobs"];

/// The members of the request that its answer repeats: `"name":value` each, with a comma after it.
pub(crate) fn echo(request: &Request) -> String {
    let mut out = String::with_capacity(512);
    let said = |wanted: &str| {
        let (_, raw) = request.members().find(|(name, _)| *name == wanted)?;
        (raw != "null" && raw.len() <= VALUE_LIMIT).then_some(raw)
    };
    for (name, unsaid) in ALWAYS {
        match (name, said(name)) {
            ("instructions" | "tools", _) | (_, None) => push(&mut out, name, unsaid),
            ("text", Some(raw)) => push(&mut out, name, &with_default(raw, &[("format", "{\"type\":\"text\"}")])),
            ("reasoning", Some(raw)) => {
                push(&mut out, name, &with_default(raw, &[("effort", "null"), ("summary", "null")]));
            }
            (_, Some(raw)) => push(&mut out, name, raw),
        }
    }
    for name in WHERE_SAID {
        if let Some(raw) = said(name) {
            push(&mut out, name, raw);
        }
    }
    out
}

/// The object with the members that it lacks.
fn with_default(raw: &str, defaults: &[(&str, &str)]) -> String {
    let Ok(node) = Node::read(raw, 1) else { return "null".to_owned() };
    let mut out = String::from("{");
    for (name, value) in node.members() {
        push(&mut out, name, value.raw());
    }
    for (name, value) in defaults.iter().filter(|(name, _)| node.members().all(|(own, _)| own != *name)) {
        push(&mut out, name, value);
    }
    // There is one default at least, and thus a member with its comma.
    out.pop();
    out.push('}');
    out
}

fn push(out: &mut String, name: &str, json: &str) {
    out.push_str(&crate::json::quoted(name));
    out.push(':');
    out.push_str(json);
    out.push(',');
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::echo;
    use crate::dialect::Dialect;
    use crate::request::Request;

    fn echoed(body: &str) -> Value {
        let request = Request::decode(Dialect::Responses, Bytes::from(body.to_owned())).unwrap();
        let echo = echo(&request);
        serde_json::from_str(&format!("{{{}}}", echo.strip_suffix(',').unwrap())).unwrap()
    }

    #[test]
    fn what_is_unsaid_has_the_vendors_default() {
        let expected = json!({"instructions": null, "tools": [], "tool_choice": "auto", "parallel_tool_calls": true,
            "temperature": null, "top_p": null, "max_output_tokens": null, "metadata": {}, "previous_response_id": null,
            "reasoning": {"effort": null, "summary": null}, "store": true, "text": {"format": {"type": "text"}},
            "truncation": "disabled", "background": false});
        assert_eq!(echoed(r#"{"model":"m","input":"x"}"#), expected);
        assert_eq!(
            echoed(r#"{"model":"m","input":"x","text":null,"reasoning":7,"metadata":null,"user":null}"#),
            expected
        );
    }

    #[test]
    fn what_is_said_is_repeated_but_for_what_is_long() {
        let echo = echoed(&format!(
            r#"{{"model":"m","input":"x","instructions":"i","tools":[{{"type":"function","name":"f"}}],"tool_choice":{{"type":"function","name":"f"}},
            "temperature":0.50,"text":{{"verbosity":"low"}},"reasoning":{{"summary":"auto","effort":null}},"store":false,
            "prompt_cache_key":"k","metadata":{{"a":"{0}"}},"user":"{0}"}}"#,
            "x".repeat(5_000)
        ));
        assert_eq!((&echo["instructions"], &echo["tools"]), (&json!(null), &json!([])));
        assert_eq!(echo["tool_choice"], json!({"type": "function", "name": "f"}));
        assert_eq!(echo["text"], json!({"verbosity": "low", "format": {"type": "text"}}));
        assert_eq!(echo["reasoning"], json!({"effort": null, "summary": "auto"}));
        assert_eq!(
            (&echo["store"], &echo["prompt_cache_key"], &echo["temperature"]),
            (&json!(false), &json!("k"), &json!(0.5))
        );
        assert_eq!((&echo["metadata"], echo.get("user")), (&json!({}), None));
    }
}
