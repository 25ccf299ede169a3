//! Calls that were written as text, and text about calls.

use anvil_verify::{Defect, LeakedCall};
use proptest::prelude::*;

fn offered() -> Vec<String> {
    ["Read", "Bash", "get_weather", "mcp__files__read"].map(str::to_owned).to_vec()
}

fn leak(text: &str, offered: &[String], size: usize) -> Option<(usize, usize)> {
    let mut leaked = LeakedCall::new(offered);
    let verdict = crate::pieces(text, size).into_iter().try_for_each(|piece| leaked.feed(piece));
    let span = verdict.and_then(|()| leaked.end()).err().and_then(|defect: Defect| defect.span())?;
    Some((span.start, span.end))
}

#[test]
fn a_call_as_text_is_found() {
    for text in [
        "<tool_call>\n{\"name\": \"Read\", \"arguments\": {\"file_path\": \"/a\"}}\n</tool_call>",
        "I will read it.\n\n<tool_call>{\"name\": \"Read\", \"arguments\": {\"file_path\": \"/a\"}}</tool_call>",
        "<tool_call>\n{\"arguments\": {\"command\": \"ls\"}, \"name\": \"Bash\"}\n</tool_call>",
        "<tool_call>\n<function=Bash>\n<parameter=command>\nls\n</parameter>\n</function>\n</tool_call>",
        "Let me look.\n<function=Read>{\"file_path\": \"/a\"}</function>",
        "<function_calls>\n<invoke name=\"Read\">\n<parameter name=\"file_path\">/a</parameter>",
        "<tool_call>get_weather\n<arg_key>city</arg_key>\n<arg_value>Rom</arg_value>\n</tool_call>",
        "<tool_call>get_weather<arg_key>city</arg_key>",
        "<|python_tag|>{\"name\": \"get_weather\", \"parameters\": {\"city\": \"Rom\"}}",
        "<|python_tag|>get_weather.call(city=\"Rom\")",
        "[TOOL_CALLS][{\"name\": \"Bash\", \"arguments\": {\"command\": \"ls\"}}]",
        "[TOOL_CALLS]Bash[ARGS]{\"command\": \"ls\"}",
        "<|tool_call>call:Read{file_path:<|\"|>/a<|\"|>}<tool_call|>",
        "commentary to=functions.get_weather json{\"city\":\"Paris\"}",
        "assistantcommentary to=functions.Read <|constrain|>json<|message|>{}",
        "to=functions.Bash code<|message|>{\"command\":\"ls\"}",
        "Thought: I need the file.\nAction: Read\nAction Input: {\"file_path\": \"/a\"}",
        "{\"name\": \"Read\", \"arguments\": {\"file_path\": \"/a\"}}",
        "\n{\n  \"name\": \"Read\",\n  \"parameters\": {\n    \"file_path\": \"/a\"\n  }\n}\n",
        "{\"tool_name\": \"Bash\", \"tool_input\": {\"command\": \"ls | wc -l\"}}",
        "{\"name\": \"Read\", \"arguments\": \"{\\\"file_path\\\": \\\"/a\\\"}\"}",
        "{\"type\": \"function\", \"function\": {\"name\": \"functions.Read\", \"arguments\": {}}}",
        "{\"tool_calls\": [{\"id\": \"1\", \"function\": {\"name\": \"Bash\", \"arguments\": {\"command\": \"ls\"}}}]}",
        "[{\"name\": \"Read\", \"arguments\": {\"file_path\": \"/a\"}}, {\"name\": \"Bash\", \"arguments\": {}}]",
        "{\"name\": \"Read\", \"arguments\": {}} {\"name\": \"Bash\", \"arguments\": {}}",
        "{\"name\": \"Read\", \"arguments\": {\"file_path\": \"/a\"}}\n</tool_call>",
        "{\"name\": \"Bash\", \"arguments\": {\"command\": \"cat > a.py <<'EOF'\\nprint(\\\"x",
        "```json\n{\"name\": \"Read\", \"arguments\": {\"file_path\": \"/a\"}}\n```",
        "```tool_call\n{\"name\": \"mcp__files__read\", \"arguments\": {\"path\": {\"a\": [1, {}]}}}\n```\n",
        "```tool_code\nRead(file_path=\"/a\")\n```",
        "Read(file_path=\"/a (b\", lines=[1, 2])",
        "[get_weather(city=\"Rom\"), get_weather(city='Paris')]",
        "Bash(command=\"ls",
    ] {
        for size in [1, 3, 16, usize::MAX] {
            assert!(leak(text, &offered(), size).is_some(), "{text} in pieces of {size}");
        }
        assert_eq!(leak(text, &[], 7), None, "nothing was offered: {text}");
        assert_eq!(leak(text, &["Other".to_owned()], 7), None, "another tool was offered: {text}");
    }
}

#[test]
fn text_about_calls_passes() {
    for text in [
        "",
        "The model writes `<tool_call>{\"name\": \"Read\", \"arguments\": {}}</tool_call>`.",
        "Hermes puts a call into <tool_call> tags, for example of Read.",
        "Hermes uses <tool_call> Read\nand so on.",
        "Such a call looks so:\n\n```json\n{\"name\": \"Read\", \"arguments\": {\"file_path\": \"/a\"}}\n```\n",
        "```json\n{\"name\": \"Read\", \"arguments\": {\"file_path\": \"/a\"}}\n```\nThat is the body to send.",
        "```xml\n<tool_call>\n{\"name\": \"Read\", \"arguments\": {}}\n</tool_call>\n```\n",
        "```python\nagent.call(\"<function=Read>\")\n```",
        "    <invoke name=\"Read\">\n",
        "The tag \"<invoke name=\"Read\">\" opens a call.",
        "{\"name\": \"Read\", \"version\": \"1.0.0\"}",
        "{\"name\": \"Read\", \"description\": \"Reads a file\", \"parameters\": {\"type\": \"object\"}}",
        "{\"name\": \"Read\", \"parameters\": {\"type\": \"object\", \"properties\": {\"file_path\": {\"type\": \"string\"}}}}",
        "{\"name\": \"Other\", \"arguments\": {\"file_path\": \"/a\"}}",
        "{\"steps\": [{\"name\": \"Read\", \"arguments\": {}}]}",
        "[{\"name\": \"Read\", \"arguments\": {}}, {\"name\": \"x\", \"size\": 1}] and more",
        "Read(file_path=\"/a\") reads the file.",
        "Read(\"/a\")",
        "Read the file first.",
        "Read",
        "Bash(ls -la)",
        "The route to=functions.Read is documented.",
        "Action: Read\nThen we go on.",
        "Action: Read the file.\nAction Input: none",
        "```bash\nls\n```",
        "```python\nget_weather(city=\"Rom\")\nprint(1)\n```",
        "```markdown\n# Calls\n```json\nx\n```\n<tool_call>\n{\"name\": \"Read\", \"arguments\": {}}\n",
    ] {
        for size in [1, 3, 16, usize::MAX] {
            assert_eq!(leak(text, &offered(), size), None, "{text} in pieces of {size}");
        }
    }
}

#[test]
fn a_leak_is_told_where_it_begins() {
    let text = "I will read it.\n<tool_call>\n{\"name\": \"Read\", \"arguments\": {";
    assert_eq!(leak(text, &offered(), 5), Some((16, 27)));
    assert_eq!(leak("\n```json\n{\"name\": \"Read\", \"arguments\": {}}\n```", &offered(), 5), Some((1, 8)));
}

#[test]
fn depth_costs_nothing() {
    let deep = "[{\"a\":".repeat(200_000);
    assert_eq!(leak(&deep, &offered(), usize::MAX), None);
    let call =
        format!("{{\"name\": \"Read\", \"arguments\": {{\"a\": {}{}}}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(leak(&call, &offered(), usize::MAX).is_some());
}

proptest! {
    #[test]
    fn every_way_of_cutting_gives_one_verdict(
        parts in prop::collection::vec(prop::sample::select(vec![
            "<tool_call>", "\n", "{", "}", "\"name\": ", "\"Read\"", ", ", "\"arguments\": ", "{}", "Read", "(", "a=", "\"x\"", ")", "```", "`",
            "<function=Read>", "to=functions.Read", " json", "Action: Read", "Action Input:", "é", "[", "]", "</tool_call>",
        ]), 0..24),
        size in 1_usize..9,
    ) {
        let text = parts.concat();
        prop_assert_eq!(leak(&text, &offered(), size), leak(&text, &offered(), usize::MAX));
    }
}
