"""How many tokens a prompt has, as the tier counts them that would answer it.

Engines have no common way to say it. Three are known here, and which one a tier has is found out by trying and then
remembered:

- `POST /v1/messages/count_tokens`, the vendor's own: Anthropic; llama.cpp, vLLM and SGLang in their recent versions.
- `POST /tokenize` with messages, beside the API's version: vLLM.
- `POST /apply-template`, then `POST /tokenize` with its text: llama.cpp.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

import msgspec

from anvil_serving._core import EngineClosedError, Overrides, Request, UntranslatableError
from anvil_serving.upstream.switchboard import AbandonedError
from anvil_serving.upstream.tier import Replica, UnknownModelError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anvil_serving.upstream.calibration import Calibration
    from anvil_serving.upstream.switchboard import Switchboard
    from anvil_serving.upstream.tier import Tier

__all__ = ["Tokenizer"]

_log = logging.getLogger("anvil_serving.upstream")

_ASKING_SECONDS = 3.0
"""How long a caller waits for a tier's count before it is given the estimate."""
_WAY_SECONDS = 300.0
"""How long it is remembered that a tier has a way, or none: one engine may take another's place at an address."""
_FAILED_SECONDS = 10.0
"""How long a tier that could not be asked is left alone."""
_KEPT_SECONDS = 60.0
_KEPT_COUNTS = 512
"""A harness asks for all parts of a prompt at once, and for most of them again a moment later."""
_PROMPT_MEMBERS = ("model", "messages", "system", "tools", "tool_choice", "thinking")
"""What of a Messages request makes its prompt."""
_NOT_THIS_WAY = {400, 404, 405, 415, 422, 501}
"""Statuses of a server that does not know the path, or knows it for something else."""


class _NotThisWayError(Exception):
    """The tier does not count this way."""


class _NoAnswerError(Exception):
    """The tier could not be asked; `str()` says why, without an address."""


class _Question(msgspec.Struct, frozen=True):
    """A prompt, and whom it is asked of."""

    replica: Replica
    request: Request
    headers: Sequence[tuple[bytes, bytes]]
    """Those of the caller that go on to a tier of the request's dialect."""


_Count: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
"""What can be a prompt's size in tokens: harnesses compact by it, and some keep it in 32 bits."""
_Way: TypeAlias = "Callable[[Switchboard, _Question], Awaitable[int]]"


class Tokenizer:
    """Counts the tokens of prompts, exactly where the tier can be asked, else by a calibrated estimate."""

    def __init__(self, switchboard: Switchboard, calibration: Calibration) -> None:
        self._switchboard = switchboard
        self._calibration = calibration
        self._counts: OrderedDict[tuple[str, bytes], tuple[int, float]] = OrderedDict()
        self._asking: dict[tuple[str, bytes], asyncio.Task[int | None]] = {}
        self._ways: dict[Replica, tuple[_Way | None, float]] = {}
        self._learning: dict[Replica, asyncio.Lock] = {}

    async def count(
        self, replica: Replica, request: Request, body: bytes, headers: Sequence[tuple[bytes, bytes]]
    ) -> int:
        """The size in tokens of a request's prompt; its `body` as it came is given too. Never fails.

        Takes at most three seconds; the same question asked again meanwhile, or within a minute, is asked once.
        """
        key = (replica.tier.id, hashlib.blake2b(body, digest_size=16).digest())
        counted = self._kept(key)
        if counted is None:
            task = self._asking.get(key)
            if task is None:
                task = asyncio.create_task(self._ask(_Question(replica, request, headers), key))
                self._asking[key] = task
                task.add_done_callback(lambda _: self._asking.pop(key, None))
            counted = await asyncio.shield(task)
        if counted is None:
            return self._calibration.estimate(replica.tier.id, request.facts.prompt_tokens)
        return counted

    def _kept(self, key: tuple[str, bytes]) -> int | None:
        counted, until = self._counts.get(key, (0, 0.0))
        return counted if asyncio.get_running_loop().time() < until else None

    def _keep(self, key: tuple[str, bytes], counted: int) -> None:
        self._counts[key] = (counted, asyncio.get_running_loop().time() + _KEPT_SECONDS)
        self._counts.move_to_end(key)
        if len(self._counts) > _KEPT_COUNTS:
            self._counts.popitem(last=False)

    async def _ask(self, question: _Question, key: tuple[str, bytes]) -> int | None:
        """The tier's count; None where it gives none."""
        tier = question.replica.tier
        try:
            async with asyncio.timeout(_ASKING_SECONDS):
                await tier.know_model(self._switchboard, question.replica, lambda arrival: arrival)
                counted = await self._ask_as_learnt(question)
        except (UntranslatableError, EngineClosedError, AbandonedError):
            return None
        except (_NoAnswerError, UnknownModelError, TimeoutError) as error:
            _log.warning("tier %s does not count tokens: %s", tier.id, str(error) or "no answer in time")
            self._remember(question.replica, None, _FAILED_SECONDS)
            return None
        if counted is not None:
            self._keep(key, counted)
            self._calibration.observe(tier.id, question.request.facts.prompt_tokens, counted)
        return counted

    async def _ask_as_learnt(self, question: _Question) -> int | None:
        """Asks in the way that is known; the first of many who come together finds it out for all."""
        replica = question.replica
        async with self._learning.setdefault(replica, asyncio.Lock()):
            way, until = self._ways.get(replica, (None, 0.0))
            if asyncio.get_running_loop().time() >= until:
                return await self._learn(question)
        try:
            return await way(self._switchboard, question) if way is not None else None
        except _NotThisWayError:
            # Another engine than the one it was learnt from, or not for this prompt: the next question finds out.
            self._ways.pop(replica, None)
            return None

    async def _learn(self, question: _Question) -> int | None:
        for way in _ways_of(question.replica.tier):
            try:
                counted = await way(self._switchboard, question)
            except _NotThisWayError:
                continue
            self._remember(question.replica, way, _WAY_SECONDS)
            return counted
        self._remember(question.replica, None, _WAY_SECONDS)
        return None

    def _remember(self, replica: Replica, way: _Way | None, seconds: float) -> None:
        self._ways[replica] = (way, asyncio.get_running_loop().time() + seconds)


def _ways_of(tier: Tier) -> Sequence[_Way]:
    """What is worth trying. A prompt is not sent about in somebody's cloud, to paths that are no part of its API."""
    of_the_dialect = (_count_tokens,) if "messages" in tier.dialects else ()
    return of_the_dialect if tier.settings.privacy == "cloud" else (*of_the_dialect, _tokenize, _apply_template)


async def _count_tokens(switchboard: Switchboard, question: _Question) -> int:
    # Not the tier's own members: the vendor refuses any that is no part of a prompt.
    body = question.request.encode("messages", Overrides(model=question.replica.tier.model))
    if question.request.dialect != "messages":
        # Nor what a translation adds for the answer's sake.
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        body = msgspec.json.encode({name: members[name] for name in _PROMPT_MEMBERS if name in members})
    answer = await _post(switchboard, question, "/messages/count_tokens", body, question.headers)
    return _read(answer, _InputTokens).input_tokens


async def _tokenize(switchboard: Switchboard, question: _Question) -> int:
    prompt = _prompt(question)
    answer = await _post(switchboard, question, "../tokenize", msgspec.json.encode(prompt))
    return _read(answer, _Counted).count


async def _apply_template(switchboard: Switchboard, question: _Question) -> int:
    prompt = _prompt(question)
    templated = await _post(switchboard, question, "../apply-template", msgspec.json.encode(prompt))
    text = _Content(_read(templated, _Templated).prompt)
    return len(_read(await _post(switchboard, question, "../tokenize", msgspec.json.encode(text)), _Tokens).tokens)


async def _post(
    switchboard: Switchboard,
    question: _Question,
    path: str,
    body: bytes,
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> bytes:
    attempt = switchboard.engine.ask(question.replica.endpoint, path, body, headers=headers)
    answer, outcome = await switchboard.outcome(attempt)
    if outcome.failure is None:
        return answer
    if outcome.status in _NOT_THIS_WAY or outcome.failure == "malformed_answer":
        raise _NotThisWayError
    raise _NoAnswerError(outcome.explanation)


_Document = TypeVar("_Document", bound=msgspec.Struct)


class _Prompt(msgspec.Struct, omit_defaults=True):
    """What of a Chat Completions request makes its prompt."""

    model: str
    messages: msgspec.Raw
    # Raw text is no member of a union.
    tools: msgspec.Raw = msgspec.Raw()
    chat_template_kwargs: msgspec.Raw = msgspec.Raw()
    add_generation_prompt: bool | None = None


class _InputTokens(msgspec.Struct):
    input_tokens: _Count


class _Counted(msgspec.Struct):
    count: _Count


class _Templated(msgspec.Struct):
    prompt: str


class _Content(msgspec.Struct):
    content: str
    add_special: bool = True


class _Tokens(msgspec.Struct):
    tokens: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1)]


def _prompt(question: _Question) -> _Prompt:
    body = question.request.encode("chat", question.replica.tier.overrides)
    prompt = msgspec.json.decode(body, type=_Prompt)
    prompt.add_generation_prompt = True
    return prompt


def _read(answer: bytes, wanted: type[_Document]) -> _Document:
    """The document, if it is of the wanted shape."""
    try:
        return msgspec.json.decode(answer, type=wanted)
    except msgspec.DecodeError:
        raise _NotThisWayError from None
