from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.programs import put_on_path

from anvil_serving.substrate.docker.compose import ComposeCall, call_of, describe, would_recreate
from anvil_serving.substrate.docker.docker import ComposeMissing, DockerFailed
from anvil_serving.substrate.manifest import load_manifest

if TYPE_CHECKING:
    from pathlib import Path

# `docker compose config --format json` of Compose 2.40.3, for a service with GPUs in both spellings.
CONFIG = """{
  "name": "serves",
  "services": {
    "heavy": {
      "command": ["--served-model-name", "qwen", "--template", "$${x}"],
      "container_name": "sglang",
      "deploy": {"resources": {"reservations": {"devices": [
        {"capabilities": ["gpu"], "driver": "nvidia", "device_ids": ["GPU-a"]}]}}, "placement": {}},
      "entrypoint": null,
      "gpus": [{"device_ids": ["GPU-b"]}],
      "image": "anvil-tiny:1",
      "ports": [{"mode": "ingress", "host_ip": "127.0.0.1", "target": 8000, "published": "1", "protocol": "tcp"}]
    },
    "plain": {"command": null, "entrypoint": null, "deploy": {"resources": {"reservations": {"devices": "odd"}}}}
  }
}
"""
CALL = ComposeCall(("docker", "compose", "-f", "c.yml"), "heavy")


def docker(folder: Path, monkeypatch: pytest.MonkeyPatch, config: str, end: str = "") -> None:
    (folder / "config").write_text(config)
    script = f'#!/bin/sh\ncase "$*" in *--hash*) echo "$6 abc123" ;; *) cat \'{folder / "config"}\' ;; esac\n{end}\n'
    put_on_path(folder, monkeypatch, "docker", script)


def entries(folder: Path, *lines: str) -> list[ComposeCall | None]:
    texts = [f'[[serve]]\nname = "s{n}"\ncontainer = "c{n}"\nport = 1\n{line}\n' for n, line in enumerate(lines)]
    path = folder / "serves.toml"
    path.write_text("".join(texts))
    manifest = load_manifest(path)
    return [call_of(manifest, serve) for serve in manifest.serves]


def test_how_compose_is_called_for_an_entry(tmp_path: Path) -> None:
    own, named, words, profile, two, script, nothing = entries(
        tmp_path,
        'compose = "c.yml"',
        'compose = "/etc/c.yml"\nservice = "svc"',
        'up = "docker compose -f {dir}/c.yml up -d svc"',
        'up = "docker compose -f {dir}/c.yml --profile gpu up --detach svc"',
        'up = "docker compose up -d one two"',
        'up = "bash {dir}/up.sh"',
        "",
    )
    file = f"{tmp_path}/c.yml"
    assert own == ComposeCall(("docker", "compose", "-f", file), "s0")
    assert own.up() == ("docker", "compose", "-f", file, "up", "-d", "s0")
    assert named == ComposeCall(("docker", "compose", "-f", "/etc/c.yml"), "svc")
    assert words == ComposeCall(("docker", "compose", "-f", file), "svc")
    assert profile == ComposeCall(("docker", "compose", "-f", file, "--profile", "gpu"), "svc")
    # Whose container is whose is not known.
    assert (two, script, nothing) == (None, None, None)


def test_what_a_compose_file_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, monkeypatch, CONFIG)

    service = describe(CALL)

    assert (service.project, service.container, service.image) == ("serves", "sglang", "anvil-tiny:1")
    assert service.command == ("--served-model-name", "qwen", "--template", "${x}")
    assert service.gpus == ("GPU-a", "GPU-b")
    assert service.config_hash == "abc123"
    plain = describe(ComposeCall(CALL.prefix, "plain"))
    assert (plain.image, plain.command, plain.gpus) == (None, None, ())


@pytest.mark.parametrize(
    ("config", "end", "reason"),
    [
        ("{}", "", "has no service heavy; it has none"),
        ('{"services": {"other": {}}}', "", "it has other"),
        ("no JSON", "", "something else than JSON"),
        ('{"services": [1]}', "", "something else than JSON"),
        ("[" * 100_000, "", "something else than JSON"),
        ("", "echo 'yaml: line 3: mapping values are not allowed' >&2; exit 1", "yaml: line 3"),
    ],
)
def test_a_compose_file_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str, end: str, reason: str
) -> None:
    docker(tmp_path, monkeypatch, config, end)

    with pytest.raises(DockerFailed, match=reason):
        describe(CALL)


@pytest.mark.parametrize(
    ("said", "end", "anew"),
    [
        # Compose 2.40.3, on stderr.
        (" DRY-RUN MODE -  Container sglang  Running ", "", False),
        (" DRY-RUN MODE -  Container sglang  Starting ", "", False),
        (" DRY-RUN MODE -  Container sglang  Recreate \n DRY-RUN MODE -  Container sglang  Recreated ", "", True),
        (" DRY-RUN MODE -  Container dep  Recreate \n DRY-RUN MODE -  Container sglang  Running ", "", False),
        ("unknown flag: --dry-run", "exit 16", True),  # an older one
    ],
)
def test_what_compose_itself_would_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, end: str, anew: bool
) -> None:
    docker(tmp_path, monkeypatch, said, end)

    assert would_recreate(CALL, "sglang") is anew


def test_no_compose_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docker(tmp_path, monkeypatch, "", "echo \"unknown shorthand flag: 'f' in -f\" >&2; exit 125")

    with pytest.raises(ComposeMissing) as caught:
        describe(CALL)
    assert "docker-compose-plugin" in str(caught.value.hint)
