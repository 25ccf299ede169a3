"""Whatever comes in: the right status in the vendor's envelope, nothing of ours in it, and a connection in step."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.client import Client, request_body
from tests.integration.router import PATHS

if TYPE_CHECKING:
    from tests.fakes.client import Answer
    from tests.fakes.tier import Tier
    from tests.integration.router import RouterProcess

LEAKS = re.compile(rb"Traceback|\.py|site-packages|/usr/|anvil_serving|granian|pyo3|panicked|Error\(|127\.0\.0\.1")
BODY_LIMIT = 100_000
"""`max_body_bytes` of the router under test."""


def _assert_refused(answer: Answer, dialect: str, status: int) -> dict[str, Any]:
    assert answer.status == status
    assert answer.is_clean
    assert not LEAKS.search(answer.body), answer.body
    assert answer.headers["content-type"] == "application/json"
    document = answer.json
    if dialect == "messages":
        assert document["type"] == "error"
        assert document["request_id"] == answer.headers["x-request-id"]
        assert set(document["error"]) == {"type", "message"}
    else:
        assert set(document["error"]) == {"message", "type", "param", "code"}
    error = document["error"]
    assert isinstance(error, dict)
    assert error["message"]
    return error


def _assert_in_step_or_closed(client: Client) -> None:
    """The next request gets its own answer, or the connection is closed; never somebody else's bytes."""
    try:
        answer = client.ask("GET", "/healthz")
    except (ConnectionError, BrokenPipeError):
        return
    assert answer.status == 200
    assert answer.body == b'{"status":"ok"}'


def _good(dialect: str, **more: Any) -> bytes:
    return json.dumps(request_body(dialect, **more)).encode()


MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "spaces": b"   ",
    "not json": b"hello",
    "cut": b'{"model": "chat", "messages": [',
    "trailing bytes": b'{"model": "chat"} x',
    "two documents": b'{"model":"chat"}{"model":"chat"}',
    "list": b"[]",
    "string": b'"model"',
    "number": b"1",
    "null": b"null",
    "empty object": b"{}",
    "model is a number": b'{"model": 1, "max_tokens": 1, "messages": [{"role": "user", "content": "x"}]}',
    "model twice": b'{"model":"a","model":"b","max_tokens":1,"messages":[{"role":"user","content":"x"}]}',
    "messages missing": b'{"model": "chat", "max_tokens": 1}',
    "messages an object": b'{"model": "chat", "max_tokens": 1, "messages": {}}',
    "message a string": b'{"model": "chat", "max_tokens": 1, "messages": ["x"]}',
    "stream a string": b'{"model":"chat","max_tokens":1,"stream":"yes","messages":[{"role":"user","content":"x"}]}',
    "max_tokens a string": b'{"model":"chat","max_tokens":"9","messages":[{"role":"user","content":"x"}]}',
    "max_tokens below zero": b'{"model":"chat","max_tokens":-1,"messages":[{"role":"user","content":"x"}]}',
    "tools a string": b'{"model":"chat","max_tokens":1,"tools":"x","messages":[{"role":"user","content":"x"}]}',
    "bad utf-8": b'{"model": "chat", "max_tokens": 1, "messages": [{"role": "user", "content": "\xff\xfe"}]}',
    "utf-16": '{"model": "chat"}'.encode("utf-16"),
    "nan": b'{"model":"chat","max_tokens":1,"temperature":NaN,"messages":[{"role":"user","content":"x"}]}',
    "deep lists": b'{"model":"chat","x":' + b"[" * 40_000 + b"]" * 40_000 + b"}",
    "deep objects": b'{"model":"chat","x":' + b'{"a":' * 15_000 + b"1" + b"}" * 15_000 + b"}",
    "deep and open": b"[" * 90_000,
    "nul": b"\0" * 100,
}


@pytest.mark.parametrize("body", list(MALFORMED.values()), ids=[name.replace(" ", "_") for name in MALFORMED])
@pytest.mark.parametrize("dialect", list(PATHS))
def test_a_malformed_body_is_400_and_reaches_no_tier(
    router: RouterProcess, first: Tier, dialect: str, body: bytes
) -> None:
    with router.client() as client:
        answer = client.ask("POST", PATHS[dialect], body)
        error = _assert_refused(answer, dialect, 400)
        assert error["type"] == "invalid_request_error"
        _assert_in_step_or_closed(client)
        assert client.ask("POST", PATHS[dialect], _good(dialect)).status == 200
    assert len(first.requests) == 1


def test_a_messages_request_needs_max_tokens_and_a_chat_request_does_not(router: RouterProcess, first: Tier) -> None:
    body = json.dumps(request_body("chat")).encode()
    with router.client() as client:
        error = _assert_refused(client.ask("POST", PATHS["messages"], body), "messages", 400)
        assert "max_tokens" in error["message"]
        assert client.ask("POST", PATHS["chat"], body).status == 200


def test_the_offending_member_is_named_to_chat_callers(router: RouterProcess) -> None:
    with router.client() as client:
        answer = client.ask("POST", PATHS["chat"], {"model": "chat", "messages": "hello"})
    assert _assert_refused(answer, "chat", 400)["param"] == "messages"


# ── sizes ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, 5_000_000])
@pytest.mark.parametrize("dialect", list(PATHS))
def test_a_body_that_announces_too_much_is_413(router: RouterProcess, first: Tier, dialect: str, size: int) -> None:
    with router.client() as client:
        client.request("POST", PATHS[dialect], None, {"content-length": str(size)})
        if size < 1_000_000:
            client.send(b" " * size)
        _assert_refused(client.read_answer(), dialect, 413)
        _assert_in_step_or_closed(client)
    assert first.requests == []


@pytest.mark.parametrize("pieces", [1, 8])
@pytest.mark.parametrize("dialect", list(PATHS))
def test_a_chunked_body_that_grows_too_large_is_413(
    router: RouterProcess, first: Tier, dialect: str, pieces: int
) -> None:
    """Valid JSON of twice the cap, in one chunk or in several."""
    body = _good(dialect, metadata={"note": "x" * BODY_LIMIT})
    size = -(-len(body) // pieces)
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    with router.client() as client:
        client.request("POST", PATHS[dialect], None, {"transfer-encoding": "chunked"})
        for chunk in chunks:
            client.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        client.send(b"0\r\n\r\n")
        _assert_refused(client.read_answer(), dialect, 413)
        _assert_in_step_or_closed(client)
    assert first.requests == []


@pytest.mark.parametrize("dialect", list(PATHS))
def test_a_chunked_body_of_any_cut_is_read(router: RouterProcess, first: Tier, dialect: str) -> None:
    body = _good(dialect)
    with router.client() as client:
        for size in (1, 7, len(body)):
            client.request("POST", PATHS[dialect], None, {"transfer-encoding": "chunked"})
            for start in range(0, len(body), size):
                piece = body[start : start + size]
                client.send(b"%X;ext=1\r\n%s\r\n" % (len(piece), piece))
            client.send(b"0\r\ntrailer: x\r\n\r\n")
            assert client.read_answer().status == 200
    said = "input" if dialect == "responses" else "messages"
    assert [json.loads(received.body)[said] for received in first.requests] == [json.loads(body)[said]] * 3


def test_a_body_of_exactly_the_limit_is_served(router: RouterProcess, first: Tier) -> None:
    body = _good("chat", user="")
    body = body.replace(b'"user": ""', b'"user": "' + b"x" * (BODY_LIMIT - len(body)) + b'"')
    assert len(body) == BODY_LIMIT
    with router.client() as client:
        assert client.ask("POST", PATHS["chat"], body).status == 200


# ── framing ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_SMUGGLED = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"

CONTRADICTORY = {
    "two lengths": b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
    "two lengths in one": b"content-length: 2, 3\r\n\r\n{}",
    "negative length": b"content-length: -1\r\n\r\n",
    "length with a sign": b"content-length: +2\r\n\r\n{}",
    "length no number": b"content-length: two\r\n\r\n{}",
    "length beyond 64 bits": b"content-length: 99999999999999999999999\r\n\r\n{}",
    "chunked not last": b"transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "unknown encoding": b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "header with a space before the colon": b"transfer-encoding : chunked\r\ncontent-length: 2\r\n\r\n{}",
    "bare cr in a header": b"x: a\rb\r\ncontent-length: 2\r\n\r\n{}",
    "nul in a header": b"x: a\0b\r\ncontent-length: 2\r\n\r\n{}",
}


@pytest.mark.parametrize("framing", list(CONTRADICTORY.values()), ids=[n.replace(" ", "_") for n in CONTRADICTORY])
def test_contradictory_framing_is_refused_and_the_connection_closed(
    router: RouterProcess, first: Tier, framing: bytes
) -> None:
    with router.client() as client:
        client.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n" + framing + _SMUGGLED)
        answer = client.read_answer()
        assert answer.status == 400
        assert not LEAKS.search(answer.body)
        assert client.is_closed_by_server(), "a second answer, or an open connection"
    assert first.requests == []


@pytest.mark.parametrize(
    "encodings", [(b"gzip", b"chunked"), (b"chunked", b"chunked"), (b"identity", b"chunked")], ids=lambda pair: pair[0]
)
def test_a_second_line_does_not_hide_a_transfer_encoding(
    router: RouterProcess, first: Tier, encodings: tuple[bytes, bytes]
) -> None:
    body = _good("chat")
    framing = b"".join(b"transfer-encoding: %s\r\n" % encoding for encoding in encodings)
    with router.client() as client:
        client.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n" + framing + b"\r\n")
        client.send(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))
        answer = client.read_answer()
    assert answer.status == 400
    assert first.requests == []


def test_a_length_that_is_said_twice_the_same_is_no_failure_of_the_router(router: RouterProcess, first: Tier) -> None:
    body = _good("chat")
    with router.client() as client:
        client.send(b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n")
        client.send(b"content-length: %d\r\n" % len(body) * 2 + b"\r\n" + body)
        assert client.read_answer().status in {200, 400}
    assert len(first.requests) < 2


@pytest.mark.parametrize("first_header", ["content-length", "transfer-encoding"])
@pytest.mark.parametrize("length", [0, 4, 5_000])
def test_a_length_beside_chunks_counts_for_nothing_and_the_connection_is_closed(
    router: RouterProcess, first: Tier, first_header: str, length: int
) -> None:
    """RFC 9112, section 6.3: the chunks are read, and nothing that follows is taken for a request.

    The specification would rather refuse it. The server in front drops the length before the application sees it.
    """
    body = _good("chat")
    framing = [b"content-length: %d\r\n" % length, b"transfer-encoding: chunked\r\n"]
    if first_header == "transfer-encoding":
        framing.reverse()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n" + b"".join(framing) + b"\r\n"
    with router.client() as client:
        client.send(head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) + _SMUGGLED)
        answer = client.read_answer()
        assert answer.status in {200, 400}
        assert answer.headers["connection"] == "close"
        assert client.is_closed_by_server(), "a second answer, or an open connection"
    assert [received.json["messages"] for received in first.requests] in ([], [json.loads(body)["messages"]])


@pytest.mark.parametrize("chunks", [b"zz\r\n{}\r\n", b"-2\r\n{}\r\n", b"2\r\n{}xx", b"ffffffffffffffffff\r\n{}\r\n"])
def test_a_chunk_that_cannot_be_read_is_400_and_the_connection_closed(
    router: RouterProcess, first: Tier, chunks: bytes
) -> None:
    with router.client() as client:
        client.request("POST", PATHS["chat"], None, {"transfer-encoding": "chunked"})
        client.send(chunks + b"0\r\n\r\n" + _SMUGGLED)
        assert client.read_answer().status == 400
        assert client.is_closed_by_server(), "a second answer, or an open connection"
    assert first.requests == []


GARBAGE = {
    "not http": b"hello there\r\n\r\n",
    "tls hello": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64,
    "http 3": b"GET / HTTP/3.0\r\nhost: x\r\n\r\n",
    "h2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no colon": b"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
    "non-ascii path": "GET /v1/é HTTP/1.1\r\nhost: x\r\n\r\n".encode("latin-1"),
    "nul in path": b"GET /v1/\0 HTTP/1.1\r\nhost: x\r\n\r\n",
}


@pytest.mark.parametrize("garbage", list(GARBAGE.values()), ids=[name.replace(" ", "_") for name in GARBAGE])
def test_what_is_not_http_is_refused_without_a_word_of_ours(router: RouterProcess, garbage: bytes) -> None:
    with router.client(timeout=4.0) as client:
        client.send(garbage)
        try:
            answer = client.read_answer()
        except ConnectionError:
            pass
        else:
            assert 400 <= answer.status < 500
            assert not LEAKS.search(answer.body)
    assert router.is_healthy()


# ── paths and methods ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("path", "dialect"),
    [
        ("/v1/nothing", "chat"),
        ("/v1/messages/batches", "messages"),
        ("/v1/chat/completions/", "chat"),
        ("/v1//messages", "chat"),
        ("/../etc/passwd", "chat"),
        ("/v1/%00", "chat"),
        ("/v1/%ff%fe", "chat"),
        ("/v1/%ed%a0%80", "chat"),
        ("/v1/" + "x" * 60_000, "chat"),
        ("/v1/%22%3Cscript%3E", "chat"),
    ],
)
def test_an_unknown_path_is_404_in_the_vendors_envelope(router: RouterProcess, path: str, dialect: str) -> None:
    with router.client() as client:
        for method in ("GET", "POST", "DELETE"):
            error = _assert_refused(client.ask(method, path), dialect, 404)
            assert len(error["message"]) < 1_000
        _assert_in_step_or_closed(client)


def test_a_websocket_is_refused_so_that_codex_falls_back_at_once(router: RouterProcess) -> None:
    upgrade = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "openai-beta": "responses_websockets=2026-02-06",
    }
    with router.client() as client:
        answer = client.ask("GET", "/v1/responses", headers=upgrade)
        assert (answer.status, answer.json["error"]["type"]) == (426, "invalid_request_error")
        assert "upgrade" not in answer.headers
        assert client.ask("GET", "/v1/responses").status == 405
        assert client.ask("GET", "/healthz", headers=upgrade).status == 200


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1/models/nothing"])
def test_anthropic_callers_get_anthropics_envelope_on_unknown_paths(router: RouterProcess, path: str) -> None:
    with router.client() as client:
        answer = client.ask("GET", path, headers={"anthropic-version": "2023-06-01"})
        _assert_refused(answer, "messages", 404)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "TRACE", "BREW"])
@pytest.mark.parametrize("dialect", list(PATHS))
def test_a_wrong_method_is_405_with_allow(router: RouterProcess, dialect: str, method: str) -> None:
    with router.client() as client:
        answer = client.ask(method, PATHS[dialect])
        assert answer.headers["allow"] == "POST, OPTIONS"
        if method == "HEAD":
            assert answer.status == 405
        else:
            _assert_refused(answer, dialect, 405)
        _assert_in_step_or_closed(client)


def test_a_wrong_method_with_a_body_leaves_the_connection_in_step(router: RouterProcess) -> None:
    with router.client() as client:
        answer = client.ask("PUT", PATHS["chat"], b"x" * 50_000)
        _assert_refused(answer, "chat", 405)
        _assert_in_step_or_closed(client)


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/v1/models"])
def test_head_says_what_get_would_without_a_body(router: RouterProcess, first: Tier, second: Tier, path: str) -> None:
    with router.client() as client:
        got = client.ask("GET", path)
        head = client.ask("HEAD", path)
        assert head.status == got.status == 200
        assert head.headers["content-length"] == got.headers["content-length"]
        assert head.headers["content-type"] == got.headers["content-type"]
        _assert_in_step_or_closed(client)


@pytest.mark.parametrize(
    ("path", "allow"), [("/v1/messages", "POST, OPTIONS"), ("/v1/models", "GET, HEAD, OPTIONS"), ("/", None)]
)
def test_options_says_what_a_path_takes(router: RouterProcess, path: str, allow: str | None) -> None:
    with router.client() as client:
        answer = client.ask("OPTIONS", path)
        assert answer.status == 204
        assert allow is None or answer.headers["allow"] == allow
        _assert_in_step_or_closed(client)


def test_a_query_does_not_matter(router: RouterProcess, first: Tier) -> None:
    """Claude Code sends `?beta=true`."""
    with router.client() as client:
        assert client.ask("POST", "/v1/messages?beta=true", request_body("messages")).status == 200


# ── heads ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", [600_000, 2_000_000])
def test_a_huge_head_is_refused(router: RouterProcess, size: int) -> None:
    with router.client() as client:
        try:
            answer = client.ask("GET", "/healthz", headers={"x-long": "x" * size})
        except (ConnectionError, BrokenPipeError):
            pass
        else:
            assert answer.status in {400, 413, 431}
            assert not LEAKS.search(answer.body)
    assert router.is_healthy()


def test_very_many_headers_are_refused_or_served(router: RouterProcess) -> None:
    with router.client() as client:
        try:
            answer = client.ask("GET", "/healthz", headers={f"x-{number}": "y" for number in range(2_000)})
        except (ConnectionError, BrokenPipeError):
            pass
        else:
            assert answer.status in {200, 431}
    assert router.is_healthy()


@pytest.mark.parametrize(
    "given", ["", "x" * 129, "a b", "é", "<script>", '"', "{}", "a\tb"], ids=lambda given: repr(given)[:10]
)
def test_an_absurd_request_id_is_replaced(router: RouterProcess, first: Tier, given: str) -> None:
    with router.client() as client:
        answer = client.ask("POST", PATHS["messages"], b"{}", {"x-request-id": given})
        assert re.fullmatch(r"req_[0-9a-f]{24}", answer.headers["x-request-id"])
        assert answer.json["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(("dialect", "named"), [("messages", True), ("chat", False), ("responses", False)])
@pytest.mark.parametrize("stream", [False, True])
def test_anthropics_clients_find_the_request_id_where_they_look(
    router: RouterProcess, first: Tier, dialect: str, named: bool, stream: bool
) -> None:
    with router.client() as client:
        answer = client.ask("POST", PATHS[dialect], request_body(dialect, stream=stream))
    assert answer.status == 200
    assert answer.headers.get("request-id") == (answer.headers["x-request-id"] if named else None)


def test_a_sane_request_id_is_kept_and_goes_on_to_the_tier(router: RouterProcess, first: Tier) -> None:
    with router.client() as client:
        answer = client.ask("POST", PATHS["chat"], request_body("chat"), {"x-request-id": "Trace-1:2.3_4"})
    assert answer.headers["x-request-id"] == "Trace-1:2.3_4"
    assert first.requests[0].headers["x-request-id"] == "Trace-1:2.3_4"


def test_the_callers_other_headers_stay_with_the_router(router: RouterProcess, first: Tier) -> None:
    given = {"authorization": "Bearer mine", "x-api-key": "mine", "cookie": "a=b", "anthropic-beta": "x-1"}
    with router.client() as client:
        assert client.ask("POST", PATHS["messages"], request_body("messages"), given).status == 200
    headers = first.requests[0].headers
    assert "mine" not in str(headers)
    assert "cookie" not in headers
    assert headers["anthropic-beta"] == "x-1"
    assert headers["anthropic-version"] == "2023-06-01"


def test_non_ascii_headers_are_served(router: RouterProcess, first: Tier) -> None:
    with router.client() as client:
        answer = client.ask(
            "POST", PATHS["messages"], request_body("messages"), {"anthropic-beta": "é", "x-y": "\x80\xff"}
        )
    assert answer.status == 200


# ── slow senders ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("drips", [False, True], ids=["silent", "dripping"])
def test_a_head_that_does_not_come_is_given_up_on(router: RouterProcess, drips: bool) -> None:
    """`header_timeout` is 1 s here, for the whole head."""
    began = time.monotonic()
    with router.client() as client:
        client.send(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\n")
        try:
            while drips and time.monotonic() - began < 4.0:
                client.send(b"x: y\r\n")
                time.sleep(0.2)
        except OSError:
            pass
        try:
            client.socket.settimeout(4.0)
            while client.socket.recv(4096):
                pass
        except ConnectionError:
            pass
    assert 0.8 < time.monotonic() - began < 3.0


def test_an_idle_connection_is_closed_after_a_while(router: RouterProcess) -> None:
    """Between requests too a caller has `header_timeout` to begin the next one."""
    with router.client() as client:
        assert client.ask("GET", "/healthz").status == 200
        assert client.is_closed_by_server(timeout=4.0)


@pytest.mark.parametrize("dialect", list(PATHS))
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_body_that_does_not_come_is_408_and_the_connection_closed(
    router: RouterProcess, first: Tier, dialect: str, framing: str
) -> None:
    """`body_timeout` is half a second here."""
    headers = {"content-length": "1000"} if framing == "length" else {"transfer-encoding": "chunked"}
    with router.client() as client:
        client.request("POST", PATHS[dialect], None, headers)
        client.send(b"{" if framing == "length" else b"1\r\n{\r\n")
        began = time.monotonic()
        _assert_refused(client.read_answer(), dialect, 408)
        assert 0.3 < time.monotonic() - began < 1.5
        assert client.is_closed_by_server()
    assert first.requests == []


# ── the protocol's corners ───────────────────────────────────────────────────────────────────────────────────────────


def test_pipelined_requests_are_answered_in_order(router: RouterProcess, first: Tier) -> None:
    body = _good("chat")
    post = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)
    bad = b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}"
    with router.client() as client:
        client.send(post + bad + b"GET /v1/nothing HTTP/1.1\r\nhost: x\r\n\r\n" + post)
        assert [client.read_answer().status for _ in range(4)] == [200, 400, 404, 200]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_http_1_0_is_answered_and_closed(router: RouterProcess, first: Tier, stream: bool) -> None:
    body = _good("chat", stream=stream)
    with router.client() as client:
        client.send(b"POST /v1/chat/completions HTTP/1.0\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        status, headers = client.read_head()
        assert status == 200
        assert "transfer-encoding" not in headers
        data = client.read_to_end()
    assert (data.endswith(b"data: [DONE]\n\n")) if stream else json.loads(data)


def test_expect_100_continue_is_continued(router: RouterProcess, first: Tier) -> None:
    body = _good("chat")
    with router.client() as client:
        client.request("POST", PATHS["chat"], None, {"content-length": str(len(body)), "expect": "100-continue"})
        assert client.read_any_head()[0] == 100
        client.send(body)
        assert client.read_answer().status == 200


def test_a_refused_expectation_is_not_continued(router: RouterProcess) -> None:
    with router.client() as client:
        client.request("POST", PATHS["chat"], None, {"content-length": "5000000", "expect": "100-continue"})
        assert client.read_any_head()[0] == 413


def test_a_model_name_of_any_kind_is_served_by_default(router: RouterProcess, first: Tier) -> None:
    for name in (" ", "\0", "\N{GRINNING FACE}", "x" * 20_000, "../../etc", "model:", "claude-", "a\r\nb: c"):
        with router.client() as client:
            answer = client.ask("POST", PATHS["chat"], request_body("chat", name))
            assert answer.status == 200, repr(name)
            assert answer.json["model"] == name
            assert answer.headers["x-anvil-intent"] == "chat"
