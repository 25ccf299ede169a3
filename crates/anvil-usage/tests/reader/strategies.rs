//! Files as clients write them and as they do not, held against the oracle however they are cut.

use anvil_usage::{Client, Log, Reader};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::oracle::{self, Said};

/// A number of tokens, or what stands in its place.
fn number() -> impl Strategy<Value = Value> {
    prop_oneof![
        12 => (0..40u64).prop_map(Value::from),
        2 => Just(Value::Null),
        1 => prop_oneof![Just(json!(-3)), Just(json!(1e30)), Just(json!(2.5)), Just(json!("7")), Just(json!(true)), Just(json!([1])), Just(json!({"a": 1})), Just(json!(1_000_000_001u64))],
    ]
}

/// Any value: what is of another form than expected.
fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from)
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..3).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Names of members that mean something, and others.
fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "type",
        "message",
        "usage",
        "content",
        "id",
        "data",
        "payload",
        "info",
        "cwd",
        "x\u{1f600}\"\\",
    ])
    .prop_map(str::to_owned)
}

/// Mostly what is expected.
fn mostly(expected: impl Strategy<Value = Value> + 'static) -> BoxedStrategy<Value> {
    prop_oneof![12 => expected, 1 => anything()].boxed()
}

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop::sample::select(texts).prop_map(Value::from)
}

fn object(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> impl Strategy<Value = Value> {
    members
        .into_iter()
        .map(|(name, value)| (Just(name), prop_oneof![8 => value.prop_map(Some), 1 => Just(None)]))
        .collect::<Vec<_>>()
        .prop_map(|members| {
            Value::Object(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect())
        })
}

fn block() -> impl Strategy<Value = Value> {
    object(vec![
        ("type", mostly(one_of(&["text", "thinking", "tool_use", "server_tool_use", "tool_result"]))),
        ("id", mostly(one_of(&["t1", "t2", "t3", "t4"]))),
        ("name", mostly(one_of(&["Read", "Agent", "Skill"]))),
        ("text", any::<String>().prop_map(Value::from).boxed()),
        ("input", mostly(object(vec![("subagent_type", mostly(one_of(&["Explore"])))]))),
    ])
}

fn claude_line() -> impl Strategy<Value = Value> {
    let caches =
        object(vec![("ephemeral_5m_input_tokens", number().boxed()), ("ephemeral_1h_input_tokens", number().boxed())]);
    let usage = object(vec![
        ("input_tokens", number().boxed()),
        ("cache_creation_input_tokens", number().boxed()),
        ("cache_read_input_tokens", number().boxed()),
        ("output_tokens", number().boxed()),
        ("cache_creation", mostly(caches)),
    ]);
    let message = object(vec![
        ("id", mostly(one_of(&["m1", "m2", "m3"]))),
        ("model", mostly(one_of(&["claude-x", "<synthetic>"]))),
        ("content", mostly(prop::collection::vec(mostly(block()), 0..4).prop_map(Value::from))),
        ("usage", mostly(usage)),
    ]);
    object(vec![
        ("type", mostly(one_of(&["assistant", "user", "system"]))),
        ("requestId", mostly(one_of(&["r1", "r2"]))),
        ("sessionId", mostly(one_of(&["s1", "s2"]))),
        ("timestamp", mostly(one_of(&["2026-11-29T06:00:00.000Z", "yesterday"]))),
        ("message", mostly(message)),
    ])
}

fn codex_line() -> impl Strategy<Value = Value> {
    let usage = || {
        object(vec![
            ("input_tokens", number().boxed()),
            ("cached_input_tokens", number().boxed()),
            ("cache_write_input_tokens", number().boxed()),
            ("output_tokens", number().boxed()),
            ("reasoning_output_tokens", number().boxed()),
        ])
    };
    let info = object(vec![("total_token_usage", mostly(usage())), ("last_token_usage", mostly(usage()))]);
    object(vec![
        ("type", mostly(one_of(&["event_msg", "event_msg", "event_msg", "turn_context", "session_meta"]))),
        (
            "payload",
            mostly(object(vec![
                ("type", mostly(one_of(&["token_count", "token_count", "task_started"]))),
                ("info", mostly(info)),
            ])),
        ),
    ])
}

/// A file: documents spelled closely or widely, and now and then a byte that does not belong there.
fn file(line: impl Strategy<Value = Value>) -> impl Strategy<Value = Vec<u8>> {
    let spelled = (line, any::<bool>(), prop::option::weighted(0.1, (any::<prop::sample::Index>(), any::<u8>())));
    prop::collection::vec(spelled, 0..12).prop_map(|lines| {
        let mut bytes = Vec::new();
        for (value, is_wide, harm) in lines {
            let text = value.to_string();
            let mut text = if is_wide { text.replace("\":", "\" : ") } else { text }.into_bytes();
            if let Some((place, byte)) = harm {
                let place = place.index(text.len());
                text[place] = byte;
            }
            bytes.extend(text);
            bytes.push(b'\n');
        }
        bytes
    })
}

fn read_in_pieces(client: Client, bytes: &[u8], cuts: &[prop::sample::Index]) -> Log {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let mut reader = Reader::new(client);
    let mut start = 0;
    for cut in cuts.into_iter().chain([bytes.len()]) {
        reader.feed(&bytes[start..cut]);
        start = cut;
    }
    reader.finish()
}

fn said(log: Log) -> Said {
    let answers = log.requests.into_iter().map(|request| {
        let mut tools: Vec<String> = request.calls.iter().map(|call| call.tool.to_string()).collect();
        tools.sort();
        (request.tokens, tools)
    });
    Said { answers: answers.collect(), broken: log.broken, absurd: log.absurd }
}

/// `serde_json::Value` refuses what a byte of harm can make and the reader skips: half a surrogate pair (`\ud800`), and
/// numbers beyond a float's range.
fn is_beyond_the_oracle(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| pair == b"\\u")
        || bytes.windows(4).any(|part| part[0].is_ascii_digit() && matches!(part[1], b'e' | b'E'))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn claude_code_agrees_with_the_oracle(bytes in file(claude_line()), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        prop_assume!(!is_beyond_the_oracle(&bytes));
        let log = read_in_pieces(Client::ClaudeCode, &bytes, &cuts);
        prop_assert_eq!(said(log), oracle::claude(&bytes));
    }

    #[test]
    fn codex_agrees_with_the_oracle(bytes in file(codex_line()), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
        prop_assume!(!is_beyond_the_oracle(&bytes));
        let log = read_in_pieces(Client::Codex, &bytes, &cuts);
        prop_assert_eq!(said(log), oracle::codex(&bytes));
    }
}
