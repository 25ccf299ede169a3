"""What each engine says of itself, and how that is read.

Each reader asks what only its engine answers, and returns None where the answers are not that engine's: many servers
imitate others' paths. Sources:

- llama.cpp: `tools/server/README.md`, GET `/props` and GET `/v1/models`; and the real server (tests/integration).
- vLLM: `vllm/entrypoints/openai/protocol.py` (`ModelCard`) and `/version`.
- SGLang: its "Native APIs" page and `srt/entrypoints/http_server.py` (`get_model_info`, `get_server_info`).
- Ollama: `docs/api.md` and `docs/context-length.mdx`; models that run at ollama.com have a `remote_host`.
- LM Studio: its "REST API v0" page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, Literal

from msgspec import UNSET, Struct, UnsetType

from .inquiry import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .inquiry import Server

__all__ = ["READERS", "Engine", "EngineKind", "EngineModel", "ListedModel", "is_usable", "parameters_of"]

EngineKind = Literal["llama.cpp", "vLLM", "SGLang", "Ollama", "LM Studio"]

_MOST_MODELS: Final = 200
"""Models of one engine that are looked at."""
_MOST_SHOWN: Final = 32
"""Models of an Ollama that are asked about one by one; those that are loaded come first."""
_NAME_LIMIT: Final = 256
"""The longest model name that the router takes, in characters."""
_MOST_TOKENS: Final = 1_000_000_000


class EngineModel(Struct, frozen=True, kw_only=True):
    """One model of an engine. What the engine does not say is None."""

    name: str
    context_tokens: int | None = None
    """What one request may use, prompt and answer together, as the engine runs now."""
    trained_context_tokens: int | None = None
    """What the model was made for, which is often more."""
    parameters: float | None = None
    size_bytes: int | None = None
    is_loaded: bool | None = None
    serves_chat: bool = True
    """False: it makes embeddings."""
    takes_tools: bool | None = None
    reads_images: bool | None = None
    can_switch_thinking: bool = False
    """Its template knows `enable_thinking`: many such models think unless told not to."""
    runs_elsewhere: bool = False
    """The engine sends what it is asked to another company's machines."""


class Engine(Struct, frozen=True, kw_only=True):
    """An engine that has answered as one."""

    kind: EngineKind
    url: str
    """Its root, without `/v1`."""
    version: str | None = None
    models: tuple[EngineModel, ...]
    places: int | None = None
    """Requests that it works on at once."""
    dialects: tuple[Literal["openai", "anthropic"], ...] = ("openai",)
    """Those of the router's dialects that it has the path of."""


class _Meta(Struct):
    n_ctx: int | None = None
    n_ctx_train: int | None = None
    n_params: int | None = None
    size: int | None = None


class _Status(Struct):
    value: str


class ListedModel(Struct):
    """A member of `data` in `/v1/models`; all but `id` is particular to engines."""

    id: str
    owned_by: str = ""
    max_model_len: int | None = None
    parent: str | None = None
    meta: _Meta | None = None
    status: _Status | None = None
    """Of a llama.cpp that loads models on demand."""


class _Settings(Struct):
    n_ctx: int


class _Modalities(Struct):
    vision: bool = False


class _Props(Struct):
    default_generation_settings: _Settings
    total_slots: int | None = None
    modalities: _Modalities | None = None
    chat_template: str = ""
    build_info: str | None = None


def _llama_cpp(server: Server, listed: tuple[ListedModel, ...]) -> Engine | None:
    props = server.read("/props", _Props)
    if props is None and not any(model.owned_by == "llamacpp" for model in listed):
        return None
    models = []
    for model in listed:
        meta = model.meta or _Meta()
        models.append(
            EngineModel(
                name=model.id,
                # Of one slot, which is what a request gets; the list's `n_ctx` is newer and says the same.
                context_tokens=_tokens(props.default_generation_settings.n_ctx if props else meta.n_ctx),
                trained_context_tokens=_tokens(meta.n_ctx_train),
                parameters=meta.n_params or parameters_of(model.id),
                size_bytes=meta.size,
                is_loaded=model.status is None or model.status.value == "loaded",
                reads_images=props.modalities.vision if props and props.modalities else None,
                can_switch_thinking=props is not None and "enable_thinking" in props.chat_template,
            )
        )
    return Engine(
        kind="llama.cpp",
        url=server.url,
        version=props.build_info if props else None,
        models=tuple(models),
        places=_places(props.total_slots if props else None),
    )


class _Version(Struct):
    version: str


def _vllm(server: Server, listed: tuple[ListedModel, ...]) -> Engine | None:
    version = server.read("/version", _Version)
    if version is None or not any(model.owned_by == "vllm" for model in listed):
        return None
    windows = {model.id: model.max_model_len for model in listed}
    return Engine(
        kind="vLLM",
        url=server.url,
        version=version.version,
        models=tuple(
            EngineModel(
                name=model.id,
                # An adapter has the window of the model that it adapts.
                context_tokens=_tokens(model.max_model_len or windows.get(model.parent or "")),
                parameters=parameters_of(model.id),
                is_loaded=True,
            )
            for model in listed
        ),
    )


class _ModelInfo(Struct):
    model_path: str
    is_generation: bool
    has_image_understanding: bool | None = None


class _ServerInfo(Struct):
    version: str | None = None
    context_length: int | None = None
    max_total_num_tokens: int | None = None
    tool_call_parser: str | UnsetType | None = UNSET


def _sglang(server: Server, listed: tuple[ListedModel, ...]) -> Engine | None:
    # The older names go on to work for a while after the newer ones came.
    info = server.read("/get_model_info", _ModelInfo) or server.read("/model_info", _ModelInfo)
    if info is None:
        return None
    running = server.read("/get_server_info", _ServerInfo) or server.read("/server_info", _ServerInfo) or _ServerInfo()
    return Engine(
        kind="SGLang",
        url=server.url,
        version=running.version,
        models=tuple(
            EngineModel(
                name=model.id,
                # A request has to fit into the cache that all share, which may be smaller than the window.
                context_tokens=_least(model.max_model_len or running.context_length, running.max_total_num_tokens),
                trained_context_tokens=_tokens(model.max_model_len),
                parameters=parameters_of(model.id) or parameters_of(info.model_path),
                is_loaded=True,
                serves_chat=info.is_generation,
                takes_tools=None if running.tool_call_parser is UNSET else running.tool_call_parser is not None,
                reads_images=info.has_image_understanding,
            )
            for model in listed
        ),
    )


class _Details(Struct):
    parameter_size: str = ""


class _OllamaModel(Struct):
    name: str
    size: int | None = None
    details: _Details | None = None
    remote_host: str | None = None
    context_length: int | None = None
    """Of a loaded one (`/api/ps`)."""


class _OllamaModels(Struct):
    models: list[_OllamaModel] | None


class _Shown(Struct):
    parameters: str = ""
    model_info: dict[str, Any] | None = None
    capabilities: list[str] | None = None
    remote_host: str | None = None


_NUM_CTX = re.compile(r"^num_ctx\s+(\d{1,10})\s*$", re.MULTILINE)


def _ollama(server: Server, _listed: tuple[ListedModel, ...]) -> Engine | None:
    greeting = server.ask("/")
    # KoboldCpp and llama.cpp have several of its paths; nobody else greets like this.
    if not (isinstance(greeting, Reply) and greeting.body.strip() == b"Ollama is running"):
        return None
    version = server.read("/api/version", _Version)
    tags = server.read("/api/tags", _OllamaModels)
    if version is None or tags is None:
        return None
    running = server.read("/api/ps", _OllamaModels)
    loaded = {model.name: model for model in (running and running.models) or ()}
    found = sorted((tags.models or [])[:_MOST_MODELS], key=lambda model: model.name not in loaded)
    models = [
        _ollama_model(
            model,
            loaded.get(model.name),
            (server.read("/api/show", _Shown, {"model": model.name}) if place < _MOST_SHOWN else None) or _Shown(),
        )
        for place, model in enumerate(found)
    ]
    return Engine(kind="Ollama", url=server.url, version=version.version, models=tuple(models))


def _ollama_model(model: _OllamaModel, loaded: _OllamaModel | None, shown: _Shown) -> EngineModel:
    said = _NUM_CTX.search(shown.parameters)
    trained = [value for key, value in (shown.model_info or {}).items() if key.endswith(".context_length")]
    able = shown.capabilities
    return EngineModel(
        name=model.name,
        # Not the model's own: Ollama runs it with less unless told otherwise.
        context_tokens=_tokens((loaded and loaded.context_length) or (int(said[1]) if said else None)),
        trained_context_tokens=_tokens(trained[0] if trained and isinstance(trained[0], int) else None),
        parameters=parameters_of((model.details and model.details.parameter_size) or model.name),
        size_bytes=model.size,
        is_loaded=loaded is not None,
        serves_chat=not able or "completion" in able,
        takes_tools="tools" in able if able else None,
        reads_images="vision" in able if able else None,
        runs_elsewhere=bool(model.remote_host or shown.remote_host),
    )


class _StudioModel(Struct):
    id: str
    type: str
    state: str
    max_context_length: int | None = None
    loaded_context_length: int | None = None
    capabilities: list[str] | None = None


class _StudioModels(Struct):
    data: list[_StudioModel]


def _lm_studio(server: Server, _listed: tuple[ListedModel, ...]) -> Engine | None:
    listed = server.read("/api/v0/models", _StudioModels)
    if listed is None:
        return None
    return Engine(
        kind="LM Studio",
        url=server.url,
        models=tuple(
            EngineModel(
                name=model.id,
                context_tokens=_tokens(model.loaded_context_length),
                trained_context_tokens=_tokens(model.max_context_length),
                parameters=parameters_of(model.id),
                is_loaded=model.state == "loaded",
                serves_chat=model.type != "embeddings",
                # Models that were not trained for it are prompted to it, so that silence is no "no".
                takes_tools=True if "tool_use" in (model.capabilities or ()) else None,
                reads_images=model.type == "vlm",
            )
            for model in listed.data[:_MOST_MODELS]
        ),
    )


READERS: Final[Mapping[EngineKind, Callable[[Server, tuple[ListedModel, ...]], Engine | None]]] = {
    "llama.cpp": _llama_cpp,
    "vLLM": _vllm,
    "SGLang": _sglang,
    "LM Studio": _lm_studio,
    "Ollama": _ollama,
}
"""How each engine is read. The result may hold names that cannot be used: `engine.identify` leaves them out."""

_SIZE = re.compile(r"(?<![a-z0-9.])(\d{1,4}(?:\.\d{1,3})?)\s?([bm])(?![a-z0-9])", re.IGNORECASE)


def parameters_of(name: str) -> float | None:
    """How many parameters a name says that the model has: 20e9 for `gpt-oss-20b`. The largest number is meant."""
    sizes = [float(number) * (1e9 if unit.lower() == "b" else 1e6) for number, unit in _SIZE.findall(name)]
    return max(sizes, default=None)


def _tokens(number: int | None) -> int | None:
    """A number of tokens that a configuration can hold; None where it is none."""
    return number if number is not None and 1 <= number <= _MOST_TOKENS else None


def _least(*numbers: int | None) -> int | None:
    return min((number for each in numbers if (number := _tokens(each)) is not None), default=None)


def _places(number: int | None) -> int | None:
    return number if number is not None and 1 <= number <= 100_000 else None


def is_usable(name: str) -> bool:
    """Whether a model's name can be sent and shown."""
    return 0 < len(name) <= _NAME_LIMIT and name.isprintable() and name == name.strip()
