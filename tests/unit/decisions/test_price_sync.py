from __future__ import annotations

import datetime
import json
import os
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from anvil_serving.decisions import price_sync
from anvil_serving.decisions.download import download
from anvil_serving.decisions.price_sync import convert, encode_table, fetch, sync
from anvil_serving.decisions.prices import ListedPrice, PriceTable
from anvil_serving.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TODAY = datetime.date(2026, 11, 25)


def entry(**members: Any) -> dict[str, Any]:
    usual = {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 2e-06,
        "output_cost_per_token": 8e-06,
    }
    return usual | members


def document(**entries: Any) -> bytes:
    models = {f"model-{number}": entry() for number in range(60)}
    return json.dumps({"sample_spec": {"mode": "one of: chat"}, **models, **entries}).encode()


def converted(**entries: Any) -> dict[str, ListedPrice]:
    table = convert(document(**entries), "a test", TODAY)
    return {name: price for name, price in table.models.items() if not name.startswith("model-")}


def test_prices_are_per_million() -> None:
    listed = entry(cache_read_input_token_cost=3e-07, cache_creation_input_token_cost=3.75e-06)
    assert converted(a=listed) == {"a": ListedPrice(2.0, 8.0, 0.3, 3.75)}


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("other-vendor", {"litellm_provider": "bedrock"}),
        ("other-mode", {"mode": "embedding"}),
        ("free", {"input_cost_per_token": 0, "output_cost_per_token": 0}),
        ("unpriced", {"input_cost_per_token": None}),
        ("odd", {"input_cost_per_token": "2e-06"}),
        ("retired", {"deprecation_date": "2026-11-24"}),
        ("ft:gpt-4o", {}),
        ("gpt-audio", {}),
        ("gpt-realtime", {}),
    ],
)
def test_what_is_no_current_model_for_text_is_left_out(name: str, members: dict[str, Any]) -> None:
    assert converted(**{name: entry(**members)}) == {}


def test_what_is_retired_later_stays() -> None:
    assert list(converted(a=entry(deprecation_date="2026-11-25"))) == ["a"]


def test_names_are_without_vendor_and_in_lower_case() -> None:
    found = converted(**{"minimax/MiniMax-M2": entry(litellm_provider="minimax")})
    assert list(found) == ["minimax-m2"]


def test_the_vendor_itself_wins_over_whoever_sells_its_model_too() -> None:
    resold = entry(litellm_provider="dashscope", input_cost_per_token=9e-06)
    own = entry(litellm_provider="deepseek")
    for order in (("dashscope", "deepseek"), ("deepseek", "dashscope")):
        entries = {f"{vendor}/ds": {"dashscope": resold, "deepseek": own}[vendor] for vendor in order}
        assert converted(**entries) == {"ds": ListedPrice(2.0, 8.0)}


def test_a_dated_name_is_kept_only_where_it_has_a_price_of_its_own() -> None:
    found = converted(
        **{
            "a": entry(),
            "a-20260101": entry(),
            "a-2025-01-01": entry(output_cost_per_token=9e-06),
            "b-20260101": entry(),
        }
    )
    assert sorted(found) == ["a", "a-2025-01-01", "b-20260101"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a JSON object"),
        (b"<html>", "not a JSON object"),
        (b"[]", "not a JSON object"),
        (b'{"a":' * 100_000, "not a JSON object"),
        (b"\xff\xfe", "not a JSON object"),
        (b"{}", "prices of 0 models"),
        (document(a=entry(input_cost_per_token=-1e-06)), "the price of 'a' is none"),
        (document(a=entry(output_cost_per_token=1)), "the price of 'a' is none"),
        (document(a=entry(cache_read_input_token_cost=-1.0)), "the price of 'a' is none"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused(content: bytes, words: str) -> None:
    with pytest.raises(StartupError, match=words):
        convert(content, "a test", TODAY)


def test_the_file_has_a_model_a_line_and_is_stable() -> None:
    table = PriceTable(TODAY, 'a "test"', {"b": ListedPrice(1.0, 2.0), "a": ListedPrice(1.0, 2.0, 0.5)})
    content = encode_table(table)
    assert json.loads(content)["source"] == 'a "test"'
    assert content.splitlines()[4].strip() == b'"a": {"input":1.0,"output":2.0,"cached_input":0.5},'
    assert encode_table(PriceTable(TODAY, 'a "test"', dict(sorted(table.models.items())))) == content


def test_a_sync_says_what_changed_and_replaces_the_table(tmp_path: Path) -> None:
    source, path = tmp_path / "theirs.json", tmp_path / "data" / "anvil-serving" / "prices.json"
    source.write_bytes(document(a=entry(), b=entry()))
    first, _ = sync(str(source), path, PriceTable(TODAY, "", {}), TODAY)
    source.write_bytes(document(b=entry(output_cost_per_token=9e-06), c=entry()))
    _, changes = sync(str(source), path, first, TODAY)
    assert changes == price_sync.PriceChanges(new=("c",), changed=("b",), gone=("a",))
    assert json.loads(path.read_bytes())["models"]["b"] == {"input": 2.0, "output": 9.0}
    assert [file.name for file in path.parent.iterdir()] == ["prices.json"]


def test_a_sync_that_fails_leaves_the_old_table(tmp_path: Path) -> None:
    source, path = tmp_path / "theirs.json", tmp_path / "prices.json"
    path.write_text("old")
    source.write_text("{}")
    with pytest.raises(StartupError, match="prices of 0 models"):
        sync(str(source), path, PriceTable(TODAY, "", {}), TODAY)
    assert path.read_text() == "old"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    source = tmp_path / "theirs.json"
    source.write_bytes(document())
    with pytest.raises(StartupError, match="cannot be written"):
        sync(str(source), source / "prices.json", PriceTable(TODAY, "", {}), TODAY)


@contextmanager
def served(answer: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/prices.json"
        finally:
            server.shutdown()
            thread.join()


def answering(status: int, content: bytes = b"", **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(content)

    return answer


def test_a_table_is_fetched_from_this_machine() -> None:
    with served(answering(200, document())) as url:
        assert fetch(url) == document()


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (404, {}, "the server answers 404"),
        (500, {}, "the server answers 500"),
        (302, {"Location": "http://example.com/prices.json"}, "not fetched from http://example.com/prices.json"),
        (302, {"Location": "file:///etc/passwd"}, "cannot be fetched|not fetched"),
        (302, {"Location": "ftp://example.com/a"}, "not fetched"),
        (200, {"Content-Length": "5"}, "the connection broke"),
    ],
)
def test_an_answer_that_is_none(status: int, headers: dict[str, str], words: str) -> None:
    with served(answering(status, b"", **headers)) as url, pytest.raises(StartupError, match=words):
        fetch(url)


def test_a_table_without_end_is_cut_off() -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        try:
            while True:
                request.wfile.write(b" " * 65_536)
        except OSError:
            pass

    with served(endless) as url, pytest.raises(StartupError, match="larger than"):
        fetch(url)


def test_a_server_that_dribbles_its_headers_is_left() -> None:
    left = threading.Event()

    def dribbling(request: BaseHTTPRequestHandler) -> None:
        try:
            request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not left.wait(0.05):
                request.wfile.write(b"a")
        except OSError:
            pass

    with served(dribbling) as url:
        began = time.monotonic()
        try:
            with pytest.raises(StartupError, match=r"it takes longer than 0\.5 s"):
                download(url, seconds=0.5)
        finally:
            left.set()
        assert time.monotonic() - began < 3


def test_a_status_line_does_not_steer_the_terminal() -> None:
    def steering(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(b"\x1b[2J\x9bnot http\r\n\r\n")

    with served(steering) as url, pytest.raises(StartupError) as caught:
        fetch(url)
    assert "\\x1b[2J\\x9bnot http" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes in folders")
def test_only_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place, what in ((tmp_path / "pipe", "a pipe"), (tmp_path, "a folder"), ("/dev/zero", "a device")):
        with pytest.raises(StartupError, match=f"is {what} and no file"):
            fetch(str(place))


def test_nobody_there_is_told() -> None:
    with served(answering(200)) as url:
        pass
    with pytest.raises(StartupError, match="cannot be fetched from"):
        fetch(url)


@pytest.mark.parametrize(
    "source",
    ["http://example.com/a", "ftp://127.0.0.1/a", "file:///etc/passwd", "http://127.0.0.1.evil/a", "http://[/"],
)
def test_prices_are_not_fetched_from_everywhere(source: str) -> None:
    with pytest.raises(StartupError, match="not fetched"):
        fetch(source)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="cannot be read"):
        fetch(str(tmp_path / "none.json"))
