"""A deployment as a Compose file: by a library, read back and compared, and shown to Docker where there is one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from anvil_serving.errors import StartupError
from anvil_serving.layout import printable
from anvil_serving.substrate.command import CommandMissing, CommandTimedOut, run

from .engine_command import WEIGHTS, arguments
from .gpu_target import GPU_VARIABLE

if TYPE_CHECKING:
    from .deployment import Deployment

__all__ = ["check_with_docker", "compose_document", "compose_text", "not_installed"]

_DOWNLOADS: Final = "anvil-weights"
"""The named volume that the services of a machine download weights to."""

_DOCKER_SECONDS: Final = 30.0
_HEALTH_START: Final = "30m"
"""As long as a large model may load, and kernels may be compiled, before a failed probe counts."""


class _Variable(str):
    """A text with a variable that Compose is to fill in."""

    __slots__ = ()


def not_installed() -> StartupError:
    """The error where the library that writes the file is not installed."""
    return StartupError(
        "writing a compose file needs a library that is not installed", hint="pip install 'anvil-serving[deploy]'"
    )


def compose_text(deployment: Deployment) -> str:
    """The file. Raises `StartupError` where something in it could not be read back as it was meant."""
    try:
        import yaml  # noqa: PLC0415 - only `deploy` needs it: an extra
    except ModuleNotFoundError:
        raise not_installed() from None

    class Dumper(yaml.SafeDumper):
        """Strings in quotes: what is a number, a date or a truth in some version of YAML stays a text in all."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    def quoted(dumper: yaml.SafeDumper, data: str) -> yaml.ScalarNode:
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=None if _is_plain(data) else '"')

    Dumper.add_representer(str, quoted)
    Dumper.add_representer(_Variable, lambda dumper, data: quoted(dumper, str(data)))
    document = _escaped(compose_document(deployment))
    body = yaml.dump(document, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    text = "".join(f"# {line}\n" for line in _header(deployment)) + body
    try:
        if yaml.safe_load(text) == document:
            return text
    except yaml.YAMLError:
        pass
    raise StartupError(
        "a name in the compose file cannot be written in YAML", hint="use plain letters in names and paths"
    )


def compose_document(deployment: Deployment) -> dict[str, Any]:
    """What the file says, before `$` is escaped. It is Compose's own format, which has no struct."""
    engine, target = deployment.engine, deployment.target
    service: dict[str, Any] = {
        "image": deployment.image,
        "container_name": deployment.container,
        "restart": "unless-stopped",
    }
    if engine.entrypoint:
        service["entrypoint"] = list(engine.entrypoint)
    service |= {
        "command": list(arguments(deployment)),
        "environment": _environment(deployment),
        "ports": [
            {
                "target": deployment.port,
                "published": str(deployment.port),
                "host_ip": deployment.host,
                "protocol": "tcp",
            }
        ],
        "volumes": _mounts(deployment),
        "healthcheck": _healthcheck(deployment),
        "stop_grace_period": "1m",
        "security_opt": ["no-new-privileges:true"],
        "logging": {"driver": "json-file", "options": {"max-size": "20m", "max-file": "5"}},
    }
    if engine.shared_memory is not None:
        service["shm_size"] = engine.shared_memory
    if target.kind != "cpu":
        service["ulimits"] = {"memlock": -1, "stack": 67_108_864}
        device = {"driver": "nvidia", "device_ids": _card_names(deployment), "capabilities": ["gpu"]}
        service["deploy"] = {"resources": {"reservations": {"devices": [device]}}}
    document: dict[str, Any] = {"name": f"anvil-{deployment.service}", "services": {deployment.service: service}}
    volumes = _volumes(deployment)
    if volumes:
        document["volumes"] = volumes
    return document


def check_with_docker(text: str, deployment: Deployment) -> str | None:
    """Has `docker compose` read the file. Returns why it could not be asked; None where it accepts the file.

    Raises `StartupError` where it refuses it.
    """
    try:
        if run(("docker", "compose", "version"), seconds=_DOCKER_SECONDS).status != 0:
            return "docker compose is not installed"
        with tempfile.TemporaryDirectory(prefix="anvil-deploy-") as folder:
            path = Path(folder) / "compose.yaml"
            path.write_text(text, encoding="utf-8")
            # Any UUIDs will do, but no two of a list may be the same.
            known = {name: f"GPU-{number:08}" for number, name in enumerate(_variables(deployment))}
            output = run(
                ("docker", "compose", "--file", str(path), "config", "--quiet"),
                seconds=_DOCKER_SECONDS,
                folder=path.parent,
                environment=known,
            )
    except CommandMissing:
        return "docker is not installed"
    except CommandTimedOut as error:
        return f"{error}"
    if output.status != 0:
        raise StartupError(f"docker compose refuses the file: {output.complaint}", hint="pass --dry-run to see it")
    return None


def _header(deployment: Deployment) -> list[str]:
    target = deployment.target
    on = {"cpu": "the CPU"}.get(target.kind) or target.name or "a GPU"
    lines = [
        f"{deployment.engine.title} {deployment.engine.version} serves {deployment.model.source.name} on {on}"
        + (f", {target.cards} of them" if target.cards > 1 else ""),
        "Written by `anvil-serving deploy`; changes by hand stay until it is run again with --force.",
    ]
    if deployment.memory_line is not None:
        lines.append(f"Memory: {deployment.memory_line}.")
    lines += [f"Note: {warning}." for warning in deployment.warnings]
    return [printable(line) for line in lines]


def _environment(deployment: Deployment) -> dict[str, str | None]:
    source = deployment.model.source
    values: dict[str, str | None] = dict(deployment.environment)
    if deployment.target.kind != "cpu":
        values["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        if deployment.target.kind != "index":
            # With numbers, a container that is given card 1 alone would find it as card 0.
            values["CUDA_VISIBLE_DEVICES"] = _joined(_card_names(deployment))
    if source.mount is not None:
        values |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    else:
        # Without a value: Compose hands on the caller's, where there is one.
        values |= {"HF_HOME": WEIGHTS, "LLAMA_CACHE": WEIGHTS, "HF_TOKEN": None}
    return values


def _card_names(deployment: Deployment) -> list[str]:
    if deployment.target.kind != "variable":
        return list(deployment.target.ids)
    return [
        _Variable(f"${{{name}:?set it to the UUID of the card; nvidia-smi -L lists them}}")
        for name in _variables(deployment)
    ]


def _variables(deployment: Deployment) -> list[str]:
    if deployment.target.kind != "variable":
        return []
    cards = deployment.target.cards
    return [GPU_VARIABLE] if cards == 1 else [f"{GPU_VARIABLE}_{number}" for number in range(cards)]


def _joined(names: list[str]) -> str:
    joined = ",".join(names)
    return _Variable(joined) if any(isinstance(name, _Variable) for name in names) else joined


def _mounts(deployment: Deployment) -> list[dict[str, Any]]:
    source = deployment.model.source
    if source.mount is None:
        mounts: list[dict[str, Any]] = [{"type": "volume", "source": "weights", "target": WEIGHTS}]
    else:
        mounts = [
            {
                "type": "bind",
                "source": str(source.mount),
                "target": WEIGHTS,
                "read_only": True,
                # A path that is not there is an error, and not a new folder that belongs to root.
                "bind": {"create_host_path": False},
            }
        ]
    if deployment.engine.name != "llama.cpp":
        # What was compiled for this card once, so that the next start is quick.
        mounts.append({"type": "volume", "source": "compiled", "target": "/root/.cache"})
    return mounts


def _volumes(deployment: Deployment) -> dict[str, Any]:
    volumes: dict[str, Any] = {}
    if deployment.model.source.mount is None:
        volumes["weights"] = {"name": _DOWNLOADS}
    if deployment.engine.name != "llama.cpp":
        volumes["compiled"] = {"name": f"anvil-{deployment.service}-compiled"}
    return volumes


def _healthcheck(deployment: Deployment) -> dict[str, Any]:
    url = f"http://127.0.0.1:{deployment.port}{deployment.engine.health}"
    if deployment.engine.probe == "curl":
        test = ["CMD", "curl", "--fail", "--silent", "--show-error", "--max-time", "8", url]
    else:
        test = ["CMD", "python3", "-c", f"import urllib.request as u; u.urlopen('{url}', timeout=8)"]
    return {"test": test, "interval": "15s", "timeout": "10s", "retries": 4, "start_period": _HEALTH_START}


def _escaped(value: Any) -> Any:
    """`$` as `$$`, which Compose takes for a dollar and not for a variable (Compose specification, "Interpolation")."""
    if isinstance(value, _Variable):
        return str(value)
    if isinstance(value, str):
        if any(not char.isprintable() for char in value):
            raise StartupError(
                f"{printable(value[:80])!r} has characters that no file should have in its name", hint="rename it"
            )
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: _escaped(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_escaped(member) for member in value]
    return value


_WORDS: Final = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"})


def _is_plain(text: str) -> bool:
    """Whether it needs no quotes in any version of YAML: a word of letters, with marks that mean nothing there."""
    return (
        text[:1].isalpha()
        and text.isascii()
        and text.replace("-", "").replace("_", "").isalpha()
        and text.lower() not in _WORDS
    )
