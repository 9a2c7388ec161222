"""Explanations of why a group still exists."""

from __future__ import annotations

import dataclasses

import pytest

from tidegate.gateway.api import group_reasons
from tidegate.model import lifecycle, owners, reason_texts, scrapers

NOW = 1_000.0
DRAIN = lifecycle.Drain(pushed_revision=7, since=NOW - 10, deadline=NOW + 290)


def _claims(*names: str) -> dict[owners.Uid, owners.Claim]:
    claimants = [owners.Owner("Job", "default", name, owners.Uid(name)) for name in names]
    return {owner.uid: owners.Claim(owner, drain_timeout=300.0) for owner in claimants}


def _reading(address: str, read_revision: int) -> scrapers.ScraperProgress:
    scraper = scrapers.Scraper(address, "Prometheus/3")
    return scrapers.ScraperProgress(scraper, first_seen=0.0, last_seen=NOW, read_revision=read_revision)


LIVE = lifecycle.Life(pushed_revision=7)
OWNED = lifecycle.Life(pushed_revision=7, claims=_claims("a"))
DRAINING = dataclasses.replace(OWNED, drain=DRAIN)


@pytest.mark.parametrize(
    ("life", "unread_by", "expected"),
    [
        pytest.param(LIVE, 0, "The group has no owner and no TTL.", id="unowned"),
        pytest.param(
            dataclasses.replace(LIVE, expires=NOW + 90),
            0,
            "It starts draining in 1m30s (TTL) unless it is pushed again.",
            id="a ttl",
        ),
        pytest.param(OWNED, 0, "Job default/a owns the group. It is kept until the operator reports", id="owned"),
        pytest.param(
            dataclasses.replace(LIVE, claims=_claims("a", "b")),
            0,
            "Job default/a and Job default/b own the group.",
            id="two",
        ),
        pytest.param(
            dataclasses.replace(LIVE, claims=_claims(*"abcd")),
            0,
            "Job default/a, Job default/b, Job default/c and 1 more own the group.",
            id="four",
        ),
        pytest.param(DRAINING, 0, "Job default/a has finished. No scraper is active", id="no scraper"),
        pytest.param(
            DRAINING,
            1,
            "It waits for Prometheus/3 at 10.0.0.0 to scrape its last push, and is deleted in 4m50s",
            id="a scraper",
        ),
        pytest.param(DRAINING, 2, "at 10.0.0.0 and Prometheus/3 at 10.0.0.1 to scrape", id="two scrapers"),
        pytest.param(DRAINING, 5, "at 10.0.0.2 and 2 more to scrape", id="five scrapers"),
        pytest.param(
            lifecycle.pushed(DRAINING, revision=8), 0, "until the operator reports whether", id="pushed after it"
        ),
        pytest.param(
            dataclasses.replace(DRAINING, drain=dataclasses.replace(DRAIN, deadline=NOW)), 1, "shortly", id="late"
        ),
        pytest.param(
            dataclasses.replace(LIVE, drain=dataclasses.replace(DRAIN, expired=True)),
            0,
            "The group has no owner, and its TTL has expired.",
            id="an expired ttl",
        ),
    ],
)
def test_group_is_explained(life: lifecycle.Life, unread_by: int, expected: str) -> None:
    active = [_reading(f"10.0.0.{number}", 6) for number in range(unread_by)]
    assert expected in " ".join(reason_texts.texts(group_reasons.decide(life, active, now=NOW)))
