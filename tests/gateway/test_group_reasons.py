"""Why a group is still there, in sentences."""

from __future__ import annotations

import dataclasses

import pytest

from tidegate.gateway.api import group_reasons
from tidegate.model import durations, lifecycle, owners, scrapers

NOW = 1_000.0
DRAIN = lifecycle.Drain(pushed_revision=7, since=NOW - 10, deadline=NOW + 290)


def _claims(*names: str) -> dict[owners.Uid, owners.Claim]:
    made = [owners.Owner("Job", "default", name, owners.Uid(name)) for name in names]
    return {owner.uid: owners.Claim(owner, drain_timeout=300.0) for owner in made}


def _reading(address: str, read_revision: int) -> scrapers.Reading:
    scraper = scrapers.Scraper(address, "Prometheus/3")
    return scrapers.Reading(scraper, first_seen=0.0, last_seen=NOW, read_revision=read_revision)


LIVE = lifecycle.Life(pushed_revision=7)
OWNED = lifecycle.Life(pushed_revision=7, claims=_claims("a"))
DRAINING = dataclasses.replace(OWNED, drain=DRAIN)


@pytest.mark.parametrize(
    ("life", "behind", "said"),
    [
        pytest.param(LIVE, 0, "Nobody owns it, and it was pushed without a time to live.", id="nobody's"),
        pytest.param(dataclasses.replace(LIVE, expires=NOW + 90), 0, "is pushed again within 1m30s", id="a ttl"),
        pytest.param(OWNED, 0, "Job default/a owns it. It stays until the operator says", id="owned"),
        pytest.param(
            dataclasses.replace(LIVE, claims=_claims("a", "b")), 0, "Job default/a and Job default/b own it.", id="two"
        ),
        pytest.param(
            dataclasses.replace(LIVE, claims=_claims(*"abcd")), 0, "Job default/a and 3 other owners own it.", id="four"
        ),
        pytest.param(DRAINING, 0, "Job default/a is over. No scraper is active", id="no scraper"),
        pytest.param(
            DRAINING, 1, "It goes when Prometheus/3 at 10.0.0.0 has read its last push, and in 4m50s", id="a scraper"
        ),
        pytest.param(DRAINING, 2, "at 10.0.0.0 and Prometheus/3 at 10.0.0.1 have read", id="two scrapers"),
        pytest.param(DRAINING, 5, "at 10.0.0.0 and 4 other scrapers have read", id="five scrapers"),
        pytest.param(
            lifecycle.pushed(DRAINING, revision=8), 0, "until the operator says whether", id="pushed after it"
        ),
        pytest.param(
            dataclasses.replace(DRAINING, drain=dataclasses.replace(DRAIN, deadline=NOW)), 1, "in a moment", id="late"
        ),
        pytest.param(
            dataclasses.replace(LIVE, drain=dataclasses.replace(DRAIN, expired=True)),
            0,
            "Its time to live is over, and nobody owns it.",
            id="its ttl is over",
        ),
    ],
)
def test_why(life: lifecycle.Life, behind: int, said: str) -> None:
    active = [_reading(f"10.0.0.{number}", 6) for number in range(behind)]
    assert said in " ".join(group_reasons.why(life, active, now=NOW))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0s"), (0.9, "0s"), (59, "59s"), (90, "1m30s"), (3_600, "1h"), (3_601, "1h"), (100_000, "1d3h")],
)
def test_a_duration_is_said_in_two_units_at_most(seconds: float, said: str) -> None:
    assert durations.spell(seconds) == said
