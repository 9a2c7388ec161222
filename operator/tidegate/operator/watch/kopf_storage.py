"""What kopf is to remember of an object between its events: nothing.

Our handlers see every event and compare nothing, so there is nothing to be kept on a user's object, and no copy of it
to be made. kopf's own storages copy each object several times for each event, which is most of what an event costs.
"""

from __future__ import annotations

from typing import Any

import kopf


class NullDiffBaseStorage(kopf.DiffBaseStorage):
    """Every object looks to kopf as it did before."""

    def build(self, **_kwargs: Any) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, **_kwargs: Any) -> None:
        return None

    def store(self, **_kwargs: Any) -> None:
        """Nothing is written."""


class NullProgressStorage(kopf.ProgressStorage):
    """No handler has begun anything that it would have to go on with."""

    def fetch(self, **_kwargs: Any) -> None:
        return None

    def store(self, **_kwargs: Any) -> None:
        """Nothing is written."""

    def purge(self, **_kwargs: Any) -> None:
        """Nothing was written."""

    def touch(self, **_kwargs: Any) -> None:
        """Nothing is written."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        return essence
