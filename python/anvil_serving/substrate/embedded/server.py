"""The embedded engine's own process: llama.cpp's HTTP server before Gemma 3 270M. Started by `embedded.py`.

    python -m anvil_serving.substrate.embedded.server MODEL.gguf PORT PARENT_PID

A process of its own, because a crash in native code must not take the router with it, and because its memory and
threads must not be inherited by the router's workers.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .lifeline import hold_lifeline

__all__ = ["CONTEXT_LIMIT", "MODEL", "SLOTS", "main"]

MODEL = "gemma-3-270m"
CONTEXT_LIMIT = 32_768
"""Tokens; what the model was trained for."""
SLOTS = 2
"""Requests at once: a harness asks for a title beside its first answer. Each has the whole window (96 MB of cache)."""

_DEFAULT_ANSWER_TOKENS = 1_024
"""For callers that set no limit; without one, a model this small may go on until its window is full."""
_STOPS = ("\n\nUser:", "\nUser:", "\n\nAssistant:", "\nAssistant:")
"""The next turn of the transcript. The longer ones first: they leave no blank line at the end of an answer."""


def main(arguments: list[str]) -> None:
    """Serve until the parent ends or a signal comes."""
    model, port, parent_pid = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    watch = hold_lifeline(parent_pid)
    # Whatever native code prints belongs to the log; standard output carries one line, the port.
    readiness = os.dup(1)
    os.dup2(2, 1)
    server = _start(model, port)
    address = urlsplit(server.listening_address)
    os.write(readiness, json.dumps({"port": address.port}).encode() + b"\n")
    os.close(readiness)
    watch.join()


def _start(model: Path, port: int) -> Any:
    # 100 MB of native code without types: loaded once the lifeline holds.
    xllamacpp: Any = importlib.import_module("xllamacpp")
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.model_alias = {MODEL}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    parameters.n_ctx = CONTEXT_LIMIT * SLOTS
    parameters.n_parallel = SLOTS
    parameters.n_predict = _DEFAULT_ANSWER_TOKENS
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = _cores()
    # llama.cpp would keep up to 8 GB of old prompts and 32 snapshots a slot.
    parameters.cache_ram_mib = 0
    parameters.n_ctx_checkpoints = 4
    parameters.verbosity = 2  # warnings; a line a request would fill the log
    # The only caller is the router: no page, no list of running prompts, and no web site's script may read answers.
    parameters.ui = False
    parameters.endpoint_slots = False
    parameters.cors_origins = "http://127.0.0.1"
    parameters.cors_credentials = False
    parameters.use_jinja = True
    parameters.chat_template = Path(__file__).with_name("transcript.jinja").read_text(encoding="utf-8")
    parameters.antiprompt = list(_STOPS)
    _tame(parameters.sampling)
    return xllamacpp.Server(parameters)


def _tame(sampling: Any) -> None:
    """Defaults for a small pretrained model; a caller's own values win.

    Hot sampling makes it wander, so it is kept cool; cool it repeats itself, so repetitions of more than a few tokens
    are made unlikely: DRY, with its author's multiplier (github.com/oobabooga/text-generation-webui/pull/5677).
    """
    sampling.temp = 0.2
    sampling.dry_multiplier = 0.8
    sampling.dry_allowed_length = 4
    sampling.dry_penalty_last_n = 512


def _cores() -> int:
    """The cores this process may use, which in a container are fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):  # not everywhere
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


if __name__ == "__main__":
    main(sys.argv[1:])
