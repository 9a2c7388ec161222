"""The interface of gateways, implemented for each kind of gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tidegate.model import control_api, lifecycle

BATCH = 500
"""The most actions in one call: the gateway takes a few milliseconds for them."""

PAGE = 1_000
"""The most groups on one page of changes."""

WAIT_SECONDS = 30.0
"""The longest time that a call waits for a change."""


class GatewayError(Exception):
    """A request to the gateway failed; the message has the request and the reason."""


class HistoryLostError(GatewayError):
    """The gateway has a new epoch, or has forgotten the requested changes: list all groups again."""


class Gateway(Protocol):
    """A gateway. Calls raise :class:`GatewayError`."""

    @property
    def url(self) -> str:
        """Its URL without user and password, for logs."""
        ...

    @property
    def grace_seconds(self) -> float | None:
        """The grace period of a draining group; ``None``: it is deleted after every active scraper has read it."""
        ...

    async def changes(self, *, after: control_api.Changes | None) -> control_api.Changes:
        """The page of changes after this one; ``None`` starts a list of all groups. Waits for a change."""
        ...

    async def act(
        self, actions: Sequence[control_api.Action], *, epoch: str
    ) -> tuple[int, list[lifecycle.Rejection | None]]:
        """Perform at most :data:`BATCH` actions, in order.

        Returns the revision after them, and for each action why it was rejected; ``None`` where it was performed.
        """
        ...
