"""The embedded default: its configuration, and what a person pastes to use it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from anvil_serving.config import PRESET_WORK_CLASSES, WORK_CLASSES, Config, loads

from .harness import HARNESSES, Endpoint, HarnessName, Home, recipe

if TYPE_CHECKING:
    from anvil_serving.substrate.embedded.engine import EmbeddedEngine

__all__ = ["quickstart_config", "recipes"]

_TIER = "embedded"


def quickstart_config(engine: EmbeddedEngine) -> Config:
    """A router before the engine alone: every preset leads to it."""
    presets = dict.fromkeys((*PRESET_WORK_CLASSES, *WORK_CLASSES))
    lines = "\n".join(f'{preset} = ["{_TIER}"]' for preset in presets)
    return loads(_CONFIG.format(engine=engine, tier=_TIER, presets=lines), name="the quickstart configuration")


# Directly: with one small model there is nothing to choose, and no work that it could be trusted with.
# The model takes no tools, but nobody else is there to answer a request that offers some: `tool_support` stays true,
# and it answers in words. Reading a harness's first prompt takes a CPU a while, hence `first_byte`. Nobody waits for
# long answers when Ctrl-C has been pressed, hence `drain_timeout`.
_CONFIG = """
[server]
drain_timeout = 5.0

[router]
mode = "direct"

[[router.tiers]]
id = "{tier}"
base_url = "{engine.base_url}/v1"
model = "{engine.model}"
dialect = "openai"
dialects = ["openai", "anthropic"]  # llama.cpp answers both by itself
context_limit = {engine.context_limit}
privacy = "local"

[router.tiers.timeouts]
first_byte = 600.0

[router.presets]
{presets}
"""


def recipes(address: str) -> str:
    """The lines to paste for each harness; `address` is the router's, such as `http://127.0.0.1:8000`."""
    endpoint, home = Endpoint(url=address), Home(Path("~"), {})
    parts = ["\n".join(recipe(HARNESSES[name].setup(endpoint, home))) for name in _SHOWN]
    return "\n\n".join([*parts, _REQUESTS.format(address=address)])


_SHOWN: tuple[HarnessName, ...] = ("claude-code", "aider", "codex")

_REQUESTS = """\
curl, Chat Completions
  curl {address}/v1/chat/completions -H 'content-type: application/json' \\
    -d '{{"model": "chat", "messages": [{{"role": "user", "content": "Say hello."}}]}}'

curl, Messages
  curl {address}/v1/messages -H 'content-type: application/json' -H 'anthropic-version: 2023-06-01' \\
    -d '{{"model": "chat", "max_tokens": 100, "messages": [{{"role": "user", "content": "Say hello."}}]}}'

Other harnesses, and settings that stay
  anvil-serving harness setup --help
"""
