from __future__ import annotations

import tomllib
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from anvil_serving.substrate.quickstart import quickstart_config, recipes

if TYPE_CHECKING:
    from anvil_serving.substrate.embedded.engine import EmbeddedEngine


def test_every_preset_leads_to_the_engine() -> None:
    engine = SimpleNamespace(base_url="http://127.0.0.1:1234", model="small", context_limit=32_768)
    config = quickstart_config(cast("EmbeddedEngine", engine))
    assert not config.warnings
    (tier,) = config.router.tiers
    assert (tier.base_url, tier.model, tier.context_limit) == ("http://127.0.0.1:1234/v1", "small", 32_768)
    assert {"quick-edit", "chat", "planning", "review", "long-context", "multi-file-refactor"} <= set(
        config.router.presets
    )
    assert all(config.router.candidates(preset) == (tier,) for preset in config.router.presets)


def test_recipes_carry_the_address_as_each_harness_wants_it() -> None:
    text = recipes("http://127.0.0.1:8000")
    assert "ANTHROPIC_BASE_URL=http://127.0.0.1:8000\n" in text
    assert "OPENAI_API_BASE=http://127.0.0.1:8000/v1 " in text
    assert '{"model": "chat", "messages": [{"role": "user", "content": "Say hello."}]}' in text
    codex = text[text.index("Codex") : text.index("curl")]
    indented = [line.strip() for line in codex.splitlines()[1:]]
    settings = tomllib.loads("\n".join(indented))
    provider = settings["model_providers"][settings["model_provider"]]
    assert (provider["base_url"], provider["wire_api"]) == ("http://127.0.0.1:8000/v1", "responses")
