"""The configurations that are shipped do what their comments say, before tiers that really answer."""

from __future__ import annotations

import tomllib
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fakes import answers
from tests.fakes.tier import Tier
from tests.integration.router import RouterProcess
from tests.integration.test_decide import ask

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
OUT = [answers.whole(b"out of order", 500)]
LONG_CONTEXT = {"x-anvil-intent": "long-context"}


@contextmanager
def running(name: str, **environment: str) -> Iterator[tuple[RouterProcess, dict[str, Tier]]]:
    """A router of that configuration, with only its addresses changed."""
    document = tomllib.loads((CONFIGS / name).read_text())
    router = document["router"]
    with ExitStack() as stack:
        fleet: dict[str, Tier] = {}
        for tier in router["tiers"]:
            fleet[tier["id"]] = stack.enter_context(Tier())
            tier["base_url"] = fleet[tier["id"]].url
        presets = router.pop("presets")
        tiers = router.pop("tiers")
        server = document["server"] | {"host": "127.0.0.1"}
        process = RouterProcess(tiers, presets, server=server, router=router, environment=environment, trusts_all=False)
        yield stack.enter_context(process), fleet


def _routed(router: RouterProcess, model: str, **more: Any) -> tuple[int, str | None]:
    answer = ask(router, model, **more)
    return answer.status, answer.headers.get("x-anvil-tier")


def test_two_local_tiers() -> None:
    with running("example.toml") as (router, fleet):
        assert _routed(router, "quick-edit") == (200, "fast")
        assert _routed(router, "chat") == (200, "fast")
        assert _routed(router, "review") == (200, "heavy")
        assert _routed(router, "long-context") == (200, "heavy")
        assert _routed(router, "auto", text="hello there") == (200, "fast")
        fleet["fast"].plays(OUT)
        assert _routed(router, "quick-edit") == (200, "heavy")
        # The model is the one that the server lists; thinking is off unless the caller wants it.
        sent = fleet["heavy"].requests[-1].json
        assert sent["model"] == "model-of-the-tier"
        assert sent["chat_template_kwargs"] == {"enable_thinking": False}
        answer = ask(router, "planning")
        assert answer.status == 503
        assert "profile_path" in answer.json["error"]["message"]


def test_a_measured_profile_opens_planning(tmp_path: Path) -> None:
    document = tomllib.loads((CONFIGS / "example.toml").read_text())["router"]
    with Tier() as heavy, Tier() as fast:
        for tier in document["tiers"]:
            tier["base_url"] = {"heavy": heavy, "fast": fast}[tier["id"]].url
        with RouterProcess(document["tiers"], document["presets"], trusts_all=True) as router:
            assert _routed(router, "planning") == (200, "heavy")


def test_in_a_container() -> None:
    with running("example-docker.toml", ANVIL_ROUTER_TOKEN="the-token") as (router, _fleet):
        bearer = {"authorization": "Bearer the-token"}
        assert ask(router, "chat").status == 401
        assert _routed(router, "quick-edit", headers=bearer) == (200, "fast")
        assert _routed(router, "review", headers=bearer) == (200, "heavy")
        assert _routed(router, "planning", headers=bearer) == (503, None)


def test_with_a_cloud_tier() -> None:
    with running("example-with-cloud.toml", ANTHROPIC_API_KEY="sk-the-key") as (router, fleet):
        answer = ask(router, "planning", max_tokens=100)
        assert (answer.status, answer.headers["x-anvil-tier"]) == (200, "cloud")
        assert fleet["cloud"].requests[-1].headers["x-api-key"] == "sk-the-key"
        decision = router.decision(answer.headers["x-anvil-decision"])
        heavy = next(each for each in decision.candidates if each.tier == "heavy")
        assert heavy.reason.startswith("denied for planning")
        assert decision.cost_usd is not None
        assert decision.cost_usd > 0
        billed = len(fleet["cloud"].requests)
        # Nothing else may bill: neither another preset, nor a pin, nor when all local tiers are down.
        for tier_id in ("fast", "heavy"):
            fleet[tier_id].script = lambda _received: OUT
        assert _routed(router, "quick-edit") == (503, None)
        assert _routed(router, "review") == (503, None)
        assert _routed(router, "cloud", headers={"x-anvil-intent": "chat"}) == (503, None)
        assert len(fleet["cloud"].requests) == billed
