"""Which addresses are remembered of the pushes to a group."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tidegate.model import pushers

_ADDRESSES = [f"10.0.0.{number}" for number in range(7)]


def _remembered(addresses: list[str | None]) -> tuple[str, ...]:
    known: tuple[str, ...] = ()
    for address in addresses:
        known = pushers.after(known, address)
    return known


@given(st.lists(st.none() | st.sampled_from(_ADDRESSES), max_size=30))
def test_they_are_the_last_four_each_once_last_first(addresses: list[str | None]) -> None:
    distinct = dict.fromkeys(address for address in reversed(addresses) if address is not None)
    assert _remembered(addresses) == tuple(distinct)[:4]


def test_a_push_from_the_same_address_changes_nothing() -> None:
    known = _remembered(["10.0.0.1", "10.0.0.2"])
    again = "".join(["10.0.0", ".2"])
    assert again is not known[0]
    assert pushers.after(known, again) is known


def test_groups_that_are_pushed_from_the_same_addresses_share_what_is_remembered() -> None:
    assert _remembered(["10.0.0.1", "10.0.0.2"]) is _remembered(["10.0.0.1", "10.0.0.2"])
