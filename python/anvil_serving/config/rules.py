"""What the tables of a configuration must agree on, and what is allowed but probably not meant.

The rules read the parsed document, not the structs: they also run when the shape has problems elsewhere, so that one
report holds everything. What has a wrong type is skipped here; `shape.py` reports it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from .budget import Budget
from .problems import Finding, Path
from .schema import PRESET_WORK_CLASSES, WORK_CLASSES
from .suggest import listing, suggestion
from .url import hostname

__all__ = ["rule_findings"]

# Their servers are not yours, whatever `privacy` says.
_VENDORS = ("api.anthropic.com", "api.openai.com", "generativelanguage.googleapis.com", "openrouter.ai")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class _Tier(Struct, frozen=True):
    path: Path
    table: Mapping[str, Any]

    def text(self, key: str) -> str:
        return _text(self.table, key)


def rule_findings(document: Mapping[str, Any]) -> list[Finding]:
    """Every rule between tables that `document`, as `tomllib` parsed it, breaks."""
    router = document.get("router")
    if not isinstance(router, dict):
        return []
    tiers = list(_tiers(router))
    presets = router.get("presets", {})
    presets = presets if isinstance(presets, dict) else {}
    return [
        *_tier_names(tiers),
        *(finding for tier in tiers for finding in _urls(tier)),
        *(finding for tier in tiers for finding in _privacy(tier)),
        *_presets(presets, [tier.text("id") for tier in tiers]),
        *_purposes(presets, tiers),
        *_shadows(presets, tiers),
        *_metered(router, tiers),
        *_aliases(router, presets, tiers),
        *_clients(document.get("server"), presets),
        *_budgets(router.get("budget"), document.get("server")),
        *_values(router),
    ]


def _tiers(router: Mapping[str, Any]) -> Iterator[_Tier]:
    tables = router.get("tiers")
    if isinstance(tables, list):
        for index, table in enumerate(tables):
            if isinstance(table, dict):
                yield _Tier(("router", "tiers", index), table)


def _warning(path: Path, message: str, hint: str) -> Finding:
    return Finding(path=path, message=message, hint=hint, severity="warning")


def _tier_names(tiers: list[_Tier]) -> Iterator[Finding]:
    seen: set[str] = set()
    lowered: set[str] = set()
    for tier in tiers:
        name = tier.text("id")
        path = (*tier.path, "id")
        if not name:
            continue
        if name in seen:
            yield Finding(path=path, message=f'there is a tier "{name}" already', hint="give each tier its own id")
        elif name.lower() in lowered:
            hint = "choose ids that differ in more: callers' names are compared in lower case"
            yield _warning(path, f'"{name}" differs from another tier only in case', hint)
        seen.add(name)
        lowered.add(name.lower())


def _urls(tier: _Tier) -> Iterator[Finding]:
    replicas = tier.table.get("replicas")
    places: list[tuple[Path, object]] = [((*tier.path, "base_url"), tier.table.get("base_url"))]
    if isinstance(replicas, list):
        places += [((*tier.path, "replicas", index), url) for index, url in enumerate(replicas)]
    seen: set[str] = set()
    for path, url in places:
        if not isinstance(url, str):
            continue
        if url.rstrip("/") in seen:
            yield Finding(path=path, message="the tier has this URL already", hint="name each replica once")
        seen.add(url.rstrip("/"))
    for path, url in [*places, ((*tier.path, "proxy"), tier.table.get("proxy"))]:
        if isinstance(url, str) and hostname(url) == "localhost":
            hint = "write 127.0.0.1: localhost may be tried over IPv6 first, which can take seconds"
            yield _warning(path, "names localhost", hint)


def _privacy(tier: _Tier) -> Iterator[Finding]:
    url = tier.text("base_url")
    host = hostname(url)
    if tier.text("privacy") == "local" and host in _VENDORS:
        hint = 'set privacy = "cloud", so that only the work classes in `metered_cloud` may use it'
        yield _warning((*tier.path, "privacy"), f"{host} is not a local server, and it bills", hint)
    if tier.text("privacy") == "cloud" and url.lower().startswith("http:") and host not in _LOOPBACK:
        yield _warning((*tier.path, "base_url"), "prompts and the key travel unencrypted", "use https")


def _presets(presets: Mapping[str, Any], tier_ids: list[str]) -> Iterator[Finding]:
    for name, listed in presets.items():
        if not isinstance(listed, list):
            continue
        for index, tier_id in enumerate(listed):
            path = ("router", "presets", name, index)
            if not isinstance(tier_id, str) or not tier_id:
                continue
            if tier_id not in tier_ids:
                known = [known for known in tier_ids if known]
                hint = suggestion(tier_id, known) or f"use one of {listing(known)}, or add the tier"
                yield Finding(path=path, message=f'there is no tier "{tier_id}"', hint=hint)
            elif tier_id in listed[:index]:
                yield Finding(path=path, message=f'lists tier "{tier_id}" twice', hint="name each tier once")


def _purposes(presets: Mapping[str, Any], tiers: list[_Tier]) -> Iterator[Finding]:
    """A preset of tiers that all serve something else leads there; one among others is passed by."""
    silent = {tier.text("id") for tier in tiers if "chat" not in _listed(tier.table.get("purposes", ["chat"]))}
    for name, listed in presets.items():
        if set(_listed(listed)) <= silent:
            continue
        for index, tier_id in enumerate(_listed(listed)):
            if tier_id in silent:
                hint = 'add "chat" to its `purposes`, or take it out of the preset'
                yield _warning(("router", "presets", name, index), f'tier "{tier_id}" serves no chat', hint)


def _listed(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _shadows(presets: Mapping[str, Any], tiers: list[_Tier]) -> Iterator[Finding]:
    names: dict[str, str] = {}
    for preset in presets:
        earlier = names.setdefault(preset.lower(), preset)
        if earlier != preset:
            message = f'differs from preset "{earlier}" only in case, and is never reached'
            yield _warning(("router", "presets", preset), message, "merge the two")
    for tier in tiers:
        if tier.text("id").lower() in names:
            hint = f"rename the tier, or pin it as model:{tier.text('id')}"
            yield _warning((*tier.path, "id"), "is also the name of a preset, and the preset wins", hint)


def _aliases(router: Mapping[str, Any], presets: Mapping[str, Any], tiers: list[_Tier]) -> Iterator[Finding]:
    aliases = router.get("aliases", {})
    if not isinstance(aliases, dict):
        return
    # As callers' names are compared.
    pins = {tier.text("id").lower() for tier in tiers}
    names = {name.lower() for name in presets} | pins
    for pattern, target in aliases.items():
        path = ("router", "aliases", pattern)
        if not isinstance(target, str) or not target:
            continue
        wanted = target.lower()
        if wanted.removeprefix("model:") not in (pins if wanted.startswith("model:") else names):
            known = sorted({*presets, *(f"model:{tier.text('id')}" for tier in tiers)})
            hint = suggestion(target, known) or f"use one of {listing(known)}"
            yield Finding(path=path, message=f'there is no preset or tier "{target}"', hint=hint)
        if pattern.lower() in names:
            yield _warning(path, "is the name of a preset or a tier, which comes first", "remove it")


def _budgets(budget: object, server: object) -> Iterator[Finding]:
    if not isinstance(budget, dict):
        return
    clients = server.get("clients") if isinstance(server, dict) else None
    names = [_text(client, "name") for client in (clients if isinstance(clients, list) else [])]
    named = budget.get("named", {})
    for name, table in named.items() if isinstance(named, dict) else ():
        path: Path = ("router", "budget", "named", name)
        if not isinstance(table, dict):
            continue
        if "tokens" not in table and "usd" not in table:
            yield _warning(path, "limits nothing", "give it `tokens` or `usd`, or remove it")
        for place, client in enumerate(_listed(table.get("clients"))):
            if client not in names:
                hint = suggestion(client, names) or "name a client of [[server.clients]]"
                yield Finding(path=(*path, "clients", place), message=f'there is no client "{client}"', hint=hint)
    answer = budget.get("answer_tokens", Budget().answer_tokens)
    for key in ("session_tokens", "client_tokens"):
        limit = budget.get(key)
        if isinstance(limit, int) and isinstance(answer, int) and limit <= answer:
            message = f"a request that sets no cap takes {answer} tokens aside for its answer, and is always refused"
            yield _warning(("router", "budget", key), message, "raise it, or lower `answer_tokens`")


def _text(table: object, key: str) -> str:
    value = table.get(key) if isinstance(table, dict) else None
    return value if isinstance(value, str) else ""


def _clients(server: object, presets: Mapping[str, Any]) -> Iterator[Finding]:
    clients = server.get("clients") if isinstance(server, dict) else None
    seen: set[str] = set()
    for index, client in enumerate(clients if isinstance(clients, list) else []):
        if not isinstance(client, dict):
            continue
        path: Path = ("server", "clients", index)
        name = client.get("name")
        if isinstance(name, str):
            if name in seen:
                yield Finding(path=path, message=f'there is a client "{name}" already', hint="give each its own name")
            seen.add(name)
        if ("auth_env" in client) == ("auth_sha256" in client):
            hint = "name the variable that holds its token with `auth_env`, or give the token's hash as `auth_sha256`"
            yield Finding(path=path, message="needs exactly one of `auth_env` and `auth_sha256`", hint=hint)
        for place, preset in enumerate(_listed(client.get("presets"))):
            if preset not in presets:
                hint = suggestion(preset, presets) or f"use one of {listing(presets)}"
                message = f'there is no preset "{preset}"'
                yield Finding(path=(*path, "presets", place), message=message, hint=hint)


def _metered(router: Mapping[str, Any], tiers: list[_Tier]) -> Iterator[Finding]:
    classes = router.get("metered_cloud", [])
    if not isinstance(classes, list):
        return
    for index, name in enumerate(classes):
        if isinstance(name, str) and name not in WORK_CLASSES:
            meant = PRESET_WORK_CLASSES.get(name)
            near = f"did you mean `{meant}`?" if meant else suggestion(name, WORK_CLASSES)
            hint = near or f"use any of {listing(WORK_CLASSES)}"
            yield _warning(
                ("router", "metered_cloud", index), f'"{name}" is not a work class, so it allows nothing', hint
            )
    clouds = [tier for tier in tiers if tier.text("privacy") == "cloud"]
    if clouds and not classes:
        hint = "list in [router] metered_cloud the work classes that may bill, or remove the tier"
        yield _warning(clouds[0].path, "a cloud tier is never used while `metered_cloud` is empty", hint)


def _values(router: Mapping[str, Any]) -> Iterator[Finding]:
    status = router.get("exhaustion_status")
    if isinstance(status, int) and 400 <= status < 500:
        message = f"{status} says that the caller is at fault; most clients will not retry"
        yield _warning(("router", "exhaustion_status"), message, "use 500 to 599")
    if not router.get("presets"):
        hint = 'add [router.presets], such as quick-edit = ["fast", "heavy"]'
        yield _warning(("router",), "there are no presets, so only a tier's own id leads anywhere", hint)
