//! What models write around and before their calls, as it comes out where the tier did not read it.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use MarkerKind::{Before, Name, Recipient, Step};

/// What follows a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkerKind {
    /// A call in JSON, or a name and arguments in another form.
    Before,
    /// The name, at once.
    Name,
    /// The name, in a header of harmony.
    Recipient,
    /// The name, and the arguments on the next line.
    Step,
}

/// Sources: the chat templates of the models and their readers in vLLM (`vllm/tool_parsers`) and llama.cpp (`common/chat.cpp`).
const MARKERS: [(&str, MarkerKind); 17] = [
    ("<tool_call>", Before),  // Hermes, Qwen 2.5 and 3, GLM 4.5
    ("<tool_calls>", Before), // Granite, Jamba
    ("<function_call>", Before),
    ("<functioncall>", Before),
    ("<|tool_call|>", Before),  // Granite 3, Phi 4 mini
    ("<|tool_call>", Before),   // Gemma 4
    ("<|python_tag|>", Before), // Llama 3
    ("[TOOL_CALLS]", Before),   // Mistral
    ("<function=", Name),       // Qwen 3 Coder, Llama 3.1
    ("<function name=\"", Name),
    ("<invoke name=\"", Name), // Claude's form, MiniMax M2, DeepSeek 3.2
    ("<invoke name='", Name),
    ("<｜DSML｜invoke name=\"", Name),
    ("<|tool_call_begin|>", Name), // Kimi K2
    ("<｜tool▁sep｜>", Name),      // DeepSeek 3
    ("to=functions.", Recipient),  // gpt-oss
    ("Action: ", Step),            // ReAct (arXiv 2210.03629) as LangChain writes it
];

static FINDER: LazyLock<AhoCorasick> = LazyLock::new(finder);

#[expect(clippy::expect_used, reason = "the list is a constant, and every test here builds it")]
fn finder() -> AhoCorasick {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::DFA))
        .build(MARKERS.map(|(marker, _)| marker))
        .expect("seventeen short patterns make no large automaton")
}

/// A marker in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Marker {
    pub(crate) kind: MarkerKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The markers of a text, in its order.
pub(crate) fn find(text: &str) -> impl Iterator<Item = Marker> {
    FINDER.find_iter(text).map(|found| {
        let (_, kind) = MARKERS[found.pattern().as_usize()];
        Marker { kind, start: found.start(), end: found.end() }
    })
}
