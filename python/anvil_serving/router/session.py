"""Conversations: what a request goes on from, so that it goes on where it began."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anvil_serving.router.caller import Caller

__all__ = ["Conversation", "Key", "Sessions", "conversation_name", "kept_name", "session_name"]

_MOST = 16_384
"""Conversations that are remembered; the one that was silent longest is forgotten first."""
_NAME_LIMIT = 128
"""Characters of a name that are kept as they are."""

_HEADERS = (
    b"x-claude-code-session-id",
    b"session-id",
    b"session_id",
    b"x-session-affinity",
    b"x-session-id",
    b"thread-id",
)
"""Where harnesses name their sessions: Claude Code, Codex, pi, OpenCode (two), Codex again."""

Key: TypeAlias = tuple[str | None, str | None, int]
"""(the client's name, its session's name, a hash of how the conversation begins)

One session of Claude Code holds many conversations: its own, its sub-agents', its titles'.
"""


class Conversation(msgspec.Struct, frozen=True, gc=False):
    """How a conversation went on last time."""

    tier_id: str
    """The tier that answered."""
    replica: int
    intent: str
    """What the caller asked for then; another one now is a reason to look anew."""
    work_class: str
    confidence: float | None = None
    broken_by: str | None = None
    """The tier whose last answer in it had begun to be seen when it proved to be bad."""


def session_name(headers: Mapping[bytes, bytes], *, in_body: str | None, narrowed: str | None) -> str | None:
    """The caller's own name for its session: of the dimension, else of a harness's header, else of the body."""
    name = narrowed
    if name is None:
        name = next((value.decode("latin-1") for each in _HEADERS if (value := headers.get(each))), in_body)
    if not name:
        return None
    return kept_name(name) if name.isprintable() else hashed_name(name)


def conversation_name(conversation: int) -> str | None:
    """What stands for a session that the caller gives no name: a hash of how the conversation begins; None for 0."""
    return f"prefix:{conversation:016x}" if conversation else None


def kept_name(name: str) -> str:
    """A name that clients or tiers make up as they like, as it is kept: in place of a long one its hash."""
    return name if len(name) <= _NAME_LIMIT else hashed_name(name)


def hashed_name(name: str) -> str:
    """What is kept of a name that is too long, or nothing to show to anybody."""
    return f"sha256:{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()}"


class Sessions:
    """The conversations of one worker."""

    def __init__(self, *, most: int = _MOST) -> None:
        self._most = most
        self._conversations: OrderedDict[Key, Conversation] = OrderedDict()

    def __len__(self) -> int:
        return len(self._conversations)

    @staticmethod
    def key(caller: Caller, session: str | None, conversation: int) -> Key:
        """What a conversation is known by."""
        return (caller.name, session, conversation)

    def find(self, key: Key) -> Conversation | None:
        """How the conversation went on last time. Changes nothing."""
        return self._conversations.get(key)

    def keep(self, key: Key, conversation: Conversation) -> None:
        """Remembers how it went on."""
        self._conversations[key] = conversation
        self._conversations.move_to_end(key)
        if len(self._conversations) > self._most:
            self._conversations.popitem(last=False)

    def broke_off(self, key: Key, conversation: Conversation) -> None:
        """Remembers that its tier had begun to answer when the answer proved to be bad."""
        known = self.find(key) or conversation
        self.keep(key, msgspec.structs.replace(known, broken_by=conversation.tier_id))
