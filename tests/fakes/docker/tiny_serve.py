"""What `tiny_serve.c` does, for the double: a process of this machine instead of one in a container."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time


def option(name: str, otherwise: str) -> str:
    words = sys.argv[1:]
    return words[words.index(name) + 1] if name in words[:-1] else otherwise


def answer(peer: socket.socket, *, ready: bool) -> None:
    asked = peer.recv(4096)
    status, body = "404 Not Found", b""
    if asked.startswith(b"GET /health "):
        status = "200 OK" if ready else "503 Service Unavailable"
    elif asked.startswith(b"GET /v1/models "):
        key = option("--api-key", "")
        status = "200 OK" if key.encode() in asked else "401 Unauthorized"
        model = {"id": option("--served-model-name", "tiny"), "object": "model"}
        body = json.dumps({"object": "list", "data": [model]}).encode() if status == "200 OK" else b""
    lines = (
        f"HTTP/1.1 {status}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Connection: close",
    )
    peer.sendall("\r\n".join((*lines, "", "")).encode() + body)
    print(asked.partition(b"\r")[0].decode(errors="replace"), status, flush=True)


def end(code: int) -> None:
    with open(option("--exit-file", os.devnull), "w") as file:  # noqa: PTH123 - a path that may be a device
        file.write(f"{code}")
    os._exit(code)


def main() -> None:
    if option("--crash", "no") == "yes":
        print("CUDA out of memory", file=sys.stderr, flush=True)
        end(3)
    ready = time.time() + float(option("--load", "0"))
    signal.signal(signal.SIGTERM, lambda number, _frame: end(number))
    with socket.create_server(("127.0.0.1", int(option("--port", "8000")))) as listener:
        print(f"serving {option('--served-model-name', 'tiny')} on 8000", flush=True)
        while True:
            peer, _ = listener.accept()
            with peer:
                try:
                    answer(peer, ready=time.time() >= ready)
                except OSError:
                    continue


if __name__ == "__main__":
    main()
