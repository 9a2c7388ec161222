"""The addresses that are remembered for a group."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tidegate.model import pushers

_ADDRESSES = [f"10.0.0.{number}" for number in range(7)]


def _remembered(addresses: list[str | None]) -> pushers.PusherAddresses:
    """After a push from each of these, one a second from second 1 on."""
    known = pushers.NO_PUSHERS
    for second, address in enumerate(addresses):
        known = pushers.with_push(known, address, push_time=float(second))
    return known


@given(st.lists(st.none() | st.sampled_from(_ADDRESSES), max_size=30))
def test_pushers_are_the_last_four_addresses_latest_first_with_their_times(addresses: list[str | None]) -> None:
    times = {address or "": float(second) for second, address in enumerate(addresses, 1)}
    last = sorted(times.items(), key=lambda pushed: -pushed[1])[:4]
    reported = _remembered(addresses).sources(push_time=float(len(addresses)))
    assert reported == [source for source in last if source[0]]
    assert _remembered(addresses).known == tuple(address for address, _ in last if address)


def test_a_push_from_the_same_address_changes_nothing() -> None:
    known = _remembered(["10.0.0.1", "10.0.0.2"])
    again = "".join(["10.0.0", ".2"])
    assert again is not known.addresses[0]
    assert pushers.with_push(known, again, push_time=9.0) is known


def test_groups_that_are_pushed_from_the_same_addresses_share_them() -> None:
    assert _remembered(["10.0.0.1", "10.0.0.2"]).addresses is _remembered(["10.0.0.1", "10.0.0.2"]).addresses


def test_address_without_a_stored_time_is_not_reported() -> None:
    assert pushers.PusherAddresses(("10.0.0.1", "10.0.0.2")).sources(push_time=5.0) == [("10.0.0.1", 5.0)]
