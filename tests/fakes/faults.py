"""Bad answers: what tiers do wrong, by the moment at which it shows.

`BEFORE_RELEASE` shows before a word of an answer is there, `AFTER_RELEASE` after some words of a stream, and `REFUSALS`
are the tier's word that the request is wrong. Each makes a script from the dialect and from whether a stream was asked
for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

from tests.fakes import answers
from tests.fakes.answers import chunk, head, whole
from tests.fakes.steps import Fin, Pause, Reset, Stall, Step

__all__ = ["AFTER_RELEASE", "BEFORE_RELEASE", "BEFORE_RELEASE_STREAMED", "REFUSALS", "SECRET", "Fault", "first_words"]

Fault: TypeAlias = Callable[[str, bool], Iterable[Step]]

SECRET = "words-of-the-broken-answer"
"""Stands in everything the broken answers say, and must never reach a client before release."""
_VENDOR_MESSAGES = {401: "invalid key", 403: "forbidden", 404: "no such model", 408: "too slow", 429: "slow down"}


def first_words(dialect: str, count: int = 2) -> list[bytes]:
    """The head of a stream and its beginning, up to so many words."""
    leading = {"chat": 1, "messages": 2, "responses": 4}[dialect]
    events = answers.events(dialect, [f"{SECRET} {number} " for number in range(count)])
    return [answers.stream_head(), *(chunk(data) for data in events[: leading + count])]


def _good_head(streamed: bool) -> bytes:
    return answers.stream_head() if streamed else head(200, ("content-type", "application/json"), _CHUNKED)


_CHUNKED = ("transfer-encoding", "chunked")


def _half(dialect: str, streamed: bool) -> bytes:
    """The first half of the first thing that an answer says."""
    if streamed:
        event = answers.events(dialect, [SECRET])[0]
        return event[: len(event) // 2]
    body = json.dumps(answers.document(dialect, [SECRET])).encode()
    return body[: body.index(SECRET.encode()) + len(SECRET)]


def _closes_at_once(_: str, streamed: bool) -> Iterable[Step]:
    return [Fin()]


def _resets_at_once(_: str, streamed: bool) -> Iterable[Step]:
    return [Reset()]


def _stalls_at_once(_: str, streamed: bool) -> Iterable[Step]:
    return [Stall()]


def _head_then_fin(_: str, streamed: bool) -> Iterable[Step]:
    return [_good_head(streamed), Fin()]


def _head_then_reset(_: str, streamed: bool) -> Iterable[Step]:
    return [_good_head(streamed), Pause(0.02), Reset()]


def _head_then_stall(_: str, streamed: bool) -> Iterable[Step]:
    return [_good_head(streamed), Stall()]


def _half_then_fin(dialect: str, streamed: bool) -> Iterable[Step]:
    return [_good_head(streamed), chunk(_half(dialect, streamed)), Fin()]


def _half_then_reset(dialect: str, streamed: bool) -> Iterable[Step]:
    return [_good_head(streamed), chunk(_half(dialect, streamed)), Pause(0.02), Reset()]


def _half_then_stall(dialect: str, streamed: bool) -> Iterable[Step]:
    return [_good_head(streamed), chunk(_half(dialect, streamed)), Stall()]


def _half_then_clean_end(dialect: str, streamed: bool) -> Iterable[Step]:
    return [_good_head(streamed), chunk(_half(dialect, streamed)), chunk(b"")]


def _length_too_long(dialect: str, streamed: bool) -> Iterable[Step]:
    kind = "text/event-stream" if streamed else "application/json"
    body = _half(dialect, streamed)
    return [head(200, ("content-type", kind), ("content-length", str(len(body) + 500))) + body, Fin()]


def _bad_chunk_size(dialect: str, streamed: bool) -> Iterable[Step]:
    return [_good_head(streamed) + b"zz\r\n" + _half(dialect, streamed) + b"\r\n0\r\n\r\n"]


def _half_a_head(_: str, streamed: bool) -> Iterable[Step]:
    return [_good_head(streamed)[:-10], Fin()]


def _garbage(_: str, streamed: bool) -> Iterable[Step]:
    return [b"SSH-2.0-OpenSSH_9.2 " + SECRET.encode() + b"\r\n\r\n", Fin()]


def _head_drips(_: str, streamed: bool) -> Iterable[Step]:
    for byte in _good_head(streamed) * 20:
        yield bytes([byte])
        yield Pause(0.05)


def _html(_: str, streamed: bool) -> Iterable[Step]:
    return [whole(f"<html><body>{SECRET}</body></html>".encode(), 200, ("content-type", "text/html"))]


def _not_json(_: str, streamed: bool) -> Iterable[Step]:
    return [whole(SECRET.encode())]


def _empty_object(_: str, streamed: bool) -> Iterable[Step]:
    return [whole({"note": SECRET})]


def _empty_body(_: str, streamed: bool) -> Iterable[Step]:
    return [whole(b"", 200, ("content-type", "text/event-stream" if streamed else "application/json"))]


def _error_with_200(dialect: str, streamed: bool) -> Iterable[Step]:
    return [whole(answers.error(dialect, SECRET, kind="server_error"))]


def _redirect(_: str, streamed: bool) -> Iterable[Step]:
    return [whole(SECRET.encode(), 307, ("location", "http://127.0.0.1:9/elsewhere"))]


def _compressed(dialect: str, streamed: bool) -> Iterable[Step]:
    kind = "text/event-stream" if streamed else "application/json"
    return [whole(SECRET.encode(), 200, ("content-type", kind), ("content-encoding", "gzip"))]


def _status(status: int) -> Fault:
    def fault(dialect: str, streamed: bool) -> Iterable[Step]:
        return [whole(answers.error(dialect, f"{_VENDOR_MESSAGES.get(status, 'broken')}: {SECRET}"), status)]

    return fault


def _slow_down(dialect: str, streamed: bool) -> Iterable[Step]:
    return [whole(answers.error(dialect, SECRET, kind="rate_limit_error"), 429, ("retry-after", "7"))]


def _slow_down_for_long(dialect: str, streamed: bool) -> Iterable[Step]:
    return [whole(answers.error(dialect, SECRET, kind="rate_limit_error"), 429, ("retry-after", "86400"))]


def _html_503(_: str, streamed: bool) -> Iterable[Step]:
    return [whole(f"<html>{SECRET}</html>".encode(), 503, ("content-type", "text/html"))]


BEFORE_RELEASE: Mapping[str, Fault] = {
    "closes at once": _closes_at_once,
    "resets at once": _resets_at_once,
    "stalls at once": _stalls_at_once,
    "head then fin": _head_then_fin,
    "head then reset": _head_then_reset,
    "head then stall": _head_then_stall,
    "half then fin": _half_then_fin,
    "half then reset": _half_then_reset,
    "half then stall": _half_then_stall,
    "half then clean end": _half_then_clean_end,
    "length too long": _length_too_long,
    "bad chunk size": _bad_chunk_size,
    "half a head": _half_a_head,
    "garbage": _garbage,
    "head drips": _head_drips,
    "html": _html,
    "not json": _not_json,
    "empty object": _empty_object,
    "empty body": _empty_body,
    "error with 200": _error_with_200,
    "redirect": _redirect,
    "compressed": _compressed,
    **{f"status {status}": _status(status) for status in (401, 403, 404, 408, 418, 429, 500, 502, 503, 529)},
    "429 with retry-after": _slow_down,
    "429 for a day": _slow_down_for_long,
    "503 in html": _html_503,
}


def _stream_of(*payloads: str) -> Fault:
    def fault(dialect: str, streamed: bool) -> Iterable[Step]:
        return [answers.stream_head(), *(chunk(answers.event(dialect, text)) for text in payloads), chunk(b"")]

    return fault


def _error_document(dialect: str, message: str, kind: str) -> dict[str, object]:
    """An error as an event of a stream; Responses has another form for it than for a whole one."""
    if dialect == "responses":
        return {"type": "error", "code": kind, "message": message, "param": None, "sequence_number": 2}
    return answers.error(dialect, message, kind=kind)


def _error_event_first(dialect: str, streamed: bool) -> Iterable[Step]:
    error = _error_document(dialect, SECRET, "overloaded_error")
    return [answers.stream_head(), chunk(answers.event(dialect, error)), chunk(b"")]


def _whole_answer(dialect: str, streamed: bool) -> Iterable[Step]:
    return [whole(answers.document(dialect, [SECRET]))]


def _only_comments(_: str, streamed: bool) -> Iterable[Step]:
    return [answers.stream_head(), *(chunk(f": {SECRET}\n\n".encode()) for _ in range(5)), chunk(b"")]


def _comments_for_ever(_: str, streamed: bool) -> Iterable[Step]:
    yield answers.stream_head()
    for _ in range(1000):
        yield chunk(f": {SECRET}\n\n".encode())
        yield Pause(0.1)


BEFORE_RELEASE_STREAMED: Mapping[str, Fault] = {
    "error event first": _error_event_first,
    "whole answer to a stream": _whole_answer,
    "terminal event first": lambda dialect, _: (
        _stream_of("[DONE]")(dialect, True)
        if dialect == "chat"
        else [answers.stream_head(), chunk(answers.event(dialect, {"type": "message_stop"})), chunk(b"")]
    ),
    "event is not json": _stream_of(SECRET),
    "event is no object": _stream_of(f'["{SECRET}"]'),
    "only comments": _only_comments,
}


def _then(*more: Callable[[str], Iterable[Step]]) -> Fault:
    def fault(dialect: str, streamed: bool) -> Iterable[Step]:
        yield from first_words(dialect)
        # Lets the words be released: what comes in one read with its own failure is not yet anybody's.
        yield Pause(0.1)
        for make in more:
            yield from make(dialect)

    return fault


def _fin(_: str) -> Iterable[Step]:
    return [Fin()]


def _reset(_: str) -> Iterable[Step]:
    return [Reset()]


def _stall(_: str) -> Iterable[Step]:
    return [Stall()]


def _chunk_of_garbage(dialect: str) -> Iterable[Step]:
    return [chunk(answers.event(dialect, "{this is not json"))]


def _error_event(dialect: str) -> Iterable[Step]:
    return [chunk(answers.event(dialect, _error_document(dialect, "address 10.1.2.3 failed", "server_error")))]


def _half_event(dialect: str) -> Iterable[Step]:
    event = answers.events(dialect)[2]
    return [chunk(event[: len(event) // 2])]


def _terminal_event(dialect: str) -> Iterable[Step]:
    return [chunk(answers.events(dialect)[-1])]


def _clean_end(_: str) -> Iterable[Step]:
    return [chunk(b"")]


def _bad_size(_: str) -> Iterable[Step]:
    return [b"not-a-size\r\n"]


AFTER_RELEASE: Mapping[str, Fault] = {
    "fin": _then(_fin),
    "reset": _then(_reset),
    "stall": _then(_stall),
    "half an event then fin": _then(_half_event, _fin),
    "half an event then clean end": _then(_half_event, _clean_end),
    "clean end without finish": _then(_clean_end),
    "terminal event without finish": _then(_terminal_event, _clean_end),
    "error event": _then(_error_event, _clean_end),
    "error event then stall": _then(_error_event, _stall),
    "garbage event": _then(_chunk_of_garbage, _clean_end),
    "bad chunk size": _then(_bad_size, _fin),
}


def _refusal(status: int) -> Fault:
    def fault(dialect: str, streamed: bool) -> Iterable[Step]:
        return [whole(answers.error(dialect, f"the tier's words for {status}"), status)]

    return fault


REFUSALS: Mapping[int, Fault] = {status: _refusal(status) for status in (400, 409, 413, 422)}
