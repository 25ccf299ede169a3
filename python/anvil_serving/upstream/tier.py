"""A tier: a named place that answers, at one address or several."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from anvil_serving._core import Endpoint, Overrides
from anvil_serving.upstream.switchboard import AbandonedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from anvil_serving import config
    from anvil_serving.upstream.switchboard import Arrival, Switchboard, Wait

__all__ = ["Replica", "Tier", "Tiers", "UnknownModelError"]

_HIDDEN = "…"
_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_WORDS_LIMIT = 2_000
_STALE_SECONDS = 60.0
"""For how long a measured wait says something about the next."""
_MODEL_LIMIT = 256
"""The longest model name that is adopted, in characters; it stands in a header of every answer."""
_TOLD: Arrival = (0, b"", None)
"""What wakes those who wait for a list of models; it carries nothing."""
_DIALECTS = {"openai": "chat", "anthropic": "messages", "responses": "responses"}
"""The configuration names vendors; the router names wire forms."""


class UnknownModelError(Exception):
    """A tier without a configured model does not list exactly one; `str()` says what it lists."""


class Replica:
    """One address of a tier."""

    __slots__ = ("endpoint", "in_flight", "index", "is_reachable", "tier")

    def __init__(self, tier: Tier, endpoint: Endpoint, index: int) -> None:
        self.tier = tier
        self.endpoint = endpoint
        self.index = index
        """Its place in the configuration, from 0."""
        self.is_reachable = True
        """Whether it could be reached when it was last checked; until then it is taken to be."""
        self.in_flight = 0
        """Attempts that run there now, of this worker."""


class Tier:
    """A named place that answers: one model behind one address or several.

    `model` is None until the tier's server has been asked which one model it serves.
    """

    __slots__ = (
        "_addresses",
        "_asking",
        "_first_byte",
        "_secret",
        "dialects",
        "id",
        "model",
        "overrides",
        "replicas",
        "settings",
    )

    def __init__(self, settings: config.Tier, *, secret: config.Secret | None, silence: tuple[float, float]) -> None:
        self.id = settings.id
        self.dialects = tuple(_DIALECTS[name] for name in settings.dialects or (settings.dialect,))
        self.settings = settings
        self.model: str | None = None
        self.overrides = Overrides()
        # How long streams' first bytes took lately, and when the last one came.
        self._first_byte: tuple[float, float] | None = None
        first_byte, idle = silence
        self.replicas = tuple(
            Replica(
                self,
                Endpoint(
                    _with_version(url),
                    headers=_credentials(self.dialects, secret),
                    proxy=settings.proxy,
                    connect=settings.timeouts.connect,
                    first_byte=first_byte,
                    idle=idle,
                    total=settings.timeouts.total,
                ),
                index,
            )
            for index, url in enumerate(settings.urls)
        )
        self._asking: dict[Replica, _Asking] = {}
        self._secret = secret
        self._addresses = _addresses(settings.urls)
        if settings.model:
            self._adopt(settings.model)

    @property
    def in_flight(self) -> int:
        """Attempts that run there now, of this worker."""
        return sum(replica.in_flight for replica in self.replicas)

    def first_byte_seconds(self, now: float) -> float | None:
        """How long streams' first bytes took lately; None where none has come for a while."""
        if self._first_byte is None or now - self._first_byte[1] > _STALE_SECONDS:
            return None
        return self._first_byte[0]

    def observe_first_byte(self, seconds: float, now: float) -> None:
        """Learns how long a stream's first byte took: each one counts for a fifth of what is remembered."""
        known = self.first_byte_seconds(now)
        self._first_byte = (seconds if known is None else known + (seconds - known) / 5, now)

    def redact(self, words: str) -> str:
        """The tier's own words without its key and without addresses; at most 2,000 characters."""
        if self._secret is not None:
            words = re.sub(re.escape(self._secret.reveal()), _HIDDEN, words, flags=re.IGNORECASE)
        return self._addresses.sub(_HIDDEN, _URL.sub(_HIDDEN, words))[:_WORDS_LIMIT]

    async def know_model(self, switchboard: Switchboard, replica: Replica, wait: Wait) -> None:
        """Makes sure that the tier's model is known, by asking `replica` once where the configuration does not say.

        Whoever comes meanwhile waits for the same answer. Raises `UnknownModelError` when the server cannot be asked or
        does not list exactly one model; the next request asks again, since an engine that is still loading today serves
        tomorrow. Raises `AbandonedError` when `wait` gives up.
        """
        if self.model is not None:
            return
        asking = self._asking.get(replica)
        if asking is None:
            asking = self._asking[replica] = _Asking(asyncio.create_task(self._ask(switchboard, replica)))
            asking.task.add_done_callback(lambda _: self._asking.pop(replica, None))
        unknown = await asking.answer(wait)
        if unknown is not None:
            raise unknown

    async def _ask(self, switchboard: Switchboard, replica: Replica) -> UnknownModelError | None:
        """Asks, and adopts the one model that is listed; what stands in the way otherwise."""
        body, outcome = await switchboard.outcome(switchboard.engine.ask(replica.endpoint, "/models"))
        if outcome.failure is not None:
            return UnknownModelError(f"its list of models could not be read: {outcome.explanation}")
        try:
            listed = [model.id for model in msgspec.json.decode(body, type=_ModelList).data]
        except msgspec.DecodeError:
            return UnknownModelError("its list of models is not one")
        if len(listed) != 1:
            return UnknownModelError(f"it lists {len(listed)} models and `model` does not say which one to use")
        if not 0 < len(listed[0]) <= _MODEL_LIMIT or not listed[0].isprintable():
            return UnknownModelError("the model it lists has a name that cannot be used: set `model`")
        self._adopt(listed[0])
        return None

    def _adopt(self, model: str) -> None:
        self.model = model
        self.overrides = Overrides(
            model=model,
            set=json.dumps(self.settings.extra_body or {}),
            defaults=json.dumps(self.settings.extra_body_defaults or {}),
            max_output_tokens=self.settings.max_output_tokens,
            is_local=self.settings.privacy == "local",
            asks_for_logprobs=self.settings.logprobs,
        )


class _Asking:
    """A question for a list of models, and how many wait for it. When the last one leaves, it is asked no more."""

    def __init__(self, task: asyncio.Task[UnknownModelError | None]) -> None:
        self.task = task
        self._waiting = 0

    async def answer(self, wait: Wait) -> UnknownModelError | None:
        """What the task comes to. Raises `AbandonedError` when `wait` gives up."""
        told: asyncio.Future[Arrival | None] = asyncio.get_running_loop().create_future()
        self.task.add_done_callback(lambda _: None if told.done() else told.set_result(_TOLD))
        self._waiting += 1
        try:
            if await wait(told) is None:
                raise AbandonedError
        finally:
            self._waiting -= 1
            if self._waiting == 0:
                self.task.cancel()
        return self.task.result()


class _ListedModel(msgspec.Struct):
    id: str


class _ModelList(msgspec.Struct):
    data: list[_ListedModel]


class Tiers:
    """All tiers of a configuration, in its order."""

    def __init__(self, settings: config.Router, secrets: Mapping[str, config.Secret]) -> None:
        self._tiers = {
            tier.id: Tier(tier, secret=secrets.get(tier.id), silence=settings.silence(tier)) for tier in settings.tiers
        }

    def __getitem__(self, tier_id: str) -> Tier:
        return self._tiers[tier_id]

    def __contains__(self, tier_id: object) -> bool:
        return tier_id in self._tiers

    def __iter__(self) -> Iterator[Tier]:
        return iter(self._tiers.values())

    def __len__(self) -> int:
        return len(self._tiers)


def _credentials(dialects: tuple[str, ...], secret: config.Secret | None) -> list[tuple[str, str]]:
    """The credential in the header that each of the tier's dialects reads."""
    if secret is None:
        return []
    key, bearer = ("x-api-key", secret.reveal()), ("authorization", f"Bearer {secret.reveal()}")
    return list(dict.fromkeys(key if dialect == "messages" else bearer for dialect in dialects))


def _addresses(urls: Sequence[str]) -> re.Pattern[str]:
    hosts = {urlsplit(url).netloc for url in urls} | {urlsplit(url).hostname or "" for url in urls}
    # The longest first: an address with its port goes as a whole.
    return re.compile("|".join(re.escape(host) for host in sorted(hosts - {""}, key=len, reverse=True)), re.IGNORECASE)


def _with_version(url: str) -> str:
    """The URL below which the dialects' paths lie: files may name a server with or without the API's version."""
    url = url.rstrip("/")
    return url if url.endswith("/v1") else f"{url}/v1"
