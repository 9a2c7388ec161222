"""Pushers: from where a group was pushed, and when."""

from __future__ import annotations

import functools
from typing import NamedTuple

MAX_ADDRESSES = 4
"""Addresses that are remembered of a group: those of a Job's last runs, and of who pushes beside them."""

MAX_REPORTED_SOURCES = 64
"""Sources of a group that the operator is told of. A group has more where so many addresses each pushed a family."""

_SHARED = 4096
"""So many tuples are shared by the groups that were pushed from the same addresses."""


class Source(NamedTuple):
    """An address, and the Unix seconds of a push from it."""

    address: str
    at: float


class Pushers(NamedTuple):
    """The last addresses that a group was pushed from, last first, each once.

    :param addresses: "" stands for pushes that came from no address.
    :param until: Unix seconds of the last push from each address but the first.
    """

    addresses: tuple[str, ...] = ()
    until: tuple[float, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """The addresses alone."""
        return self.addresses if "" not in self.addresses else tuple(filter(None, self.addresses))

    def sources(self, *, push_time: float) -> list[Source]:
        """Each address with its last push; ``push_time`` is that of the group's last push."""
        # Of files from before they were remembered the times are not known.
        times = (push_time, *self.until)
        return [Source(address, at) for address, at in zip(self.addresses, times, strict=False) if address]


NO_PUSHERS = Pushers()


def with_push(known: Pushers, address: str | None, *, push_time: float) -> Pushers:
    """The pushers of a group once it is pushed from here.

    :param address: ``None`` where the push came from no address.
    :param push_time: of the group's last push before this one.
    :returns: the same value where that came from here, too.
    """
    address = address or ""
    if known.addresses and known.addresses[0] == address:
        return known
    before = dict(zip(known.addresses, (push_time, *known.until), strict=False))
    addresses = _put_first(known.addresses, address)
    return Pushers(addresses, tuple([before.get(one, 0.0) for one in addresses[1:]]))


@functools.lru_cache(maxsize=_SHARED)
def _put_first(known: tuple[str, ...], address: str) -> tuple[str, ...]:
    return (address, *[one for one in known if one != address][: MAX_ADDRESSES - 1])
