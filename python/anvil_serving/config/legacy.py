"""What files written for 0.7.1 may hold that 0.8 reads in another way.

0.7.1 validated `[router]` and `[server] auth_env`. One file could also hold a serves manifest (`[[serve]]`, which
`schema.py` describes) and the five top-level keys below, which nothing reads any more.
"""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Any

from anvil_serving.files import expanded

from .problems import Finding, Path
from .serve import Serve
from .suggest import listing, suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RETIRED", "modernise"]

RETIRED: Mapping[str, str] = {
    "claude_logs": "say where the logs are on the command line of `usage`",
    "hf_extra_roots": "name the folders on the command line of `models sync`",
    "model_dirs": "name the folders on the command line of `models sync`",
    "gpu_index": "name the GPU on the command line of `deploy`",
    "served_model_name": "set `model` in the tier",
}
"""Top-level keys without a meaning, and where the setting went."""

_SERVE_KEYS = Serve.__struct_fields__


def modernise(document: Mapping[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """The document as 0.8 reads it, and a warning for each thing that changed its meaning.

    The result shares what was not changed with the argument, which is left as it is. Paths stay the same.
    """
    findings = [
        Finding(
            path=(key,), message="has no meaning any more and is ignored", hint=f"remove it; {hint}", severity="warning"
        )
        for key, hint in RETIRED.items()
        if key in document
    ]
    modern = {key: value for key, value in document.items() if key not in RETIRED}
    router = modern.get("router")
    if isinstance(router, dict):
        modern["router"] = _router(router, findings)
    serves = modern.get("serve")
    if isinstance(serves, list):
        modern["serve"] = [_serve(serve, ("serve", index), findings) for index, serve in enumerate(serves)]
    return modern, findings


def _router(router: Mapping[str, Any], findings: list[Finding]) -> dict[str, Any]:
    modern = dict(router)
    status = modern.get("exhaustion_status")
    # 0.7.1 took any status. Below 400 a client would take the failure for an answer: such a value is not honoured.
    if isinstance(status, int) and not isinstance(status, bool) and 100 <= status < 400:
        del modern["exhaustion_status"]
        findings.append(
            Finding(
                path=("router", "exhaustion_status"),
                message=f"{status} does not say that the request failed; 503 is used",
                hint="use 500 to 599, or remove the key",
                severity="warning",
            )
        )
    tiers = modern.get("tiers")
    if isinstance(tiers, list):
        modern["tiers"] = [_tier(tier) for tier in tiers]
    profile = modern.get("profile_path")
    if isinstance(profile, str) and profile.startswith("~"):
        # Without a home it stays as written, and opening it says so.
        modern["profile_path"] = str(expanded(FilePath(profile)))
    return modern


def _tier(tier: object) -> object:
    # In 0.7.1 an empty model was the same as none.
    if isinstance(tier, dict) and tier.get("model") == "":
        return {key: value for key, value in tier.items() if key != "model"}
    return tier


def _serve(serve: object, path: Path, findings: list[Finding]) -> object:
    if not isinstance(serve, dict):
        return serve
    for key in serve:
        # 0.7.1 read six keys and let any other one stand.
        if key not in _SERVE_KEYS:
            hint = suggestion(key, _SERVE_KEYS) or f"remove it; known here: {listing(_SERVE_KEYS)}"
            findings.append(
                Finding(path=(*path, key), message="is not known and is ignored", hint=hint, severity="warning")
            )
    # These were the same as none when empty.
    empty = {key for key in ("model", "health", "up") if serve.get(key) == ""}
    return {key: value for key, value in serve.items() if key in _SERVE_KEYS and key not in empty}
