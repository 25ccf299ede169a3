"""Which engine answers at an address, by what it really answers there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from msgspec import Struct

from anvil_serving.layout import printable

from .at_once import at_once
from .engine_answers import READERS, Engine, EngineKind, EngineModel, ListedModel, is_usable
from .inquiry import Reply, Server, Silence

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anvil_serving.config import Serve

__all__ = [
    "USUAL_PORTS",
    "Address",
    "Engine",
    "EngineKind",
    "EngineModel",
    "Finding",
    "address_of",
    "address_of_serve",
    "identify",
    "look_at",
    "loopback",
    "root_of",
]

USUAL_PORTS: Final = (8080, 8000, 30000, 30001, 11434, 1234)
"""Where llama.cpp, vLLM, SGLang (and a second one), Ollama and LM Studio listen unless told otherwise."""

ADDRESS_SECONDS: Final = 10.0
"""How long all questions to one address may take together."""
_MOST_MODELS: Final = 200
_LOCKED: Final = frozenset({401, 403})

_OWNERS: Final[Mapping[str, EngineKind]] = {
    "llamacpp": "llama.cpp",
    "vllm": "vLLM",
    "sglang": "SGLang",
    "organization_owner": "LM Studio",
    "library": "Ollama",
}
"""Who an engine says that its models are owned by, in `/v1/models`: which one to ask about first."""

State = Literal["engine", "router", "loading", "locked", "other", "silent", "nothing"]


class Finding(Struct, frozen=True, kw_only=True):
    """What is at an address."""

    url: str
    state: State
    """`engine`: `engine` says which. `router`: this program. `loading`, `locked`: an engine that is not ready, or asks
    for a key. `other`: an answer of no engine that is known. `silent`: no answer that can be used."""
    seen: str
    """In words, printable."""
    engine: Engine | None = None
    listed: tuple[str, ...] = ()
    """The models that a server of no known engine lists."""


class Address(Struct, frozen=True):
    """Where to ask, and what to show there."""

    url: str
    headers: Mapping[str, str] = {}


class _List(Struct):
    data: list[ListedModel] | None


class _Index(Struct):
    service: str


class _Readiness(Struct):
    status: str


def loopback(ports: Iterable[int]) -> list[Address]:
    """These ports of this machine, each once. Never localhost, which may be tried over IPv6 first."""
    return [Address(address_of("127.0.0.1", port)) for port in dict.fromkeys(ports)]


def address_of(host: str, port: int) -> str:
    """The URL at which this machine reaches what listens at `host`, a number."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - where all addresses are meant
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def address_of_serve(serve: Serve, environ: Mapping[str, str]) -> Address:
    """Where this machine reaches a serve, with the key that it wants."""
    key = environ.get(serve.auth_env or "", "").strip()
    # A key that no header can hold is none.
    usable = bool(key) and all("!" <= character <= "~" for character in key)
    return Address(address_of(serve.host, serve.port), {"Authorization": f"Bearer {key}"} if usable else {})


def look_at(addresses: Iterable[Address]) -> tuple[Finding, ...]:
    """What is at these addresses, in their order; all are asked at the same time."""
    return tuple(at_once(lambda address: identify(address.url, headers=address.headers), addresses))


def identify(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    seconds: float = ADDRESS_SECONDS,
    question_seconds: float = 2.0,
) -> Finding:
    """What is at `url`, a server's root. Reads only; no model is loaded and none is asked for an answer."""
    server = Server(url, seconds=seconds, headers=headers, question_seconds=question_seconds)
    first = server.ask("/v1/models")
    if isinstance(first, Silence):
        state: State = "nothing" if first.kind == "nothing" else "silent"
        return Finding(url=server.url, state=state, seen=first.reason)
    if first.status in _LOCKED:
        return _locked(server, first)
    if first.status == 503 and b"oading" in first.body:
        return Finding(url=server.url, state="loading", seen="an engine that is still loading its model")
    return _read(server, first)


def root_of(base_url: str) -> str:
    """The root of a server whose `base_url` may end in `/v1`."""
    return base_url.rstrip("/").removesuffix("/v1").rstrip("/")


def _read(server: Server, first: Reply) -> Finding:
    answer = first.read(_List) if first.status == 200 else None
    listed = tuple((answer.data or [])[:_MOST_MODELS]) if answer is not None else ()
    owners = list(dict.fromkeys(model.owned_by for model in listed))
    if owners == ["anvil-serving"]:
        return Finding(url=server.url, state="router", seen="this router")
    likely = [_OWNERS[owner] for owner in owners if owner in _OWNERS]
    for kind in dict.fromkeys((*likely, *READERS)):
        engine = READERS[kind](server, listed)
        if engine is not None:
            return _finding(server, engine)
    return Finding(
        url=server.url,
        state="other",
        seen=_description(first, owners if answer is not None else None),
        listed=tuple(model.id for model in listed if is_usable(model.id)),
    )


def _finding(server: Server, engine: Engine) -> Finding:
    models: dict[str, EngineModel] = {}
    for model in engine.models:
        if is_usable(model.name):
            models.setdefault(model.name, model)
    # Without messages there is nothing to answer: who knows the path complains, and no token is made.
    reply = server.ask("/v1/messages", {})
    if isinstance(reply, Reply) and reply.status in _LOCKED:
        # llama.cpp lists its models to everybody.
        return Finding(url=server.url, state="locked", seen=f"{engine.kind} that asks for a key")
    engine = msgspec.structs.replace(
        engine,
        version=None if engine.version is None else printable(engine.version)[:80],
        models=tuple(models.values()),
        dialects=("openai", "anthropic") if _complains(reply) else ("openai",),
    )
    version = f" {engine.version}" if engine.version else ""
    return Finding(url=server.url, state="engine", seen=f"{engine.kind}{version}", engine=engine)


def _complains(reply: Reply | Silence) -> bool:
    """Whether a server knows the path that it was asked, and found the request wanting."""
    # LM Studio answers 200 to paths that it does not have.
    return isinstance(reply, Reply) and reply.status not in {200, 404, 405, 501} and reply.read(msgspec.Raw) is not None


def _locked(server: Server, first: Reply) -> Finding:
    # Both answer here without a key, and hardly anything else answers like them.
    ready = server.ask("/readyz")
    if isinstance(ready, Reply) and (said := ready.read(_Readiness)) and said.status in {"ready", "no tier can serve"}:
        return Finding(url=server.url, state="router", seen="this router, which asks for a token")
    who = "llama.cpp" if first.header("server") == "llama.cpp" else "a server"
    return Finding(url=server.url, state="locked", seen=f"{who} that asks for a key")


def _description(first: Reply, owners: list[str] | None) -> str:
    if owners is not None:
        of = ", ".join(printable(owner)[:40] for owner in owners[:3] if owner)
        return "a server like OpenAI's, of no engine that is known" + (f" (its models are owned by {of})" if of else "")
    kind = printable(first.header("content-type").split(";")[0])[:40] or "nothing that says what it is"
    name = printable(first.header("server"))[:40]
    return f"something else{f', {name}' if name else ''} (status {first.status}, {kind})"
