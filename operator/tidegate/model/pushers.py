"""Pushers: the addresses that pushed a group, and the times of their pushes."""

from __future__ import annotations

import functools
from typing import NamedTuple

MAX_ADDRESSES = 4
"""Addresses that are remembered for a group: those of the last runs of a Job, and of other clients."""

MAX_REPORTED_SOURCES = 64
"""Sources of a group that are reported to the operator. A group has more if more addresses pushed its families."""

_SHARED_TUPLES = 4096
"""Tuples of addresses that groups with the same pushers share."""


class Source(NamedTuple):
    """An address and the Unix seconds of a push from it."""

    address: str
    at: float


class PusherAddresses(NamedTuple):
    """The last addresses that pushed a group, latest first, without duplicates.

    :param addresses: "" for pushes without an address.
    :param until: Unix seconds of the last push from each address but the first.
    """

    addresses: tuple[str, ...] = ()
    until: tuple[float, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        """The addresses, without the "" of pushes without an address."""
        return self.addresses if "" not in self.addresses else tuple(filter(None, self.addresses))

    def sources(self, *, push_time: float) -> list[Source]:
        """Return each address with its last push.

        :param push_time: of the last push of the group.
        """
        # Files of older versions do not have the times.
        times = (push_time, *self.until)
        return [Source(address, at) for address, at in zip(self.addresses, times, strict=False) if address]


NO_PUSHERS = PusherAddresses()


def with_push(known: PusherAddresses, address: str | None, *, push_time: float) -> PusherAddresses:
    """Return the pushers of a group after a push.

    :param address: ``None`` if the push has no address.
    :param push_time: of the previous push of the group.
    :returns: ``known`` itself if the previous push came from the same address.
    """
    address = address or ""
    if known.addresses and known.addresses[0] == address:
        return known
    before = dict(zip(known.addresses, (push_time, *known.until), strict=False))
    addresses = _put_first(known.addresses, address)
    return PusherAddresses(addresses, tuple([before.get(other, 0.0) for other in addresses[1:]]))


@functools.lru_cache(maxsize=_SHARED_TUPLES)
def _put_first(known: tuple[str, ...], address: str) -> tuple[str, ...]:
    return (address, *[other for other in known if other != address][: MAX_ADDRESSES - 1])
