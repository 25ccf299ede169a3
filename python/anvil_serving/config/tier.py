"""What a configuration may say of a tier: where it is, what it can do, what it costs. See `schema.py`."""

# No `from __future__ import annotations`: msgspec evaluates these annotations when it builds the decoder.

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .units import Body, Dollars, EnvironmentName, ProxyUrl, Seconds, Text, Tokens, Url

__all__ = ["Tier", "Timeouts"]


class Timeouts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long one attempt at a tier may take, phase by phase."""

    connect: Annotated[Seconds, Meta(description="Seconds to open a connection, TLS included.")] = 5.0
    first_byte: Annotated[
        Seconds | None,
        Meta(
            description="Seconds from the sent request to the first byte of a streamed answer: queueing and prefill. "
            "An answer that is not streamed is bound by `total` alone. Unset: `relay_timeout`, else 120."
        ),
    ] = None
    idle: Annotated[
        Seconds | None,
        Meta(
            description="Seconds of silence allowed between two pieces of a streamed answer. Unset: `relay_timeout`, "
            "else 60."
        ),
    ] = None
    total: Annotated[Seconds, Meta(description="Seconds for the whole attempt, from the request to its last byte.")] = (
        3_600.0
    )


class Tier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named place that answers: one or more replicas of one model behind a compatible URL."""

    id: Annotated[Text, Meta(description="Name of the tier; unique. Presets list it, and a caller may pin it.")]
    base_url: Annotated[
        Url,
        Meta(
            description="http or https URL of the server, with or without a trailing `/v1`. No credentials, query or "
            "fragment. Write 127.0.0.1 rather than localhost."
        ),
    ]
    context_limit: Annotated[
        Tokens,
        Meta(
            description="Context window in tokens, prompt and answer together. A prompt that is longer by the "
            "calibrated estimate is not sent here."
        ),
    ]
    privacy: Annotated[
        Literal["local", "cloud"],
        Meta(
            description='`"local"`: prompts stay on machines you run. `"cloud"`: they leave them and may be billed, so '
            "the tier serves only the work classes in `metered_cloud`."
        ),
    ]
    model: Annotated[
        str | None, Meta(description="Model name to send. Unset: the single model that the server lists is adopted.")
    ] = None
    dialect: Annotated[
        Literal["openai", "anthropic", "responses"],
        Meta(
            description='Wire dialect of the server: `"openai"` Chat Completions, `"anthropic"` Messages, '
            '`"responses"` OpenAI Responses.'
        ),
    ] = "openai"
    dialects: Annotated[
        tuple[Literal["openai", "anthropic", "responses"], ...],
        Meta(
            description="Every dialect that the server answers by itself, where that is more than `dialect`: "
            "llama.cpp, vLLM, SGLang, Ollama and LM Studio answer both. A request goes out in its own dialect where it "
            "can. Empty: `dialect` alone."
        ),
    ] = ()
    purposes: Annotated[
        tuple[Literal["chat", "embeddings", "rerank", "completions"], ...],
        Meta(
            min_length=1,
            description="What the server is for: conversations, and which of `/v1/embeddings`, `/v1/rerank` and "
            "`/v1/completions` are passed on to it. Without `chat` no conversation is.",
        ),
    ] = ("chat",)
    tool_support: Annotated[
        bool,
        Meta(description="Whether the model can call tools; if not, requests that offer tools pass it by."),
    ] = True
    vision: Annotated[
        bool | None,
        Meta(description="Whether the model reads images. Unset: not known, and images are no reason to pass it by."),
    ] = None
    structured_output: Annotated[
        bool,
        Meta(
            description="Whether the server can be held to JSON or a JSON Schema; if not, requests that ask for it "
            "pass it by."
        ),
    ] = True
    logprobs: Annotated[
        bool,
        Meta(
            description="Whether the server is asked how sure it was of each token, where no tools are offered. The "
            "mean is recorded and held against `min_mean_logprob` in `[router.verify]`; callers that have not "
            "asked are not told. Servers that cannot say refuse such requests: try it first."
        ),
    ] = False
    role: Annotated[
        Literal["fast", "heavy", "cloud"] | None,
        Meta(
            description="Which seeds of the quality profile it starts from. Unset: `cloud` for a cloud tier; `heavy` "
            "for the last local tier of a preset that lists several, or one that is alone; else `fast`."
        ),
    ] = None
    auth_env: Annotated[
        EnvironmentName | None,
        Meta(
            description="Name of the environment variable that holds the key for this server. A cloud tier needs its "
            "variable set; a local tier is called without a key where it is not."
        ),
    ] = None
    max_output_tokens: Annotated[
        Tokens | None, Meta(description="Largest answer in tokens that the server accepts a request for.")
    ] = None
    max_concurrency: Annotated[
        Annotated[int, Meta(ge=1, le=100_000)] | None,
        Meta(
            description="Requests that the tier has places for, over all replicas; each worker has its share of "
            "them, rounded up. While they are taken, tiers that are as good and as cheap are asked first, and others "
            "wait in the order in which they came (`queue_length` and `queue_seconds` in `[router.fallback]`). Unset: "
            "any number, and a server that is given more than it can do at once does all of it slowly."
        ),
    ] = None
    replicas: Annotated[
        tuple[Url, ...], Meta(description="Further base URLs that serve the same model; same rules as `base_url`.")
    ] = ()
    swap_group: Annotated[
        Text | None,
        Meta(
            description="Tiers with the same name here share a GPU and displace one another when loaded. Where it "
            "costs no quality, the one that is loaded is asked first, but not for ever."
        ),
    ] = None
    proxy: Annotated[
        ProxyUrl | None,
        Meta(description="http URL of a proxy for this tier. Proxy variables of the environment are not read."),
    ] = None
    timeouts: Annotated[Timeouts, Meta(description="Limits of one attempt; see `[router.tiers.timeouts]`.")] = (
        Timeouts()
    )
    extra_body: Annotated[
        Body | None,
        Meta(description="Members put into every request body sent to this tier; they override the caller's."),
    ] = None
    extra_body_defaults: Annotated[
        Body | None, Meta(description="Members put into a request body only where the caller did not set them.")
    ] = None
    cost_input_per_mtok: Annotated[
        Dollars | None,
        Meta(
            description="US dollars per million input tokens. Unset: as the price list has it for a cloud tier's "
            "model, and 0 for a local tier."
        ),
    ] = None
    cost_output_per_mtok: Annotated[
        Dollars | None,
        Meta(description="US dollars per million output tokens. Unset: as with `cost_input_per_mtok`."),
    ] = None
    cost_cached_input_per_mtok: Annotated[
        Dollars | None,
        Meta(
            description="US dollars per million input tokens that the tier read from its cache. Unset: the same share "
            "of `cost_input_per_mtok` as in the price list, or all of it where the list does not know the model."
        ),
    ] = None
    cost_cache_write_per_mtok: Annotated[
        Dollars | None,
        Meta(
            description="US dollars per million input tokens that the tier wrote into its cache. Unset: as with "
            "`cost_cached_input_per_mtok`."
        ),
    ] = None

    @property
    def urls(self) -> tuple[str, ...]:
        """The base URL of every replica, `base_url` first."""
        return (self.base_url, *self.replicas)
