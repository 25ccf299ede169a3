"""Which path is served by what."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from anvil_serving import __version__
from anvil_serving.edge.decisions import DecisionQuery
from anvil_serving.edge.models import ModelList, Page
from anvil_serving.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from anvil_serving.edge.auth import Auth
    from anvil_serving.edge.exchange import Exchange
    from anvil_serving.router import Caller, Router

__all__ = ["Route", "Routes", "dialect_of"]

Handler: TypeAlias = "Callable[[Exchange], Awaitable[None]]"

_PURPOSES = ("embeddings", "rerank", "completions")
"""What is passed on unread to the tiers that declare it; paths are named for it, here and at the tiers."""
_MODEL_PATH = "/v1/models/"
_DECISION_PATH = "/v1/decisions/"
_JSON = (b"content-type", b"application/json")


class Route:
    """One path."""

    __slots__ = ("allow", "dialect", "handlers", "is_protected")

    def __init__(self, dialect: str | None, handlers: Mapping[str, Handler], *, is_protected: bool = True) -> None:
        self.dialect = dialect
        """The dialect of its errors; None where both vendors have the path, and the caller's headers tell."""
        self.handlers = handlers
        self.is_protected = is_protected
        self.allow = ", ".join([*handlers, *(["HEAD"] if "GET" in handlers else []), "OPTIONS"])


class Routes:
    """All paths of the router."""

    def __init__(self, router: Router, auth: Auth) -> None:
        self._router = router
        self._models: dict[Caller, ModelList] = {}
        self._auth = auth
        self._routes = {
            "/v1/messages": Route("messages", {"POST": self._messages}),
            "/v1/messages/count_tokens": Route("messages", {"POST": self._count_tokens}),
            "/v1/chat/completions": Route("chat", {"POST": self._chat}),
            "/v1/responses": Route("responses", {"POST": self._responses}),
            "/v1/responses/input_tokens": Route("responses", {"POST": self._count_input_tokens}),
            **{f"/v1/{purpose}": Route("chat", {"POST": self._forward_to(purpose)}) for purpose in _PURPOSES},
            "/v1/route": Route("chat", {"POST": self._advise}),
            "/v1/models": Route(None, {"GET": self._list_models}),
            "/v1/decisions": Route("chat", {"GET": self._list_decisions}),
            "/healthz": Route("chat", {"GET": _health}, is_protected=False),
            "/readyz": Route("chat", {"GET": self._ready}, is_protected=False),
            "/": Route("chat", {"GET": _index}),
        }

        self._routes_below = {
            _MODEL_PATH: Route(None, {"GET": self._show_model}),
            _DECISION_PATH: Route("chat", {"GET": self._show_decision}),
        }

    def find(self, path: str) -> Route | None:
        """The route of a path; None when nothing is served there."""
        route = self._routes.get(path)
        if route is None:
            return next((below for start, below in self._routes_below.items() if path.startswith(start)), None)
        return route

    async def _messages(self, exchange: Exchange) -> None:
        _pass_vendors_headers(exchange)
        await self._router.answer(exchange, "messages", await exchange.read_body())

    def _forward_to(self, purpose: str) -> Handler:
        async def forward(exchange: Exchange) -> None:
            await self._router.forward(exchange, purpose, await exchange.read_body())

        return forward

    async def _count_tokens(self, exchange: Exchange) -> None:
        _pass_vendors_headers(exchange)
        count = await self._router.count_tokens(exchange, "messages", await exchange.read_body())
        await exchange.respond(200, [_JSON], b'{"input_tokens":%d}' % count)

    async def _count_input_tokens(self, exchange: Exchange) -> None:
        count = await self._router.count_tokens(exchange, "responses", await exchange.read_body())
        await exchange.respond(200, [_JSON], b'{"object":"response.input_tokens","input_tokens":%d}' % count)

    async def _chat(self, exchange: Exchange) -> None:
        await self._router.answer(exchange, "chat", await exchange.read_body())

    async def _responses(self, exchange: Exchange) -> None:
        await self._router.answer(exchange, "responses", await exchange.read_body())

    async def _list_models(self, exchange: Exchange) -> None:
        models = self._models_for(exchange.caller)
        if _is_anthropics(exchange):
            body = models.anthropic_page(Page.from_query(exchange.query))
        else:
            body = models.openai_list
        await exchange.respond(200, [_JSON], body)

    async def _show_model(self, exchange: Exchange) -> None:
        model_id = exchange.path.removeprefix(_MODEL_PATH)
        models = self._models_for(exchange.caller)
        body = models.anthropic(model_id) if _is_anthropics(exchange) else models.openai(model_id)
        await exchange.respond(200, [_JSON], body)

    def _models_for(self, caller: Caller) -> ModelList:
        """The models that this caller may name. There are as many lists as clients."""
        models = self._models.get(caller)
        if models is None:
            offered = [model for model in self._router.models if model.is_for(caller)]
            models = self._models[caller] = ModelList(offered)
        return models

    async def _advise(self, exchange: Exchange) -> None:
        advice = await self._router.advise(exchange, await exchange.read_body())
        await exchange.respond(200, [_JSON], msgspec.json.encode(advice))

    async def _list_decisions(self, exchange: Exchange) -> None:
        query = DecisionQuery.from_query(exchange.query)
        page = await self._router.decisions.page(query.filters, exchange.caller, limit=query.limit, cursor=query.after)
        await exchange.respond(200, [_JSON], page)

    async def _show_decision(self, exchange: Exchange) -> None:
        decision_id = exchange.path.removeprefix(_DECISION_PATH)
        decision = await self._router.decisions.find(decision_id, exchange.caller)
        await exchange.respond(200, [_JSON], decision)

    async def _ready(self, exchange: Exchange) -> None:
        """200 when at least one tier can serve. Which ones is told only to those who may call."""
        states = await self._router.health.states()
        is_ready = any(states.values())
        answer: dict[str, object] = {"status": "ready" if is_ready else "no tier can serve"}
        with contextlib.suppress(RequestError):
            caller = self._auth.check(exchange.request_headers)
            answer["tiers"] = {
                tier_id: "ready" if can_serve else "unreachable"
                for tier_id, can_serve in states.items()
                if caller.may_reach(tier_id)
            }
        await exchange.respond(200 if is_ready else 503, [_JSON], msgspec.json.encode(answer))


def _is_anthropics(exchange: Exchange) -> bool:
    """Whether the caller expects the shapes of Anthropic, of whose API this path is as much a part as of OpenAI's."""
    return b"anthropic-version" in exchange.request_headers


def _pass_vendors_headers(exchange: Exchange) -> None:
    exchange.headers += [header for header in exchange.sent_headers if header[0].startswith(b"anthropic-")]


async def _health(exchange: Exchange) -> None:
    await exchange.respond(200, [_JSON], b'{"status":"ok"}')


async def _index(exchange: Exchange) -> None:
    body = msgspec.json.encode({"service": "anvil-serving", "version": __version__})
    await exchange.respond(200, [_JSON], body)


def dialect_of(path: str, headers: Mapping[bytes, bytes]) -> str:
    """The dialect in which to refuse a request for a path that is not served, or that both vendors have."""
    if path.startswith("/v1/messages") or b"anthropic-version" in headers:
        return "messages"
    return "responses" if path.startswith("/v1/responses") else "chat"
