"""A router for each window before the same two tiers, and what is compared of their answers."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.fakes import answers
from tests.fakes.faults import SECRET
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.fakes.asked import Asked
    from tests.fakes.client import Answer
    from tests.fakes.said import Said
    from tests.fakes.tier import Tier

    from anvil_serving.decisions import Decision

__all__ = [
    "CONFIGURED",
    "DIALECTS",
    "FORMS",
    "PATIENT",
    "WINDOWS",
    "Rig",
    "assert_breaks_off",
    "assert_exhausted",
    "assert_silent",
    "error_of",
    "plain",
    "routers",
    "said_in",
]

WINDOWS = ("none", "block", "whole")
DIALECTS = ("messages", "chat", "responses")
FORMS = {"whole": False, "streamed": True}
CONFIGURED = {"chat": "openai", "messages": "anthropic", "responses": "responses"}
"""What a configuration calls the dialects."""

PATIENT = {"connect": 2.0, "first_byte": 5.0, "idle": 5.0, "total": 10.0}
_CALM = {"fallback": {"breaker_failures": "off", "retry_share": 1.0}, "health": {"interval": "off"}}
"""Each test finds the tiers as if nobody had asked them before."""
_HASTY = {"connect": 1.0, "first_byte": 0.3, "idle": 0.3, "total": 0.9}
_NAMES = re.compile(rb'"(model|created|created_at|completed_at)":\s*("[^"]*"|[0-9.]+)')
_IDS = re.compile(rb"\b(resp|msg|chatcmpl|call|toolu|fc|fco|ctc|rs)[-_][-0-9A-Za-z_]+")


def routers(
    first: Tier, second: Tier, hold: str, *, waits: Mapping[str, Any] | None = None, **router: Any
) -> RouterProcess:
    """A router whose window is this for every tier; `waits`: how long its clients do.

    `first` speaks every dialect and `first-chat` and so on one; `hasty` is `first` with less patience. A preset
    `alone-…` has such a tier and nothing else, `backed-…` has `second` behind it; `behind` is `second`.
    """
    kinds = {"first": {}, "hasty": {"timeouts": _HASTY}}
    kinds |= {f"first-{dialect}": {"dialects": [name]} for dialect, name in CONFIGURED.items()}
    tiers = [tier_config(kind, first.url, **{"timeouts": PATIENT, **more}) for kind, more in kinds.items()]
    presets = {f"alone-{kind}": [kind] for kind in kinds} | {f"backed-{kind}": [kind, "second"] for kind in kinds}
    tiers.append(tier_config("second", second.url, timeouts=PATIENT))
    held = {"allow": hold, "allow_with_verify": hold, **(waits or {})}
    return RouterProcess(tiers, presets | {"behind": ["second"]}, router={"window": held, **_CALM, **router})


@dataclass(frozen=True)
class Rig:
    """Two tiers, and a router for each window before them."""

    first: Tier
    second: Tier
    windows: Mapping[str, RouterProcess]
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4))

    def plays(self, first: Said | Any, second: Said | None = None) -> None:
        """What the tiers answer from now on."""
        self.first.plays(first)
        if second is not None:
            self.second.plays(second)

    def ask(
        self,
        window: str,
        dialect: str,
        model: str,
        asked: Asked,
        *,
        stream: bool,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        """One question, on a connection of its own."""
        body = asked.body(dialect, model, stream=stream) | more
        with self.windows[window].client(timeout=20) as client:
            return client.ask("POST", PATHS[dialect], body, headers)

    def ask_all(self, window: str, dialect: str, models: list[str], asked: Asked, *, stream: bool) -> list[Answer]:
        """The same question to several models at once."""
        asking = [self._pool.submit(self.ask, window, dialect, model, asked, stream=stream) for model in models]
        return [future.result() for future in asking]

    def decision(self, window: str, answer: Answer) -> Decision:
        """What was kept of it."""
        return self.windows[window].decision(answer.headers["x-anvil-decision"])

    def reset(self) -> None:
        self.first.reset()
        self.second.reset()


def plain(body: bytes) -> bytes:
    """A body without what names this exchange and no other."""
    # The last event of Messages is the router's own: it says nothing but that it is the last.
    body = body.replace(b'{"type": "message_stop"}', b'{"type":"message_stop"}')
    return _IDS.sub(rb"\1_", _NAMES.sub(rb'"\1":0', body))


def said_in(said: Said, dialect: str, *, streamed: bool) -> bytes:
    """What a client is given of an answer that nothing is done to."""
    if not streamed:
        return plain(said.body(dialect))
    return plain(b"".join(said.events(dialect, with_usage=False)))


def assert_silent(answer: Answer) -> None:
    """Nothing of the bad answer has left, in the body or in a header."""
    assert SECRET.encode() not in answer.body
    assert SECRET not in repr(answer.headers)


def error_of(answer: Answer, dialect: str) -> dict[str, Any]:
    """The error of an answer in the vendor's envelope, having checked the envelope."""
    assert answer.headers["content-type"] == "application/json"
    document = answer.json
    if dialect == "messages":
        assert document["type"] == "error"
        assert document["request_id"] == answer.headers["x-request-id"]
    else:
        assert set(document["error"]) == {"message", "type", "param", "code"}
    error = document["error"]
    assert isinstance(error, dict)
    return error


def assert_exhausted(answer: Answer, dialect: str, tier_id: str, labels: set[str] | None = None) -> None:
    """No tier was left, and the caller is told what was wrong with the one that was asked."""
    assert answer.status in ({503, 529} if dialect == "messages" else {503}), (answer.status, answer.body[:300])
    assert answer.is_clean
    assert 1 <= int(answer.headers["retry-after"]) <= 30
    message = error_of(answer, dialect)["message"]
    told = [f"({tier_id}: "] if labels is None else [f"({tier_id}: {label})" for label in labels]
    assert any(each in message for each in told), message
    assert_silent(answer)


def assert_breaks_off(answer: Answer, dialect: str) -> None:
    """The stream ends in the dialect's own error and is cut off, so that no client takes it for whole."""
    assert answer.status == 200
    assert answer.ending == "aborted", answer.body[-400:]
    assert answers.TERMINAL[dialect] not in answer.body
    assert answer.body.endswith(b"\n\n"), "the last event is whole"
    last = answer.events[-1]
    opening = {"messages": b"event: error\n", "chat": b"data: ", "responses": b"event: response.failed\n"}[dialect]
    assert last.startswith(opening), last
    document = json.loads(last.split(b"data: ", 1)[1])
    error = document["response"]["error"] if dialect == "responses" else document["error"]
    assert error["message"]
