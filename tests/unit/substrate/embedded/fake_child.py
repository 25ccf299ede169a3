"""A child that speaks the protocol of `child.py`: `fake_child.py BEHAVIOUR PORT PARENT_PID`."""

from __future__ import annotations

import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

from anvil_serving.substrate.embedded.lifeline import hold_lifeline


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


def main() -> None:
    behaviour, port, parent_pid = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    if behaviour == "dies":
        print("first words\nlast words", file=sys.stderr)
        raise SystemExit(3)
    if behaviour == "is-killed":
        os.kill(os.getpid(), signal.SIGKILL)
    watch = hold_lifeline(parent_pid)
    if behaviour == "babbles":
        print("hello", flush=True)
    if behaviour == "is-late":
        time.sleep(60)
    if behaviour == "ignores-term":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    server = HTTPServer(("127.0.0.1", port), _Handler)
    print(f'{{"port": {server.server_port}}}', flush=True)
    if behaviour == "crashes":
        time.sleep(0.2)
        print("it crashed", file=sys.stderr)
        os._exit(7)
    if behaviour == "hangs":
        watch.join()
    server.serve_forever()


if __name__ == "__main__":
    main()
