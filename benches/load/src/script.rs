//! What the scripted model says, rendered once: the same bytes go out for every request, framing included.
//!
//! Shapes follow what vLLM's `OpenAI` server and Anthropic's Messages endpoint put on the wire.

/// One answer of the script, ready to be written.
pub struct Script {
    /// Response head of a stream.
    pub stream_head: Vec<u8>,
    /// One chunk (RFC 9112 section 7.1) an event; the last one carries the zero-length chunk that ends the body.
    pub events: Vec<Vec<u8>>,
    /// Head and body of the answer that is not streamed.
    pub whole: Vec<u8>,
}

/// Enough words that no run of them repeats: an answer that loops is what a quality gate rejects.
const WORDS: [&str; 48] = [
    "the", "router", "reads", "a", "request", "and", "picks", "one", "tier", "that", "measured", "well", "for", "this",
    "kind", "of", "work", "then", "checks", "every", "answer", "before", "it", "leaves", "while", "slow", "models",
    "think", "about", "parsers", "streams", "carry", "small", "events", "over", "plain", "sockets", "with", "care",
    "each", "client", "waits", "until", "its", "first", "byte", "arrives", "safely",
];
const CHAT_ID: &str = "chatcmpl-5f0c1f0b6d0e4b7f9a3d2c1b0a998877";
const MESSAGE_ID: &str = "msg_01XFDUDYJgAACzvnptvVoYEL";
const CREATED: u64 = 1_760_000_000;
const PROMPT_TOKENS: usize = 68;

/// The words of an answer, each with the space that follows it.
fn words(count: usize) -> Vec<String> {
    let mut state: u64 = 0x2545_F491_4F6C_DD1D;
    (0..count)
        .map(|at| {
            // xorshift64: the same text on every run.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let word = WORDS[usize::try_from(state % WORDS.len() as u64).unwrap_or(0)];
            if at + 1 == count { format!("{word}.") } else { format!("{word} ") }
        })
        .collect()
}

/// `usage` is what `stream_options.include_usage` asks for: one more chunk, without choices, before `[DONE]`.
pub fn chat(count: usize, usage: bool) -> Script {
    let words = words(count);
    let chunk = |choices: &str, usage: &str| {
        format!(
            r#"data: {{"id":"{CHAT_ID}","object":"chat.completion.chunk","created":{CREATED},"model":"scripted","choices":[{choices}]{usage}}}"#
        )
    };
    let choice = |delta: &str, finish: &str| {
        chunk(&format!(r#"{{"index":0,"delta":{delta},"logprobs":null,"finish_reason":{finish}}}"#), "")
    };
    let counts = format!(
        r#"{{"prompt_tokens":{PROMPT_TOKENS},"total_tokens":{},"completion_tokens":{count}}}"#,
        PROMPT_TOKENS + count
    );
    let mut events = vec![choice(r#"{"role":"assistant","content":""}"#, "null")];
    events.extend(words.iter().map(|word| choice(&format!(r#"{{"content":"{word}"}}"#), "null")));
    events.push(choice(r#"{"content":""}"#, r#""stop""#));
    if usage {
        events.push(chunk("", &format!(r#","usage":{counts}"#)));
    }
    events.push("data: [DONE]".to_owned());
    let whole = format!(
        r#"{{"id":"{CHAT_ID}","object":"chat.completion","created":{CREATED},"model":"scripted","choices":[{{"index":0,"message":{{"role":"assistant","content":"{}","tool_calls":[]}},"logprobs":null,"finish_reason":"stop","stop_reason":null}}],"usage":{counts},"prompt_logprobs":null}}"#,
        words.concat()
    );
    render(&events, &whole)
}

pub fn messages(count: usize) -> Script {
    let words = words(count);
    let event = |name: &str, rest: &str| format!("event: {name}\ndata: {{\"type\":\"{name}\"{rest}}}");
    let mut events = vec![
        event(
            "message_start",
            &format!(
                r#","message":{{"id":"{MESSAGE_ID}","type":"message","role":"assistant","model":"scripted","content":[],"stop_reason":null,"stop_sequence":null,"usage":{{"input_tokens":{PROMPT_TOKENS},"output_tokens":1}}}}"#
            ),
        ),
        event("content_block_start", r#","index":0,"content_block":{"type":"text","text":""}"#),
    ];
    events.extend(words.iter().map(|word| {
        event("content_block_delta", &format!(r#","index":0,"delta":{{"type":"text_delta","text":"{word}"}}"#))
    }));
    events.push(event("content_block_stop", r#","index":0"#));
    events.push(event(
        "message_delta",
        &format!(r#","delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"output_tokens":{count}}}"#),
    ));
    events.push(event("message_stop", ""));
    let whole = format!(
        r#"{{"id":"{MESSAGE_ID}","type":"message","role":"assistant","model":"scripted","content":[{{"type":"text","text":"{}"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":{PROMPT_TOKENS},"output_tokens":{count}}}}}"#,
        words.concat()
    );
    render(&events, &whole)
}

fn render(events: &[String], whole: &str) -> Script {
    let last = events.len() - 1;
    Script {
        stream_head: b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n"
            .to_vec(),
        events: events
            .iter()
            .enumerate()
            .map(|(at, event)| {
                let end = if at == last { "0\r\n\r\n" } else { "" };
                format!("{:x}\r\n{event}\n\n\r\n{end}", event.len() + 2).into_bytes()
            })
            .collect(),
        whole: json("200 OK", whole),
    }
}

/// A whole JSON response.
pub fn json(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

pub fn models() -> Vec<u8> {
    json(
        "200 OK",
        &format!(
            r#"{{"object":"list","data":[{{"id":"scripted","object":"model","created":{CREATED},"owned_by":"bench","max_model_len":131072}}]}}"#
        ),
    )
}
