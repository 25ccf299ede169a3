"""Two answers read slowly and whole, to see that a contender gives the upstream's text and not merely its shape."""

import http.client
import urllib.parse
from typing import TypeVar

import msgspec

from harness.dialect import PATHS, Dialect
from harness.process import BenchError

TIMEOUT_SECONDS = 60.0
PROMPT = "Explain in a few sentences why a client never sees the text that a quality gate rejected."

T = TypeVar("T")


class ChatMessage(msgspec.Struct):
    """A delta or a message of Chat Completions; only its text matters here."""

    content: str | None = None


class ChatChoice(msgspec.Struct):
    """A choice of a Chat Completions answer, streamed or whole."""

    delta: ChatMessage | None = None
    message: ChatMessage | None = None


class ChatCompletion(msgspec.Struct):
    """A Chat Completions answer or one chunk of it."""

    choices: list[ChatChoice]


class Part(msgspec.Struct):
    """A block, a delta of one, or a part of an item; not all of them are text."""

    text: str = ""


class MessagesEvent(msgspec.Struct):
    """One event of a streamed Messages answer."""

    type: str
    delta: Part | None = None


class Message(msgspec.Struct):
    """A whole Messages answer, or an item of a Responses answer."""

    content: list[Part]


class ResponsesEvent(msgspec.Struct):
    """One event of a streamed Responses answer."""

    type: str
    delta: str = ""


class Response(msgspec.Struct):
    """A whole Responses answer."""

    output: list[Message]


class Answers(msgspec.Struct, frozen=True):
    """The same text twice, once from each kind of answer."""

    streamed: str
    whole: str


def answers(base_url: str, dialect: Dialect = "chat", model: str = "chat") -> Answers:
    return Answers(
        streamed=streamed_text(dialect, ask(base_url, dialect, model, stream=True)),
        whole=whole_text(dialect, ask(base_url, dialect, model, stream=False)),
    )


def first_difference(got: Answers, expected: Answers) -> str | None:
    """Where a contender's text leaves the upstream's; `None` where it never does."""
    for kind, ours, theirs in (("streamed", got.streamed, expected.streamed), ("whole", got.whole, expected.whole)):
        if ours != theirs:
            shorter = min(len(ours), len(theirs))
            at = next((at for at in range(shorter) if ours[at] != theirs[at]), shorter)
            given, wanted = ours[at : at + 40], theirs[at : at + 40]
            return f"the {kind} text leaves the upstream's at {at}: {given!r}, not {wanted!r}"
    return None


def ask(base_url: str, dialect: Dialect, model: str, *, stream: bool) -> bytes:
    address = urllib.parse.urlsplit(base_url)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=TIMEOUT_SECONDS)
    try:
        said = [{"role": "user", "content": PROMPT}]
        body = {"model": model, "stream": stream, "input" if dialect == "responses" else "messages": said}
        if dialect == "messages":
            body["max_tokens"] = 512
        headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
        connection.request("POST", PATHS[dialect], msgspec.json.encode(body), headers)
        response = connection.getresponse()
        payload = response.read()
    except http.client.HTTPException as error:
        raise BenchError(f"no answer: {error!r}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise BenchError(f"status {response.status}: {payload[:500]!r}")
    return payload


def streamed_text(dialect: Dialect, payload: bytes) -> str:
    lines = payload.decode().split("\n")
    events = [line.removeprefix("data:").strip() for line in lines if line.startswith("data:")]
    last = {"chat": "[DONE]", "messages": '{"type":"message_stop"', "responses": '{"type":"response.completed"'}
    if not events or not events[-1].startswith(last[dialect]):
        raise BenchError(f"a stream without its end: {payload[-200:]!r}")
    if dialect == "chat":
        deltas = [choice.delta for event in events[:-1] for choice in decode(event, ChatCompletion).choices]
        return "".join(delta.content or "" for delta in deltas if delta)
    if dialect == "messages":
        blocks = [event for event in (decode(event, MessagesEvent) for event in events) if event.delta]
        return "".join(event.delta.text for event in blocks if event.delta)
    return "".join(decode(event, ResponsesEvent).delta for event in events if '"response.output_text.delta"' in event)


def whole_text(dialect: Dialect, payload: bytes) -> str:
    if dialect == "chat":
        message = decode(payload, ChatCompletion).choices[0].message
        return (message.content or "") if message else ""
    messages = [decode(payload, Message)] if dialect == "messages" else decode(payload, Response).output
    return "".join(part.text for message in messages for part in message.content)


def decode(payload: bytes | str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(payload, type=kind)
    except msgspec.DecodeError as error:
        raise BenchError(f"not a {kind.__name__}: {error}: {payload[:200]!r}") from error
