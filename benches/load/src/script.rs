//! What the scripted model says, rendered once: the same bytes go out for every request, framing included.
//!
//! Shapes follow what vLLM's `OpenAI` server, Anthropic's Messages endpoint and `OpenAI`'s Responses endpoint put on the wire.

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
const RESPONSE_ID: &str = "resp_68af4030baa48193b0b43b4c2a176a1a0e6a1f3c2b5d4e7f";
const ITEM_ID: &str = "msg_68af40337e58819392e935fb404414d00e6a1f3c2b5d4e7f";
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

pub fn responses(count: usize) -> Script {
    let words = words(count);
    let event = |(number, (name, rest)): (usize, (&str, String))| {
        format!("event: {name}\ndata: {{\"type\":\"{name}\",\"sequence_number\":{number},{rest}}}")
    };
    let place = format!(r#""item_id":"{ITEM_ID}","output_index":0,"content_index":0"#);
    let part = |text: &str| format!(r#"{{"type":"output_text","annotations":[],"logprobs":[],"text":"{text}"}}"#);
    let item = |status: &str, content: &str| {
        format!(r#"{{"id":"{ITEM_ID}","type":"message","status":"{status}","content":[{content}],"role":"assistant"}}"#)
    };
    let response = |status: &str, output: &str, usage: &str| {
        format!(
            r#"{{"id":"{RESPONSE_ID}","object":"response","created_at":{CREATED},"status":"{status}","background":false,"error":null,"incomplete_details":null,"instructions":null,"max_output_tokens":512,"model":"scripted","output":[{output}],"parallel_tool_calls":true,"previous_response_id":null,"store":false,"temperature":1.0,"text":{{"format":{{"type":"text"}}}},"tool_choice":"auto","tools":[],"top_p":1.0,"truncation":"disabled","metadata":{{}},"usage":{usage}}}"#
        )
    };
    let text = words.concat();
    let done = item("completed", &part(&text));
    let counts = format!(
        r#"{{"input_tokens":{PROMPT_TOKENS},"input_tokens_details":{{"cached_tokens":0}},"output_tokens":{count},"output_tokens_details":{{"reasoning_tokens":0}},"total_tokens":{}}}"#,
        PROMPT_TOKENS + count
    );
    let (begun, whole) = (response("in_progress", "", "null"), response("completed", &done, &counts));
    let mut events = vec![
        ("response.created", format!(r#""response":{begun}"#)),
        ("response.in_progress", format!(r#""response":{begun}"#)),
        ("response.output_item.added", format!(r#""output_index":0,"item":{}"#, item("in_progress", ""))),
        ("response.content_part.added", format!(r#"{place},"part":{}"#, part(""))),
    ];
    events.extend(
        words.iter().map(|word| ("response.output_text.delta", format!(r#"{place},"delta":"{word}","logprobs":[]"#))),
    );
    events.push(("response.output_text.done", format!(r#"{place},"text":"{text}","logprobs":[]"#)));
    events.push(("response.content_part.done", format!(r#"{place},"part":{}"#, part(&text))));
    events.push(("response.output_item.done", format!(r#""output_index":0,"item":{done}"#)));
    events.push(("response.completed", format!(r#""response":{whole}"#)));
    render(&events.into_iter().enumerate().map(event).collect::<Vec<_>>(), &whole)
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
