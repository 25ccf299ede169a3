"""The exception tree.

    AnvilError
    ├── ConfigError            the configuration file cannot be used             (operator)
    ├── StartupError           a command cannot start or finish its work         (operator)
    └── RequestError           one exchange ends in an error the caller sees
        ├── Malformed              400  not a request this dialect knows          (caller)
        ├── ThreadUnsupported      400  the conversation would lie at the vendor  (caller)
        ├── UnknownResponse        400  what the request refers to is not stored  (caller)
        ├── UnknownBudget          400  no such budget is there to charge to      (caller)
        ├── ContextOverflow        400  the prompt is longer than the window      (caller)
        ├── Unauthenticated        401  no valid credential                       (caller)
        ├── RoutedInCircles        508  a tier is this router again               (router)
        ├── Forbidden              403  the caller may not do this                (caller)
        ├── UnknownRoute           404  no such path                              (caller)
        ├── UnknownModel           404  no such model                             (caller)
        ├── UnknownDecision        404  no such decision is kept                  (caller)
        ├── PurposeUnserved        404  no tier serves what this path is for      (operator)
        ├── MethodNotAllowed       405  the path exists, the method does not      (caller)
        ├── BodyTimeout            408  the body did not arrive in time           (caller)
        ├── UpgradeRefused         426  the path is not served over a WebSocket   (caller)
        ├── BodyTooLarge           413  the body is larger than the cap           (caller)
        ├── BudgetSpent            429  nothing is left of what may be used       (caller)
        ├── RateLimited            429  the caller asks too often                 (caller)
        ├── TierRefused            4xx  the tier says that the request is wrong   (caller)
        ├── Exhausted              503  no tier could answer                      (tier)
        │   └── Overloaded         503  no tier has a place; 529 in Messages      (tier)
        ├── DecisionsUnavailable   503  the log of decisions cannot be read       (operator)
        ├── BudgetsUnavailable     503  what is left of budgets cannot be read    (operator)
        └── Internal               500  a defect of the router itself             (router)

Each error says who is at fault and whether the same request may succeed later. How a `RequestError` looks on the wire
in each dialect is written once, in the `anvil-dialect` crate (`envelope.rs`); which status and error type it has, here.
"""

from __future__ import annotations

from typing import ClassVar, Literal

__all__ = [
    "AnvilError",
    "BodyTimeout",
    "BodyTooLarge",
    "BudgetSpent",
    "BudgetsUnavailable",
    "ConfigError",
    "ContextOverflow",
    "DecisionsUnavailable",
    "Exhausted",
    "Fault",
    "Forbidden",
    "Internal",
    "Malformed",
    "MethodNotAllowed",
    "Overloaded",
    "PurposeUnserved",
    "RateLimited",
    "RequestError",
    "RoutedInCircles",
    "StartupError",
    "ThreadUnsupported",
    "TierRefused",
    "Unauthenticated",
    "UnknownBudget",
    "UnknownDecision",
    "UnknownModel",
    "UnknownResponse",
    "UnknownRoute",
    "UpgradeRefused",
]

Fault = Literal["caller", "tier", "router", "operator"]


class AnvilError(Exception):
    """Everything this package raises on purpose.

    `str(error)` is one sentence for a person; `hint`, where there is one, says what to do about it.
    """

    fault: ClassVar[Fault] = "router"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(AnvilError):
    """The configuration cannot be used. The message is a whole report: one line a problem."""

    fault = "operator"


class StartupError(AnvilError):
    """A command cannot start or finish what it was asked to do (a port in use, a missing extra, a failed child)."""

    fault = "operator"


class RequestError(AnvilError):
    """One exchange ends in an error that the caller sees.

    `kind` is the neutral name that `anvil-dialect` turns into each vendor's error type. `param` names the offending
    member of the request where one is known. `retry_after` is in seconds and becomes the `Retry-After` header.
    """

    status: int = 500
    kind: str = "internal"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        param: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.param = param
        self.retry_after = retry_after


class Malformed(RequestError):
    """The body is not a request that this dialect knows: broken JSON, a wrong type, a missing member."""

    fault = "caller"
    status = 400
    kind = "invalid_request"


class ThreadUnsupported(RequestError):
    """The request wants its conversation kept at the vendor, where no other tier could go on with it.

    The vendor's SDKs understand this, and send the whole conversation from then on.
    """

    fault = "caller"
    status = 400
    kind = "thread_unsupported"


class UnknownResponse(RequestError):
    """The request goes on from an answer, or refers to an item, that is not stored here, or not any more."""

    fault = "caller"
    status = 400
    kind = "unknown_response"


class UnknownBudget(RequestError):
    """The request asks to be charged to a budget that there is not, or not for this caller; the message lists those."""

    fault = "caller"
    status = 400
    kind = "invalid_request"


class ContextOverflow(RequestError):
    """The prompt, or the prompt and the cap, is longer than the model's window.

    The message is in the words that the caller's dialect has for it, which harnesses parse: they compact the
    conversation, or ask again with a smaller cap.
    """

    fault = "caller"
    status = 400
    kind = "context_overflow"


class Unauthenticated(RequestError):
    """No credential, or none that is valid."""

    fault = "caller"
    status = 401
    kind = "authentication"


class Forbidden(RequestError):
    """The caller may not do this: a web page of another site, or a client without the right."""

    fault = "caller"
    status = 403
    kind = "permission"


class RoutedInCircles(RequestError):
    """The request has come back: a tier's address is this router's own, or that of one which leads back here."""

    fault = "router"
    status = 508


class UnknownRoute(RequestError):
    """Nothing is served at this path."""

    fault = "caller"
    status = 404
    kind = "not_found"


class UnknownModel(RequestError):
    """Nothing is known by this name, where a name has to be one. In a request for an answer any name will do."""

    fault = "caller"
    status = 404
    kind = "not_found"


class UnknownDecision(RequestError):
    """No decision is kept under this id, or not any more, or not for this caller."""

    fault = "caller"
    status = 404
    kind = "not_found"


class PurposeUnserved(RequestError):
    """No tier declares what the path is for. To try again changes nothing; a setting does, and is named."""

    fault = "operator"
    status = 404
    kind = "not_found"

    def __init__(self, purpose: str) -> None:
        super().__init__(
            f'no tier of this router serves {purpose}: list "{purpose}" in the `purposes` of a tier whose server does'
        )


class MethodNotAllowed(RequestError):
    """The path exists, but not with this method; `allow` is the value of the `Allow` header."""

    fault = "caller"
    status = 405
    kind = "method_not_allowed"

    def __init__(self, message: str, *, allow: str) -> None:
        super().__init__(message)
        self.allow = allow


class BodyTimeout(RequestError):
    """The caller sent its body too slowly."""

    fault = "caller"
    retryable = True
    status = 408
    kind = "timeout"


class UpgradeRefused(RequestError):
    """The caller wants another protocol than HTTP.

    426 and not 405: Codex falls back to HTTP at once on the one, and tries seven times on the other. No `Upgrade`
    header goes with it, which would name what to upgrade to: there is nothing (RFC 9110, section 15.5.22, means a
    server that insists on an upgrade).
    """

    fault = "caller"
    status = 426
    kind = "method_not_allowed"


class BodyTooLarge(RequestError):
    """The body is larger than `[server] max_body_bytes`."""

    fault = "caller"
    status = 413
    kind = "too_large"


class BudgetSpent(RequestError):
    """Too little is left of what the caller may use, and it stays so until the budget renews.

    To try again before changes nothing: the answer says so to the SDKs that ask (`x-should-retry`).
    """

    fault = "caller"
    status = 429
    kind = "rate_limited"


class RateLimited(RequestError):
    """The caller asks more often than its `requests_per_minute`."""

    fault = "caller"
    retryable = True
    status = 429
    kind = "rate_limited"


class TierRefused(RequestError):
    """The tier says that the request itself is wrong; its status and its words are relayed."""

    fault = "caller"
    kind = "invalid_request"

    def __init__(self, message: str, *, status: int, kind: str, param: str | None = None) -> None:
        super().__init__(message, param=param)
        self.status = status
        self.kind = kind


class Exhausted(RequestError):
    """No tier could answer: every attempt of the plan failed, or there was none to make."""

    fault = "tier"
    retryable = True
    kind = "overloaded"

    def __init__(self, message: str, *, status: int = 503, retry_after: int | None = None) -> None:
        super().__init__(message, retry_after=retry_after)
        self.status = status


class Overloaded(Exhausted):
    """Nothing is wrong with the tiers that could answer, but none of them has a place for one more request."""


class DecisionsUnavailable(RequestError):
    """The log of decisions cannot be read. Answers are made all the same."""

    fault = "operator"
    retryable = True
    status = 503
    kind = "overloaded"


class BudgetsUnavailable(RequestError):
    """What is left of the budgets cannot be read, so nothing that they limit is done."""

    fault = "operator"
    retryable = True
    status = 503
    kind = "overloaded"


class Internal(RequestError):
    """A defect of the router itself. What went wrong is in the log, never in the answer."""

    status = 500
    kind = "internal"
