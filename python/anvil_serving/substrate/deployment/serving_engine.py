"""The engines that a service can be written for: their images, and what those images understand."""

from __future__ import annotations

import functools
from typing import Final, Literal, get_args

import msgspec
from msgspec import Struct

from anvil_serving.errors import StartupError
from anvil_serving.substrate.data_table import read_table

__all__ = ["ENGINES", "EngineImage", "EngineName", "ServingEngine", "engine_named"]

EngineName = Literal["vllm", "sglang", "llama.cpp"]
ENGINES: Final[tuple[EngineName, ...]] = get_args(EngineName)

_OTHER_NAMES: Final[dict[str, EngineName]] = {
    "llamacpp": "llama.cpp",
    "llama-cpp": "llama.cpp",
    "llama_cpp": "llama.cpp",
}


class EngineImage(Struct, frozen=True, forbid_unknown_fields=True):
    """An image that was looked at: nothing is pulled that is not pinned."""

    repository: str
    tag: str
    source: str
    digest: str | None = None
    """Of the image's index, which names it on every platform; None where it is not known, and the tag alone pins it."""
    cuda: str | None = None
    """None: it runs without a GPU."""
    driver: int | None = None
    """The oldest major version of NVIDIA's driver that it runs on."""

    @property
    def reference(self) -> str:
        """As `image:` takes it."""
        return f"{self.repository}:{self.tag}" + (f"@{self.digest}" if self.digest else "")


class ServingEngine(Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of an engine, for the images in `images`."""

    name: EngineName
    title: str
    version: str
    formats: tuple[Literal["safetensors", "gguf"], ...]
    entrypoint: tuple[str, ...]
    """What its command line starts with; empty: the image's own entry point."""
    health: str
    """Path of its health probe."""
    probe: Literal["python", "curl"]
    """What its image has to ask that path with."""
    source: str
    options: tuple[str, ...]
    tool_call_parsers: tuple[str, ...]
    reasoning_parsers: tuple[str, ...]
    images: tuple[EngineImage, ...] = msgspec.field(name="image")
    shared_memory: str | None = None
    """Size of the `/dev/shm` through which its processes talk; None: it is one process."""

    def image_for(self, driver: str | None, *, gpu: bool) -> EngineImage | None:
        """The first image that runs on this driver (None: not known, and the newest is taken); None where none does."""
        major = int(driver.split(".")[0]) if driver and driver.split(".")[0].isdecimal() else None
        for image in self.images:
            if (image.cuda is not None) == gpu and (major is None or image.driver is None or major >= image.driver):
                return image
        return None


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    engine: tuple[ServingEngine, ...]


@functools.cache
def _table() -> dict[str, ServingEngine]:
    return {engine.name: engine for engine in read_table(__name__, "serving_engines.toml", _Table).engine}


def engine_named(name: str) -> ServingEngine:
    """The engine of this name, or of one that people write for it. Raises `StartupError`."""
    key = name.lower()
    engine = _table().get(_OTHER_NAMES.get(key, key))
    if engine is None:
        raise StartupError(f"there is no engine {name!r}", hint=f"use one of {', '.join(ENGINES)}")
    return engine
