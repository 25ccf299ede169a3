"""A parent that launches a fake child, says its pid, forks a worker if asked to, and waits to be killed."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from anvil_serving.substrate.embedded.child import Child

if __name__ == "__main__":
    command = [sys.executable, str(Path(__file__).with_name("fake_child.py")), "serves", "0", str(os.getpid())]
    child = Child.launch("the child", command, log=Path(sys.argv[2]), ready_seconds=30.0)
    if sys.argv[1] == "forks" and os.fork() == 0:
        child.stop()  # a worker that ends must not take the child with it
        time.sleep(10)
        os._exit(0)
    print(child.pid, flush=True)
    time.sleep(60)
