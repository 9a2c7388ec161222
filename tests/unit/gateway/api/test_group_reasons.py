"""Explanations of why a group still exists."""

from __future__ import annotations

import dataclasses

import pytest

from tests.support.store import proof_builders, store_builders
from tidegate.gateway.api import group_reasons
from tidegate.model import lifecycle, owners, reasons, scrapers

Code = reasons.Code
NOW = 1_000.0
DRAIN = lifecycle.Drain(pushed_revision=7, since=NOW - 10, deadline=NOW + 290)


def _claims(*names: str) -> dict[owners.Uid, owners.Claim]:
    claimants = [owners.Owner("Job", "default", name, owners.Uid(name)) for name in names]
    return {owner.uid: owners.Claim(owner, drain_timeout=300.0) for owner in claimants}


LIVE = lifecycle.Life(pushed_revision=7)
OWNED = lifecycle.Life(pushed_revision=7, claims=_claims("a"))
DRAINING = dataclasses.replace(OWNED, drain=DRAIN)


@pytest.mark.parametrize(
    ("life", "unread_by", "codes"),
    [
        pytest.param(LIVE, 0, [Code.UNOWNED_WITHOUT_TTL, Code.KEPT_UNTIL_DELETED], id="unowned"),
        pytest.param(dataclasses.replace(LIVE, expires=NOW + 90), 0, [Code.UNOWNED, Code.TTL_EXPIRES], id="a ttl"),
        pytest.param(OWNED, 0, [Code.OWNED, Code.OWNED_UNTIL_FINISHED], id="owned"),
        pytest.param(DRAINING, 0, [Code.OWNERS_FINISHED, Code.WAITS_FOR_DEADLINE], id="no scraper"),
        pytest.param(DRAINING, 1, [Code.OWNERS_FINISHED, Code.WAITS_FOR_SCRAPERS], id="a scraper"),
        pytest.param(
            lifecycle.pushed(DRAINING, revision=8),
            0,
            [Code.OWNERS_FINISHED, Code.WAITS_FOR_OPERATOR],
            id="pushed after it",
        ),
        pytest.param(
            dataclasses.replace(DRAINING, drain=dataclasses.replace(DRAIN, deadline=NOW)),
            1,
            [Code.OWNERS_FINISHED, Code.WAITS_FOR_NOTHING],
            id="late",
        ),
        pytest.param(
            dataclasses.replace(LIVE, drain=dataclasses.replace(DRAIN, expired=True)),
            0,
            [Code.UNOWNED_AND_TTL_EXPIRED, Code.WAITS_FOR_DEADLINE],
            id="an expired ttl",
        ),
    ],
)
def test_group_is_explained(life: lifecycle.Life, unread_by: int, codes: list[reasons.Code]) -> None:
    assert [reason.code for reason in _explain(life, unread_by=unread_by)] == codes


def test_owned_group_has_its_owners() -> None:
    claims = _claims("a", "b")
    [owned, _] = _explain(dataclasses.replace(LIVE, claims=claims))
    assert owned.fields["owners"] == tuple(claim.owner for claim in claims.values())


def test_ttl_has_the_seconds_that_are_left() -> None:
    [_, expiry] = _explain(dataclasses.replace(LIVE, expires=NOW + 90))
    assert expiry.fields == {"seconds": 90.0}


def test_draining_group_has_its_scrapers_and_the_seconds_until_its_deadline() -> None:
    [_, wait] = _explain(DRAINING, unread_by=2)
    assert wait.fields == {
        "readers": tuple(scrapers.Reader(scrapers.Scraper(f"10.0.0.{number}", "Prometheus/3")) for number in range(2)),
        "seconds": 290.0,
    }


def _explain(life: lifecycle.Life, *, unread_by: int = 0) -> list[reasons.Reason]:
    active = [proof_builders.reading(f"10.0.0.{number}", 6, last_seen=NOW) for number in range(unread_by)]
    key = store_builders.key(job="backup")
    return list(group_reasons.decide(key, life, proof_builders.conditions(*active, now=NOW)))
