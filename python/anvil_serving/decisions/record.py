"""What is kept of one exchange: numbers, names and reasons, never a word of the conversation (docs/adr/0012)."""

# No `from __future__ import annotations`: msgspec evaluates these annotations when it builds the decoder.

from typing import Literal

from msgspec import Struct

__all__ = ["Attempt", "Candidate", "Decision", "Facts", "Feature", "Result"]

Result = Literal["answered", "refused", "exhausted", "broken_off", "client_left", "failed"]
"""How an exchange ended.

`answered`: whole. `refused`: the caller's own fault, by the router or by a tier. `exhausted`: no tier could answer.
`broken_off`: an answer that had begun could not go on. `client_left`: the caller left first. `failed`: a defect of the
router itself.
"""


class Facts(Struct, frozen=True, omit_defaults=True, gc=False):
    """What the request was like, in numbers."""

    prompt_tokens: int = 0
    """Estimated, before any tier has counted."""
    max_output_tokens: int | None = None
    messages: int = 0
    tools: int = 0
    images: int = 0
    documents: int = 0
    thinking: bool = False
    effort: str | None = None
    structured_output: bool = False
    stream: bool = False
    open_tool_loop: bool = False


class Feature(Struct, frozen=True, gc=False, array_like=True):
    """Something about the request that spoke for its class."""

    name: str
    weight: float
    """What it added for the class that was taken, in log-odds."""


class Candidate(Struct, frozen=True, omit_defaults=True, gc=False):
    """A tier that was considered."""

    tier: str
    place: int | None
    """Its place in the order of attempts, from 1; None: it was not to be asked."""
    reason: str
    """Why it has that place, or why it was not to be asked; for a person."""
    verdict: str | None = None
    """What the profile says of it for this work: `allow`, `allow-with-verify` or `deny`."""
    quality: float | None = None
    """The lower bound of its quality for this work, 0 to 1."""


class Attempt(Struct, frozen=True, omit_defaults=True, gc=False):
    """A tier that was asked. Times are in seconds from the attempt's start."""

    tier: str
    model: str | None
    outcome: str
    """`answered`, or the label of what went wrong, such as `refused`, `status`, `first_byte_timeout`, `stream_cut`."""
    replica: int = 0
    """Which of its addresses, from 0, in the configuration's order."""
    fingerprint: str | None = None
    window: str = "none"
    """How long the answer was held: `none`, `block` or `whole`."""
    checked: bool = False
    """Whether the content of the answer was checked, as far as it came."""
    status: int | None = None
    defects: tuple[str, ...] = ()
    """What was proven to be wrong with the answer, and `repaired:` with what was mended, by their labels."""
    mean_logprob: float | None = None
    """How sure the model was: the mean log-probability of its tokens in nats, where the tier says so."""
    queue_seconds: float | None = None
    connect_seconds: float | None = None
    first_byte_seconds: float | None = None
    release_seconds: float | None = None
    """Until part of the answer might be seen."""
    total_seconds: float | None = None
    input_tokens: int | None = None
    """All of the prompt, what came from a cache included, as the tier counted it."""
    output_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    cost_usd: float | None = None
    """What it cost by the price list; None: the price is not known."""
    privacy: Literal["local", "cloud"] | None = None
    """Where the tier was when it was asked; the configuration may say otherwise by now. None: not recorded."""


class Decision(Struct, frozen=True, omit_defaults=True, gc=False, kw_only=True):
    """One exchange."""

    id: str
    at: float
    """When the request had been read: seconds since the epoch."""
    request_id: str
    dialect: str
    purpose: str = "chat"
    """What the request was for: `chat`, `embeddings`, `rerank` or `completions`."""
    client: str | None = None
    """The name of the caller's token in the configuration; None where there is one token or none."""
    session: str | None = None
    """The caller's own session key, or `prefix:` and a hash of how the conversation begins."""
    model: str
    """What the caller named in `model`; at most 128 characters."""
    facts: Facts
    mode: str = "gated"
    """`gated`, or `direct`: presets lead to tiers and nothing else is decided."""
    intent: str
    intent_source: str
    """`preset`, `pin`, `alias`, `header`, `body`, `inferred` or `default`."""
    work_class: str
    class_source: str
    """`preset`, `inferred`, `held` (through a tool loop) or `default`."""
    confidence: float | None = None
    """The probability of the class, where it was inferred."""
    features: tuple[Feature, ...] = ()
    ambiguous_with: str | None = None
    """The class that was nearly as probable, where the safer one of two had to be taken."""
    dimensions: dict[str, str] = {}
    """What the caller narrowed: `privacy`, `max_cost_usd` and so on, in its own words."""
    mapping_version: str
    candidates: tuple[Candidate, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    warnings: tuple[str, ...] = ()
    result: Result
    status: int | None = None
    """The status of the answer, where one was sent."""
    error: str | None = None
    """The name of the error that the caller was told of."""
    tier: str | None = None
    """The tier that answered."""
    finish: str | None = None
    tool_calls: tuple[str, ...] = ()
    """The ids of the calls in the answer, as the caller has them; at most 64."""
    failed_tool_calls: tuple[str, ...] = ()
    """Of earlier answers' calls, those whose results the caller now reports as errors; at most 64."""
    queue_seconds: float | None = None
    first_byte_seconds: float | None = None
    """From the read request to the first byte for the caller."""
    total_seconds: float = 0.0
    policy_seconds: float | None = None
    """What deciding took."""
    cost_usd: float | None = None
    """Of all attempts, by the price list; None: a price is not known."""
    prices_date: str | None = None
    """The date of the price list."""
    router_version: str = ""
