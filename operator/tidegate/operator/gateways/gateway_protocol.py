"""What the operator needs of a gateway, whichever kind it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tidegate.model import control_api, lifecycle

BATCH = 500
"""Actions in one call: a few milliseconds of the gateway's time."""

PAGE = 1_000
"""Groups on one page of changes, at most."""

WAIT_SECONDS = 30.0
"""How long a call waits for a change, at most."""


class GatewayError(Exception):
    """The gateway did not answer as it should; ``str()`` says what happened."""


class HistoryLostError(GatewayError):
    """The gateway has begun a new history, or forgot what was asked for: list all groups anew."""


class Gateway(Protocol):
    """One gateway. Calls raise :class:`GatewayError`."""

    @property
    def url(self) -> str:
        """Where it is, as it may stand in a log."""
        ...

    @property
    def grace_seconds(self) -> float | None:
        """The grace period of a draining group; ``None``: it is deleted once every active scraper has read it."""
        ...

    async def changes(self, *, after: control_api.Changes | None) -> control_api.Changes:
        """The page after this one; ``None`` begins a list of all groups. Waits for something to change."""
        ...

    async def act(
        self, actions: Sequence[control_api.Action], *, epoch: str
    ) -> tuple[int, list[lifecycle.Refusal | None]]:
        """Have at most :data:`BATCH` actions done, in order.

        Returns the revision after them, and for each why it was not done; ``None`` where it was.
        """
        ...
