"""The checker finds a scrape with an outdated value, and a process that ended by itself."""

from __future__ import annotations

from collections.abc import Mapping

from tests.soak import histories, history_builders

_STAYS = histories.Life("x", 0.0)


def _judge(samples: Mapping[float, float], *pushes: histories.Push) -> set[str]:
    return history_builders.kinds(
        history_builders.judge(*pushes, scraped=history_builders.scraper(samples), life=_STAYS)
    )


def test_scrape_with_the_newest_value_is_correct() -> None:
    assert (
        _judge(
            {**history_builders.seen(2.5, 3, 5), **history_builders.seen(5.5, 6, 100)},
            history_builders.push(2.5),
            history_builders.push(5.5),
        )
        == set()
    )


def test_scrape_with_an_older_value_proves_a_lost_push() -> None:
    samples = {
        **history_builders.seen(2.5, 3, 5),
        **history_builders.seen(5.5, 6, 50),
        **history_builders.seen(2.5, 51, 100),
    }
    assert _judge(samples, history_builders.push(2.5), history_builders.push(5.5)) == {"lost"}


def test_unacknowledged_push_may_or_may_not_be_scraped() -> None:
    unanswered = history_builders.push(5.5, acknowledged=None)
    assert _judge(history_builders.seen(2.5, 3, 100), history_builders.push(2.5), unanswered) == set()
    assert (
        _judge(
            {**history_builders.seen(2.5, 3, 5), **history_builders.seen(5.5, 6, 100)},
            history_builders.push(2.5),
            unanswered,
        )
        == set()
    )


def test_either_of_two_concurrent_pushes_may_be_the_last() -> None:
    first, second = history_builders.push(2.5, acknowledged=2.8), history_builders.push(2.6, acknowledged=2.7)
    assert "lost" not in _judge(history_builders.seen(2.5, 3, 100), first, second)
    assert "lost" not in _judge(history_builders.seen(2.6, 3, 100), first, second)


def test_value_that_was_never_pushed_is_found() -> None:
    assert _judge({**history_builders.seen(2.5, 3, 99), 100.0: 7.0}, history_builders.push(2.5)) == {"lost"}


def test_process_that_ended_by_itself_is_found() -> None:
    ended = histories.Fault("gateway ended", (histories.Part.GATEWAY,), 5.0, 6.0, by_itself=True)
    scraped = history_builders.scraper(history_builders.seen(2.5, 3, 100))
    assert history_builders.kinds(
        history_builders.judge(history_builders.push(2.5), scraped=scraped, life=_STAYS, faults=[ended])
    ) == {"ended"}
