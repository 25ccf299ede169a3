"""What a request leads to: its intent, the kind of work it is, and the plan. Changes nothing.

dimensions ─► intent ─► conversation ─► class ─► policy ─► plan
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

import msgspec

from anvil_serving.decisions import Feature
from anvil_serving.router.budget import UNLIMITED, Purse
from anvil_serving.router.caller import Caller
from anvil_serving.router.classify import Classification, Evidence
from anvil_serving.router.dimensions import Dimensions, read_dimensions
from anvil_serving.router.intent import Intent
from anvil_serving.router.needs import Needs, needs_of
from anvil_serving.router.plan import Plan
from anvil_serving.router.policy import Question
from anvil_serving.router.rank import Held
from anvil_serving.router.session import Key, conversation_name, session_name
from anvil_serving.upstream import Facts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from anvil_serving.router.advice import Signals
    from anvil_serving.router.classify import Classifier
    from anvil_serving.router.intent import Intents
    from anvil_serving.router.policy import Policy
    from anvil_serving.router.session import Conversation, Sessions
    from anvil_serving.upstream import Phrases, Request

__all__ = ["Asking", "Decided", "Decider", "Heard", "Lexicon", "Work", "evidence_of", "hear"]

_CHAT = "chat"
_BYTES_A_TOKEN = 3
_ANSWERLESS = ("embeddings", "rerank")
"""Purposes whose answers are numbers, which nobody counts in tokens."""
_MARKED_CHARACTERS = 600
"""How much of a text is searched for what only a harness writes; further down somebody may quote it."""


class Asking(Protocol):
    """Who asks, and what its request's head says."""

    @property
    def caller(self) -> Caller:
        """Who it is, by its token."""

    @property
    def request_headers(self) -> Mapping[bytes, bytes]:
        """All headers of the request."""


class Heard(msgspec.Struct, frozen=True, gc=False):
    """What a request says of itself besides what it asks."""

    narrowed: Dimensions
    session: str | None
    """The caller's own name for its session."""
    conversation: int
    """A hash of how the conversation begins; 0 for what is none."""
    purse: Purse = UNLIMITED
    """What it may use, where that is limited."""

    @property
    def session_or_conversation(self) -> str | None:
        """The session's name, or what stands for it where the caller gives none; None for what is no conversation."""
        return self.session or conversation_name(self.conversation)


class Work(msgspec.Struct, frozen=True, gc=False):
    """The kind of work that a request is, and how that is known."""

    work_class: str
    source: str
    """`preset`, `inferred`, `held` or `default`."""
    confidence: float | None = None
    classification: Classification | None = None
    """What was inferred; its own class is not the one that was taken where another was safer."""

    @property
    def features(self) -> tuple[Feature, ...]:
        """What spoke for the class that was inferred."""
        return () if self.classification is None else tuple(Feature(*each) for each in self.classification.features)

    @property
    def ambiguous_with(self) -> str | None:
        """The class that was nearly as probable, or more probable and less safe."""
        inferred = self.classification
        if inferred is None or not inferred.is_ambiguous:
            return None
        return inferred.runner_up if inferred.work_class == self.work_class else inferred.work_class


class Decided(msgspec.Struct, frozen=True, gc=False):
    """What a request leads to, and all that it was decided by."""

    plan: Plan
    facts: Facts
    intent: Intent
    work: Work
    needs: Needs
    narrowed: Dimensions
    caller: Caller
    session: str | None
    key: Key
    seconds: float
    """What deciding took."""
    purpose: str = "chat"
    purse: Purse = UNLIMITED

    @property
    def asked(self) -> str:
        """What the caller named, as conversations remember it."""
        return self.intent.preset or self.intent.tier or ""

    @property
    def conversation_name(self) -> str | None:
        """What stands for a session that the caller gives no name; None for what is no conversation."""
        return conversation_name(self.facts.conversation)


class Lexicon:
    """The classifier's phrases and marks, ready to be found."""

    def __init__(
        self, phrases: Sequence[str], marks: Sequence[str], prepare: Callable[[Sequence[str]], Phrases]
    ) -> None:
        self.phrases = prepare(phrases)
        self.marks = prepare(marks)
        self._within = tuple(
            tuple(other for other in self.phrases.find(phrase.removesuffix("*")) if other != number)
            for number, phrase in enumerate(phrases)
        )

    def alone(self, found: Sequence[int]) -> Sequence[int]:
        """Those of the phrases that were found which stand in no other one: "fix" says nothing in "do not fix"."""
        inside = {other for number in found for other in self._within[number]}
        return [number for number in found if number not in inside] if inside else found


class Decider:
    """Decides for one worker."""

    def __init__(
        self,
        intents: Intents,
        policy: Policy,
        sessions: Sessions,
        classifier: Classifier,
        lexicon: Lexicon | None,
    ) -> None:
        """`lexicon`: None where nothing is inferred."""
        self._intents = intents
        self._policy = policy
        self._sessions = sessions
        self._classifier = classifier
        self._lexicon = lexicon

    def decide(self, request: Request, asking: Asking, heard: Heard, signals: Signals | None = None) -> Decided:
        """What a conversation's request leads to; `signals` say more of it than its body does.

        Raises `Forbidden` for what the caller may not ask for.
        """
        began = time.perf_counter()
        facts, narrowed, session = request.facts, heard.narrowed, heard.session
        if signals is not None and signals.work_class is not None and narrowed.intent is None:
            narrowed = msgspec.structs.replace(narrowed, intent=signals.work_class, intent_source="body")
        intent = self._intents.resolve(request.model, narrowed, asking.caller)
        key = self._sessions.key(asking.caller, session, facts.conversation)
        known = self._sessions.find(key)
        needs = needs_of(facts, narrowed)
        if signals is not None and signals.token_estimate is not None:
            needs = msgspec.structs.replace(needs, prompt_tokens=signals.token_estimate)
        question = Question(
            intent,
            intent.work_class or _CHAT,
            request.dialect,
            needs,
            asking.caller,
            facts.conversation,
            None if known is None else _held(known, intent, request, facts),
            None if known is None else known.replica,
            time.monotonic(),
            None if known is None else known.broken_by,
            heard.purse,
        )
        work, plan = self._planned(question, request, facts, known)
        seconds = time.perf_counter() - began
        return Decided(
            plan, facts, intent, work, needs, narrowed, asking.caller, session, key, seconds, purse=heard.purse
        )

    def decide_for(self, purpose: str, request: Request, asking: Asking, heard: Heard, *, size: int) -> Decided:
        """What a request of no dialect leads to; `size` is its body's in bytes.

        Raises as `decide` does, and `PurposeUnserved`.
        """
        began = time.perf_counter()
        facts, narrowed = request.facts, heard.narrowed
        intent = self._intents.resolve(request.model, narrowed, asking.caller)
        # Nothing of it has been read: its size is all that there is to go by.
        needs = msgspec.structs.replace(
            needs_of(facts, narrowed), prompt_tokens=size // _BYTES_A_TOKEN, answers=int(purpose not in _ANSWERLESS)
        )
        question = Question(
            intent, _CHAT, request.dialect, needs, asking.caller, now=time.monotonic(), purse=heard.purse
        )
        plan = self._policy.plan_for(purpose, question)
        key = self._sessions.key(asking.caller, None, 0)
        work, seconds = Work(_CHAT, "default"), time.perf_counter() - began
        return Decided(
            plan, facts, intent, work, needs, narrowed, asking.caller, heard.session, key, seconds, purpose, heard.purse
        )

    def _planned(
        self, question: Question, request: Request, facts: Facts, known: Conversation | None
    ) -> tuple[Work, Plan]:
        """The kind of work, and the plan for it."""
        intent = question.intent
        if intent.work_class is not None:
            return Work(intent.work_class, "preset"), self._policy.plan(question)
        if self._lexicon is None:
            return Work(_CHAT, "default"), self._policy.plan(question)
        if known is not None and facts.open_tool_loop:
            # A class is fixed when the user's turn begins: it never flips because a tool has answered.
            work = Work(known.work_class, "held", known.confidence)
            return work, self._policy.plan(msgspec.structs.replace(question, work_class=known.work_class))
        evidence = evidence_of(request, facts, self._lexicon)
        return self._inferred(question, self._classifier.classify(evidence))

    def _inferred(self, question: Question, inferred: Classification) -> tuple[Work, Plan]:
        """The class that was inferred; of two that are as probable the safer one, as long as somebody may serve it."""
        plan = self._policy.plan(msgspec.structs.replace(question, work_class=inferred.work_class))
        work_class = inferred.work_class
        if inferred.is_close and inferred.runner_up is not None:
            other = self._policy.plan(msgspec.structs.replace(question, work_class=inferred.runner_up))
            if other.attempts and (not plan.attempts or other.lowest_quality > plan.lowest_quality):
                plan, work_class = other, inferred.runner_up
        return Work(work_class, "inferred", inferred.probability, inferred), plan


def hear(request: Request, asking: Asking) -> Heard:
    """What a request says of itself. Raises `Malformed` for a dimension that cannot be held to."""
    facts = request.facts
    narrowed = read_dimensions(asking.request_headers, facts.dimensions)
    session = session_name(asking.request_headers, in_body=facts.session, narrowed=narrowed.session)
    return Heard(narrowed, session, facts.conversation)


def evidence_of(request: Request, facts: Facts, lexicon: Lexicon) -> Evidence:
    """What the classifier looks at."""
    shape, (spoken, opening, first, later) = request.said(lexicon.phrases)
    return Evidence(
        facts.prompt_tokens,
        facts.documents,
        facts.images,
        facts.effort,
        facts.structured_output,
        facts.tools,
        shape,
        first,
        later,
        lexicon.alone(opening),
        lexicon.alone(spoken),
        # Some harnesses ask for themselves in a message of the user's.
        [*request.instructed(lexicon.marks), *lexicon.marks.find(facts.last_user_text[:_MARKED_CHARACTERS])],
    )


def _held(known: Conversation, intent: Intent, request: Request, facts: Facts) -> Held | None:
    """The tier that the conversation is with, and why it has to stay there, if it has to."""
    if known.broken_by == known.tier_id:
        return None
    lock = None
    if facts.open_tool_loop:
        lock = "a tool loop is open"
    elif facts.signed_thinking:
        lock = "it holds thoughts that were signed there"
    elif request.previous_response is not None:
        lock = "it goes on from a response that is stored"
    is_new = facts.user_turns < 2 and lock is None
    if is_new or (lock is None and known.intent != (intent.preset or intent.tier or "")):
        # A conversation that begins like another is not that one; and to name something else is to look anew.
        return None
    return Held(known.tier_id, lock)
