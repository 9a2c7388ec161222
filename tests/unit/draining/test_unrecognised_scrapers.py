"""Clients that scrape in a rhythm without counting as scrapers."""

from __future__ import annotations

import itertools
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.draining import unrecognised_scrapers

AGENT = "Telegraf/1.37 Go/1.25"


def _requested(*gaps: float) -> tuple[unrecognised_scrapers.UnrecognisedScrapers, float]:
    """A client with these gaps between its requests, and the time of the last one."""
    clients = unrecognised_scrapers.UnrecognisedScrapers()
    times = list(itertools.accumulate(gaps, initial=0.0))
    for now in times:
        clients.requested("10.0.0.1", AGENT, now=now)
    return clients, times[-1]


def _is_found(*gaps: float) -> bool:
    clients, now = _requested(*gaps)
    return bool(clients.active(now=now))


def test_client_is_found_after_five_requests_at_like_intervals() -> None:
    clients, now = _requested(15.0, 15.2, 14.9, 15.1)
    assert clients.active(now=now) == [unrecognised_scrapers.UnrecognisedScraper("10.0.0.1", AGENT, 15.2, now)]


@pytest.mark.parametrize(
    "gaps",
    [
        pytest.param((15.0, 15.0, 15.0), id="too few requests"),
        pytest.param((3.0, 40.0, 7.0, 95.0, 12.0, 2.0), id="a person that presses reload"),
        pytest.param((0.1, 0.1, 0.1, 0.1, 0.1), id="a load test"),
        pytest.param((86_400.0,) * 6, id="a person that looks every morning"),
    ],
)
def test_other_clients_are_not_found(gaps: tuple[float, ...]) -> None:
    assert not _is_found(*gaps)


def test_missed_scrape_does_not_hide_a_client() -> None:
    assert _is_found(15.0, 15.0, 15.0, 15.0, 30.0)


def test_client_that_left_is_not_found_until_it_has_a_rhythm_again() -> None:
    clients, now = _requested(15.0, 15.0, 15.0, 15.0)
    assert clients.active(now=now + 45.0)
    assert not clients.active(now=now + 46.0)
    clients.requested("10.0.0.1", AGENT, now=now + 3_600.0)
    assert not clients.active(now=now + 3_600.0)


@given(st.floats(1.0, 3_000.0), st.lists(st.floats(0.85, 1.15), min_size=4, max_size=20))
def test_regular_client_is_always_found(interval: float, jitter: list[float]) -> None:
    assert _is_found(*(interval * each for each in jitter))


@given(st.lists(st.tuples(st.floats(1.0, 10.0), st.floats(30.0, 60.0)), min_size=1, max_size=20))
def test_client_with_short_and_long_gaps_is_never_found(gaps: list[tuple[float, float]]) -> None:
    assert not _is_found(*itertools.chain.from_iterable(gaps))


def test_clients_that_change_their_names_use_bounded_memory_and_displace_no_regular_client() -> None:
    clients, now = _requested(15.0, 15.0, 15.0, 15.0)
    for number in range(10 * unrecognised_scrapers.MAX_CLIENTS):
        clients.requested("10.6.6.6", f"agent-{number}", now=now)
    assert [client.address for client in clients.active(now=now)] == ["10.0.0.1"]
    assert len(clients._clients) == unrecognised_scrapers.MAX_CLIENTS


def _later_scrapers_are_found(clients: unrecognised_scrapers.UnrecognisedScrapers, *, start: float) -> bool:
    now = start
    for _ in range(5):
        now += 15.0
        clients.requested("10.0.0.1", AGENT, now=now)
        clients.requested("10.0.0.2", AGENT, now=now + 5.0)
    return [client.address for client in clients.active(now=now + 5.0)] == ["10.0.0.1", "10.0.0.2"]


@pytest.mark.parametrize("requests", [1, 2, 20])
@pytest.mark.parametrize("seconds_ago", [10.0, 86_400.0])
def test_scraper_is_found_after_many_clients_that_came_only_for_a_while(requests: int, seconds_ago: float) -> None:
    clients = unrecognised_scrapers.UnrecognisedScrapers()
    for client in range(2 * unrecognised_scrapers.MAX_CLIENTS):
        for number in range(requests):
            clients.requested(f"10.1.0.{client}", "curl/8.14", now=10.0 * number + 8.0 * (number % 2))
    assert _later_scrapers_are_found(clients, start=10.0 * requests + seconds_ago)


def test_scraper_is_found_while_another_client_changes_its_name_with_every_request() -> None:
    clients = unrecognised_scrapers.UnrecognisedScrapers()
    now = 0.0
    for scrape in range(5):
        clients.requested("10.0.0.1", AGENT, now=now)
        for number in range(2 * unrecognised_scrapers.MAX_CLIENTS):
            clients.requested("10.6.6.6", f"agent-{scrape}-{number}", now=now + number / 20.0)
        now += 15.0
    assert [client.address for client in clients.active(now=now)] == ["10.0.0.1"]


@pytest.mark.parametrize(
    ("user_agent", "flag"),
    [
        (AGENT, "'--scrape.user-agent=Telegraf*'"),
        ("Datadog Agent/7.60", "'--scrape.user-agent=Datadog*'"),
        ("$(reboot)'; x", """'--scrape.user-agent=$*'"""),
        ("a[b]*c/1", "'--scrape.user-agent=a?b??c*'"),
        ("", ""),
        (" (compatible)", ""),
    ],
)
def test_flag_is_quoted_for_a_shell_and_names_the_product(user_agent: str, flag: str) -> None:
    scraper = unrecognised_scrapers.UnrecognisedScraper("10.0.0.1", user_agent, 15.0, 0.0)
    assert scraper.flag == flag
    assert len(shlex.split(flag)) == (1 if flag else 0)
