"""What the manifest and the configuration say of a deployment."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

import msgspec

from anvil_serving.config import Serve, Tier, loads
from anvil_serving.errors import StartupError
from anvil_serving.layout import printable

from .compose_file import not_installed

if TYPE_CHECKING:
    from pathlib import Path

    from .deployment import Deployment

__all__ = ["serve_of", "tier_of", "tier_text"]

_CPU_FIRST_BYTE_SECONDS = 600.0
"""A CPU reads a harness's first prompt for minutes."""

_GPU_FIRST_BYTE_SECONDS = 180.0
_LONG_CONTEXT = 65_536
_READY_SECONDS = 1_800.0
"""What the container's own health check grants it."""


def serve_of(deployment: Deployment, compose: Path, manifest: Path) -> Serve:
    """The manifest's entry; the compose file is named from the manifest's folder where it lies in it."""
    folder = manifest.parent.absolute()
    path = compose.absolute()
    named = path.relative_to(folder) if path.is_relative_to(folder) else path
    uuids = deployment.target.ids if deployment.target.kind == "uuid" else ()
    return Serve(
        name=deployment.name,
        container=deployment.container,
        port=deployment.port,
        host=deployment.host,
        model=deployment.served_name,
        image=deployment.image,
        gpus=uuids,
        health=deployment.engine.health,
        compose=named.as_posix(),
        service=deployment.service if deployment.service != deployment.name else None,
        ready_timeout=_READY_SECONDS,
    )


def tier_of(deployment: Deployment) -> Tier:
    """The configuration's tier."""
    return msgspec.convert({"model": None} | _tier_document(deployment), Tier)


def tier_text(deployment: Deployment) -> str:
    """The tier as TOML, which a configuration with it loads. Raises `StartupError`."""
    try:
        import tomli_w  # noqa: PLC0415 - only `deploy` needs it: an extra
    except ModuleNotFoundError:
        raise not_installed() from None
    text = tomli_w.dumps({"router": {"tiers": [_tier_document(deployment)]}})
    loaded = loads(text, name="the tier").router.tiers[0]
    if loaded != tier_of(deployment):
        raise StartupError(f"{printable(deployment.name)} cannot be written in TOML", hint="use plain letters in names")
    return text


def _tier_document(deployment: Deployment) -> dict[str, Any]:
    tier: dict[str, Any] = {
        "id": deployment.name,
        "base_url": f"http://{_reached_at(deployment.host)}:{deployment.port}/v1",
        "model": deployment.served_name,
        "dialect": "openai",
        "dialects": ["openai", "anthropic"],
        "context_limit": deployment.context_tokens,
        "privacy": "local",
        "tool_support": deployment.tool_support,
        "max_concurrency": deployment.running,
    }
    defaults = _thinking_defaults(deployment)
    if defaults:
        tier["extra_body_defaults"] = defaults
    if deployment.target.kind == "cpu":
        tier["timeouts"] = {"first_byte": _CPU_FIRST_BYTE_SECONDS}
    elif deployment.context_tokens > _LONG_CONTEXT:
        tier["timeouts"] = {"first_byte": _GPU_FIRST_BYTE_SECONDS}
    return tier


def _thinking_defaults(deployment: Deployment) -> dict[str, Any]:
    """What turns thinking off in requests that do not say: a small `max_tokens` would be spent on it."""
    thinking = deployment.model.thinking
    if thinking is None or thinking.switch is None or not thinking.default:
        return {}
    switch = {thinking.switch: thinking.off}
    return {"chat_template_kwargs": switch} if thinking.in_template else switch


def _reached_at(host: str) -> str:
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        return "127.0.0.1"
    return f"[{address}]" if address.version == 6 else str(address)
