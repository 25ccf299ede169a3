"""The Rust surface: what happens to bytes.

Every class is immutable from Python, or used up by its last use, and safe to use from any thread. Nothing here runs at
import; an `Engine` owns one thread and belongs to one event loop.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import final

__all__ = [
    "Attempt",
    "BadEndpointError",
    "Checks",
    "Endpoint",
    "Engine",
    "EngineClosedError",
    "Facts",
    "InvalidRequestError",
    "Opening",
    "Outcome",
    "Overrides",
    "Phrases",
    "Request",
    "Shape",
    "UntranslatableError",
    "UsageLedger",
    "UsageLog",
    "UsageReader",
    "UsageRequest",
    "UsageRequests",
    "build_info",
    "error_body",
]

class InvalidRequestError(ValueError):
    """A body is not a request of its dialect. `str()` is one sentence without the caller's text."""

    param: str | None
    """The path of the offending member, such as `messages.0.role`, where one is to blame."""

class UntranslatableError(ValueError):
    """The tier's dialect cannot say the request. `str()` is one sentence without the caller's text."""

    param: str | None
    """The path of what cannot be said."""

class BadEndpointError(ValueError):
    """An endpoint's settings cannot be used. `str()` never holds a header's value or a URL."""

class EngineClosedError(RuntimeError):
    """The engine is closed, or belongs to the process that this one was forked from."""

@final
class Request:
    """One decoded request. The body is kept as bytes."""

    @staticmethod
    def decode(dialect: str, body: bytes) -> Request:
        """Reads `body` as a request of `dialect`: `"messages"`, `"chat"` or `"responses"`.

        One pass, the GIL released above 64 KiB. Raises `InvalidRequestError` when it is none.
        """

    @staticmethod
    def decode_prompt(dialect: str, body: bytes) -> Request:
        """Reads a body that asks about a prompt and for no answer: as `decode`, but no cap is required of it."""

    @staticmethod
    def decode_unread(body: bytes) -> Request:
        """Reads a body of no dialect, such as for embeddings: only its model, which may be missing, and `stream`.

        Its dialect is `"chat"`, in whose words errors are told and streams framed. Raises `InvalidRequestError`.
        """

    @property
    def dialect(self) -> str: ...
    @property
    def model(self) -> str:
        """The `model` member, as sent."""

    @property
    def stream(self) -> bool:
        """Whether a streamed answer is asked for."""

    @property
    def thread(self) -> bool:
        """Whether the conversation is to be kept at the vendor and gone on with there (Messages)."""

    @property
    def previous_response(self) -> str | None:
        """The answer that the request goes on from, by its id."""

    @property
    def item_references(self) -> list[str]:
        """The ids of stored items that stand in the conversation by reference (Responses); at most 4,096."""

    @property
    def keeps_items(self) -> bool:
        """Whether the items of the answer are to be kept for later requests."""

    @property
    def facts(self) -> Facts: ...
    def said(self, phrases: Phrases) -> tuple[Shape, list[list[int]]]:
        """What the user's last words look like, and which phrases they hold, in one pass.

        Four lists of places in `Facts.last_user_text`, each ascending: anywhere; at the beginning; the first word; the
        first word of a later sentence. Blocks of code between fences, diffs, stack traces, lines of logs and quoted
        lines do not count, unless there is nothing else.
        """

    def instructed(self, phrases: Phrases) -> list[int]:
        """Which phrases the instructions hold, and what the harness put beside the user's last words.

        Looks at the first 48 KiB of the system's and the developer's instructions, and at 32 KiB of what has been put
        into the user's turn: of each of its sections at the first 4.
        """

    def input_items(self) -> bytes:
        """The items of a Responses request, as a JSON list without its brackets."""

    def resumed(self, history: str, items: Mapping[str, str]) -> Request:
        """The same Responses request, going on from stored items instead of referring to them.

        `history` is a JSON list of items without its brackets, which come before its own; `items` has what stands for
        each item that it refers to by id. Raises `InvalidRequestError`.
        """

    def encode(self, dialect: str, overrides: Overrides) -> bytes:
        """The body for a tier that speaks `dialect`, with what `overrides` changes.

        In the request's own dialect every other member is kept byte for byte; in another it is said anew. Raises
        `UntranslatableError` when the dialect cannot say it.
        """

@final
class Phrases:
    """Phrases to look for, made once and used for every request."""

    def __new__(cls, phrases: Sequence[str]) -> Phrases:
        """Neither case nor the kind of quotation mark matters, and any run of white space is one space.

        A phrase is found in no longer word: `plan` is not in `planes`, but `plan*`, a stem, is. Scripts that are
        written without spaces have no such boundary, and Hangul has none at the end. Raises `ValueError` when a phrase
        is empty, or all of them have more than 320 KiB.
        """

    def find(self, text: str) -> list[int]:
        """Which phrases occur in `text`: their places in the list, ascending and each once."""

@final
class Shape:
    """What the user's last words look like. Prose is what remains of them without what is pasted (`Request.said`)."""

    @property
    def question(self) -> bool:
        """Whether the prose ends in a question, by its mark or its first word."""

    @property
    def questions(self) -> int:
        """Questions in the prose, by their marks."""

    @property
    def code_fences(self) -> int:
        """Blocks of code between fences."""

    @property
    def has_diff(self) -> bool: ...
    @property
    def has_stack_trace(self) -> bool: ...
    @property
    def paths(self) -> int:
        """Different paths and names of files in the prose; at most 64."""

    @property
    def names(self) -> int:
        """Different names in the prose that are spelt as code's are; at most 64."""

    @property
    def things(self) -> int:
        """The largest number of things that the prose speaks of, such as 34 of "34 components"; 0 for none."""

    @property
    def series(self) -> int:
        """Short items of the prose's longest series."""

    @property
    def list_items(self) -> int:
        """Lines of the prose that are items of a list."""

    @property
    def words(self) -> int:
        """Words of the prose; of scripts without spaces, half of the characters."""

    @property
    def pasted_bytes(self) -> int:
        """Bytes of the user's last words, before they are cut, that are not prose."""

@final
class Facts:
    """Small facts of a request: numbers and names, and the last words of the user."""

    @property
    def model(self) -> str: ...
    @property
    def stream(self) -> bool: ...
    @property
    def max_output_tokens(self) -> int | None:
        """The caller's cap on generated tokens."""

    @property
    def answers(self) -> int:
        """How many answers are asked for at once; 1 unless more are (Chat Completions)."""

    @property
    def prompt_tokens(self) -> int:
        """The prompt's size in tokens, estimated from its bytes; errs on the high side."""

    @property
    def messages(self) -> int: ...
    @property
    def tools(self) -> list[str]:
        """Names of the tools offered, in order; at most 512."""

    @property
    def offers_tools(self) -> bool: ...
    @property
    def tool_choice(self) -> bool:
        """Whether the caller names a tool choice other than leaving it to the model."""

    @property
    def images(self) -> int: ...
    @property
    def documents(self) -> int: ...
    @property
    def thinking(self) -> bool: ...
    @property
    def effort(self) -> str | None:
        """The reasoning effort that the caller declares, in lower case; at most 16 characters."""

    @property
    def structured_output(self) -> bool: ...
    @property
    def session(self) -> str | None:
        """The caller's session key, where the body carries one."""

    @property
    def dimensions(self) -> list[tuple[str, bytes]]:
        """What the caller says to the router itself: a path (`anvil` or `metadata.anvil`) and a JSON object each.

        An object has at most 8 KiB, and no tier is sent one.
        """

    @property
    def conversation(self) -> int:
        """A hash, of 64 bits, of how the conversation begins: its instructions and what a person wrote first.

        The same in every later request of the conversation, in every process and release; 0 where there is neither.
        """

    @property
    def user_turns(self) -> int:
        """How many messages hold what a person wrote."""

    @property
    def last_user_text(self) -> str:
        """What a person wrote last, tool results and what a harness puts beside it left out.

        At most 8 KiB: of a longer text the first 5 and the last 3, on two lines.
        """

    @property
    def last_user_bytes(self) -> int:
        """The size of that text before it is cut, in bytes."""

    @property
    def open_tool_loop(self) -> bool:
        """Whether the conversation ends in a tool's result."""

    @property
    def signed_thinking(self) -> bool: ...
    @property
    def tool_results(self) -> list[str]:
        """Ids of the tool calls whose results have come since the model's last turn; at most 64."""

    @property
    def failed_tool_calls(self) -> list[str]:
        """Ids of the tool calls whose results report an error; at most 512."""

@final
class Overrides:
    """What a tier changes in every body it is sent."""

    def __new__(
        cls,
        *,
        model: str | None = None,
        set: str = "{}",  # noqa: A002 (the field's word for it; keyword only)
        defaults: str = "{}",
        max_output_tokens: int | None = None,
        is_local: bool = False,
        asks_for_logprobs: bool = False,
    ) -> Overrides:
        """`model` replaces the caller's name for it; a cap above `max_output_tokens` is lowered to that.

        `is_local` says that the tier is not the vendor of the dialect it speaks: a Messages request goes there without
        what only the vendor knows, and with a prompt that begins the same in every conversation.

        `asks_for_logprobs`: where a request of Chat Completions offers no tools, the tier is asked how sure it was of
        each token. A caller that has not asked itself is not told.

        `set` and `defaults` are JSON objects as text: members set whatever the caller said, and members set only where
        the caller said nothing.

        Raises `ValueError` when `set` or `defaults` is not a JSON object.
        """

@final
class Checks:
    """The checks that an answer goes through, and how long it is held for them. Made once, used for many."""

    def __new__(
        cls,
        checks: Sequence[str],
        *,
        window: str,
        repairs: bool,
        max_held_bytes: int,
        heartbeat_every: float,
        least_mean_logprob: float | None = None,
    ) -> Checks:
        """`checks` are of `names()`; `window` is `"none"`, `"block"` or `"whole"`.

        `least_mean_logprob`: an answer whose tokens have a lower mean log-probability, in nats, is rejected.

        `repairs`: tool calls are mended where it is certain what was meant. A stream of which more than
        `max_held_bytes` would have to be held is rejected. A client that has begun to see one is given a sign of life
        every `heartbeat_every` seconds while more of it is held. Raises `ValueError` for a name that is none.
        """

    @staticmethod
    def names() -> list[str]:
        """Every check there is."""

    @property
    def window(self) -> str: ...

@final
class Endpoint:
    """One address of a tier, with its pool of idle connections. Belongs to one engine."""

    def __new__(
        cls,
        base_url: str,
        *,
        headers: Sequence[tuple[str, str]],
        proxy: str | None = None,
        connect: float,
        first_byte: float,
        idle: float,
        total: float,
    ) -> Endpoint:
        """`base_url` ends in the API's version (`http://127.0.0.1:30000/v1`); `headers` go with every request.

        The deadlines are in seconds: `connect` until the connection stands, `first_byte` from the request to the first
        byte of a stream's body (a whole answer is bound by `total` alone), `idle` between two pieces, `total` for the
        whole attempt. No proxy is taken from the environment. Raises `BadEndpointError`.
        """

    def close_idle(self) -> None:
        """Closes every idle connection."""

@final
class Opening:
    """How the answer to one request begins: its id and its date, and what the client is told while it waits.

    Shared with the attempts that may answer. The one whose answer may be seen first goes on where the opening ended.
    """

    def __new__(cls, request: Request, *, model: str, answer_id: str, request_id: str) -> Opening:
        """`model` is what the answer names; `answer_id` is unique, and ids in the answer are made of it."""

    def beat(self, *, is_late: bool) -> bytes:
        """A sign of life for the client of a stream, before the first one the dialect's opening.

        Empty once an answer has begun.

        `is_late` asks for the sign that clients count which have waited for minutes.
        """

    def give_back(self) -> None:
        """The opening is nobody's again: the attempt that took it over failed, and the client was sent none of it."""

    def fail(self, kind: str, message: str) -> bytes:
        """The event that ends a stream which cannot go on; `kind` as in `errors.py`."""

@final
class Engine:
    """The HTTP client engine: one thread. Make it in the event loop's process and close it there."""

    def __new__(cls) -> Engine:
        """Starts the thread. Raises `OSError` when the system has no file descriptor or thread left."""

    def fileno(self) -> int:
        """The file descriptor that is readable while something waits to be drained."""

    def drain(self) -> list[tuple[int, bytes, Outcome | None]]:
        """Everything that arrived for attempts whose `take` returned None: (attempt's id, bytes, outcome)."""

    def open(
        self,
        endpoint: Endpoint,
        request: Request,
        overrides: Overrides,
        *,
        dialect: str,
        path: str | None,
        model: str,
        opening: Opening,
        headers: Sequence[tuple[bytes, bytes]],
        keeps_items: bool,
        checks: Checks,
        least_prompt_tokens: int | None,
    ) -> Attempt:
        """Starts an attempt: asks in `dialect`, and has the answer said in the request's. `model` is what it names.

        It is asked at the dialect's path below the base URL, or at `path`.

        The answer goes on where `opening` ends. `keeps_items`: the outcome has the items of a Responses answer.

        The answer goes through `checks`; `least_prompt_tokens` is the fewest that its prompt can have, for the check of
        that name.

        A request of the same dialect is spliced, one of another translated; the GIL is released above 64 KiB. Raises
        `UntranslatableError` when the dialect cannot say the request, and `EngineClosedError`.
        """

    def ask(
        self,
        endpoint: Endpoint,
        path: str,
        body: bytes | None = None,
        *,
        headers: Sequence[tuple[bytes, bytes]] = ...,
    ) -> Attempt:
        """Asks the tier something that is no request for an answer; the bytes that come are a JSON document.

        `path` lies below the base URL (`/models`), or beside the API's version (`../tokenize`). A JSON `body` is
        posted; without one the document is got. Raises `EngineClosedError`.
        """

    def close(self, grace: float) -> None:
        """Takes no more attempts, gives the running ones `grace` seconds, ends the rest and the thread."""

@final
class Attempt:
    """An attempt that runs. Letting go of it ends it and closes its connection."""

    @property
    def id(self) -> int: ...
    @property
    def warnings(self) -> list[str]:
        """What the request no longer says in the tier's dialect: a label and a path each."""

    def take(self) -> tuple[int, bytes, Outcome | None] | None:
        """What is there for the client; None means that the id will come out of `Engine.drain` once something is."""

    def cancel(self) -> None:
        """Ends the attempt and closes its connection at once."""

@final
class Outcome:
    """How an attempt ended. `failure` is None when the answer is whole."""

    @property
    def failure(self) -> str | None:
        """The failure's label, such as `refused`, `first_byte_timeout`, `status` or `stream_cut`."""

    @property
    def explanation(self) -> str | None:
        """One sentence for a person, without an address."""

    @property
    def released(self) -> bool:
        """Whether part of the answer was handed over.

        Once a byte of it is sent, no other attempt can make a failure good.
        """

    @property
    def status(self) -> int | None:
        """The tier's status, when that is the failure."""

    @property
    def retry_after(self) -> int | None:
        """The tier's `Retry-After`, in seconds."""

    @property
    def tier_message(self) -> str | None:
        """The tier's own words, when a status or an error inside the answer is the failure; at most 8,000 bytes."""

    @property
    def tier_param(self) -> str | None: ...
    @property
    def finish(self) -> str | None: ...
    @property
    def input_tokens(self) -> int | None: ...
    @property
    def output_tokens(self) -> int | None: ...
    @property
    def cached_tokens(self) -> int | None: ...
    @property
    def cache_write_tokens(self) -> int | None: ...
    @property
    def reasoning_tokens(self) -> int | None: ...
    @property
    def items(self) -> list[bytes]:
        """The items of a whole Responses answer, as JSON, where they were to be kept."""

    @property
    def tool_calls(self) -> list[str]:
        """Ids of the tool calls in a whole answer, as the client is told them; at most 64."""

    @property
    def is_checked(self) -> bool:
        """Whether the content of the answer was checked, as far as it came."""

    @property
    def mean_logprob(self) -> float | None:
        """How sure the model was: the mean log-probability of its tokens in nats, where it was checked and told."""

    @property
    def noted(self) -> str | None:
        """The label of a defect that was proven when all of the answer had left already."""

    @property
    def repairs(self) -> list[str]:
        """The labels of what was mended in the answer."""

    @property
    def release_seconds(self) -> float | None:
        """Seconds until part of the answer might be seen."""

    @property
    def connect_seconds(self) -> float | None: ...
    @property
    def first_byte_seconds(self) -> float | None: ...
    @property
    def total_seconds(self) -> float: ...
    @property
    def reused_connection(self) -> bool: ...

def error_body(dialect: str, kind: str, message: str, *, param: str | None = None, request_id: str) -> bytes:
    """The body of an error answer in `dialect`; `kind` as in `errors.py`."""

def build_info() -> dict[str, str]:
    """How the extension was built: version, profile, architecture, system."""

@final
class UsageReader:
    """Reads one log of a coding harness: a file of one JSON document a line."""

    def __new__(cls, client: str) -> UsageReader:
        """For a file of `"claude-code"` or `"codex"`. Raises `ValueError` for another client."""

    def feed(self, piece: bytes) -> None:
        """Takes the next bytes of the file, in pieces of any size. The GIL is released.

        Kept are the answers so far and the beginning of one line of at most 64 MiB.
        """

    def finish(self) -> UsageLog:
        """The file is at its end. The reader is used up: `ValueError` from then on."""

@final
class UsageLog:
    """What one file says. Broken lines, and answers with absurd counts, are counted and nothing else."""

    @property
    def requests(self) -> int:
        """The answers in it, each counted once."""

    @property
    def folder(self) -> str | None:
        """The folder that the client worked in, as the first line that names one has it."""

    @property
    def lines(self) -> int:
        """Lines that are not empty."""

    @property
    def broken(self) -> int:
        """Lines that are no UTF-8 or no JSON object."""

    @property
    def first_broken(self) -> int | None:
        """The number of the first of them, from 1; empty lines count."""

    @property
    def too_long(self) -> int:
        """Lines longer than 64 MiB, which were passed over."""

    @property
    def absurd(self) -> int:
        """Lines of answers with a count of tokens that is negative, above 10^9, or no whole number."""

    @property
    def synthetic(self) -> int:
        """Lines that the client wrote in a model's place."""

    @property
    def unfinished(self) -> bool:
        """Whether the last line has no end and is broken: it may be being written."""

@final
class UsageLedger:
    """What many files of one client say, each answer once: resumed and forked sessions copy what was before."""

    def __new__(cls) -> UsageLedger: ...
    def add(self, log: UsageLog) -> None:
        """Takes in a file; of equal copies the first counts. The log's answers are used up: `ValueError` if twice."""

    def finish(self) -> tuple[UsageRequests, list[tuple[int, int]]]:
        """Every answer, and a person's pauses as (when it ended, how long it lasted), by their time. Used up after it.

        A pause is from the end of an answer that calls no tool to what a person typed next.
        """

@final
class UsageRequests:
    """Answers, each of which is handed out once and then forgotten."""

    def __iter__(self) -> Iterator[UsageRequest]: ...
    def __next__(self) -> UsageRequest: ...

@final
class UsageRequest:
    """One answer of a model. Times are milliseconds since 1970, None where the log has none or a wrong one."""

    @property
    def session(self) -> str | None: ...
    @property
    def model(self) -> str | None: ...
    @property
    def folder(self) -> str | None:
        """The folder that the client worked in."""

    @property
    def agent(self) -> str | None:
        """The sub-agent's id."""

    @property
    def is_subagent(self) -> bool: ...
    @property
    def at(self) -> int | None:
        """When it was written down."""

    @property
    def began(self) -> int | None:
        """When what it answers was written down."""

    @property
    def ended(self) -> int | None:
        """When the last of it was written down."""

    @property
    def tokens(self) -> tuple[int, int, int, int, int, int]:
        """Each counted once: ordinary input, read from a cache, written to one, written to one for an hour, and output.

        The sixth is reasoning, which is part of the output.
        """

    @property
    def calls(self) -> list[tuple[str, str | None]]:
        """The tools that it calls, and the sub-agent or skill that each starts."""
