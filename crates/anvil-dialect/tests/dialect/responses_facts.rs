//! The facts of Responses requests.

use anvil_dialect::{Dialect, Facts};

use crate::{decode, facts, wire};

/// The facts of a recorded request, but for the hash of how its conversation begins (`words.rs`).
fn of_file(case: &str) -> Facts {
    let request = decode(Dialect::Responses, wire(&format!("responses/{case}/request.json"))).unwrap();
    Facts { conversation: 0, ..request.facts().clone() }
}

fn of(body: &str) -> Facts {
    facts(Dialect::Responses, body)
}

/// The facts of a request with this input and these members more.
fn with(input: &str, members: &str) -> Facts {
    of(&format!(r#"{{"model":"m","input":{input}{members}}}"#))
}

#[test]
fn codex() {
    let mut facts = of_file("codex");
    assert!((1_000..6_000).contains(&facts.prompt_tokens), "{}", facts.prompt_tokens);
    facts.prompt_tokens = 0;
    let tools = [
        "exec_command",
        "write_stdin",
        "request_user_input",
        "view_image",
        "multi_agent_v1__close_agent",
        "multi_agent_v1__resume_agent",
        "multi_agent_v1__send_input",
        "multi_agent_v1__spawn_agent",
        "multi_agent_v1__wait_agent",
        "get_goal",
        "create_goal",
        "update_goal",
        "web_search",
    ];
    let expected = Facts {
        answers: None,
        model: "planning".to_owned(),
        stream: true,
        messages: 10,
        tools: tools.map(str::to_owned).to_vec(),
        session: Some("00000000-0000-7000-8000-000000000008".to_owned()),
        user_turns: 1,
        last_user_text: "create a file made.txt that says: hello from the forge".to_owned(),
        last_user_bytes: 54,
        tool_results: vec!["call_000000000000000000000002".to_owned()],
        open_tool_loop: true,
        signed_thinking: true,
        ..Facts::default()
    };
    assert_eq!(facts, expected);
}

#[test]
fn openai_py() {
    let mut facts = of_file("openai_py");
    facts.prompt_tokens = 0;
    let expected = Facts {
        answers: None,
        model: "planning".to_owned(),
        max_output_tokens: Some(500),
        messages: 1,
        tools: vec!["write_file".to_owned()],
        tool_choice: true,
        thinking: true,
        effort: Some("low".to_owned()),
        user_turns: 1,
        last_user_text: "create made.txt".to_owned(),
        last_user_bytes: 15,
        ..Facts::default()
    };
    assert_eq!(facts, expected);
    let files = of_file("openai_py_file");
    assert_eq!((files.images, files.documents, files.store), (1, 1, true));
    assert_eq!(of_file("codex_image").images, 1);
    assert!(of_file("openai_py_parse").structured_output);
}

#[test]
fn what_a_request_goes_on_from() {
    let facts = of_file("openai_py_resumed");
    assert_eq!(facts.previous_response.as_deref(), Some("resp_000000000000000000000000000000000000000000000001"));
    assert!(facts.open_tool_loop);
    let facts = of_file("ai_sdk_references");
    assert_eq!(facts.item_references, ["rs_00000000000000000000000000000001"]);
    // The type of a reference is optional.
    assert_eq!(with(r#"[{"id":"msg_1"},{"type":null,"id":"msg_2"}]"#, "").item_references, ["msg_1", "msg_2"]);
    let facts = of(r#"{"model":"m","previous_response_id":"resp_1"}"#);
    assert_eq!((facts.messages, facts.previous_response.as_deref()), (0, Some("resp_1")));
    // What lies at the vendor is for the vendor to find.
    of(r#"{"model":"m","prompt":{"id":"pmpt_1"}}"#);
    of(r#"{"model":"m","conversation":"conv_1","input":[]}"#);
}

#[test]
fn switches() {
    for (members, is_kept) in
        [("", true), (r#","store":true"#, true), (r#","store":null"#, true), (r#","store":false"#, false)]
    {
        assert_eq!(with(r#""x""#, members).store, is_kept, "{members}");
    }
    for (members, thinking) in [
        (r#","reasoning":{"effort":"low"}"#, true),
        (r#","reasoning":{"effort":"none"}"#, false),
        (r#","reasoning":{"effort":null,"summary":"auto"}"#, false),
        (r#","reasoning":null"#, false),
    ] {
        assert_eq!(with(r#""x""#, members).thinking, thinking, "{members}");
    }
    for (members, is_structured) in [
        (r#","text":{"format":{"type":"json_object"}}"#, true),
        (r#","text":{"format":{"type":"text"},"verbosity":"low"}"#, false),
        (r#","text":{"format":null}"#, false),
        (r#","text":null"#, false),
    ] {
        assert_eq!(with(r#""x""#, members).structured_output, is_structured, "{members}");
    }
    for (members, is_choice) in [
        (r#","tool_choice":"auto""#, false),
        (r#","tool_choice":"none""#, true),
        (r#","tool_choice":{"type":"function","name":"x"}"#, true),
        (r#","tool_choice":null"#, false),
    ] {
        assert_eq!(with(r#""x""#, members).tool_choice, is_choice, "{members}");
    }
}

#[test]
fn the_last_text_is_the_users_own() {
    let input = r#"[{"role":"user","content":"mine"},{"role":"assistant","content":"no"},
        {"type":"function_call_output","call_id":"c","output":"no"},
        {"type":"message","role":"developer","content":[{"type":"input_text","text":"no"}]}]"#;
    let facts = with(input, "");
    assert_eq!((facts.last_user_text.as_str(), facts.open_tool_loop), ("mine", true));
    assert_eq!(with(r#""all of it""#, "").last_user_text, "all of it");
    assert!(
        !with(r#"[{"type":"function_call_output","call_id":"c","output":"x"},{"role":"user","content":"y"}]"#, "")
            .open_tool_loop
    );
}

#[test]
fn what_becomes_prompt_text_is_counted() {
    let alone = with(r#""x""#, "").prompt_tokens;
    let long = "y".repeat(3_000);
    for (input, members) in [
        (r#""x""#.to_owned(), format!(r#","instructions":"{long}""#)),
        (format!(r#"[{{"role":"user","content":"{long}"}}]"#), String::new()),
        (format!(r#"[{{"role":"user","content":[{{"type":"input_text","text":"{long}"}}]}}]"#), String::new()),
        (format!(r#"[{{"type":"function_call_output","call_id":"c","output":"{long}"}}]"#), String::new()),
        (format!(r#"[{{"type":"function_call","call_id":"c","name":"n","arguments":"{long}"}}]"#), String::new()),
        (format!(r#"[{{"type":"custom_tool_call","call_id":"c","name":"n","input":"{long}"}}]"#), String::new()),
        (r#""x""#.to_owned(), format!(r#","tools":[{{"type":"function","name":"n","description":"{long}"}}]"#)),
    ] {
        let tokens = with(&input, &members).prompt_tokens;
        assert!((alone + 990..alone + 1_100).contains(&tokens), "{tokens} {}", &input[..20.min(input.len())]);
    }
    // An image is an image, however long.
    let image = format!(
        r#"[{{"role":"user","content":[{{"type":"input_image","image_url":"data:image/png;base64,{long}"}}]}}]"#
    );
    assert_eq!(with(&image, "").prompt_tokens, 1_600);
}

#[test]
fn sealed_thoughts() {
    let reasoning = |members: &str| {
        with(&format!(r#"[{{"type":"reasoning","summary":[]{members}}},{{"role":"user","content":"x"}}]"#), "")
    };
    assert!(reasoning(r#","encrypted_content":"gAAA""#).signed_thinking);
    assert!(!reasoning(r#","encrypted_content":null"#).signed_thinking);
    assert!(!reasoning(r#","encrypted_content":"""#).signed_thinking);
    assert!(!reasoning("").signed_thinking);
}

#[test]
fn tools_are_named_as_functions() {
    let tools = r#","tools":[
        {"tools":[{"name":"b","type":"function"},{"type":"custom","name":"a.b"}],"name":"a","type":"namespace"},
        {"type":"function","name":"a__b"},{"type":"web_search"},{"type":"mcp","server_label":"x"}]"#;
    let names = with(r#""x""#, tools).tools;
    assert_eq!((names[0].as_str(), &names[3..]), ("a__b", ["web_search".to_owned(), "mcp".to_owned()].as_slice()));
    assert!(names[1].starts_with("a__a_b_") && names[2].starts_with("a__b_"), "{names:?}");
}
