"""The checker finds a final value that a scraper could have had and has not, and no other."""

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
    found = history_builders.judge(*pushes, scraped=history_builders.scraper(samples, silent=silent, failed=failed))
    return {kind for kind in history_builders.kinds(found) if kind == "missed"}


def test_a_value_that_is_there_is_not_missed() -> None:
    assert _judge({**_GROUP_LIVED, 10.0: 9.5}) == set()


def test_one_that_is_not_is() -> None:
    assert _judge(_GROUP_LIVED) == {"missed"}


def test_a_value_that_is_not_final_may_be_missed() -> None:
    assert _judge({10.0: 9.5}) == set()


def test_one_that_was_never_acknowledged_may_be_missed() -> None:
    assert _judge(_GROUP_LIVED, pushes=(history_builders.push(2.5), history_builders.push(9.5, answered=None))) == set()


def test_the_last_of_each_owner_is_final() -> None:
    next_run = history_builders.push(30.5, owner="next", until=histories.Until.NEVER)
    assert _judge({31.0: 30.5}, pushes=(history_builders.push(9.5), next_run)) == {"missed"}


def test_one_that_was_replaced_before_the_next_scrape_may_be_missed() -> None:
    next_run = history_builders.push(9.7, owner="next", until=histories.Until.NEVER)
    assert _judge({10.0: 9.7}, pushes=(history_builders.push(9.5), next_run)) == set()


@pytest.mark.parametrize(("last", "expected"), [(10, {"missed"}), (11, set())], ids=["waited for", "given up"])
def test_a_scraper_is_waited_for_until_it_was_silent_for_three_intervals(last: int, expected: set[str]) -> None:
    assert _judge(_GROUP_LIVED, silent=range(10, last + 1)) == expected


def test_failed_scrapes_are_no_silence() -> None:
    assert _judge(_GROUP_LIVED, failed=range(10, 20)) == {"missed"}


def test_who_scrapes_with_success_only_after_the_drain_timeout_could_not_have_it() -> None:
    assert _judge(_GROUP_LIVED, failed=range(10, 31)) == set()
