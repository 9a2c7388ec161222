"""Decisions about the life of a group, as tables."""

from __future__ import annotations

import pytest

from tests.support.store import proof_builders, store_builders
from tidegate.model import lifecycle, owners

KEY = store_builders.key(job="backup")
U, V = owners.Uid("u"), owners.Uid("v")


def _claim(uid: owners.Uid) -> owners.Claim:
    return owners.Claim(owners.Owner("Job", "default", "backup", uid), 300.0)


def _life(*uids: owners.Uid, pushed: int = 5, drain: lifecycle.Drain | None = None) -> lifecycle.Life:
    return lifecycle.Life(pushed_revision=pushed, claims={uid: _claim(uid) for uid in uids}, drain=drain)


DRAIN = lifecycle.Drain(pushed_revision=5, since=100.0, deadline=400.0)


@pytest.mark.parametrize(
    ("life", "read", "now", "reason"),
    [
        pytest.param(_life(U), 9, 999.0, None, id="live"),
        pytest.param(_life(U, drain=DRAIN), 5, 100.0, lifecycle.DeletionReason.DELIVERED, id="read"),
        pytest.param(_life(U, drain=DRAIN), 4, 100.0, None, id="read before its last push"),
        pytest.param(_life(U, drain=DRAIN), None, 399.9, None, id="nobody reads"),
        pytest.param(
            _life(U, drain=DRAIN), None, 400.0, lifecycle.DeletionReason.TIMEOUT, id="nobody reads and time is over"
        ),
        pytest.param(_life(U, drain=DRAIN), 4, 400.0, lifecycle.DeletionReason.TIMEOUT, id="unread and time is over"),
        pytest.param(_life(U, drain=DRAIN), 4, 500.0, lifecycle.DeletionReason.TIMEOUT, id="unread long after that"),
        pytest.param(_life(U, drain=DRAIN), 5, 400.0, lifecycle.DeletionReason.DELIVERED, id="read in the last moment"),
        pytest.param(_life(U, pushed=6, drain=DRAIN), 9, 999.0, None, id="a push nobody spoke of"),
    ],
)
def test_deletion_reason_depends_on_reads_and_deadline(
    life: lifecycle.Life, read: int | None, now: float, reason: lifecycle.DeletionReason | None
) -> None:
    assert lifecycle.deletion_reason(KEY, life, proof=proof_builders.delivered(read), now=now) is reason


@pytest.mark.parametrize(
    ("life", "uid", "owned_by", "drains"),
    [
        pytest.param(_life(), U, {U}, False, id="the first owner"),
        pytest.param(_life(U), V, {U, V}, False, id="another owner"),
        pytest.param(_life(U, drain=DRAIN), V, {V}, False, id="the next owner of a draining group"),
        pytest.param(_life(U, drain=DRAIN), U, {U}, True, id="the owner of a draining group again"),
    ],
)
def test_claim_changes_owners_and_drain(
    life: lifecycle.Life, uid: owners.Uid, owned_by: set[str], drains: bool
) -> None:
    after = lifecycle.claimed(life, _claim(uid))
    assert set(after.claims) == owned_by
    assert (after.state is lifecycle.State.DRAINING) is drains


@pytest.mark.parametrize(
    ("life", "owned_by", "drains"),
    [
        pytest.param(_life(U), set(), False, id="the only owner"),
        pytest.param(_life(U, V), {V}, False, id="one of two"),
        pytest.param(_life(V), {V}, False, id="none of its owners"),
        pytest.param(_life(U, drain=DRAIN), set(), False, id="the only owner while draining"),
        pytest.param(_life(U, V, drain=DRAIN), {V}, True, id="one of two while draining"),
    ],
)
def test_release_changes_owners_and_drain(life: lifecycle.Life, owned_by: set[str], drains: bool) -> None:
    after = lifecycle.released(life, U)
    assert set(after.claims) == owned_by
    assert (after.state is lifecycle.State.DRAINING) is drains


def test_second_retirement_keeps_the_deadline_and_covers_the_later_push() -> None:
    life = lifecycle.pushed(_life(U, drain=DRAIN), revision=8)
    after = lifecycle.drain_started(life, finished=[U], pushed_revision=8, drain_timeout=1.0, now=200.0)
    assert isinstance(after, lifecycle.Life)
    assert after.drain == lifecycle.Drain(pushed_revision=8, since=100.0, deadline=400.0)


EXPIRED = lifecycle.Drain(pushed_revision=5, since=10.0, deadline=310.0, expired=True)


@pytest.mark.parametrize(
    ("life", "after"),
    [
        pytest.param(lifecycle.Life(5), lifecycle.Life(5), id="no time to live"),
        pytest.param(lifecycle.Life(5, expires=10.1), lifecycle.Life(5, expires=10.1), id="not yet"),
        pytest.param(lifecycle.Life(5, expires=10.0), lifecycle.Life(5, drain=EXPIRED, expires=10.0), id="now"),
        pytest.param(lifecycle.Life(5, expires=9.0), lifecycle.Life(5, drain=EXPIRED, expires=9.0), id="a moment ago"),
        pytest.param(
            lifecycle.Life(5, {U: _claim(U)}, expires=1.0),
            lifecycle.Life(5, {U: _claim(U)}, expires=1.0),
            id="with an owner",
        ),
        pytest.param(
            lifecycle.Life(5, drain=DRAIN, expires=1.0), lifecycle.Life(5, drain=DRAIN, expires=1.0), id="draining"
        ),
    ],
)
def test_group_expires_at_its_ttl(life: lifecycle.Life, after: lifecycle.Life) -> None:
    assert lifecycle.expired(life, drain_timeout=300.0, now=10.0) == after


def test_push_revives_an_expired_group_with_a_new_ttl() -> None:
    assert lifecycle.pushed(lifecycle.Life(5, drain=EXPIRED, expires=10.0), revision=6) == lifecycle.Life(6)
    assert lifecycle.pushed(lifecycle.Life(5), revision=6, expires=20.0) == lifecycle.Life(6, expires=20.0)


def test_operator_cannot_retire_an_expired_group_without_an_owner() -> None:
    life = lifecycle.Life(5, drain=EXPIRED, expires=10.0)
    assert (
        lifecycle.drain_started(life, finished=[], pushed_revision=5, drain_timeout=1.0, now=11.0)
        is lifecycle.Rejection.UNCLAIMED
    )


def test_release_without_a_claim_does_not_stop_the_drain_of_an_expired_group() -> None:
    life = lifecycle.Life(5, drain=EXPIRED, expires=10.0)
    assert lifecycle.released(life, U) == life


def test_drain_deadline_is_the_drain_timeout_after_its_start() -> None:
    after = lifecycle.drain_started(_life(U), finished=[U], pushed_revision=5, drain_timeout=300.0, now=100.0)
    assert isinstance(after, lifecycle.Life)
    assert after.drain == DRAIN


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        pytest.param(_life(U), False, id="neither"),
        pytest.param(_life(U, drain=DRAIN), True, id="a drain"),
        pytest.param(lifecycle.Life(5, expires=10.0), True, id="a TTL"),
    ],
)
def test_drain_or_ttl_is_a_deadline(life: lifecycle.Life, expected: bool) -> None:
    assert lifecycle.has_deadline(life) is expected


@pytest.mark.parametrize(
    ("life", "now", "seconds"),
    [
        pytest.param(_life(U), 130.0, None, id="live"),
        pytest.param(_life(U, drain=DRAIN), 130.0, 30.0, id="draining"),
        pytest.param(_life(U, drain=DRAIN), 90.0, 0.0, id="draining since later than now"),
    ],
)
def test_drain_lasts_since_its_start_and_never_less_than_zero(
    life: lifecycle.Life, now: float, seconds: float | None
) -> None:
    assert lifecycle.drained_for(life, now=now) == seconds
