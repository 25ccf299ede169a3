"""Two answers read slowly and whole, to see that a contender gives the upstream's text and not merely its shape."""

import http.client
import urllib.parse

import msgspec

from harness.process import BenchError

TIMEOUT_SECONDS = 60.0
PROMPT = "Explain in a few sentences why a client never sees the text that a quality gate rejected."


class Message(msgspec.Struct):
    """A delta or a message; only its text matters here."""

    content: str | None = None


class Choice(msgspec.Struct):
    """A choice of a Chat Completions answer, streamed or whole."""

    delta: Message | None = None
    message: Message | None = None


class Completion(msgspec.Struct):
    """A Chat Completions answer or one chunk of it."""

    choices: list[Choice]


class Answers(msgspec.Struct, frozen=True):
    """The same text twice, once from each kind of answer."""

    streamed: str
    whole: str


def answers(base_url: str) -> Answers:
    return Answers(streamed=streamed_text(ask(base_url, stream=True)), whole=whole_text(ask(base_url, stream=False)))


def first_difference(got: Answers, expected: Answers) -> str | None:
    """Where a contender's text leaves the upstream's; `None` where it never does."""
    for kind, ours, theirs in (("streamed", got.streamed, expected.streamed), ("whole", got.whole, expected.whole)):
        if ours != theirs:
            shorter = min(len(ours), len(theirs))
            at = next((at for at in range(shorter) if ours[at] != theirs[at]), shorter)
            given, wanted = ours[at : at + 40], theirs[at : at + 40]
            return f"the {kind} text leaves the upstream's at {at}: {given!r}, not {wanted!r}"
    return None


def ask(base_url: str, *, stream: bool) -> bytes:
    address = urllib.parse.urlsplit(base_url)
    connection = http.client.HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=TIMEOUT_SECONDS)
    try:
        body = {"model": "chat", "stream": stream, "messages": [{"role": "user", "content": PROMPT}]}
        headers = {"content-type": "application/json"}
        connection.request("POST", "/v1/chat/completions", msgspec.json.encode(body), headers)
        response = connection.getresponse()
        payload = response.read()
    except http.client.HTTPException as error:
        raise BenchError(f"no answer: {error!r}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise BenchError(f"status {response.status}: {payload[:500]!r}")
    return payload


def streamed_text(payload: bytes) -> str:
    events = [event for event in payload.decode().split("\n\n") if event.strip()]
    if not events or events[-1].strip() != "data: [DONE]":
        raise BenchError(f"a stream without its end: {payload[-200:]!r}")
    chunks = [
        decode(line.removeprefix("data:")) for event in events[:-1] for line in event.split("\n") if line[:5] == "data:"
    ]
    deltas = [choice.delta for chunk in chunks for choice in chunk.choices]
    return "".join(delta.content or "" for delta in deltas if delta)


def whole_text(payload: bytes) -> str:
    message = decode(payload).choices[0].message
    return (message.content or "") if message else ""


def decode(payload: bytes | str) -> Completion:
    try:
        return msgspec.json.decode(payload, type=Completion)
    except msgspec.DecodeError as error:
        raise BenchError(f"not a Chat Completions answer: {error}: {payload[:200]!r}") from error
