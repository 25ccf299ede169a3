from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.engines import LM_STUDIO_MISSING, FakeEngine, lm_studio, ollama, sglang, vllm

from anvil_serving.substrate.engine import Address, Engine, address_of, identify, look_at, loopback, root_of
from anvil_serving.substrate.engine_answers import parameters_of
from anvil_serving.substrate.harness import offered_by

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def engine_at(url: str, **more: Any) -> Engine:
    found = identify(url, **more)
    assert found.engine is not None, found
    return found.engine


def test_vllm_says_its_window_and_an_adapter_has_the_same() -> None:
    with FakeEngine(vllm(max_model_len=65_536)) as fake:
        engine = engine_at(fake.url)
    assert (engine.kind, engine.version, engine.dialects) == ("vLLM", "0.12.0", ("openai", "anthropic"))
    assert [(model.name, model.context_tokens) for model in engine.models] == [
        ("openai/gpt-oss-20b", 65_536),
        ("sql-lora", 65_536),
    ]
    assert engine.models[0].parameters == 20e9


def test_sglang_gives_no_request_more_than_its_cache() -> None:
    with FakeEngine(sglang(cache_tokens=100_000)) as fake:
        engine = engine_at(fake.url)
    (model,) = engine.models
    assert (engine.kind, engine.version) == ("SGLang", "0.5.6")
    assert (model.context_tokens, model.trained_context_tokens) == (100_000, 262_144)
    assert (model.takes_tools, model.reads_images, model.parameters) == (True, True, 35e9)


def test_sglang_without_a_parser_takes_no_tools_and_newer_paths_do_as_well() -> None:
    routes = sglang(tool_call_parser=None)
    routes["GET /model_info"] = routes.pop("GET /get_model_info")
    routes["GET /server_info"] = routes.pop("GET /get_server_info")
    with FakeEngine(routes) as fake:
        (model,) = engine_at(fake.url).models
    assert model.takes_tools is False


def test_ollama_gives_a_model_less_than_it_was_made_for() -> None:
    with FakeEngine(ollama(loaded={"qwen3:8b": 4_096}), missing=(404, b"404 page not found")) as fake:
        engine = engine_at(fake.url)
    assert (engine.kind, engine.version, engine.dialects) == ("Ollama", "0.13.5", ("openai",))
    models = {model.name: model for model in engine.models}
    assert engine.models[0].name == "qwen3:8b"
    loaded, other = models["qwen3:8b"], models["qwen3:32b"]
    assert (loaded.context_tokens, loaded.trained_context_tokens, loaded.is_loaded) == (4_096, 40_960, True)
    assert (other.context_tokens, other.is_loaded, other.takes_tools) == (None, False, True)
    assert models["gpt-oss:120b-cloud"].runs_elsewhere
    assert not models["nomic-embed-text:latest"].serves_chat


def test_ollama_runs_a_model_with_the_window_of_its_modelfile() -> None:
    models = {"mine:latest": {"run_with": 'num_ctx                        16384\nstop "x"'}}
    with FakeEngine(ollama(models=models)) as fake:
        assert engine_at(fake.url).models[0].context_tokens == 16_384


def test_ollama_without_a_model() -> None:
    with FakeEngine(ollama(models={})) as fake:
        engine = engine_at(fake.url)
    assert (engine.kind, engine.models) == ("Ollama", ())


def test_lm_studio_says_what_is_loaded_and_answers_200_to_everything() -> None:
    with FakeEngine(lm_studio(loaded_context=16_384), missing=LM_STUDIO_MISSING) as fake:
        engine = engine_at(fake.url)
    assert (engine.kind, engine.dialects) == ("LM Studio", ("openai", "anthropic"))
    image, text, vectors = engine.models
    assert (image.is_loaded, image.context_tokens, image.reads_images) == (False, None, True)
    assert (text.is_loaded, text.context_tokens, text.trained_context_tokens) == (True, 16_384, 131_072)
    assert text.takes_tools
    assert not vectors.serves_chat


def test_lm_studio_before_it_knew_messages() -> None:
    routes = lm_studio()
    del routes["POST /v1/messages"]
    with FakeEngine(routes, missing=LM_STUDIO_MISSING) as fake:
        assert engine_at(fake.url).dialects == ("openai",)


def test_no_credential_is_sent_and_nothing_is_asked_to_answer() -> None:
    with FakeEngine(ollama()) as fake, FakeEngine(vllm()) as other:
        look_at(loopback((fake.port, other.port)))
        asked = [*fake.requests, *other.requests]
    assert asked
    for what, headers, body in asked:
        assert not {"authorization", "x-api-key", "cookie"} & {name.lower() for name in headers}, what
        assert body in {b"", b"{}"} or what == "POST /api/show"
        assert "completions" not in what


def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with FakeEngine(vllm()) as fake:
        assert engine_at(fake.url).kind == "vLLM"


def others() -> dict[str, tuple[Any, str, str]]:
    """Servers that are no engine: their routes or their answer to everything, the state, and what is said of them."""
    listed = {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": "koboldcpp"}]}
    imitation = {"GET /api/version": {"version": "0.7.0"}, "GET /api/tags": {"models": []}, "GET /v1/models": listed}
    return {
        "a web page": ((200, b"<html>hello</html>"), "other", "text/html"),
        "a redirection": ((302, b""), "other", "302"),
        "an imitation of Ollama": (imitation, "other", "koboldcpp"),
        "another list of models": ({"GET /v1/models": {"object": "list", "data": []}}, "other", "no engine"),
        "a list that is none": ({"GET /v1/models": {"data": {"id": 3}}}, "other", "application/json"),
        "deeply nested": ((200, b"[" * 100_000), "other", "status 200"),
        "a key": ((401, {"error": "Unauthorized"}), "locked", "asks for a key"),
        # llama.cpp with --api-key: the list of models is public (tools/server/README.md), the rest is not.
        "llama.cpp with a key": (
            {
                "GET /v1/models": {"object": "list", "data": [{"id": "m", "owned_by": "llamacpp"}]},
                "GET /props": (401, {"error": {"message": "Invalid API Key", "type": "authentication_error"}}),
                "POST /v1/messages": (401, {"error": {"message": "Invalid API Key", "type": "authentication_error"}}),
            },
            "locked",
            "llama.cpp that asks for a key",
        ),
        "a router": ({"GET /v1/models": {"data": [{"id": "chat", "owned_by": "anvil-serving"}]}}, "router", "router"),
        "a router with a token": (
            {"GET /v1/models": (401, {}), "GET /readyz": (503, {"status": "no tier can serve"})},
            "router",
            "asks for a token",
        ),
        "an engine that loads": ((503, {"error": {"message": "Loading model", "code": 503}}), "loading", "loading"),
        "a terminal's master": ((200, b"\x1b]0;owned\x07"), "other", "text/html"),
    }


@pytest.mark.parametrize(("answers", "state", "said"), others().values(), ids=others())
def test_what_is_no_engine_is_named_and_left(answers: Any, state: str, said: str) -> None:
    routes, missing = (answers, (404, {})) if isinstance(answers, dict) else ({}, answers)
    with FakeEngine(routes, missing=missing) as fake:
        found = identify(fake.url)
    assert (found.state, found.engine) == (state, None)
    assert said in found.seen
    assert found.seen.isprintable()


@contextmanager
def listener(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server below HTTP: what it does with each connection."""
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=_behaving, args=(behave, connection), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()


def _behaving(behave: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with connection:
        try:
            behave(connection)
        except OSError:
            return


def never(connection: socket.socket) -> None:
    connection.recv(65_536)
    time.sleep(30)


def drips(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nx-drop: ")
    while True:
        connection.sendall(b"a")
        time.sleep(0.1)


def pours(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n[")
    while True:
        connection.sendall(b" " * 65_536)


def pours_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"a: " + b"b" * 60_000 + b"\r\n")


def continues(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")


def speaks_binary(connection: socket.socket) -> None:
    connection.sendall(bytes(range(256)) * 10)


def greets(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")


def hangs_up(connection: socket.socket) -> None:
    connection.recv(10)


def promises(connection: socket.socket) -> None:
    connection.recv(65_536)
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n\r\n{}")


@pytest.mark.parametrize(
    "behave",
    [never, drips, pours, pours_headers, continues, speaks_binary, greets, hangs_up, promises],
    ids=lambda behave: behave.__name__,
)
def test_a_server_that_is_no_http_or_never_ends_is_left_in_time(behave: Callable[[socket.socket], None]) -> None:
    with listener(behave) as url:
        started = time.monotonic()
        found = identify(url, seconds=4.0)
        took = time.monotonic() - started
    assert (found.engine, found.listed) == (None, ())
    assert found.state in {"silent", "other"}
    assert took < 15.0


@pytest.mark.parametrize("behave", [drips, pours, never], ids=lambda behave: behave.__name__)
def test_a_router_that_never_ends_its_answer_offers_nothing(behave: Callable[[socket.socket], None]) -> None:
    with listener(behave) as url:
        started = time.monotonic()
        assert offered_by(url).absent_because == f"no router answers at {url}"
        assert time.monotonic() - started < 15.0


def test_a_key_cannot_add_a_header() -> None:
    with FakeEngine(vllm("m", max_model_len=8_192)) as engine:
        assert offered_by(engine.url).models != ()
        assert offered_by(engine.url, "key\r\nx-more: 1").models == ()
        assert len(engine.requests) == 1


def test_an_endless_answer_is_read_to_a_limit() -> None:
    with listener(pours) as url:
        found = identify(url)
    assert (found.state, found.seen) == ("silent", "its answer is longer than 4 MiB")


def test_names_that_cannot_be_sent_are_left_out() -> None:
    routes = lm_studio()
    for name in ("a\x1b[2J", "b" * 300, "", " c", "d\u2028"):
        routes["GET /api/v0/models"]["data"].append({"id": name, "type": "llm", "state": "loaded"})
    with FakeEngine(routes) as fake:
        assert len(engine_at(fake.url).models) == 3


def test_a_page_in_place_of_messages_is_no_dialect() -> None:
    with FakeEngine(vllm() | {"POST /v1/messages": (400, b"<html>")}) as fake:
        assert engine_at(fake.url).dialects == ("openai",)


def test_ports_are_asked_at_the_same_time() -> None:
    with ExitStack() as stack:
        urls = [stack.enter_context(listener(never)) for _ in range(6)]
        started = time.monotonic()
        found = look_at(Address(url) for url in urls)
        took = time.monotonic() - started
    assert [each.state for each in found] == ["silent"] * 6
    # One after the other it would be 12 s.
    assert took < 9.0


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    (found,) = look_at(loopback([port, port]))
    assert (found.state, found.url) == ("nothing", f"http://127.0.0.1:{port}")


# Whatever an engine says of itself, and in whatever place: it is read or left, and never a traceback.
NUMBERS = st.one_of(st.none(), st.integers(-(2**70), 2**70), st.booleans(), st.floats(allow_nan=False), st.text())
ANYTHING = st.recursive(
    NUMBERS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner), max_leaves=8
)


@st.composite
def changed(draw: st.DrawFn) -> dict[str, Any]:
    routes = draw(st.sampled_from([vllm(), sglang(), ollama(), lm_studio()]))
    paths = [path for path, answer in routes.items() if not callable(answer) and not isinstance(answer, (bytes, tuple))]
    for path in draw(st.lists(st.sampled_from(paths), max_size=3)):
        routes = {**routes, path: _changed(draw, routes[path])}
    return routes


def _changed(draw: st.DrawFn, value: Any) -> Any:
    """The value with something else somewhere in it."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: _changed(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        place = draw(st.integers(0, len(value) - 1))
        return [_changed(draw, each) if index == place else each for index, each in enumerate(value)]
    return draw(ANYTHING)


@settings(max_examples=60, deadline=None)
@given(routes=changed())
def test_any_answer_is_read_or_left(routes: dict[str, Any]) -> None:
    with FakeEngine(routes) as fake:
        found = identify(fake.url)
    assert found.seen.isprintable()
    for model in found.engine.models if found.engine is not None else ():
        assert model.name.isprintable()
        assert model.context_tokens is None or 1 <= model.context_tokens <= 1_000_000_000
    msgspec.json.encode(found)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("gpt-oss-20b", 20e9),
        ("Qwen3.5-35B-A3B-AWQ", 35e9),
        ("gemma-3-270m", 270e6),
        ("llama3.2:1b", 1e9),
        ("Phi-4-mini-3.8B", 3.8e9),
        ("494.03M", 494.03e6),
        ("devstral", None),
        ("b2b-7", None),
    ],
)
def test_sizes_are_read_from_names(name: str, parameters: float | None) -> None:
    assert parameters_of(name) == parameters


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1"),
        ("0.0.0.0", "http://127.0.0.1:1"),
        ("::", "http://[::1]:1"),
        ("10.0.0.2", "http://10.0.0.2:1"),
    ],
)
def test_where_this_machine_reaches_an_address(host: str, url: str) -> None:
    assert address_of(host, 1) == url


@pytest.mark.parametrize(
    ("base_url", "root"),
    [
        ("http://a:1/v1", "http://a:1"),
        ("http://a:1/v1/", "http://a:1"),
        ("http://a/x/v1", "http://a/x"),
        ("http://a", "http://a"),
    ],
)
def test_the_root_of_a_base_url(base_url: str, root: str) -> None:
    assert root_of(base_url) == root
