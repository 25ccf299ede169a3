"""The list of models in both vendors' shapes.

OpenAI's entries have members beside the vendor's own, under the names that peers gave them: `context_window` and
`max_output_tokens` (OpenRouter, Groq and others), `max_model_len` (vLLM, SGLang), `display_name` (Anthropic).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec

from anvil_serving.errors import Malformed, UnknownModel

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anvil_serving.router import OfferedModel

__all__ = ["ModelList", "Page"]

_EPOCH = "1970-01-01T00:00:00Z"
"""Both vendors require a date of creation; a preset has none. Anthropic's own word for an unknown one is the epoch."""
_PAGE = 20
_LARGEST_PAGE = 1_000


class Page(msgspec.Struct, frozen=True):
    """The part of a list that is asked for, in Anthropic's words."""

    limit: int = _PAGE
    after_id: str | None = None
    before_id: str | None = None

    @classmethod
    def from_query(cls, query: bytes) -> Page:
        """Reads a query. Raises `Malformed` when a limit is no number from 1 to 1000, or both ends are given."""
        asked = {name: values[-1] for name, values in parse_qs(query.decode("latin-1")).items()}
        limit = asked.get("limit", str(_PAGE))
        if not (limit.isascii() and limit.isdigit() and len(limit) < 5 and 1 <= int(limit) <= _LARGEST_PAGE):
            raise Malformed(f"limit: must be a number from 1 to {_LARGEST_PAGE}", param="limit")
        if "after_id" in asked and "before_id" in asked:
            raise Malformed("before_id: after_id and before_id cannot both be given", param="before_id")
        return cls(int(limit), asked.get("after_id"), asked.get("before_id"))


class ModelList:
    """The models that a caller may name."""

    def __init__(self, models: Sequence[OfferedModel]) -> None:
        self._all = {model.id: model for model in models}
        # Anthropic's API has conversations alone.
        self._models = [model for model in models if model.serves_chat]
        self._indices = {model.id: index for index, model in enumerate(self._models)}
        self.openai_list = msgspec.json.encode({"object": "list", "data": [_openai(model) for model in models]})
        """All of them: OpenAI's list has no pages."""

    def anthropic_page(self, page: Page) -> bytes:
        """A page of the list. Raises `Malformed` when it begins or ends at a model that is not there."""
        start, end = 0, len(self._models)
        if page.before_id is not None:
            end = self._index("before_id", page.before_id)
            shown = self._models[max(0, end - page.limit) : end]
            has_more = end > page.limit
        else:
            if page.after_id is not None:
                start = self._index("after_id", page.after_id) + 1
            shown = self._models[start : start + page.limit]
            has_more = start + page.limit < end
        return msgspec.json.encode(
            {
                "data": [_anthropic(model) for model in shown],
                "has_more": has_more,
                "first_id": shown[0].id if shown else None,
                "last_id": shown[-1].id if shown else None,
            }
        )

    def openai(self, model_id: str) -> bytes:
        """One model in OpenAI's shape. Raises `UnknownModel`."""
        return msgspec.json.encode(_openai(self._model(model_id)))

    def anthropic(self, model_id: str) -> bytes:
        """One model in Anthropic's shape. Raises `UnknownModel`."""
        return msgspec.json.encode(_anthropic(self._model(model_id)))

    def _model(self, model_id: str) -> OfferedModel:
        model = self._all.get(model_id)
        if model is None:
            raise UnknownModel(f"there is no model {model_id[:200]!r}; /v1/models lists those there are", param="model")
        return model

    def _index(self, param: str, model_id: str) -> int:
        index = self._indices.get(model_id)
        if index is None:
            raise Malformed(f"{param}: there is no model of that id", param=param)
        return index


def _openai(model: OfferedModel) -> dict[str, object]:
    return {
        "id": model.id,
        "object": "model",
        "created": 0,
        "owned_by": "anvil-serving",
        "display_name": model.display_name,
        "context_window": model.context_limit,
        "max_model_len": model.context_limit,
        "max_output_tokens": model.max_output_tokens,
    }


def _anthropic(model: OfferedModel) -> dict[str, object]:
    return {
        "type": "model",
        "id": model.id,
        "display_name": model.display_name,
        "created_at": _EPOCH,
        "lifecycle": "active",
        "deprecated_at": None,
        "retires_at": None,
        "line": None,
        "max_input_tokens": model.context_limit,
        "max_tokens": model.max_output_tokens,
        "capabilities": None,
    }
