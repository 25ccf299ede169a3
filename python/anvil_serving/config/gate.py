"""What a configuration may say of the gate: what is checked of an answer, and how long it is held. See `schema.py`."""

# No `from __future__ import annotations`: msgspec evaluates these annotations when it builds the decoder.

from typing import Annotated, Literal

from msgspec import Meta, Struct

from .units import Seconds

__all__ = ["Verify", "Window", "WindowKind"]

WindowKind = Literal["none", "block", "whole"]


class Window(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long an answer is held before the client sees it, and what the client is told meanwhile.

    `"none"`: until its first event; nothing but its form is checked. `"block"`: text until its opening checks have
    passed, each tool call and each fenced block until it is whole and has passed. `"whole"`: until the verdict on all
    of it. An answer that is not streamed is whole anyway, and checked unless its window is `"none"`.
    """

    allow: Annotated[
        WindowKind,
        Meta(
            description="The window of a local tier that the profile allows for the kind of work. With `none` a broken "
            "tool call reaches the harness, which executes it; with `whole` the first word comes with the last."
        ),
    ] = "block"
    allow_with_verify: Annotated[
        WindowKind,
        Meta(
            description="The window of a tier that the profile allows under checks only. With less than `whole`, what "
            "is wrong late in an answer ends it with an error instead of having another tier answer."
        ),
    ] = "whole"
    cloud: Annotated[
        WindowKind,
        Meta(description="The window of a cloud tier that the profile allows. Checks there cost time and find little."),
    ] = "none"
    max_bytes: Annotated[
        int,
        Meta(
            ge=65_536,
            le=1 << 30,
            description="Bytes of one answer's stream that are held at most, an event counted for at least 64; a "
            "longer one is rejected as `too_large`. Without a limit one endless answer takes the router's memory.",
        ),
    ] = 16 * 1024 * 1024
    heartbeat_after: Annotated[
        Seconds | Literal["off"],
        Meta(
            description="Seconds that the client of a streamed answer waits for its first byte until it is given a "
            "sign of life: the stream is opened, and whatever fails afterwards is told inside it and no longer by a "
            "status. Without it Qwen Code gives up after 120 s, Claude Code, OpenCode and Cline after 300 s, and they "
            'ask again while the first question is still being answered. `"off"` keeps the status to the end.'
        ),
    ] = 60.0
    heartbeat_every: Annotated[
        Seconds,
        Meta(
            description="Seconds between two signs of life, also while a long call or block of an answer that has "
            "begun is held. Proxies before the router end what is silent for too long, nginx after 60 s."
        ),
    ] = 15.0

    @property
    def heartbeat_seconds(self) -> float | None:
        """Seconds until the first sign of life; None where none is to be given."""
        return None if self.heartbeat_after == "off" else self.heartbeat_after


class Verify(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is checked of an answer whose window is not `"none"`. Only what is proven to be wrong is rejected."""

    content: Annotated[
        bool,
        Meta(
            description="That there is an answer, and that it was not cut short of the caller's cap. Without it one "
            "that only thought answers with nothing, and harnesses end the task there."
        ),
    ] = True
    template: Annotated[
        bool,
        Meta(
            description="That no token of a chat template (`<|im_end|>`, `<|channel|>`) stands in the text. Without it "
            "what a badly served model says to itself ends up in files and in later prompts."
        ),
    ] = True
    leaked_call: Annotated[
        bool,
        Meta(
            description="That no tool call was written as text while tools were offered. Without it the harness sees "
            "prose, calls nothing, and ends the turn."
        ),
    ] = True
    repetition: Annotated[
        bool,
        Meta(
            description="That the answer does not repeat itself without end. Without it a looping model is listened to "
            "until its cap."
        ),
    ] = True
    tools: Annotated[
        bool,
        Meta(
            description="That tool calls name tools that were offered, with arguments in strict JSON, as `tool_choice` "
            "demands. Without it several harnesses execute half a call as a whole one."
        ),
    ] = True
    schema: Annotated[
        bool,
        Meta(
            description="That the arguments follow the tool's JSON Schema. Without it the harness reports the error to "
            "the model that made it, which costs a turn each time."
        ),
    ] = True
    edits: Annotated[
        bool,
        Meta(
            description="That edits, patches and SEARCH blocks apply to files as the conversation shows them. Without "
            "it the harness finds out, and the same model tries again."
        ),
    ] = True
    code: Annotated[
        bool,
        Meta(
            description="That fenced blocks of code can be parsed, where that is certain. Without it broken code is "
            "pasted into files."
        ),
    ] = True
    diff: Annotated[
        bool,
        Meta(description="That diffs have the form that `git apply` demands. Without it they fail when applied."),
    ] = True
    format: Annotated[
        bool,
        Meta(
            description="That an answer is the JSON, and follows the schema, that `response_format` or "
            "`output_config` asks for. Without it the caller's parser finds out."
        ),
    ] = True
    refusal: Annotated[
        bool,
        Meta(
            description="Whether a short answer that begins with a model's refusal is rejected, so that the next tier "
            "is asked. Only where the window is `whole`; turn it off where refusals are wanted."
        ),
    ] = True
    prompt: Annotated[
        bool,
        Meta(
            description="That the tier read the whole prompt: its own count of tokens is compared with ours. Without "
            "it an engine with too small a window drops the beginning of the conversation and answers all the same."
        ),
    ] = True
    min_mean_logprob: Annotated[
        Annotated[float, Meta(le=0)] | None,
        Meta(
            description="Mean log-probability of a token, in nats, below which an answer of a tier that is allowed "
            "under checks only is rejected; the tier has to say it (`logprobs`). There is no value that is right for "
            "all models: look at what your decisions record first. Unset: none is rejected."
        ),
    ] = None
    repair: Annotated[
        bool,
        Meta(
            description="Whether a tool call is mended where it is certain what was meant (a raw line break in a JSON "
            "string, a number as a string). It is recorded and counts against the tier. Without it such calls are "
            "rejected."
        ),
    ] = True
