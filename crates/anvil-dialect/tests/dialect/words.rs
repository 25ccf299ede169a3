//! What a person wrote, what the harness put beside it, and by what a conversation is known again.

use anvil_dialect::{Dialect, Facts};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{DIALECTS, decode, facts, wire};

/// A request of the dialect; each message is a role and its texts.
fn body(dialect: Dialect, system: &str, messages: &[(&str, &[&str])]) -> Value {
    let part = if dialect == Dialect::Responses { "input_text" } else { "text" };
    let message = |(role, texts): &(&str, &[&str])| {
        let parts: Vec<Value> = texts.iter().map(|text| json!({"type": part, "text": text})).collect();
        json!({"role": role, "content": parts})
    };
    let messages: Vec<Value> = messages.iter().map(message).collect();
    match dialect {
        Dialect::Messages => json!({"model": "m", "max_tokens": 1, "system": system, "messages": messages}),
        Dialect::Responses => json!({"model": "m", "instructions": system, "input": messages}),
        Dialect::Chat => {
            let mut all = vec![json!({"role": "system", "content": system})];
            all.extend(messages);
            json!({"model": "m", "messages": all})
        }
    }
}

fn of(dialect: Dialect, messages: &[(&str, &[&str])]) -> Facts {
    facts(dialect, &body(dialect, "s", messages).to_string())
}

fn of_file(dialect: Dialect, case: &str) -> Facts {
    decode(dialect, wire(&format!("{}/{case}/request.json", dialect.name()))).unwrap().facts().clone()
}

const REMINDER: &str = "<system-reminder>\nBe brief.\n</system-reminder>";

#[test]
fn what_a_harness_puts_in_is_nobody_s_turn() {
    for dialect in DIALECTS {
        let facts = of(
            dialect,
            &[
                ("user", &["<environment_context>x</environment_context>"]),
                ("user", &["# AGENTS.md instructions for /r\n\n<INSTRUCTIONS>\nx\n</INSTRUCTIONS>"]),
                ("user", &[REMINDER, "fix it"]),
                ("assistant", &["done"]),
                ("user", &["<task>\nand <b>this</b>\n</task>\n<environment_details>y</environment_details>", "too"]),
                ("assistant", &["done"]),
                ("user", &[REMINDER, "[Request interrupted by user]"]),
                ("user", &["  \n"]),
            ],
        );
        assert_eq!((facts.user_turns, facts.last_user_text.as_str()), (2, "and <b>this</b>\ntoo"));
        assert_eq!((facts.last_user_bytes, facts.messages), (19, 8 + usize::from(dialect == Dialect::Chat)));
    }
}

#[test]
fn tags_that_are_spelt_with_escapes_are_tags() {
    // Go's encoder writes them so.
    let reminder = r"\u003csystem-reminder\u003ex\u003c/system-reminder\u003e";
    let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"\n{reminder}"}}]}}"#);
    assert_eq!(facts(Dialect::Chat, &body).user_turns, 0);
}

#[test]
fn of_a_long_text_its_beginning_and_its_end_are_kept() {
    for dialect in DIALECTS {
        let paste = "log\n".repeat(10_000);
        let facts = of(dialect, &[("user", &[REMINDER, &paste, "why does it fail?"])]);
        assert_eq!(facts.last_user_bytes, 40_000 + 1 + 17);
        assert_eq!(facts.last_user_text.len(), 8 * 1024);
        assert_eq!(facts.last_user_text[..5 * 1024], paste[..5 * 1024]);
        assert!(facts.last_user_text.ends_with("log\n\nwhy does it fail?"));
        let exact = "x".repeat(8 * 1024);
        assert_eq!(of(dialect, &[("user", &[&exact])]).last_user_text, exact);
    }
}

#[test]
fn efforts_of_every_dialect() {
    let effort = |dialect: Dialect, member: &str, value: Value| {
        let mut body = body(dialect, "s", &[("user", &["x"])]);
        body[member] = value;
        facts(dialect, &body.to_string()).effort
    };
    for (dialect, member, value) in [
        (Dialect::Messages, "output_config", json!({"effort": "High"})),
        (Dialect::Chat, "reasoning_effort", json!("HIGH")),
        (Dialect::Chat, "reasoning", json!({"effort": "high", "max_tokens": 3})),
        (Dialect::Responses, "reasoning", json!({"summary": "auto", "effort": " high"})),
    ] {
        assert_eq!(effort(dialect, member, value).as_deref(), Some("high"));
    }
    assert_eq!(effort(Dialect::Chat, "reasoning_effort", json!("x".repeat(99))), Some("x".repeat(16)));
    for value in [json!(""), json!(7), json!({}), Value::Null] {
        assert_eq!(effort(Dialect::Chat, "reasoning_effort", value.clone()), None);
        assert_eq!(effort(Dialect::Messages, "output_config", json!({"effort": value})), None);
    }
    for members in [
        r#""reasoning_effort":"low","reasoning":{"effort":"high"}"#,
        r#""reasoning":{"effort":"high"},"reasoning_effort":"low""#,
    ] {
        let body = format!(r#"{{"model":"m","messages":[{{"role":"user","content":"x"}}],{members}}}"#);
        assert_eq!(facts(Dialect::Chat, &body).effort.as_deref(), Some("low"), "{members}");
    }
}

#[test]
fn results_that_the_model_has_not_seen() {
    let messages = r#"{"model":"m","max_tokens":1,"messages":[
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"old","content":"x"}]},
        {"role":"assistant","content":"y"},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"a"},{"tool_use_id":"b","type":"tool_result","is_error":true}]},
        {"role":"system","content":"z"},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"c"},{"type":"text","text":"go on"}]}]}"#;
    assert_eq!(facts(Dialect::Messages, messages).tool_results, ["a", "b", "c"]);
    let chat = r#"{"model":"m","messages":[{"role":"tool","tool_call_id":"old","content":"x"},
        {"role":"assistant","content":null,"tool_calls":[]},{"tool_call_id":"a","role":"tool","content":"x"},
        {"role":"tool","tool_call_id":null,"content":"x"},{"role":"user","content":"y"}]}"#;
    assert_eq!(facts(Dialect::Chat, chat).tool_results, ["a"]);
    let responses = r#"{"model":"m","input":[{"type":"function_call_output","call_id":"old","output":"x"},
        {"type":"function_call","call_id":"a","name":"f","arguments":"{}"},
        {"type":"function_call_output","call_id":"a","output":"x"},
        {"type":"custom_tool_call_output","call_id":"b","output":"x"},{"role":"user","content":"y"}]}"#;
    assert_eq!(facts(Dialect::Responses, responses).tool_results, ["a", "b"]);
    let many: Vec<Value> =
        (0..99).map(|id| json!({"role": "tool", "tool_call_id": id.to_string(), "content": ""})).collect();
    assert_eq!(facts(Dialect::Chat, &json!({"model": "m", "messages": many}).to_string()).tool_results.len(), 64);
    assert_eq!(of_file(Dialect::Responses, "codex_parallel").tool_results.len(), 2);
}

#[test]
fn a_recorded_conversation_is_known_again() {
    let first = of_file(Dialect::Messages, "claude_code_first");
    let loops = of_file(Dialect::Messages, "claude_code_loop");
    assert_eq!((first.user_turns, first.last_user_text.as_str()), (1, "Create the file made.txt."));
    assert_eq!(first.conversation, loops.conversation);
    // The title of the same session is asked for in a conversation of its own.
    assert_ne!(first.conversation, of_file(Dialect::Messages, "claude_code_title").conversation);
    let first = of_file(Dialect::Chat, "openai_py_first");
    assert_eq!(first.conversation, of_file(Dialect::Chat, "openai_py_loop").conversation);
    let codex = ["codex", "codex_parallel", "codex_image"].map(|case| of_file(Dialect::Responses, case));
    assert!(codex.iter().all(|facts| facts.conversation == codex[0].conversation && facts.user_turns == 1));
    assert_ne!(codex[0].conversation, of_file(Dialect::Responses, "codex_patch").conversation);
}

#[test]
fn the_hash_of_a_conversation_never_changes() {
    for dialect in DIALECTS {
        let facts = of(dialect, &[("user", &["hello"])]);
        // Sessions are kept under it: another number here would lose them with the next release.
        assert_eq!(facts.conversation, 4_355_951_959_957_977_996, "{dialect:?}");
    }
}

#[test]
fn neither_who_pays_nor_a_mark_for_the_cache_is_part_of_it() {
    let hash = |system: Value, content: Value| {
        let body = json!({"model": "m", "max_tokens": 1, "system": system, "messages": [{"role": "user", "content": content}]});
        facts(Dialect::Messages, &body.to_string()).conversation
    };
    let text = |text: &str| json!({"type": "text", "text": text});
    let marked = |text: &str| json!({"type": "text", "text": text, "cache_control": {"type": "ephemeral"}});
    let plain = hash(json!("Be brief."), json!("hi"));
    for (system, content) in [
        (json!([text("x-anthropic-billing-header: cc=1.2bb;"), text("Be brief.")]), json!("hi")),
        (json!([text("x-anthropic-billing-header: cc=1.3cc;"), marked("Be brief.")]), json!([marked("hi")])),
        (json!("x-anthropic-billing-header: cc=1;\nBe brief."), json!([text(REMINDER), text("hi")])),
        (json!([text("Be brief.")]), json!([text("hi"), marked(REMINDER)])),
    ] {
        assert_eq!(hash(system, content), plain);
    }
    assert_ne!(hash(json!("Be long."), json!("hi")), plain);
    assert_ne!(hash(json!("Be brief."), json!("ho")), plain);
    assert_ne!(hash(json!([text("Be brief."), text("hi")]), json!([text(REMINDER)])), plain);
}

#[test]
fn a_conversation_that_begins_with_a_picture_is_known_again() {
    let image =
        json!({"role": "user", "content": [{"type": "text", "text": REMINDER}, {"type": "image", "source": {}}]});
    let hash = |more: &[Value]| {
        let messages: Vec<&Value> = std::iter::once(&image).chain(more).collect();
        facts(Dialect::Messages, &json!({"model": "m", "max_tokens": 1, "messages": messages}).to_string()).conversation
    };
    let more = [json!({"role": "assistant", "content": "a"}), json!({"role": "user", "content": "what is it?"})];
    assert_eq!(hash(&[]), hash(&more));
}

#[test]
fn the_order_of_members_does_not_matter() {
    let messages = r#""messages":[{"role":"user","content":"hi"},{"role":"system","content":"late"}]"#;
    let hash = |body: String| facts(Dialect::Messages, &body).conversation;
    let before = hash(format!(r#"{{"model":"m","max_tokens":1,"system":"s",{messages}}}"#));
    assert_eq!(before, hash(format!(r#"{{{messages},"model":"m","max_tokens":1,"system":"s"}}"#)));
}

proptest! {
    #[test]
    fn what_is_appended_leaves_the_hash_as_it_is(
        opening in proptest::collection::vec((any::<bool>(), "[a-z<é]{0,5}"), 0..3),
        turns in proptest::collection::vec((0_usize..4, "[a-z<é]{0,9}"), 1..9),
    ) {
        let roles = ["assistant", "user", "system", "user"];
        for dialect in DIALECTS {
            let mut messages: Vec<(&str, Vec<String>)> = opening
                .iter()
                .map(|(is_system, text)| {
                    if *is_system { ("system", vec![text.clone()]) } else { ("user", vec![format!("<system-reminder>{text}</system-reminder>")]) }
                })
                .collect();
            messages.push(("user", vec!["begin".to_owned()]));
            let hash = |messages: &[(&str, Vec<String>)]| {
                let texts: Vec<Vec<&str>> = messages.iter().map(|(_, texts)| texts.iter().map(String::as_str).collect()).collect();
                let messages: Vec<(&str, &[&str])> =
                    messages.iter().zip(&texts).map(|((role, _), texts)| (*role, texts.as_slice())).collect();
                of(dialect, &messages).conversation
            };
            let first = hash(&messages);
            for (role, text) in &turns {
                messages.push((roles[*role], vec![text.clone()]));
                prop_assert_eq!(hash(&messages), first);
            }
        }
    }
}
