"""What the gateway says of groups beside what the operator says, and how many questions that takes."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tidegate.client import api_calls, drain_reports, transports
from tidegate.model import grouping, ownership_status, scrapers

_SCRAPER = scrapers.Scraper("10.0.0.5", "Prometheus/3")
_DRAIN = drain_reports.Drain(since=1.0, until=301.0, waits_for="scrapers", scrapers=(_SCRAPER,))
_WHY = ("Job prod/x has finished.", "It is deleted shortly.")
_NOW = 91.0
_NEXT = "It waits for Prometheus/3 at 10.0.0.5 to scrape its last push, and is deleted in 3m30s at the latest."


def _key(number: int) -> grouping.GroupingKey:
    return grouping.grouping_key({"job": f"{number:05}"})


class Gateway:
    """A way to so many groups that drain, of which those in ``gone`` have gone since the list was made."""

    where, flag = "http://h", "--gateway.url"

    def __init__(self, total: int, *, gone: Sequence[int] = ()) -> None:
        self.asked: list[dict[str, str]] = []
        self._total = total
        self._gone = gone

    async def call(self, method: str, path: str, query: transports.Query = ()) -> transports.Answer:
        assert (method, path) == ("GET", "/api/v1/groups")
        self.asked.append(dict(query))
        begin = int(self.asked[-1]["offset"])
        rows = [self._row(number) for number in range(begin, min(begin + 200, self._total))]
        data = {"now": _NOW, "listing": "the-list", "total": self._total, "groups": rows}
        return transports.Answer(200, json.dumps({"status": "success", "data": data}).encode())

    def _row(self, number: int) -> api_calls.Json:
        labels = dict(_key(number))
        if number in self._gone:
            return {"labels": labels, "gone": True}
        drain = {**_DRAIN.to_json(), "is_expired_ttl": False}
        return {"labels": labels, "state": "draining", "push_time": 7.0, "drain": drain, "why": list(_WHY)}


async def test_what_is_told_is_read() -> None:
    found, more = await api_calls.GatewayApi(Gateway(1)).group_reports(["{}"], enough=lambda _: False)
    assert found == {_key(0): drain_reports.GroupReport(_key(0), "draining", 7.0, _DRAIN, _WHY, _NOW)}
    assert not more


async def test_groups_are_sought_once_and_then_told_by_the_hundreds() -> None:
    door = Gateway(450, gone=[3])
    found, more = await api_calls.GatewayApi(door).group_reports(["{a='b'}"], state="draining", enough=lambda _: False)
    assert (len(found), more) == (449, False)
    first, second, third = door.asked
    assert first == {"match[]": "{a='b'}", "state": "draining", "offset": "0", "limit": "200", "why": "1"}
    assert second == {"listing": "the-list", "offset": "200", "limit": "200", "why": "1"}
    assert third["offset"] == "400"


async def test_no_more_is_asked_when_all_that_are_wanted_are_there() -> None:
    door = Gateway(20_000)
    _, more = await api_calls.GatewayApi(door).group_reports([], enough={_key(1), _key(250)}.issubset)
    assert (len(door.asked), more) == (2, True)


async def test_questions_have_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_calls, "MOST_PAGES", 3)
    door = Gateway(20_000)
    found, more = await api_calls.GatewayApi(door).group_reports([], enough=lambda _: False)
    assert (len(door.asked), len(found), more) == (3, 600, True)


def _standing(verdict: str) -> ownership_status.GroupStatus:
    why = ("So it stands.", "So it goes on.")
    return ownership_status.GroupStatus(_key(1), state="draining", verdict=verdict, rule="", push_time=7.0, why=why)


@pytest.mark.parametrize(
    ("verdict", "drain", "why"),
    [
        pytest.param(
            "over", _DRAIN, ("So it stands.", "So it goes on.", _NEXT), id="the gateway knows what it waits for"
        ),
        pytest.param("unowned", _DRAIN, ("So it stands.", "So it goes on.", _NEXT), id="its ttl is over"),
        pytest.param("over", None, ("So it stands.", "So it goes on."), id="it drains no more"),
        pytest.param(
            "over",
            _DRAIN._replace(waits_for="a newer word"),
            ("So it stands.", "So it goes on.", *_WHY),
            id="a newer gateway waits for something else",
        ),
    ],
)
def test_both_are_joined(verdict: str, drain: drain_reports.Drain | None, why: tuple[str, ...]) -> None:
    ahead = drain_reports.GroupReport(_key(1), "draining", 7.0, drain, _WHY, _NOW)
    assert drain_reports.combine(_standing(verdict), ahead).why == why


def test_without_the_gateway_the_operator_is_repeated() -> None:
    assert drain_reports.combine(_standing("over"), None) == _standing("over")
