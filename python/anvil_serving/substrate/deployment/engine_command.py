"""The command line that an engine is started with, in its container."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .deployment import Deployment
    from .family import Thinking

__all__ = ["WEIGHTS", "arguments", "model_argument"]

WEIGHTS: Final = "/weights"
"""Where weights are in a container: mounted from this machine, or downloaded."""


def arguments(deployment: Deployment) -> tuple[str, ...]:
    """What follows the engine's entry point: words, never a shell's line."""
    build = {"vllm": _vllm, "sglang": _sglang, "llama.cpp": _llama_cpp}[deployment.engine.name]
    return (*build(deployment), *deployment.options)


def model_argument(deployment: Deployment) -> str:
    """The model as the engine names it: a path in the container, or `owner/name`."""
    source = deployment.model.source
    if source.mount is None:
        return source.repository or source.name
    inside = source.inside.as_posix()
    return WEIGHTS if inside == "." else f"{WEIGHTS}/{inside}"


def _vllm(deployment: Deployment) -> list[str]:
    words = [
        model_argument(deployment),
        *("--served-model-name", deployment.served_name),
        *("--host", "0.0.0.0", "--port", str(deployment.port)),  # noqa: S104 - of the container, which publishes on one address
        *("--max-model-len", str(deployment.context_tokens)),
        *("--max-num-seqs", str(deployment.running)),
        *("--max-num-batched-tokens", str(deployment.batch_tokens)),
    ]
    if deployment.memory_share is not None:
        words += ["--gpu-memory-utilization", f"{deployment.memory_share:g}"]
    if deployment.cache == "8bit":
        words += ["--kv-cache-dtype", "fp8" if _computes_fp8(deployment) else "fp8_e5m2"]
    if deployment.target.cards > 1:
        words += ["--tensor-parallel-size", str(deployment.target.cards)]
    words += _parsers(deployment, auto=["--enable-auto-tool-choice"])
    return words + _default_template_values(deployment)


def _sglang(deployment: Deployment) -> list[str]:
    words = [
        *("--model-path", model_argument(deployment)),
        *("--served-model-name", deployment.served_name),
        *("--host", "0.0.0.0", "--port", str(deployment.port)),  # noqa: S104 - of the container, which publishes on one address
        *("--context-length", str(deployment.context_tokens)),
        *("--max-running-requests", str(deployment.running)),
        *("--cuda-graph-max-bs-decode", str(deployment.running)),
        *("--chunked-prefill-size", str(deployment.batch_tokens)),
        "--enable-metrics",
    ]
    if deployment.memory_share is not None:
        words += ["--mem-fraction-static", f"{deployment.memory_share:g}"]
    if deployment.cache == "8bit":
        words += ["--kv-cache-dtype", "fp8_e4m3" if _computes_fp8(deployment) else "fp8_e5m2"]
    if deployment.target.cards > 1:
        words += ["--tp-size", str(deployment.target.cards)]
    words += _parsers(deployment, auto=[])
    return words + _default_template_values(deployment)


def _llama_cpp(deployment: Deployment) -> list[str]:
    source = deployment.model.source
    if source.mount is None:
        quantisation = f":{source.quantisation}" if source.quantisation else ""
        words = ["--hf-repo", f"{source.repository}{quantisation}"]
    else:
        words = ["--model", model_argument(deployment)]
    words += [
        *("--alias", deployment.served_name),
        *("--host", "0.0.0.0", "--port", str(deployment.port)),  # noqa: S104 - of the container, which publishes on one address
        # One cache that all requests share: each may be as long as the context while the others are short.
        *("--ctx-size", str(deployment.context_tokens * deployment.sequences)),
        *("--parallel", str(deployment.running), "--kv-unified"),
        *("--jinja", "--metrics", "--no-webui"),
    ]
    if deployment.target.kind != "cpu":
        words += ["--n-gpu-layers", "all"]
    if deployment.cache == "8bit":
        words += ["--flash-attn", "on", "--cache-type-k", "q8_0", "--cache-type-v", "q8_0"]
    words += _sampling(deployment)
    thinking = _told_off(deployment)
    if thinking is not None and thinking.switch == "enable_thinking":
        words += ["--reasoning", "off"]
    elif thinking is not None:
        words += ["--chat-template-kwargs", json.dumps({thinking.switch: thinking.off})]
    return words


def _sampling(deployment: Deployment) -> list[str]:
    family, card = deployment.model.family, deployment.model.card
    if family is None or (card is not None and card.sampling.temperature is not None):
        return []  # what a file says of itself, llama.cpp takes from it
    sampling = family.sampling
    values = (
        ("--temp", sampling.temperature),
        ("--top-p", sampling.top_p),
        ("--top-k", sampling.top_k),
        ("--min-p", sampling.min_p),
    )
    return [word for option, value in values if value is not None for word in (option, f"{value:g}")]


def _parsers(deployment: Deployment, *, auto: list[str]) -> list[str]:
    family = deployment.model.family
    parsers = family.parsers(deployment.engine.name) if family else None
    words: list[str] = []
    if parsers is not None and parsers.tool_call_parser is not None:
        words += [*auto, "--tool-call-parser", parsers.tool_call_parser]
    if parsers is not None and parsers.reasoning_parser is not None:
        words += ["--reasoning-parser", parsers.reasoning_parser]
    return words


def _default_template_values(deployment: Deployment) -> list[str]:
    thinking = _told_off(deployment)
    if thinking is None or not thinking.in_template:
        return []
    return ["--default-chat-template-kwargs", json.dumps({thinking.switch: thinking.off})]


def _told_off(deployment: Deployment) -> Thinking | None:
    """The model's thinking, where the server is to turn it off and can."""
    thinking = deployment.model.thinking
    return thinking if deployment.no_thinking and thinking is not None and thinking.switch is not None else None


def _computes_fp8(deployment: Deployment) -> bool:
    """Whether the card has FP8 arithmetic, which `e4m3` needs: from compute capability 8.9 (Ada)."""
    major, _, minor = (deployment.target.compute_capability or "9.0").partition(".")
    return (int(major), int(minor or 0)) >= (8, 9)
