"""The router as a harness sees it: an address, a token, and names for `model`."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from anvil_serving.substrate.inquiry import Server, Silence

__all__ = ["Endpoint", "Model", "Offer", "offered_by"]

_SECONDS: Final = 4.0
_MAX_BYTES: Final = 1024 * 1024
_MAIN: Final = ("planning", "chat")
_SMALL: Final = ("quick-edit",)
_ALIAS: Final = "claude-"
"""The router lists every preset a second time under this, for Claude Code alone."""
_ANSWER_TOKENS: Final = 32_000
"""The most that harnesses ask for by themselves (measured: Claude Code, OpenCode, OpenClaw)."""


class Model(Struct, frozen=True):
    """A name for `model`. What is not known is None."""

    id: str
    context_tokens: int | None = None
    """Prompt and answer together."""
    max_output_tokens: int | None = None

    @property
    def answer_tokens(self) -> int | None:
        """How long an answer a harness should ask for: a quarter of the window, where the router does not say."""
        if self.max_output_tokens is not None:
            return min(self.max_output_tokens, _ANSWER_TOKENS)
        return None if self.context_tokens is None else min(self.context_tokens // 4, _ANSWER_TOKENS)


class Endpoint(Struct, frozen=True, kw_only=True):
    """What a harness has to know of the router."""

    url: str
    """Without `/v1`."""
    models: tuple[Model, ...] = (Model("planning"), Model("quick-edit"))
    token_env: str | None = None
    """The environment variable that holds the token; None: the router asks for none."""
    token: str | None = None
    """The token itself, where it is to be written into a file because the harness has no other way."""

    @property
    def main(self) -> Model:
        """What does the work."""
        return self._first(_MAIN)

    @property
    def small(self) -> Model:
        """What titles, commit messages and summaries are made with."""
        return self._first((*_SMALL, self.main.id))

    @property
    def listed(self) -> tuple[Model, ...]:
        """What a person may choose from."""
        return tuple(model for model in self.models if not model.id.startswith(_ALIAS))

    def _first(self, ids: tuple[str, ...]) -> Model:
        by_id = {model.id: model for model in self.models}
        return next((by_id[id_] for id_ in ids if id_ in by_id), self.models[0])


class _Listed(Struct):
    id: str
    context_window: int | None = None
    max_output_tokens: int | None = None


class _List(Struct):
    data: list[_Listed]


class Offer(Struct, frozen=True):
    """What a router lists."""

    models: tuple[Model, ...] = ()
    absent_because: str | None = None
    """Why there are none, in words; None where there are some."""


def offered_by(url: str, token: str | None = None) -> Offer:
    """Asks the router at this address for its models; takes four seconds at most."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    reply = Server(url, seconds=_SECONDS, question_seconds=_SECONDS, headers=headers).ask("/v1/models")
    if not isinstance(reply, Silence) and reply.status == 401:
        return Offer(absent_because=f"the router at {url} wants a token that is not set here")
    listed = None if isinstance(reply, Silence) or len(reply.body) > _MAX_BYTES else reply.read(_List)
    if listed is None:
        return Offer(absent_because=f"no router answers at {url}")
    models = tuple(Model(model.id, model.context_window, model.max_output_tokens) for model in listed.data)
    return Offer(models, None if models else f"the router at {url} lists no models")
