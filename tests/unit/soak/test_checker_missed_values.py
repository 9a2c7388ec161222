"""The checker finds exactly the final values that a scraper could have scraped and did not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from tests.soak import histories, history_builders

_GROUP_LIVED = history_builders.seen(2.5, 3, 5)


def _judge(
    samples: Mapping[float, float],
    *,
    pushes: Sequence[histories.Push] = (history_builders.push(2.5), history_builders.push(9.5)),
    silent: Sequence[int] = (),
    failed: Sequence[int] = (),
) -> set[str]:
    verdicts = history_builders.judge(*pushes, scraped=history_builders.scraper(samples, silent=silent, failed=failed))
    return {kind for kind in history_builders.kinds(verdicts) if kind == "missed"}


def test_scraped_final_value_is_not_missed() -> None:
    assert _judge({**_GROUP_LIVED, 10.0: 9.5}) == set()


def test_final_value_that_was_not_scraped_is_missed() -> None:
    assert _judge(_GROUP_LIVED) == {"missed"}


def test_value_that_is_not_final_may_be_missed() -> None:
    assert _judge({10.0: 9.5}) == set()


def test_unacknowledged_value_may_be_missed() -> None:
    assert (
        _judge(_GROUP_LIVED, pushes=(history_builders.push(2.5), history_builders.push(9.5, acknowledged=None)))
        == set()
    )


def test_last_value_of_each_owner_is_final() -> None:
    next_run = history_builders.push(30.5, owner="next", until=histories.Until.NEVER)
    assert _judge({31.0: 30.5}, pushes=(history_builders.push(9.5), next_run)) == {"missed"}


def test_value_replaced_before_the_next_scrape_may_be_missed() -> None:
    next_run = history_builders.push(9.7, owner="next", until=histories.Until.NEVER)
    assert _judge({10.0: 9.7}, pushes=(history_builders.push(9.5), next_run)) == set()


@pytest.mark.parametrize(("last", "expected"), [(10, {"missed"}), (11, set())], ids=["waited for", "given up"])
def test_scraper_silent_for_three_intervals_may_miss_values(last: int, expected: set[str]) -> None:
    assert _judge(_GROUP_LIVED, silent=range(10, last + 1)) == expected


def test_failed_scrape_does_not_count_as_silence() -> None:
    assert _judge(_GROUP_LIVED, failed=range(10, 20)) == {"missed"}


def test_scraper_that_succeeds_only_after_the_drain_timeout_may_miss_values() -> None:
    assert _judge(_GROUP_LIVED, failed=range(10, 31)) == set()
