"""`anvil-serving serves`, on a real Docker engine where one can be started, and on its double everywhere."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tests.fakes.docker.engine import Engine, why_not
from tests.fakes.docker.machine import Machine, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fakes.command_line import Anvil, Ended


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine | str]:
    """An engine that runs, or why there is none."""
    reason = why_not()
    if reason is not None:
        yield reason
        return
    engine = Engine()
    try:
        reason = engine.start()
        if reason is None and engine.docker("compose", "version").returncode != 0:
            reason = "Docker has no compose plugin here"
        yield engine if reason is None else reason
    finally:
        engine.stop()


@pytest.fixture(params=["double", "engine"])
def machine(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    running: Engine | None = None
    if request.param == "engine":
        found = request.getfixturevalue("engine")
        if isinstance(found, str):
            pytest.skip(found)
        running = found
    folder = tmp_path / "my serves"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    machine = Machine(folder, monkeypatch, running)
    yield machine
    machine.clear()


def states(said: Ended) -> dict[str, str]:
    return {serve["name"]: serve["state"] for serve in json.loads(said.out)["serves"]}


def drift(said: Ended) -> list[str]:
    return [drift["what"] for serve in json.loads(said.out)["serves"] for drift in serve["drift"]]


def test_a_serve_is_made_stopped_started_and_removed(machine: Machine, anvil: Anvil) -> None:
    machine.service("heavy")
    machine.manifest("heavy")
    assert states(anvil("serves", "status", "--json")) == {"heavy": "absent"}

    made = anvil("serves", "up")

    assert made.code == 0, made.err
    assert made.out.startswith("heavy: made and started in ")
    assert made.out.endswith("; running\n")
    well = anvil("serves", "status")
    assert (well.code, well.err) == (0, "")
    line = well.out.splitlines()[1].split()
    assert line[:6] == ["heavy", "c-heavy", f"127.0.0.1:{machine.ports['heavy']}", "running", "200", "m-heavy"]

    stopped = anvil("serves", "down")
    assert (stopped.code, stopped.out) == (0, "heavy: stopped; exited\n")
    assert machine.status("c-heavy") == "exited"
    assert states(anvil("serves", "status", "--json")) == {"heavy": "exited"}
    assert anvil("serves", "down").out == "heavy: nothing to do; exited\n"

    assert anvil("serves", "up", "c-heavy").out.startswith("heavy: started in ")
    refused = anvil("serves", "rm", "heavy")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("error: heavy: container c-heavy is running\nhint: ")
    assert anvil("serves", "rm", "heavy", "--force").out == "heavy: removed; absent\n"
    assert anvil("serves", "rm", "heavy").out == "heavy: nothing to do; absent\n"


def test_up_changes_nothing_where_nothing_has_changed(machine: Machine, anvil: Anvil) -> None:
    machine.service("heavy")
    machine.manifest("heavy")
    anvil("serves", "up")
    before = machine.identity("c-heavy")

    again = anvil("serves", "up", "--json")

    (outcome,) = json.loads(again.out)
    assert (outcome["action"], outcome["state"], outcome["seconds"]) == ("nothing", "running", None)
    assert machine.identity("c-heavy") == before


def test_a_changed_compose_file_is_drift_until_up(machine: Machine, anvil: Anvil) -> None:
    machine.service("heavy")
    machine.manifest("heavy")
    anvil("serves", "up")
    before = machine.identity("c-heavy")
    machine.service("heavy", "--load", "0")

    drifted = anvil("serves", "status", "--json")

    assert drifted.code == 1
    assert drift(drifted) == ["command"]
    assert anvil("serves", "up").out.startswith("heavy: made anew in ")
    assert machine.identity("c-heavy") != before
    assert anvil("serves", "status").code == 0


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"image": "anvil-tiny:2"}, "image"),
        ({"ports": []}, None),
        ({"environment": {"A": "B"}}, "compose"),
        (
            {
                "deploy": {
                    "resources": {"reservations": {"devices": [{"device_ids": ["GPU-1"], "capabilities": ["gpu"]}]}}
                }
            },
            "gpus",
        ),
    ],
)
def test_what_a_compose_file_says_otherwise_is_named(
    machine: Machine, anvil: Anvil, changes: dict[str, object], what: str | None
) -> None:
    machine.service("heavy")
    machine.manifest("heavy")
    anvil("serves", "up")
    machine.service("heavy", **changes)

    assert drift(anvil("serves", "status", "--json")) == [what or "compose"]


def test_a_file_of_variables_is_no_drift_until_it_changes(machine: Machine, anvil: Anvil) -> None:
    # Compose writes another hash on such a container than it prints for the file.
    (machine.folder / "my.env").write_text("A=1\n")
    machine.service("heavy", env_file="my.env")
    machine.manifest("heavy")
    anvil("serves", "up")

    assert drift(anvil("serves", "status", "--json")) == []
    if machine.is_real:  # the double reads no such file
        (machine.folder / "my.env").write_text("A=2\n")
        assert drift(anvil("serves", "status", "--json")) == ["compose"]


def test_what_a_manifest_says_otherwise_is_named(machine: Machine, anvil: Anvil) -> None:
    machine.service("heavy")
    machine.manifest("heavy")
    anvil("serves", "up")
    port, text = machine.ports["heavy"], (machine.folder / "serves.toml").read_text()
    for change, what in (
        ('host = "127.0.0.2"', "host"),
        ('image = "anvil-tiny:3"', "image"),
        ('gpus = ["GPU-1"]', "gpus"),
    ):
        (machine.folder / "serves.toml").write_text(f"{text}{change}\n")
        assert drift(anvil("serves", "status", "--json")) == [what], what
    (machine.folder / "serves.toml").write_text(text.replace('"m-heavy"', '"other"'))
    said = anvil("serves", "status")
    assert said.code == 1
    assert "heavy: drift: model is m-heavy, not other" in said.out
    (machine.folder / "serves.toml").write_text(text.replace(f"port = {port}", f"port = {free_port()}"))
    assert f"port is 127.0.0.1:{port}, not" in anvil("serves", "status").out


def test_a_serve_that_loads_is_starting_and_then_waited_for(machine: Machine, anvil: Anvil) -> None:
    machine.service("heavy", "--load", "3")
    machine.manifest("heavy")

    left = anvil("serves", "up", "--no-wait")

    assert left.code == 0
    assert left.out.endswith("; starting\n")
    assert states(anvil("serves", "status", "--json")) == {"heavy": "starting"}
    waited = anvil("serves", "up")
    assert waited.code == 0, waited.err
    assert states(anvil("serves", "status", "--json")) == {"heavy": "running"}


def test_a_serve_that_takes_too_long_is_an_error_and_goes_on_loading(machine: Machine, anvil: Anvil) -> None:
    machine.service("heavy", "--load", "60")
    machine.manifest("heavy")

    late = anvil("serves", "up", "--timeout", "2")

    assert late.code == 1
    assert "error: heavy: serve heavy is starting after 2 s; the last that it said:\n" in late.err
    assert "\n  GET /health HTTP/1.1 503 Service Unavailable\n" in late.err
    assert machine.status("c-heavy") == "running"


def test_a_serve_that_crashes_is_an_error_with_its_last_words_and_the_next_one_is_started(
    machine: Machine, anvil: Anvil
) -> None:
    machine.service("heavy", "--crash", "yes")
    machine.service("fast")
    machine.manifest("heavy", "fast")

    said = anvil("serves", "up")

    assert said.code == 1
    assert "error: heavy: container c-heavy ended with exit code 3 after its start" in said.err
    assert "\n  CUDA out of memory\n" in said.err
    assert said.out.startswith("fast: made and started")
    assert states(anvil("serves", "status", "--json")) == {"heavy": "exited", "fast": "running"}


def test_a_paused_serve_goes_on(machine: Machine, anvil: Anvil) -> None:
    machine.service("heavy")
    machine.manifest("heavy")
    anvil("serves", "up")
    machine.docker("pause", "c-heavy")

    assert states(anvil("serves", "status", "--json")) == {"heavy": "paused"}
    assert anvil("serves", "up", "--dry-run").out.splitlines()[0] == "docker unpause c-heavy"
    assert anvil("serves", "up").out.startswith("heavy: unpaused in ")
    machine.docker("pause", "c-heavy")
    assert anvil("serves", "down").out == "heavy: stopped; exited\n"


def test_a_port_that_somebody_else_has_is_named_and_nothing_is_made(machine: Machine, anvil: Anvil) -> None:
    machine.service("heavy")
    machine.manifest("heavy")

    with socket.create_server(("127.0.0.1", machine.ports["heavy"])):
        said = anvil("serves", "up")

    assert said.code == 1
    assert f"port {machine.ports['heavy']} of 127.0.0.1, which serve heavy needs, is taken by " in said.err
    assert f"(process {os.getpid()})" in said.err
    assert states(anvil("serves", "status", "--json")) == {"heavy": "absent"}


def test_two_serves_take_turns_on_a_port(machine: Machine, anvil: Anvil) -> None:
    machine.service("one")
    machine.ports["two"] = machine.ports["one"]
    machine.service("two")
    machine.manifest("one", "two")
    assert anvil("serves", "up", "one").code == 0

    refused = anvil("serves", "up", "two")

    assert refused.code == 1
    assert "is taken by container c-one\nhint: `docker stop c-one` frees it" in refused.err
    assert states(anvil("serves", "status", "--json")) == {"one": "running", "two": "absent"}
    assert anvil("serves", "down", "one").code == 0
    assert anvil("serves", "up", "two").code == 0


def test_serves_come_up_in_order_and_go_down_in_reverse(machine: Machine, anvil: Anvil) -> None:
    for name in ("a", "b", "c"):
        machine.service(name)
    machine.manifest("b", "a", "c")

    assert [line.split(":")[0] for line in anvil("serves", "up", "c", "b").out.splitlines()] == ["b", "c"]
    assert [line.split(":")[0] for line in anvil("serves", "down").out.splitlines()] == ["c", "a", "b"]


def test_a_dry_run_prints_the_commands_that_would_be_run(machine: Machine, anvil: Anvil) -> None:
    machine.service("heavy")
    machine.manifest("heavy")
    file = f"'{machine.folder}/compose.yml'"
    up = f"docker compose -f {file} up -d heavy\n"
    assert anvil("serves", "up", "--dry-run").out == up
    # The first form is how 0.7.1 could be called as well.
    assert anvil("serves", "--dry-run", "up", "heavy").out == up
    assert states(anvil("serves", "status", "--json")) == {"heavy": "absent"}
    anvil("serves", "up")
    assert anvil("serves", "up", "--recreate", "--dry-run").out == f"docker rm -f c-heavy\n{up}"
    assert anvil("serves", "down", "--dry-run").out == "docker stop c-heavy\n"
    assert anvil("serves", "rm", "heavy", "--force", "--dry-run").out == "docker rm -f c-heavy\n"
    assert machine.status("c-heavy") == "running"
    (outcome,) = json.loads(anvil("serves", "down", "--dry-run", "--json").out)
    assert outcome["commands"] == ["docker stop c-heavy"]


def test_a_serve_with_a_command_of_its_own(machine: Machine, anvil: Anvil) -> None:
    port = free_port()
    script = machine.folder / "start it.sh"
    script.write_text(
        f"exec docker run -d --name c-own -p 127.0.0.1:{port}:8000 anvil-tiny:1 --served-model-name old\n"
    )
    entry = f'name = "own"\ncontainer = "c-own"\nport = {port}\nup = \'sh "{{dir}}/start it.sh"\'\nready_timeout = 30\n'
    machine.manifest(more=f"[[serve]]\n{entry}")

    assert anvil("serves", "up").out.startswith("own: made and started in ")
    assert anvil("serves", "up").out == "own: nothing to do; running\n"
    anvil("serves", "down")
    assert anvil("serves", "up", "--dry-run").out == "docker start c-own\n"
    assert anvil("serves", "up").out.startswith("own: started in ")
    before = machine.identity("c-own")
    # A start brings back what the container was made with.
    script.write_text(script.read_text().replace("old", "new"))
    assert anvil("serves", "up", "--recreate").out.startswith("own: made anew in ")
    assert machine.identity("c-own") != before
    assert json.loads(anvil("serves", "status", "--json").out)["serves"][0]["models"] == ["new"]


def test_a_container_that_nobody_can_make(machine: Machine, anvil: Anvil) -> None:
    machine.manifest(more='[[serve]]\nname = "a"\ncontainer = "c-a"\nport = 1\n')

    said = anvil("serves", "up")

    assert said.code == 1
    assert said.err.startswith("error: a: container c-a is not there: the manifest does not say how it is made\nhint: ")


def test_a_service_whose_container_has_another_name(machine: Machine, anvil: Anvil) -> None:
    machine.service("heavy", container_name="other")
    machine.manifest("heavy")

    said = anvil("serves", "up")

    assert said.code == 1
    assert (
        "there is no container c-heavy\nhint: name the service's container with `container_name: c-heavy`" in said.err
    )


@pytest.mark.parametrize("content", [None, "\0\1 no yaml: [", '{"services": {}}'])
def test_a_compose_file_that_cannot_be_used(machine: Machine, anvil: Anvil, content: str | None) -> None:
    machine.service("heavy")
    machine.manifest("heavy")
    anvil("serves", "up")
    file = machine.folder / "compose.yml"
    if content is None:
        file.unlink()
    else:
        file.write_text(content)

    said = anvil("serves", "status")

    assert said.code == 0
    assert "heavy: it is not held to its compose file: " in " ".join(said.out.split())
    failed = anvil("serves", "up")
    assert failed.code == 1
    assert failed.err.splitlines()[-1].startswith(("error: heavy: `docker compose", "hint: "))
    assert machine.status("c-heavy") == "running"


def test_the_log_of_a_serve(machine: Machine, anvil: Anvil) -> None:
    machine.service("heavy")
    machine.manifest("heavy")
    anvil("serves", "up")

    assert anvil("serves", "logs", "heavy").out.splitlines()[0] == "serving m-heavy on 8000"
    assert len(anvil("serves", "logs", "heavy", "--tail", "1").out.splitlines()) == 1
    first, *_ = anvil("serves", "logs", "c-heavy", "--json").out.splitlines()
    assert json.loads(first) == {"serve": "heavy", "line": "serving m-heavy on 8000"}
    anvil("serves", "rm", "heavy", "--force")
    gone = anvil("serves", "logs", "heavy")
    assert (gone.code, gone.out) == (2, "")
    assert gone.err.startswith("error: there is no container c-heavy\nhint: ")


def test_a_log_that_is_followed_ends_with_ctrl_c(machine: Machine, anvil: Anvil) -> None:
    machine.service("heavy")
    machine.manifest("heavy")
    anvil("serves", "up")
    command = (sys.executable, "-m", "anvil_serving", "serves", "logs", "-f", "heavy")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "serving m-heavy on 8000\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (0, "")
    assert machine.status("c-heavy") == "running"


def test_ctrl_c_while_a_serve_loads_leaves_it_loading(machine: Machine) -> None:
    machine.service("heavy", "--load", "60")
    machine.manifest("heavy")
    command = (sys.executable, "-m", "anvil_serving", "serves", "up")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and "c-heavy" not in machine.docker(
            "ps", "--filter", f"publish={machine.ports['heavy']}", "--format", "{{.Names}}"
        ):
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode != 0
    assert "Traceback" not in err
    assert machine.status("c-heavy") == "running"


def test_a_container_of_compose_is_adopted_and_is_then_as_its_manifest_says(machine: Machine, anvil: Anvil) -> None:
    machine.service("heavy")
    machine.docker("compose", "-f", str(machine.folder / "compose.yml"), "up", "-d", "heavy")
    (machine.folder / "serves.toml").write_text("# Mine.\n")
    deadline = time.monotonic() + 10
    while anvil("serves", "adopt", "c-heavy", "--dry-run").out.count("model") == 0 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (machine.folder / "serves.toml").read_text() == "# Mine.\n"

    said = anvil("serves", "adopt", "c-heavy")

    assert said.code == 0, said.err
    entry = (
        f'[[serve]]\nname = "heavy"\ncontainer = "c-heavy"\nport = {machine.ports["heavy"]}\nmodel = "m-heavy"\n'
        'image = "anvil-tiny:1"\ncompose = "compose.yml"\n'
    )
    assert said.out == entry
    assert (machine.folder / "serves.toml").read_text() == f"# Mine.\n\n{entry}"
    assert (machine.folder / "serves.toml.bak").read_text() == "# Mine.\n"
    assert anvil("serves", "up").out.startswith("heavy: ")
    assert anvil("serves", "status").code == 0
    twice = anvil("serves", "adopt", "c-heavy")
    assert twice.code == 2
    assert "there is a serve with name" in twice.err


def test_a_container_without_compose_is_adopted_as_it_is(machine: Machine, anvil: Anvil) -> None:
    port = free_port()
    machine.docker("run", "-d", "--name", "c-own", "-p", f"127.0.0.1:{port}:8000", "anvil-tiny:1")

    said = anvil("serves", "adopt", "c-own", "--name", "mine", "--json")

    assert said.code == 0, said.err
    adopted = json.loads(said.out)
    assert adopted["path"] == str(machine.folder / "serves.toml")
    assert (adopted["serve"]["name"], adopted["serve"]["port"], adopted["serve"]["compose"]) == ("mine", port, None)
    assert "it can be started and stopped, but not made anew" in said.err
    anvil("serves", "down", "mine")
    assert anvil("serves", "up").out.startswith("mine: started in ")


def test_what_cannot_be_adopted(machine: Machine, anvil: Anvil) -> None:
    machine.docker("run", "-d", "--name", "closed", "anvil-tiny:1")
    for name, complaint in (
        ("nobody", "there is no container nobody"),
        ("closed", "container closed publishes no port"),
        ("", "there is no container"),
    ):
        said = anvil("serves", "adopt", name)
        assert (said.code, said.out) == (2, "")
        assert complaint in said.err
    assert not (machine.folder / "serves.toml").exists()


def test_a_key_is_shown_to_the_serve_that_wants_one(
    machine: Machine, anvil: Anvil, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.service("heavy", "--api-key", "sesame")
    manifest = machine.manifest("heavy")
    anvil("serves", "up")

    assert "name its variable with `auth_env`" in anvil("serves", "status").out

    manifest.write_text(manifest.read_text() + 'auth_env = "HEAVY_KEY"\n')
    monkeypatch.setenv("HEAVY_KEY", "sesame")
    said = anvil("serves", "status")
    assert (said.code, "m-heavy" in said.out, "auth_env" in said.out) == (0, True, False)
    machine.service("heavy", "--api-key", "other")
    assert "sesame" not in anvil("serves", "status").out


def test_two_at_once_do_no_harm(machine: Machine, anvil: Anvil) -> None:
    machine.service("heavy")
    machine.manifest("heavy")
    anvil("serves", "up")
    command = (sys.executable, "-m", "anvil_serving", "serves", "up", "--quiet")
    codes: list[int] = []

    def run() -> None:
        codes.append(subprocess.run(command, capture_output=True, check=False).returncode)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0, 0]
    assert machine.status("c-heavy") == "running"


@pytest.fixture
def real(machine: Machine) -> Machine:
    if not machine.is_real:
        pytest.skip("only of a real engine")
    return machine


def test_a_volume_outlives_its_containers(real: Machine, anvil: Anvil) -> None:
    real.service("heavy", volumes=["weights:/weights", "/scratch"])
    file = real.folder / "compose.yml"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"name": "vol", "volumes": {"weights": {}}}))
    real.manifest("heavy")
    anvil("serves", "up")
    before = set(real.docker("volume", "ls", "-q").split())
    assert len(before) == 2
    assert "vol_weights" in before

    assert anvil("serves", "up", "--recreate").code == 0
    assert anvil("serves", "rm", "heavy", "--force").code == 0

    assert before <= set(real.docker("volume", "ls", "-q").split())
    real.docker("volume", "rm", *real.docker("volume", "ls", "-q").split())


def test_a_container_that_docker_starts_again_and_again_is_given_up(real: Machine, anvil: Anvil) -> None:
    real.service("heavy", "--crash", "yes", restart="always")
    real.manifest("heavy")

    said = anvil("serves", "up")

    assert said.code == 1
    assert "ended with exit code 3, each time that it was started again, after its start" in said.err
    assert "CUDA out of memory" in said.err
    assert anvil("serves", "down").out == "heavy: stopped; exited\n"


def test_a_container_that_docker_cannot_start_says_why(real: Machine, anvil: Anvil) -> None:
    device = {"driver": "nvidia", "device_ids": ["GPU-1"], "capabilities": ["gpu"]}
    real.service("heavy", deploy={"resources": {"reservations": {"devices": [device]}}})
    real.manifest("heavy", more='gpus = ["GPU-1"]\n')

    said = anvil("serves", "up")

    assert said.code == 1
    assert "could not select device driver" in said.err
    assert "hint: install the NVIDIA Container Toolkit" in said.err
    status = anvil("serves", "status")
    # It is there, as its file says, and does not run.
    assert "created" in status.out
    assert "Docker could not start it: could not select device driver" in " ".join(status.out.split())
    assert "drift" not in status.out


def test_a_daemon_that_does_not_answer_and_one_that_may_not_be_asked(
    real: Machine, anvil: Anvil, monkeypatch: pytest.MonkeyPatch
) -> None:
    real.service("heavy")
    real.manifest("heavy")
    for place in [real.folder, *real.folder.parents[:-2]]:
        place.chmod(0o755)
    os.seteuid(65_534)
    try:
        forbidden = anvil("serves", "status")
        refused = anvil("serves", "up")
    finally:
        os.seteuid(0)
    assert forbidden.code == 1
    assert "permission denied on its socket; only the ports were asked" in forbidden.err
    assert (refused.code, refused.err.count("usermod -aG docker")) == (2, 1)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("DOCKER_HOST", f"unix://{real.folder}/none.sock")
        assert anvil("serves", "up").err.startswith(f"error: Docker's daemon at unix://{real.folder}/none.sock, which ")
