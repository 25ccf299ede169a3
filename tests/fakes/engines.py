"""Engines that are not installed here, over real sockets: they answer what the real ones are documented to answer."""

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FakeEngine", "lm_studio", "ollama", "sglang", "tool_call", "vllm"]

Routes = dict[str, Any]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # Whoever asked may leave before the answer; anything else is a fault of this server.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class FakeEngine:
    """Answers `METHOD /path` with a JSON value, bytes, (status, either), or what a function makes of the request.

    What it has no route for is answered by `missing`.
    """

    def __init__(self, routes: Routes, *, port: int = 0, missing: Any = (404, {"detail": "Not Found"})) -> None:
        self.routes = routes
        self.missing = missing
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self._server = _Server(("127.0.0.1", port), self._handler())
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        engine = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(b"")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers.get("content-length", 0))))

            def _answer(self, body: bytes) -> None:
                key = f"{self.command} {self.path}"
                engine.requests.append((key, dict(self.headers), body))
                answer = engine.routes.get(key, engine.missing)
                if callable(answer):
                    answer = answer(dict(self.headers), body)
                status, value = answer if isinstance(answer, tuple) else (200, answer)
                content = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("content-type", "text/html" if isinstance(value, bytes) else "application/json")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def vllm(model: str = "openai/gpt-oss-20b", *, max_model_len: int = 131_072) -> Routes:
    """vLLM's OpenAI-compatible server with one LoRA adapter.

    `/version` and `/v1/models` as in vllm/entrypoints/openai/api_server.py, `ModelCard` as in protocol.py: an adapter's
    card names its `parent` and has no window. `/v1/messages` without messages is a request that fails validation: 400.
    """
    card = {"object": "model", "created": 1764000000, "owned_by": "vllm", "permission": []}
    return {
        "GET /version": {"version": "0.12.0"},
        "GET /v1/models": {
            "object": "list",
            "data": [
                {**card, "id": model, "root": model, "parent": None, "max_model_len": max_model_len},
                {**card, "id": "sql-lora", "root": "/adapters/sql", "parent": model, "max_model_len": None},
            ],
        },
        "POST /v1/messages": (
            400,
            {"type": "error", "error": {"type": "invalid_request_error", "message": "messages"}},
        ),
    }


def sglang(
    model: str = "Qwen3.5-35B-A3B-AWQ",
    *,
    max_model_len: int = 262_144,
    cache_tokens: int = 400_000,
    tool_call_parser: str | None = "qwen25",
) -> Routes:
    """SGLang as srt/entrypoints/http_server.py has it.

    `/get_model_info` as its page "Native APIs" lists it; `/get_server_info` is the server's arguments, the scheduler's
    figures and the version in one object. The arguments hold `api_key` too.
    """
    card = {"id": model, "object": "model", "created": 1764000000, "owned_by": "sglang", "root": model}
    return {
        "GET /v1/models": {"object": "list", "data": [{**card, "max_model_len": max_model_len}]},
        "GET /get_model_info": {
            "model_path": f"/models/{model}",
            "tokenizer_path": f"/models/{model}",
            "is_generation": True,
            "preferred_sampling_params": None,
            "weight_version": "default",
            "has_image_understanding": True,
            "has_audio_understanding": False,
        },
        "GET /get_server_info": {
            "model_path": f"/models/{model}",
            "context_length": None,
            "api_key": None,
            "tool_call_parser": tool_call_parser,
            "served_model_name": model,
            "max_total_num_tokens": cache_tokens,
            "max_req_input_len": max_model_len - 6,
            "internal_states": [{}],
            "version": "0.5.6",
        },
        "POST /v1/messages": (
            400,
            {"type": "error", "error": {"type": "invalid_request_error", "message": "messages"}},
        ),
    }


def ollama(*, loaded: dict[str, int] | None = None, models: dict[str, dict[str, Any]] | None = None) -> Routes:
    """Ollama's API as docs/api.md lists it; `loaded` are the windows of loaded models (`context_length` in `/api/ps`).

    Models that run at ollama.com have `remote_model` and `remote_host` in `/api/tags`.
    """
    known = models if models is not None else OLLAMA_MODELS
    details = {"parent_model": "", "format": "gguf", "family": "qwen3", "families": ["qwen3"]}
    tags = []
    for name, model in known.items():
        size = {"parameter_size": model.get("parameters", "8.2B"), "quantization_level": "Q4_K_M"}
        remote = {"remote_model": name, "remote_host": "https://ollama.com:443"} if model.get("remote") else {}
        tag = {"name": name, "model": name, "modified_at": "2026-11-04T14:56:49.277302595-07:00", "digest": "9f438cb9"}
        tags.append({**tag, "size": model.get("size", 5_200_000_000), "details": {**details, **size}, **remote})

    def show(_headers: dict[str, str], body: bytes) -> Any:
        model = known.get(json.loads(body)["model"])
        if model is None:
            return 404, {"error": "model not found"}
        return {
            "modelfile": "# Modelfile generated by ollama show",
            "parameters": model.get("run_with", 'stop                           "<|im_end|>"'),
            "template": "{{ .Prompt }}",
            "details": details,
            "model_info": {"general.architecture": "qwen3", "qwen3.context_length": model.get("window", 40_960)},
            "capabilities": model.get("capabilities", ["completion", "tools"]),
        }

    running = [
        {**tag, "context_length": (loaded or {})[str(tag["name"])]} for tag in tags if tag["name"] in (loaded or {})
    ]
    listed = [{"id": name, "object": "model", "created": 1764000000, "owned_by": "library"} for name in known]
    return {
        "GET /": b"Ollama is running",
        "GET /api/version": {"version": "0.13.5"},
        "GET /api/tags": {"models": tags},
        "GET /api/ps": {"models": running},
        "GET /v1/models": {"object": "list", "data": listed or None},
        "POST /api/show": show,
    }


OLLAMA_MODELS: dict[str, dict[str, Any]] = {
    "qwen3:8b": {"parameters": "8.2B", "size": 5_200_000_000},
    "qwen3:32b": {"parameters": "32.8B", "size": 20_200_000_000},
    "nomic-embed-text:latest": {
        "parameters": "137M",
        "size": 274_000_000,
        "capabilities": ["embedding"],
        "window": 2_048,
    },
    "gpt-oss:120b-cloud": {"parameters": "116.8B", "size": 384, "remote": True},
}


def lm_studio(*, loaded_context: int | None = 32_768) -> Routes:
    """LM Studio's server: `/api/v0/models` as on its page "REST API v0"; the second model is loaded, if any is."""
    loaded = {"state": "loaded", "loaded_context_length": loaded_context} if loaded_context else {"state": "not-loaded"}
    common = {"object": "model", "compatibility_type": "gguf", "quantization": "Q4_K_M"}
    models = [
        {"id": "qwen2-vl-7b-instruct", "type": "vlm", "arch": "qwen2_vl", "state": "not-loaded", "publisher": "a"},
        {"id": "openai/gpt-oss-20b", "type": "llm", "arch": "gpt-oss", "publisher": "openai", **loaded}
        | {"capabilities": ["tool_use"]},
        {"id": "text-embedding-nomic-embed-text-v1.5", "type": "embeddings", "arch": "bert", "state": "not-loaded"},
    ]
    listed = [{"id": model["id"], "object": "model", "owned_by": "organization_owner"} for model in models]
    return {
        "GET /api/v0/models": {
            "object": "list",
            "data": [{**common, **model, "max_context_length": 131_072} for model in models],
        },
        "GET /v1/models": {"object": "list", "data": listed},
        "POST /v1/messages": (
            400,
            {"type": "error", "error": {"type": "invalid_request_error", "message": "messages"}},
        ),
    }


LM_STUDIO_MISSING = {"error": "Unexpected endpoint or method. (GET /nonsense)"}
"""What LM Studio answers, with status 200, on paths that it does not have (its bug tracker, issue 1323)."""


def tool_call(name: str, arguments: str) -> Callable[[dict[str, str], bytes], Any]:
    """An answer of Chat Completions that calls a tool."""

    def answer(_headers: dict[str, str], body: bytes) -> Any:
        model = json.loads(body)["model"]
        call = {"id": "call_1", "type": "function", "function": {"name": name, "arguments": arguments}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls"}
        return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}

    return answer
