from __future__ import annotations

import subprocess
import sys


def test_loading_a_good_file_imports_nothing_heavy_and_no_extension() -> None:
    tier = '{ id = "a", base_url = "http://127.0.0.1:1", context_limit = 1, privacy = "local" }'
    program = f"""
import sys
from anvil_serving.config import loads
loads('router.tiers = [{tier}]', name="x")
print(*sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())

    assert "msgspec" in loaded
    heavy = {
        "anvil_serving._core",
        "anvil_serving.cli",
        "tomli_w",
        "rich",
        "typer",
        "granian",
        "difflib",
        "hmac",
        "asyncio",
    }
    assert loaded & heavy == set()
