"""Asks the Hub for what files on this machine do not say. Nothing else of `models` uses the network."""

from __future__ import annotations

import importlib
import os
import re
import time
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct
from msgspec.structs import replace

from anvil_serving.errors import StartupError
from anvil_serving.layout import printable

from .document import whole_in
from .front_matter import front_matter_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .card import ModelCard

__all__ = ["HubAnswer", "answer_of", "ask_the_hub", "completed", "lacking"]

ANSWER_SECONDS: Final = 10.0
"""How long one answer is waited for."""

ALL_SECONDS: Final = 300.0
"""How long it is asked at all."""

_REPOSITORY: Final = re.compile(r"(?:[\w-][\w.-]{0,95}/)?[\w-][\w.-]{0,95}", re.ASCII)

FAILURES_CAP: Final = 3
"""Failures in a row, after which it is not asked further."""


def ask_the_hub(
    cards: Sequence[ModelCard], progress: Callable[[str, float | None], None]
) -> tuple[tuple[ModelCard, ...], tuple[str, ...]]:
    """Cards of the Hub's models with their licence, parameters, origin and task; and what went wrong, in words.

    Raises `StartupError` where huggingface_hub is not installed. Its own settings apply (`HF_TOKEN`, `HF_ENDPOINT`).
    """
    questions = _Questions()
    asked = [
        card if card.source != "huggingface" or not lacking(card) else questions.ask(card, progress) for card in cards
    ]
    return tuple(asked), tuple(questions.problems)


def lacking(card: ModelCard) -> tuple[str, ...]:
    """What the Hub may know of a card and its files do not say."""
    absent = [name for name in ("licence", "base_model", "task") if getattr(card, name) is None]
    return (*absent, *(("parameters",) if card.shape.parameters is None else ()))


class HubAnswer(Struct, frozen=True, kw_only=True):
    """What the Hub says of a repository, or said of it."""

    licence: str | None = None
    base_model: str | None = None
    task: str | None = None
    parameters: int | None = None


class _Questions:
    """Questions to the Hub: each repository once, and none after too many failures or too long a time."""

    def __init__(self) -> None:
        # The library would fetch a list of coding agents too, to tell the Hub which one runs it, and keep it in a file.
        os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
        try:
            self._api: Any = importlib.import_module("huggingface_hub").HfApi()  # an extra
            self._errors: Any = importlib.import_module("huggingface_hub.errors")
        except ImportError:
            raise StartupError(
                "the library that asks the Hub is not installed",
                hint="pip install 'anvil-serving[models]', or leave out --online",
            ) from None
        self._answers: dict[str, HubAnswer] = {}
        self._deadline = time.monotonic() + ALL_SECONDS
        self._failures = 0
        self.problems: list[str] = []

    def ask(self, card: ModelCard, progress: Callable[[str, float | None], None]) -> ModelCard:
        name = card.name.partition(":")[0]
        if not _REPOSITORY.fullmatch(name):
            return card
        if name not in self._answers:
            if self._failures >= FAILURES_CAP or time.monotonic() > self._deadline:
                return card
            progress(f"asking the Hub about {name}", None)
            self._answers[name] = self._answer(name)
        return completed(card, self._answers[name])

    def _answer(self, name: str) -> HubAnswer:
        try:
            answer = _read(self._api.model_info(name, timeout=ANSWER_SECONDS))
        except self._errors.RepositoryNotFoundError:
            self.problems.append(f"{name}: the Hub does not know it, or wants a token for it (HF_TOKEN)")
        except Exception as error:  # noqa: BLE001 - what the library's HTTP client raises is its own affair
            self._failures += 1
            words = str(error).strip().splitlines() or [type(error).__name__]
            self.problems.append(f"{name}: the Hub gave no answer: {printable(words[0])}")
            if self._failures == FAILURES_CAP:
                self.problems.append("the Hub was not asked about others")
        else:
            self._failures = 0
            return answer
        return HubAnswer()


def _read(info: Any) -> HubAnswer:
    card = info.card_data.to_dict() if info.card_data is not None else {}
    counted = getattr(info.safetensors, "total", None) or (info.gguf or {}).get("total")
    said = front_matter_of({**card, "pipeline_tag": info.pipeline_tag or card.get("pipeline_tag")})
    return HubAnswer(
        licence=said.licence,
        base_model=said.base_model,
        task=said.task,
        parameters=whole_in({"total": counted}, "total"),
    )


def completed(card: ModelCard, answer: HubAnswer) -> ModelCard:
    """The card with what the answer has and its files do not say."""
    found = {name: value for name in lacking(card) if (value := getattr(answer, name)) is not None}
    names = tuple(found)
    if "parameters" in found:
        found["shape"] = replace(card.shape, parameters=found.pop("parameters"))
    return replace(card, from_hub=(*card.from_hub, *names), **found)


def answer_of(card: ModelCard) -> HubAnswer:
    """What of a card the Hub had said."""
    held = {name: getattr(card, name) for name in card.from_hub if name != "parameters"}
    return HubAnswer(parameters=card.shape.parameters if "parameters" in card.from_hub else None, **held)
