"""A double of `docker`, for machines where no engine can be started: run as `docker`, with its state in a folder.

It keeps containers as a file each and runs what is in them as processes of this machine. What it prints is what Docker
28.2 with Engine 20.10 and Compose 2.40 printed for the same orders (`inspected.json` is one answer in full); the tests
of `test_serves.py` hold it to a real engine where there is one. Where `DOCKER_DOUBLE_IDLE` is set, what is in a
container listens nowhere: the test serves its port itself.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
STATE = Path(os.environ["DOCKER_DOUBLE"])
IMAGES = {"anvil-tiny:1": "sha256:" + "a" * 64, "anvil-tiny:2": "sha256:" + "b" * 64}
IDLE = "import time; time.sleep(600)"
NEVER = "0001-01-01T00:00:00Z"


def fail(message: str, status: int = 1) -> NoReturn:
    print(message, file=sys.stderr)
    sys.exit(status)


def path_of(name: str) -> Path:
    return STATE / f"{name}.json"


def load(name: str) -> dict[str, Any]:
    try:
        return json.loads(path_of(name).read_text())
    except FileNotFoundError:
        fail(f"Error response from daemon: No such container: {name}")


def save(box: dict[str, Any]) -> None:
    partial = STATE / f"{box['name']}.{os.getpid()}"
    partial.write_text(json.dumps(box))
    partial.rename(path_of(box["name"]))


def boxes() -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in sorted(STATE.glob("*.json"))]


def status_of(box: dict[str, Any]) -> str:
    if box["pid"] and not alive(box["pid"]):
        return "exited"
    return box["status"]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def now() -> str:
    return datetime.datetime.now(tz=datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")


def create(name: str, image: str, words: list[str], ports: dict[str, Any], labels: dict[str, str]) -> dict[str, Any]:
    if path_of(name).exists():
        fail(
            f'docker: Error response from daemon: Conflict. The container name "/{name}" is already in use by '
            f'container "{load(name)["id"]}". You have to remove (or rename) that container to be able '
            "to reuse that name.\n\n"
            "Run 'docker run --help' for more information",
            125,
        )
    box = {
        "id": hashlib.sha256(f"{name}{time.time_ns()}".encode()).hexdigest(),
        "name": name,
        "image": image,
        "words": words,
        "ports": ports,
        "labels": labels,
        "status": "created",
        "pid": 0,
        "started": NEVER,
        "error": "",
        "exit": 0,
    }
    save(box)
    return box


def start(name: str) -> None:
    box = load(name)
    if status_of(box) == "running":
        return
    for bindings in box["ports"].values():
        for binding in bindings:
            place = (binding["HostIp"] or "0.0.0.0", int(binding["HostPort"]))
            with socket.socket() as trial:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    trial.bind(place)
                except OSError:
                    box["error"] = (
                        f"driver failed programming external connectivity on endpoint {name}: Bind for "
                        f"{place[0]}:{place[1]} failed: port is already allocated"
                    )
                    save(box | {"exit": 128})
                    fail(f"Error response from daemon: {box['error']}\nError: failed to start containers: {name}")
    port = next((one["HostPort"] for bindings in box["ports"].values() for one in bindings), "0")
    log = (STATE / f"{name}.log").open("ab")
    serve = [str(HERE / "tiny_serve.py"), *box["words"], "--port", port, "--exit-file", str(STATE / f"{name}.exit")]
    process = subprocess.Popen(
        [sys.executable, *(["-c", IDLE] if "DOCKER_DOUBLE_IDLE" in os.environ else serve)],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    save(box | {"status": "running", "pid": process.pid, "started": now(), "error": ""})


def stop(name: str) -> None:
    box = load(name)
    if status_of(box) in ("running", "paused"):
        for number in (signal.SIGTERM, signal.SIGCONT):
            with contextlib.suppress(ProcessLookupError):
                os.kill(box["pid"], number)
        while alive(box["pid"]):
            time.sleep(0.02)
        save(box | {"status": "exited", "exit": 15, "pid": 0})


def inspected(box: dict[str, Any]) -> dict[str, Any]:
    (document,) = json.loads((HERE / "inspected.json").read_text())
    status = status_of(box)
    code = STATE / f"{box['name']}.exit"
    exit_code = int(code.read_text()) if status == "exited" and code.exists() else box["exit"]
    document |= {
        "Id": box["id"],
        "Name": f"/{box['name']}",
        "Image": IMAGES.get(box["image"], NEVER),
        "RestartCount": 0,
    }
    document["State"] |= {
        "Status": status,
        "Running": status in ("running", "paused"),
        "Paused": status == "paused",
        "ExitCode": exit_code,
        "Error": box["error"],
        "StartedAt": box["started"],
    }
    document["State"]["Health"]["Status"] = health_of(box, status)
    document["Config"] |= {"Image": box["image"], "Cmd": box["words"], "Labels": box["labels"]}
    document["HostConfig"]["PortBindings"] = box["ports"]
    if box.get("gpus"):
        request = {"Driver": "nvidia", "Count": 0, "DeviceIDs": box["gpus"], "Capabilities": [["gpu"]], "Options": None}
        document["HostConfig"]["DeviceRequests"] = [request]
    document["NetworkSettings"]["Ports"] = box["ports"] if status == "running" else {}
    return document


def health_of(box: dict[str, Any], status: str) -> str:
    words = box["words"]
    load_seconds = float(words[words.index("--load") + 1]) if "--load" in words else 0.0
    if status != "running":
        return "unhealthy"
    running = time.time() - datetime.datetime.fromisoformat(box["started"]).timestamp()
    return "healthy" if running > load_seconds + 0.3 else "starting"


def inspect(names: list[str]) -> None:
    found = [inspected(load(name)) for name in names if path_of(name).exists()]
    print(json.dumps(found, indent=4))
    missing = [f"Error response from daemon: No such container: {name}" for name in names if not path_of(name).exists()]
    if missing:
        fail("\n".join(missing))


def image_inspect(names: list[str]) -> None:
    for name in names:
        if name in IMAGES:
            print(f"{IMAGES[name]}\t{name}")
    missing = [name for name in names if name not in IMAGES]
    if missing:
        fail("\n".join(f"Error response from daemon: no such image: {name}: No such image: {name}" for name in missing))


def compose(arguments: list[str]) -> None:
    dry_run = "--dry-run" in arguments
    file, (verb, *rest) = arguments[1], [word for word in arguments[2:] if word != "--dry-run"]
    try:
        document = yaml.safe_load(Path(file).read_text())
    except FileNotFoundError:
        fail(f"open {Path(file).resolve()}: no such file or directory")
    except yaml.YAMLError:
        fail("yaml: line 1: did not find expected node content")
    project = document.get("name") or Path(file).resolve().parent.name.lower().replace(" ", "")
    if verb == "config" and rest == ["--format", "json"]:
        print(json.dumps({"name": project, **document}, indent=2))
        return
    if rest == ["--quiet"]:
        return
    service = document["services"].get(rest[-1])
    if service is None:
        fail(f"no such service: {rest[-1]}" + (": not found" if verb == "config" else ""))
    digest = hashlib.sha256(json.dumps(service, sort_keys=True).encode()).hexdigest()
    if verb == "config":
        print(f"{rest[-1]} {digest}")
        return
    if dry_run:
        name = service["container_name"]
        same = load(name)["labels"].get("com.docker.compose.config-hash") == digest
        print(f" DRY-RUN MODE -  Container {name}  {'Running' if same else 'Recreate'}", file=sys.stderr)
        return
    compose_up(Path(file).resolve(), project, rest[-1], service, digest)


def compose_up(file: Path, project: str, service_name: str, service: dict[str, Any], digest: str) -> None:
    name = service.get("container_name", f"{project}-{service_name}-1")
    if path_of(name).exists():
        if status_of(load(name)) == "paused":
            print(f" Container {name}  Restart", file=sys.stderr)
            fail("Error response from daemon: cannot start a paused container, try unpause instead")
        if load(name)["labels"].get("com.docker.compose.config-hash") == digest:
            say = "Running" if status_of(load(name)) == "running" else "Starting"
            print(f" Container {name}  {say}", file=sys.stderr)
            start(name)
            return
        print(f" Container {name}  Recreate", file=sys.stderr)
        stop(name)
        path_of(name).unlink()
    ports: dict[str, Any] = {}
    for place in service.get("ports", []):
        if isinstance(place, dict):
            host, port, inner = place["host_ip"], place["published"], place["target"]
        else:
            host, port, inner = place.split(":")
        ports.setdefault(f"{inner}/tcp", []).append({"HostIp": host, "HostPort": port})
    prefix = "com.docker.compose."
    labels = {
        f"{prefix}config-hash": digest,
        f"{prefix}project": project,
        f"{prefix}project.config_files": str(file),
        f"{prefix}project.working_dir": str(file.parent),
        f"{prefix}service": service_name,
    }
    words = [word.replace("$$", "$") for word in service.get("command") or []]
    box = create(name, service["image"], words, ports, labels)
    devices = service.get("deploy", {}).get("resources", {}).get("reservations", {}).get("devices", [])
    save(box | {"gpus": [gpu for device in devices for gpu in device["device_ids"]]})
    for did in ("Creating", "Created", "Starting", "Started"):
        print(f" Container {name}  {did}", file=sys.stderr)
    start(name)


def run(arguments: list[str]) -> None:
    name, host_port = "", None
    while arguments[0].startswith("-"):
        option = arguments.pop(0)
        if option == "--name":
            name = arguments.pop(0)
        elif option == "-p":
            host_port = arguments.pop(0)
    image, *words = arguments
    ports = {}
    if host_port is not None:
        host, _, rest = host_port.rpartition(":")[0].rpartition(":")
        ports = {"8000/tcp": [{"HostIp": host, "HostPort": rest}]}
    box = create(name, image, words, ports, {})
    start(name)
    print(box["id"])


def logs(arguments: list[str]) -> None:
    name, options = arguments[-1], arguments[:-1]
    load(name)
    lines = (STATE / f"{name}.log").read_bytes().splitlines(keepends=True)
    tail = next((int(option.partition("=")[2]) for option in options if option.startswith("--tail=")), None)
    if options[:1] == ["--tail"]:
        tail = int(options[1])
    sys.stdout.buffer.write(b"".join(lines if tail is None else lines[-tail:] if tail else []))
    sys.stdout.flush()
    while "--follow" in options and status_of(load(name)) == "running":
        time.sleep(0.05)


def remove(arguments: list[str]) -> None:
    name = arguments[-1]
    box = load(name)
    if status_of(box) in ("running", "paused"):
        if "-f" not in arguments:
            fail(
                f"Error response from daemon: You cannot remove a running container {box['id']}. Stop the container "
                "before attempting removal or force remove"
            )
        stop(name)
    path_of(name).unlink()
    print(name)


def freeze(verb: str, name: str) -> None:
    box = load(name)
    wanted, number, after = "running", signal.SIGSTOP, "paused"
    if verb == "unpause":
        wanted, number, after = "paused", signal.SIGCONT, "running"
    if status_of(box) != wanted:
        fail(f"Error response from daemon: Container {box['id']} is not {'paused' if verb == 'unpause' else 'running'}")
    os.kill(box["pid"], number)
    save(box | {"status": after})


def list_on_port(arguments: list[str]) -> None:
    port = arguments[0].partition("=")[2]
    for box in boxes():
        places = [one["HostPort"] for bindings in box["ports"].values() for one in bindings]
        if status_of(box) in ("running", "paused") and port in places:
            print(box["name"])


def named(act: Callable[[str], None]) -> Callable[[list[str]], None]:
    def run_and_name(arguments: list[str]) -> None:
        (name,) = arguments
        act(name)
        print(name)

    return run_and_name


ORDERS: list[tuple[tuple[str, ...], Callable[[list[str]], None]]] = [
    (("container", "inspect"), inspect),
    (("image", "inspect", "--format"), lambda words: image_inspect(words[1:])),
    (("ps", "--filter"), list_on_port),
    (("compose", "version"), lambda _: print("2.40.3")),
    (("compose",), compose),
    (("version",), lambda _: print("28.5.1")),
    (("run",), run),
    (("start",), named(start)),
    (("stop",), named(stop)),
    (("pause",), named(lambda name: freeze("pause", name))),
    (("unpause",), named(lambda name: freeze("unpause", name))),
    (("rm",), remove),
    (("logs",), logs),
]


def main(arguments: list[str]) -> None:
    with (STATE / "asked").open("a") as asked:
        asked.write(json.dumps(arguments) + "\n")
    for words, act in ORDERS:
        if tuple(arguments[: len(words)]) == words:
            act(arguments[len(words) :])
            return
    fail(f"not recorded: {arguments}", 2)


if __name__ == "__main__":
    main(sys.argv[1:])
