//! The tokens of chat templates that can leak into a text.

use std::ops::BitOr;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use TokenRole::{Begins, Ends, Last, Stripped};

/// What a template uses a token for, which decides what must stand around it to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenRole {
    /// A role, a channel or a call follows without a space.
    Begins,
    /// It ends a turn, a message or a call.
    Ends,
    /// It is something else as well (HTML): only as the very last thing of an answer.
    Last,
    /// What is left of a token whose marks the tier removed: only in an answer that begins with what is left of one.
    Stripped,
}

/// Every token, by family. Sources: the `chat_template` and `added_tokens` of the named models' `tokenizer_config.json` on
/// Hugging Face; for gpt-oss the harmony response format (`openai/harmony`, docs/format.md); for Gemma 4 "Prompt formatting"
/// (ai.google.dev/gemma/docs/core/prompt-formatting-gemma4).
const TOKENS: [(&str, TokenRole); 92] = [
    // ChatML: Qwen/Qwen2.5-Coder-7B-Instruct, Qwen/Qwen3-Coder-30B-A3B-Instruct, NousResearch/Hermes-3-Llama-3.1-8B
    ("<|im_start|>", Begins),
    ("<|im_end|>", Ends),
    ("<|im_sep|>", Begins), // microsoft/phi-4
    ("<|endoftext|>", Ends),
    // Fill in the middle: Qwen/Qwen2.5-Coder-7B, bigcode/starcoder2-7b
    ("<|fim_prefix|>", Begins),
    ("<|fim_middle|>", Begins),
    ("<|fim_suffix|>", Begins),
    ("<|fim_pad|>", Ends),
    ("<|repo_name|>", Begins),
    ("<|file_sep|>", Begins),
    // Llama 3 and 4: meta-llama/Llama-3.1-8B-Instruct, meta-llama/Llama-4-Scout-17B-16E-Instruct
    ("<|begin_of_text|>", Begins),
    ("<|end_of_text|>", Ends),
    ("<|start_header_id|>", Begins),
    ("<|end_header_id|>", Ends),
    ("<|eot_id|>", Ends),
    ("<|eom_id|>", Ends),
    ("<|python_tag|>", Begins),
    ("<|header_start|>", Begins),
    ("<|header_end|>", Ends),
    ("<|eot|>", Ends),
    ("<|eom|>", Ends),
    // gpt-oss: openai/gpt-oss-20b
    ("<|start|>", Begins),
    ("<|channel|>", Begins),
    ("<|constrain|>", Begins),
    ("<|message|>", Begins),
    ("<|end|>", Ends),
    ("<|return|>", Ends),
    ("<|call|>", Ends),
    ("assistantfinal", Stripped),
    ("assistantanalysis", Stripped),
    ("assistantcommentary", Stripped),
    // Gemma 1 to 3: google/gemma-3-4b-it
    ("<start_of_turn>", Begins),
    ("<end_of_turn>", Ends),
    ("<eos>", Last),
    // Gemma 4: google/gemma-4-31B-it
    ("<|turn>", Begins),
    ("<turn|>", Ends),
    ("<|channel>", Begins),
    ("<channel|>", Ends),
    ("<|tool_call>", Begins),
    ("<tool_call|>", Ends),
    ("<|tool_response>", Begins),
    ("<tool_response|>", Ends),
    // Mistral: mistralai/Mistral-Small-3.2-24B-Instruct-2506, mistralai/Devstral-Small-2507
    ("[INST]", Begins),
    ("[/INST]", Ends),
    ("[TOOL_CALLS]", Begins),
    ("[TOOL_RESULTS]", Begins),
    ("[/TOOL_RESULTS]", Ends),
    ("[AVAILABLE_TOOLS]", Begins),
    ("[/AVAILABLE_TOOLS]", Ends),
    ("[SYSTEM_PROMPT]", Begins),
    ("[/SYSTEM_PROMPT]", Ends),
    ("</s>", Last),
    // DeepSeek: deepseek-ai/DeepSeek-V3-0324, deepseek-ai/DeepSeek-R1-0528, deepseek-ai/DeepSeek-V3.2
    ("<｜begin▁of▁sentence｜>", Begins),
    ("<｜end▁of▁sentence｜>", Ends),
    ("<｜User｜>", Begins),
    ("<｜Assistant｜>", Begins),
    ("<｜tool▁calls▁begin｜>", Begins),
    ("<｜tool▁calls▁end｜>", Ends),
    ("<｜tool▁call▁begin｜>", Begins),
    ("<｜tool▁call▁end｜>", Ends),
    ("<｜tool▁sep｜>", Begins),
    ("<｜tool▁outputs▁begin｜>", Begins),
    ("<｜tool▁outputs▁end｜>", Ends),
    ("<｜DSML｜function_calls>", Begins),
    ("</｜DSML｜function_calls>", Ends),
    ("<|EOT|>", Ends), // deepseek-ai/deepseek-coder-6.7b-instruct
    // Phi 3 and 4, GLM: microsoft/Phi-3.5-mini-instruct, zai-org/GLM-4.5-Air
    ("<|user|>", Begins),
    ("<|assistant|>", Begins),
    ("<|system|>", Begins),
    ("<|observation|>", Begins),
    ("<|tool|>", Begins),
    ("<|/tool|>", Ends),
    ("<|tool_call|>", Begins), // also ibm-granite/granite-3.3-8b-instruct
    ("<|/tool_call|>", Ends),
    ("<|tool_response|>", Begins),
    ("[gMASK]<sop>", Begins),
    // Kimi: moonshotai/Kimi-K2-Instruct
    ("<|im_user|>", Begins),
    ("<|im_assistant|>", Begins),
    ("<|im_system|>", Begins),
    ("<|im_middle|>", Begins),
    ("<|tool_calls_section_begin|>", Begins),
    ("<|tool_calls_section_end|>", Ends),
    ("<|tool_call_begin|>", Begins),
    ("<|tool_call_argument_begin|>", Begins),
    ("<|tool_call_end|>", Ends),
    // Granite: ibm-granite/granite-3.3-8b-instruct
    ("<|start_of_role|>", Begins),
    ("<|end_of_role|>", Begins),
    // Command: CohereLabs/c4ai-command-r7b-12-2024
    ("<|START_OF_TURN_TOKEN|>", Begins),
    ("<|END_OF_TURN_TOKEN|>", Ends),
    ("<|CHATBOT_TOKEN|>", Begins),
    ("<|START_ACTION|>", Begins),
    ("<|END_ACTION|>", Ends),
];

/// Words of a request that make every token something the answer may well talk about.
const SUBJECTS: [&str; 16] = [
    "chat template",
    "chat_template",
    "chat-template",
    "chattemplate",
    "chatml",
    "special token",
    "special_token",
    "prompt template",
    "prompt format",
    "harmony",
    "tokenizer",
    "tokeniser",
    "control token",
    "stop token",
    "eos token",
    "fine-tun",
];

/// Finds the tokens; a match's number is its place in [`TOKENS`].
static FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| finder(&TOKENS.map(|(token, _)| token), false));

static SUBJECT_FINDER: LazyLock<AhoCorasick> = LazyLock::new(|| finder(&SUBJECTS, true));

#[expect(clippy::expect_used, reason = "the lists are constants, and every test here builds them")]
fn finder(patterns: &[&str], ignores_case: bool) -> AhoCorasick {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .ascii_case_insensitive(ignores_case)
        .kind(Some(AhoCorasickKind::DFA))
        .build(patterns)
        .expect("a hundred short patterns make no large automaton")
}

/// A set of tokens of chat templates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens(u128);

impl Tokens {
    /// Those that a text names; all, where it speaks of chat templates as such.
    pub(crate) fn named_in(text: &str) -> Self {
        if SUBJECT_FINDER.is_match(text) {
            return Self(u128::MAX);
        }
        Self(find(text).fold(0, |tokens, token| tokens | 1 << token.index))
    }

    pub(crate) const fn holds(self, token: Token) -> bool {
        self.0 & (1 << token.index) != 0
    }
}

impl BitOr for Tokens {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A token in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    index: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token {
    pub(crate) const fn role(self) -> TokenRole {
        TOKENS[self.index].1
    }
}

/// The tokens of a text, in its order.
pub(crate) fn find(text: &str) -> impl Iterator<Item = Token> {
    FINDER.find_iter(text).map(|found| Token {
        index: found.pattern().as_usize(),
        start: found.start(),
        end: found.end(),
    })
}
