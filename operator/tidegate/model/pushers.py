"""Pushers: the last addresses that a group was pushed from."""

from __future__ import annotations

import functools

KEPT = 4
"""Addresses that are remembered of a group: those of a Job's last runs, and of who pushes beside them."""

_SHARED = 4096
"""So many tuples are shared by the groups that were pushed from the same addresses."""


def after(known: tuple[str, ...], address: str | None) -> tuple[str, ...]:
    """The pushers of a group once it is pushed from here, last first, each once.

    :param address: ``None`` where the push came from no address.
    :returns: the same tuple where the last push came from here, too.
    """
    if address is None or (known and known[0] == address):
        return known
    return _put_first(known, address)


@functools.lru_cache(maxsize=_SHARED)
def _put_first(known: tuple[str, ...], address: str) -> tuple[str, ...]:
    return (address, *[one for one in known if one != address][: KEPT - 1])
