"""What a configuration may say: one frozen struct a table.

The structs are the only description of the file. Validation (`shape.py`), the JSON Schema and `docs/configuration.md`
(`reference.py`) are all derived from them, so every field carries its meaning and its unit in `Meta(description=...)`.

`Meta(extra={"check": ...})` names a check of `shape.py` that a type alone cannot express.
"""

# No `from __future__ import annotations`: msgspec evaluates these annotations when it builds the decoder.

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

from .budget import Budget, NamedBudget
from .fallback import Fallback
from .gate import Verify, Window
from .problems import Problem
from .serve import Serve
from .tier import Tier, Timeouts
from .units import Dollars, EnvironmentName, Seconds, Text, Tokens

__all__ = [
    "PRESET_WORK_CLASSES",
    "WORK_CLASSES",
    "Budget",
    "Client",
    "Config",
    "Decisions",
    "Document",
    "Fallback",
    "Health",
    "NamedBudget",
    "Router",
    "Serve",
    "Server",
    "Tier",
    "Timeouts",
    "Verify",
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
    requests_per_minute: Annotated[
        Annotated[int, Meta(ge=1, le=1_000_000)] | None,
        Meta(
            description="Requests that the client may send in a minute, with POST to whatever path, over all workers; "
            "as many may come at once after a pause. One more is answered 429 with the time to wait, before it is "
            "read. Without it a client in a loop takes the places of all others. Unset: any number."
        ),
    ] = None
    budget_tokens: Annotated[
        Tokens | Literal["off"] | None,
        Meta(
            description="Tokens that the client may use in a `client_period`, instead of `client_tokens` in "
            '`[router.budget]`; `"off"`: any number.'
        ),
    ] = None
    budget_usd: Annotated[
        Dollars | Literal["off"] | None,
        Meta(
            description="US dollars that the client may cost in a `client_period`, instead of `client_usd` in "
            '`[router.budget]`; `"off"`: any sum.'
        ),
    ] = None


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
    window: Annotated[Window, Meta(description="How long an answer is held; see `[router.window]`.")] = Window()
    verify: Annotated[Verify, Meta(description="What is checked of it; see `[router.verify]`.")] = Verify()
    health: Annotated[Health, Meta(description="Which addresses can be reached; see `[router.health]`.")] = Health()
    fallback: Annotated[Fallback, Meta(description="When a tier fails or is full; see `[router.fallback]`.")] = (
        Fallback()
    )
    budget: Annotated[Budget, Meta(description="How much may be used; see `[router.budget]`.")] = Budget()
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
            description="Whether the answers of a local tier that the profile allows are checked at all; `false` is "
            'the same as `allow = "none"` in `[router.window]`.'
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
