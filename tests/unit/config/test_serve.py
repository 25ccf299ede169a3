from __future__ import annotations

from typing import Any

import pytest

from anvil_serving.config import Document, InvalidConfig, Serve, loads
from anvil_serving.config.serve import serve_findings
from anvil_serving.config.shape import shape_findings

ROUTER = """
[router.presets]
chat = ["t"]
[[router.tiers]]
id = "t"
base_url = "http://127.0.0.1:1"
context_limit = 1
privacy = "local"
"""


def entry(**changes: Any) -> dict[str, Any]:
    return {"name": "heavy", "container": "sglang", "port": 30000, **changes}


def test_names_and_containers_are_unique_and_ports_may_take_turns() -> None:
    assert list(serve_findings({"serve": [entry(), entry(name="b", container="c")]})) == []

    findings = list(serve_findings({"serve": [entry(), entry(), "nonsense"]}))

    assert [finding.path for finding in findings] == [("serve", 1, "name"), ("serve", 1, "container")]
    assert {finding.severity for finding in findings} == {"error"}


def test_a_serve_is_started_in_one_way() -> None:
    (both,) = serve_findings({"serve": [entry(compose="c.yml", up="docker start sglang")]})
    (idle,) = serve_findings({"serve": [entry(service="sglang")]})

    assert (both.path, both.severity) == (("serve", 0, "up"), "error")
    assert (idle.path, idle.severity) == (("serve", 0, "service"), "warning")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "a\x1b[2J"),
        ("name", ""),
        ("container", "--privileged"),
        ("container", "a b"),
        ("container", ""),
        ("service", "-d"),
        ("host", "localhost"),
        ("host", "0.0.0.0 "),
        ("health", "health"),
        ("health", "/a b"),
        ("health", "/a\r\nHost: b"),
        ("up", "docker run 'x"),
        ("up", " "),
        ("up", "docker\0run"),
        ("compose", ""),
        ("compose", "a\0b"),
        ("port", 0),
        ("ready_timeout", float("inf")),
    ],
)
def test_what_docker_or_an_address_would_misread_is_refused(key: str, value: object) -> None:
    document = {"router": {"tiers": [{}]}, "serve": [entry(**{key: value})]}

    (finding,) = [finding for finding in shape_findings(document, Document) if finding.path[0] == "serve"]

    assert finding.path == ("serve", 0, key)
    assert finding.hint


@pytest.mark.parametrize("gpu", ["0", "all", "GPU-", "GPU-1 2", "GPU-1,GPU-2"])
def test_a_gpu_is_named_by_its_uuid(gpu: str) -> None:
    document = {"router": {"tiers": [{}]}, "serve": [entry(gpus=[gpu])]}

    (finding,) = [finding for finding in shape_findings(document, Document) if finding.path[0] == "serve"]

    assert finding.path == ("serve", 0, "gpus", 0)


def test_everything_that_an_entry_may_say_is_read() -> None:
    text = """
    [[serve]]
    name = "heavy"
    container = "sglang"
    port = 30000
    host = "::1"
    model = "m"
    image = "i:1"
    gpus = ["GPU-5e8f", "MIG-GPU-5e8f/1/0"]
    health = "/v1/health?deep=1"
    auth_env = "KEY"
    compose = "compose.yml"
    service = "s"
    ready_timeout = 60
    [[serve]]
    name = "fast"
    container = "vllm"
    port = 30001
    up = 'bash "{dir}/fast.sh"'
    """
    heavy, fast = loads(text + ROUTER, name="router.toml").serve

    assert heavy == Serve(
        name="heavy",
        container="sglang",
        port=30000,
        host="::1",
        model="m",
        image="i:1",
        gpus=("GPU-5e8f", "MIG-GPU-5e8f/1/0"),
        health="/v1/health?deep=1",
        auth_env="KEY",
        compose="compose.yml",
        service="s",
        ready_timeout=60,
    )
    assert (fast.up, fast.health, fast.host, fast.ready_timeout) == (
        'bash "{dir}/fast.sh"',
        "/health",
        "127.0.0.1",
        900,
    )


def test_a_configuration_reports_the_lines_of_its_serves() -> None:
    text = '[[serve]]\nname = "a"\ncontainer = "a"\nport = "30000"\n[[serve]]\nname = "a"\ncontainer = "b"\nport = 1\n'

    with pytest.raises(InvalidConfig) as caught:
        loads(text + ROUTER, name="router.toml")

    assert [(problem.line, problem.key) for problem in caught.value.problems] == [
        (4, "serve[0].port"),
        (6, "serve[1].name"),
    ]


def test_what_0_7_1_let_stand_in_an_entry_is_a_warning() -> None:
    text = '[[serve]]\nname = "a"\ncontainer = "a"\nport = 1\nmodel = ""\nup = ""\nhealth = ""\ncontainr = "b"\n'

    config = loads(text + ROUTER, name="router.toml")

    assert config.serve == (Serve(name="a", container="a", port=1),)
    (warning,) = config.warnings
    assert (warning.line, warning.key) == (8, "serve[0].containr")
    assert warning.hint == "did you mean `container`?"
