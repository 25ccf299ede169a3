"""The wordings are those of the engines named beside them, in their own releases and in reports of their users."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import pytest

from anvil_serving import config
from anvil_serving.router.overflow import Overflow, context_overflow, read_overflow
from anvil_serving.upstream import Tiers

if TYPE_CHECKING:
    from anvil_serving.upstream import Outcome

WORDINGS = {
    "anthropic, prompt": (
        "prompt is too long: 213462 tokens > 200000 maximum",
        Overflow(200_000, 213_462),
    ),
    "anthropic, cap": (
        (
            "input length and `max_tokens` exceed context limit: 199759 + 8192 > 200000, decrease input length or "
            "`max_tokens` and try again"
        ),
        Overflow(200_000, 199_759, 8_192),
    ),
    "vllm 0.9, messages": (
        (
            "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens in the messages, "
            "Please reduce the length of the messages."
        ),
        Overflow(8_192, 9_000),
    ),
    "vllm 0.9, completion": (
        (
            "This model's maximum context length is 16384 tokens. However, you requested 19591 tokens (9591 in the "
            "messages, 10000 in the completion). Please reduce the length of the messages or completion. None"
        ),
        Overflow(16_384, 9_591, 10_000),
    ),
    "vllm 0.11, input": (
        (
            "This model's maximum context length is 8192 tokens. However, your request has 9000 input tokens. Please "
            "reduce the length of the input messages."
        ),
        Overflow(8_192, 9_000),
    ),
    "vllm 0.11, cap": (
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 64. This model's maximum context length is 8192 "
            "tokens and your request has 8150 input tokens (64 > 8192 - 8150)."
        ),
        Overflow(8_192, 8_150, 64),
    ),
    "vllm 0.25, exact": (
        (
            "This model's maximum context length is 131072 tokens. However, you requested 4096 output tokens and your "
            "prompt contains 200000 input tokens, for a total of 204096 tokens. Please reduce the length of the input "
            "prompt or the number of requested output tokens."
        ),
        Overflow(131_072, 200_000, 4_096),
    ),
    "vllm 0.18, at least": (
        (
            "This model's maximum context length is 131072 tokens. However, you requested 128000 output tokens and "
            "your prompt contains at least 3073 input tokens, for a total of at least 131073 tokens. Please reduce the "
            "length of the input prompt or the number of requested output tokens. (parameter=input_tokens, value=3073)"
        ),
        Overflow(131_072, 3_073, 128_000, is_least=True),
    ),
    "vllm 0.25, characters": (
        (
            "This model's maximum context length is 8192 tokens. However, you requested 64 output tokens and your "
            "prompt contains 100000 characters (more than 81280 characters, which is the upper bound for 8128 "
            "input tokens)."
        ),
        Overflow(8_192, None, 64),
    ),
    "vllm, decoder": (
        (
            "The decoder prompt (length 9000) is longer than the maximum model length of 8192. Make sure that "
            "`max_model_len` is no smaller than the number of text tokens."
        ),
        Overflow(8_192, 9_000),
    ),
    "openai 2023": (
        (
            "This model's maximum context length is 4097 tokens. However, your messages resulted in 13393 tokens. "
            "Please reduce the length of the messages."
        ),
        Overflow(4_097, 13_393),
    ),
    "openai 2023, functions": (
        (
            "This model's maximum context length is 8192 tokens. However, you requested 9064 tokens (8000 in the "
            "messages, 64 in the functions, and 1000 in the completion)."
        ),
        Overflow(8_192, 8_000, 1_000),
    ),
    "openai 2023, legacy": (
        (
            "This model's maximum context length is 8191 tokens, however you requested 8238 tokens (8000 in your "
            "prompt; 238 for the completion). Please reduce your prompt; or completion length."
        ),
        Overflow(8_191, 8_000, 238),
    ),
    "openai 2025": (
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        Overflow(),
    ),
    "openai 2025, configured": (
        (
            "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 289650 tokens. "
            "Please reduce the length of the messages."
        ),
        Overflow(272_000, 289_650),
    ),
    "openrouter": (
        (
            "This endpoint's maximum context length is 32768 tokens. However, you requested about 42832 tokens (42832 "
            "of text input). Please reduce the length of either one."
        ),
        Overflow(32_768, 42_832),
    ),
    "sglang, input": (
        "The input (140000 tokens) is longer than the model's context length (131072 tokens).",
        Overflow(131_072, 140_000),
    ),
    "sglang, completion": (
        (
            "Requested token count exceeds the model's maximum context length of 262144 tokens. You requested a total "
            "of 262758 tokens: 198758 tokens from the input messages and 64000 tokens for the completion. Please "
            "reduce the number of tokens in the input messages or the completion to fit within the limit."
        ),
        Overflow(262_144, 198_758, 64_000),
    ),
    "sglang, pool": (
        (
            "Input length (160062 tokens) exceeds the maximum allowed length (59862 tokens). Use a shorter input or "
            "enable --allow-auto-truncate."
        ),
        Overflow(59_862, 160_062),
    ),
    "llama.cpp": (
        "request (13392 tokens) exceeds the available context size (8192 tokens), try increasing it",
        Overflow(8_192, 13_392),
    ),
    "llama.cpp 2025": (
        "the request exceeds the available context size. try increasing the context size or enable context shift",
        Overflow(),
    ),
    "lm studio": (
        (
            "Trying to keep the first 15857 tokens when context the overflows. However, the model is loaded with "
            "context length of only 4096 tokens, which is not enough. Try to load the model with a larger context."
        ),
        Overflow(4_096, 15_857),
    ),
    "lm studio, n_keep": (
        (
            "The number of tokens to keep from the initial prompt is greater than the context length (n_keep: 23678>= "
            "n_ctx: 9472). Try to load the model with a larger context length, or provide a shorter input."
        ),
        Overflow(9_472, 23_678),
    ),
    "lm studio, plain": (
        "The number of tokens to keep from the initial prompt is greater than the context length.",
        Overflow(),
    ),
    "ollama": ("prompt too long; exceeded max context length by 17 tokens (ref: 1)", Overflow()),
    "gemini": (
        "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575)",
        Overflow(1_048_575, 1_196_265),
    ),
    "mistral": (
        "Prompt contains 140000 tokens and 0 draft tokens, too large for model with 131072 maximum context length",
        Overflow(131_072, 140_000),
    ),
    "moonshot": (
        "Your request exceeded model token limit: 262144 (requested: 300,000)",
        Overflow(262_144, 300_000),
    ),
}


@pytest.mark.parametrize("engine", WORDINGS)
def test_each_engines_words_are_read(engine: str) -> None:
    words, read = WORDINGS[engine]
    assert read_overflow(words) == read


@pytest.mark.parametrize(
    "words",
    [
        "",
        "max_tokens: 9000 > 8192, which is the maximum allowed number of output tokens for this model",
        "Request exceeds the maximum size",
        "Too many tokens per minute",
        "Unknown parameter: context_length",
        "messages: roles must alternate",
        "prompt is too long: many tokens",
    ],
)
def test_other_words_are_left_alone(words: str) -> None:
    assert read_overflow(words) is None


def test_no_words_take_long() -> None:
    for words in ("prompt contains 1 tokens " * 400, "1" * 8_000, "maximum context length is " + "1," * 4_000):
        assert read_overflow(words) is None


SETTINGS = config.Tier(id="a", base_url="http://127.0.0.1:9/v1", context_limit=8_192, privacy="local")
TIER = Tiers(config.Router(tiers=(SETTINGS,)), {})["a"]


@dataclass
class _Ended:
    status: int | None
    tier_message: str | None


def _told(
    words: str, dialect: str = "messages", *, estimated: int = 100, cap: int | None = None, status: int | None = 400
) -> str:
    ended = cast("Outcome", _Ended(status, words))
    error = context_overflow(TIER, ended, dialect, estimated=estimated, cap=cap)
    return "" if error is None else str(error)


PLAIN = "the request exceeds the available context size, try increasing it"
LEAST = WORDINGS["vllm 0.18, at least"][0]


def test_claude_code_is_told_in_the_two_sentences_that_it_parses() -> None:
    assert _told(WORDINGS["llama.cpp"][0], cap=500) == "prompt is too long: 13392 tokens > 8192 maximum"
    assert _told(WORDINGS["vllm 0.9, completion"][0]) == (
        "input length and `max_tokens` exceed context limit: 9591 + 10000 > 16384, decrease input length or "
        "`max_tokens` and try again"
    )


def test_openais_clients_are_told_as_openai_tells() -> None:
    assert _told(WORDINGS["llama.cpp"][0], "chat") == WORDINGS["openai 2023"][0].replace("4097", "8192").replace(
        "13393", "13392"
    )
    assert _told(WORDINGS["vllm 0.9, completion"][0], "chat") == (
        "This model's maximum context length is 16384 tokens. However, you requested 19591 tokens (9591 in the "
        "messages, 10000 in the completion). Please reduce the length of the messages or completion."
    )
    assert _told(PLAIN, "responses") == WORDINGS["openai 2025"][0]
    for dialect, param in [("messages", None), ("chat", "messages"), ("responses", "input")]:
        error = context_overflow(TIER, cast("Outcome", _Ended(400, PLAIN)), dialect, estimated=1, cap=None)
        assert error is not None
        assert (error.status, error.kind, error.param, error.fault) == (400, "context_overflow", param, "caller")


@pytest.mark.parametrize(
    ("estimated", "cap", "told"),
    [
        (9_000, None, "prompt is too long: 9000 tokens > 8192 maximum"),
        (9_000, 100, "prompt is too long: 9000 tokens > 8192 maximum"),
        (8_000, 500, "8000 + 500 > 8192"),
        # The tier has counted more than was estimated.
        (100, None, "prompt is too long: 8193 tokens > 8192 maximum"),
        (8_000, 192, "prompt is too long: 8193 tokens > 8192 maximum"),
        (8_192, 10, "prompt is too long: 8193 tokens > 8192 maximum"),
    ],
)
def test_what_the_tier_does_not_say_is_estimated(estimated: int, cap: int | None, told: str) -> None:
    assert told in _told(PLAIN, estimated=estimated, cap=cap)


def test_a_count_that_was_not_finished_gives_way_to_a_larger_estimate() -> None:
    assert "3073 + 128000 > 131072" in _told(LEAST, estimated=100)
    assert "9000 + 128000 > 131072" in _told(LEAST, estimated=9_000)
    assert _told(LEAST, estimated=140_000) == "prompt is too long: 140000 tokens > 131072 maximum"


@pytest.mark.parametrize(
    ("status", "is_told"),
    [(400, True), (413, True), (422, True), (500, True), (None, True), (429, False), (404, False)],
)
def test_only_what_may_be_meant_so_is_read_so(status: int | None, is_told: bool) -> None:
    assert bool(_told(PLAIN, status=status)) is is_told
