"""Storages for kopf that store nothing.

The operator's handlers see every event and compare nothing, so nothing needs to be stored on users' objects, or copied.
kopf's default storages copy each object several times per event, which is most of the cost of an event.
"""

from __future__ import annotations

from typing import Any

import kopf


class NullDiffBaseStorage(kopf.DiffBaseStorage):
    """Reports no difference between two states of an object."""

    def build(self, **_kwargs: Any) -> kopf.BodyEssence:
        return kopf.BodyEssence()

    def fetch(self, **_kwargs: Any) -> None:
        return None

    def store(self, **_kwargs: Any) -> None:
        """Write nothing."""


class NullProgressStorage(kopf.ProgressStorage):
    """Reports no handler progress to continue."""

    def fetch(self, **_kwargs: Any) -> None:
        return None

    def store(self, **_kwargs: Any) -> None:
        """Write nothing."""

    def purge(self, **_kwargs: Any) -> None:
        """Write nothing."""

    def touch(self, **_kwargs: Any) -> None:
        """Write nothing."""

    def clear(self, *, essence: kopf.BodyEssence) -> kopf.BodyEssence:
        return essence
