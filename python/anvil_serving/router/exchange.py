"""One exchange from its plan on, as the pipeline hands it from step to step."""

from __future__ import annotations

import msgspec

from anvil_serving.router.account import Account
from anvil_serving.router.client import Client
from anvil_serving.router.course import Course
from anvil_serving.router.deadline import Deadline
from anvil_serving.upstream import Opening, Request

__all__ = ["Exchange"]


class Exchange(msgspec.Struct, frozen=True, gc=False):
    """What belongs to one exchange."""

    client: Client
    request: Request
    opening: Opening
    account: Account
    course: Course
    deadline: Deadline

    @property
    def has_run_out(self) -> bool:
        """Whether what is waited for does not come because the time is over, and not because the caller has left."""
        return self.deadline.has_passed and not self.client.has_left
