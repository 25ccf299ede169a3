"""What a configuration may say: one frozen struct a table.

The structs are the only description of the file. Validation (`shape.py`), the JSON Schema and `docs/configuration.md`
(`reference.py`) are all derived from them, so every field carries its meaning and its unit in `Meta(description=...)`.

`Meta(extra={"check": ...})` names a check of `shape.py` that a type alone cannot express.
"""

# No `from __future__ import annotations`: msgspec evaluates these annotations when it builds the decoder.

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from .problems import Problem

__all__ = [
    "PRESET_WORK_CLASSES",
    "WORK_CLASSES",
    "Client",
    "Config",
    "Decisions",
    "Document",
    "Health",
    "Router",
    "Serve",
    "Server",
    "Tier",
    "Timeouts",
    "Window",
]

WORK_CLASSES = ("chat", "bounded-edit", "multi-file-refactor", "planning", "review", "long-context")
"""The kinds of work that a profile measures and that `metered_cloud` may list."""

PRESET_WORK_CLASSES: Mapping[str, str] = {
    "planning": "planning",
    "quick-edit": "bounded-edit",
    "review": "review",
    "chat": "chat",
    "long-context": "long-context",
}
"""The presets that every harness recipe uses, and the work class that each declares. A file may add its own."""

# At most a day: a longer wait is a mistake in the unit, and `inf` would take the limit away.
Seconds = Annotated[float, Meta(gt=0, le=86_400)]
Tokens = Annotated[int, Meta(ge=1, le=1_000_000_000)]
Dollars = Annotated[float, Meta(ge=0, le=1_000_000)]
Text = Annotated[str, Meta(min_length=1)]
Url = Annotated[
    str,
    Meta(extra={"check": "url"}, extra_json_schema={"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@\\s]+(/[^?#\\s]*)?$"}),
]
ProxyUrl = Annotated[str, Meta(extra={"check": "proxy"}, extra_json_schema={"pattern": "^http://[^/?#@\\s]+/?$"})]
EnvironmentName = Annotated[
    str, Meta(extra={"check": "environment"}, extra_json_schema={"pattern": "^[A-Z][A-Z0-9_]*$"})
]
Body = Annotated[Mapping[str, Any], Meta(extra={"check": "json"})]


class Client(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who may call, with a token of its own."""

    name: Annotated[Text, Meta(description="Name of the client; unique. Its requests are recorded under it.")]
    auth_env: Annotated[
        EnvironmentName | None,
        Meta(
            description="Name of the environment variable that holds the client's token. Either this or `auth_sha256`."
        ),
    ] = None
    auth_sha256: Annotated[
        str | None,
        Meta(
            description="SHA-256 of the client's token in hexadecimal, where the router is not to know the token: "
            '`printf %s "$TOKEN" | sha256sum`. Use long random tokens: a short one is found from its hash.',
            extra={"check": "sha256"},
            extra_json_schema={"pattern": "^[0-9a-fA-F]{64}$"},
        ),
    ] = None
    presets: Annotated[
        tuple[Text, ...],
        Meta(
            description="The presets that the client may use, and with them the tiers that it may reach, by whatever "
            "way. Another preset, or a pinned tier that none of them lists, is answered 403. Empty: all."
        ),
    ] = ()


class Server(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The address that harnesses talk to, and its limits."""

    host: Annotated[
        Text, Meta(description="Address to listen on. Anything but a loopback address needs `auth_env`.")
    ] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="TCP port to listen on; 0 lets the system choose.")] = 8000
    workers: Annotated[int, Meta(ge=1, le=256, description="Worker processes that share the port.")] = 1
    auth_env: Annotated[
        EnvironmentName | None,
        Meta(
            description="Name of the environment variable that holds the token callers must present. Unset: no "
            "authentication, and then only loopback addresses may be bound."
        ),
    ] = None
    clients: Annotated[
        tuple[Client, ...],
        Meta(description="Further tokens, each with its own rights; see `[[server.clients]]`."),
    ] = ()
    max_body_bytes: Annotated[
        int, Meta(ge=1024, le=1 << 30, description="Largest request body in bytes; a larger one is answered 413.")
    ] = 32 * 1024 * 1024
    header_timeout: Annotated[Seconds, Meta(description="Seconds a caller has to send the headers of a request.")] = (
        30.0
    )
    body_timeout: Annotated[
        Seconds, Meta(description="Seconds a caller may pause between two pieces of a request body; then 408.")
    ] = 30.0
    drain_timeout: Annotated[
        Seconds, Meta(description="Seconds that running answers are granted to finish after SIGTERM.")
    ] = 30.0
    response_model: Annotated[
        Literal["request", "tier"],
        Meta(
            description='What `model` says in an answer: `"request"` echoes the caller\'s string, because strict '
            'clients compare it; `"tier"` reports the model that answered.'
        ),
    ] = "request"


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
            description="Requests that the tier has places for, over all replicas. While a worker has as many of "
            "them in flight there, tiers that are as good and as cheap are asked first. Unset: any number."
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


class Window(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to an answer before its first byte reaches the client."""

    heartbeat_after: Annotated[
        Seconds | Literal["off"],
        Meta(
            description="Seconds that the client of a streamed answer waits for its first byte until it is given a "
            "sign of life: the stream is opened, and whatever fails afterwards is told inside it and no longer by a "
            "status. Without it Qwen Code gives up after 120 s, Claude Code, OpenCode and Cline after 300 s, and they "
            'ask again while the first question is still being answered. `"off"` keeps the status to the end.'
        ),
    ] = 60.0
    heartbeat_every: Annotated[
        Seconds,
        Meta(
            description="Seconds between two signs of life. Proxies before the router end what is silent for too "
            "long, nginx after 60 s."
        ),
    ] = 15.0

    @property
    def heartbeat_seconds(self) -> float | None:
        """Seconds until the first sign of life; None where none is to be given."""
        return None if self.heartbeat_after == "off" else self.heartbeat_after


class Health(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it is known, without a request, that a tier cannot be reached."""

    interval: Annotated[
        Annotated[float, Meta(ge=0.1, le=86_400)] | Literal["off"],
        Meta(
            description="Seconds between two checks of every address (`GET /v1/models`). One that failed its last "
            "check is asked only when nothing else is left; without checks, each request finds that out again. "
            '`"off"`: no checks.'
        ),
    ] = 10.0
    timeout: Annotated[Seconds, Meta(description="Seconds that an address has to answer a check.")] = 3.0

    @property
    def interval_seconds(self) -> float | None:
        """Seconds between two checks; None where there are none."""
        return None if self.interval == "off" else self.interval


class Router(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which tiers there are, and what a caller's intent leads to."""

    mode: Annotated[
        Literal["gated", "direct"],
        Meta(
            description='`"gated"`: the kind of work and the quality profile decide which tiers of a preset may '
            'answer, and in which order. `"direct"`: a name leads to its tiers in their order and nothing else '
            "is decided; `metered_cloud`, privacy and the clients' rights hold all the same."
        ),
    ] = "gated"

    tiers: Annotated[
        tuple[Tier, ...], Meta(min_length=1, description="The tiers, at least one; see `[[router.tiers]]`.")
    ]
    presets: Annotated[
        Mapping[str, Annotated[tuple[Text, ...], Meta(min_length=1)]],
        Meta(
            description="For each preset that a caller may name in `model`: the tier ids to try, cheapest first. "
            "The usual ones are `quick-edit`, `chat`, `planning`, `review` and `long-context`."
        ),
    ] = {}
    aliases: Annotated[
        Mapping[str, Text],
        Meta(
            description="Other names for `model`: a pattern with `*`, and the preset, or `model:` and the tier, that "
            "it stands for. The first that fits is taken. A preset's or a tier's own name comes before them."
        ),
    ] = {}
    window: Annotated[Window, Meta(description="Before the first byte; see `[router.window]`.")] = Window()
    health: Annotated[Health, Meta(description="Which addresses can be reached; see `[router.health]`.")] = Health()
    quality_margin: Annotated[
        float,
        Meta(
            ge=0,
            le=1,
            description="By how much the measured quality of two tiers must differ before the better one goes first; "
            "within it, the one that is loaded, cheaper, or earlier in its preset does.",
        ),
    ] = 0.2
    mapping_version: Annotated[
        Text,
        Meta(description="A label of your choice for this mapping; every decision is recorded under it."),
    ] = "1"
    metered_cloud: Annotated[
        tuple[str, ...],
        Meta(
            description="Work classes that may ever use a cloud tier, and so bill: `chat`, `bounded-edit`, "
            "`multi-file-refactor`, `planning`, `review`, `long-context`. Empty: none."
        ),
    ] = ()
    exhaustion_status: Annotated[
        int,
        Meta(
            ge=400,
            le=599,
            description="HTTP status when no tier could answer. Use 500 to 599: clients and gateways retry "
            "or hand over on those only.",
        ),
    ] = 503
    relay_timeout: Annotated[
        Seconds | None,
        Meta(
            description="Seconds that a local tier may be silent while it streams, before its first byte and between "
            "two pieces, where its `timeouts` do not say."
        ),
    ] = None
    verify_local_min: Annotated[
        bool,
        Meta(
            description="Whether a trusted local tier's answer is still checked for being empty or cut off. "
            "Read by later capabilities."
        ),
    ] = True
    profile_path: Annotated[
        Text | None,
        Meta(
            description="Path of a measured quality profile; `~` is your home. What it does not say of a tier is taken "
            "from the built-in seeds. Unset: the seeds alone."
        ),
    ] = None
    cost_sync: Annotated[
        bool,
        Meta(
            description="Without effect: nothing is looked up unasked. `anvil-serving prices sync` fetches new prices."
        ),
    ] = False

    def tier(self, tier_id: str) -> Tier:
        """The tier with this id; `KeyError` where there is none."""
        for tier in self.tiers:
            if tier.id == tier_id:
                return tier
        raise KeyError(tier_id)

    def candidates(self, preset: str) -> tuple[Tier, ...]:
        """The tiers of a preset in the order to try them; `KeyError` where there is no such preset."""
        return tuple(self.tier(tier_id) for tier_id in self.presets[preset])

    def role(self, tier: Tier) -> str:
        """Which seeds of the profile a tier starts from: `fast`, `heavy` or `cloud`."""
        if tier.role is not None:
            return tier.role
        if tier.privacy == "cloud":
            return "cloud"
        chats = [other.id for other in self.tiers if other.privacy == "local" and "chat" in other.purposes]
        if chats == [tier.id]:
            return "heavy"
        for listed in self.presets.values():
            local = [tier_id for tier_id in listed if tier_id in chats]
            if len(local) > 1 and local[-1] == tier.id:
                return "heavy"
        return "fast"

    def silence(self, tier: Tier) -> tuple[float, float]:
        """Seconds that this tier may be silent: before its first byte, and between two pieces."""
        first_byte, idle = 120.0, 60.0
        if self.relay_timeout is not None and tier.privacy == "local":
            first_byte = idle = self.relay_timeout
        return (
            first_byte if tier.timeouts.first_byte is None else tier.timeouts.first_byte,
            idle if tier.timeouts.idle is None else tier.timeouts.idle,
        )


class Decisions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The log of decisions: what happened to each request, in numbers and names, never a word of a conversation."""

    enabled: Annotated[bool, Meta(description="Whether decisions are written down.")] = True
    path: Annotated[
        Text | None,
        Meta(
            description="Path of the log, an SQLite file on a local disk; `~` is your home. Unset: "
            "`anvil-serving/decisions.sqlite3` under `$XDG_STATE_HOME`, else under `~/.local/state`."
        ),
    ] = None
    keep_days: Annotated[int, Meta(ge=1, le=36_500, description="Days after which a decision is removed.")] = 90
    keep_mib: Annotated[
        int,
        Meta(
            ge=1,
            le=1_048_576,
            description="Size of the log in MiB above which the oldest decisions are removed.",
        ),
    ] = 512


class Serve(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry of a serves manifest, which may share the file; read by later capabilities (the `serves` commands)."""

    name: Annotated[Text, Meta(description="Name of the serve.")]
    container: Annotated[Text, Meta(description="Name of its container.")]
    port: Annotated[int, Meta(ge=1, le=65_535, description="TCP port that it publishes on 127.0.0.1.")]
    model: Annotated[str | None, Meta(description="Model name that it should report; another one is drift.")] = None
    health: Annotated[str, Meta(description="Path of its health probe.")] = "/health"
    up: Annotated[
        str | None,
        Meta(
            description="Command that starts it, split as a shell would but run without one; `{dir}` is this "
            "file's folder."
        ),
    ] = None


class Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration file of anvil-serving."""

    router: Annotated[Router, Meta(description="Tiers, presets and routing; see `[router]`.")]
    server: Annotated[Server, Meta(description="The listening side; see `[server]`.")] = Server()
    decisions: Annotated[Decisions, Meta(description="The log of decisions; see `[decisions]`.")] = Decisions()
    serve: Annotated[tuple[Serve, ...], Meta(description="Serves manifest entries; see `[[serve]]`.")] = ()


class Config(Document, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A valid configuration, and what was noticed while it was read."""

    source: str
    """Where it came from: a path, or the name given to `loads`."""
    warnings: tuple[Problem, ...] = ()
    """What is allowed but probably not meant."""
