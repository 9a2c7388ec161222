"""Reports of the gateway, joined with those of the operator, and the number of requests for them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from tidegate.client import api_calls, drain_reports, transports
from tidegate.model import grouping, ownership_status, scrapers

_READER = scrapers.Reader(scrapers.Scraper("10.0.0.5", "Prometheus/3"))
_DRAIN = drain_reports.Drain(since=1.0, until=301.0, waits_for="scrapers", readers=(_READER,))
_WHY = ("Job prod/x has finished.", "It is deleted shortly.")
_NOW = 91.0
_NEXT = "It waits for Prometheus/3 at 10.0.0.5 to scrape its last push, and is deleted in 3m30s at the latest."


def _key(number: int) -> grouping.GroupingKey:
    return grouping.grouping_key({"job": f"{number:05}"})


class Gateway:
    """A transport to a gateway with this many draining groups; ``deleted`` were deleted after the list was made."""

    target, flag = "http://h", "--gateway.url"

    def __init__(self, total: int, *, deleted: Sequence[int] = ()) -> None:
        self.requests: list[dict[str, str]] = []
        self._total = total
        self._deleted = deleted

    async def call(self, method: str, path: str, query: transports.Query = ()) -> transports.Response:
        assert (method, path) == ("GET", "/api/v1/groups")
        self.requests.append(dict(query))
        begin = int(self.requests[-1]["offset"])
        rows = [self._row(number) for number in range(begin, min(begin + 200, self._total))]
        data = {"now": _NOW, "listing": "the-list", "total": self._total, "groups": rows}
        return transports.Response(200, json.dumps({"status": "success", "data": data}).encode())

    def _row(self, number: int) -> api_calls.Json:
        labels = dict(_key(number))
        if number in self._deleted:
            return {"labels": labels, "gone": True}
        drain = {**_DRAIN.to_json(), "is_expired_ttl": False}
        return {"labels": labels, "state": "draining", "push_time": 7.0, "drain": drain, "why": list(_WHY)}


async def test_report_of_the_gateway_is_parsed() -> None:
    reports, more = await api_calls.GatewayApi(Gateway(1)).group_reports(["{}"], enough=lambda _: False)
    assert reports == {_key(0): drain_reports.GroupReport(_key(0), "draining", 7.0, _DRAIN, _WHY, _NOW)}
    assert not more


async def test_later_pages_continue_the_list_of_the_first() -> None:
    transport = Gateway(450, deleted=[3])
    reports, more = await api_calls.GatewayApi(transport).group_reports(
        ["{a='b'}"], state="draining", enough=lambda _: False
    )
    assert (len(reports), more) == (449, False)
    first, second, third = transport.requests
    assert first == {"match[]": "{a='b'}", "state": "draining", "offset": "0", "limit": "200", "why": "1"}
    assert second == {"listing": "the-list", "offset": "200", "limit": "200", "why": "1"}
    assert third["offset"] == "400"


async def test_paging_stops_when_all_wanted_groups_are_read() -> None:
    transport = Gateway(20_000)
    _, more = await api_calls.GatewayApi(transport).group_reports([], enough={_key(1), _key(250)}.issubset)
    assert (len(transport.requests), more) == (2, True)


async def test_number_of_pages_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_calls, "MAX_PAGES", 3)
    transport = Gateway(20_000)
    reports, more = await api_calls.GatewayApi(transport).group_reports([], enough=lambda _: False)
    assert (len(transport.requests), len(reports), more) == (3, 600, True)


def _status(verdict: str) -> ownership_status.GroupStatus:
    why = ("Its owner has finished.", "It drains.")
    return ownership_status.GroupStatus(_key(1), state="draining", verdict=verdict, rule="", push_time=7.0, why=why)


@pytest.mark.parametrize(
    ("verdict", "drain", "why"),
    [
        pytest.param(
            "over", _DRAIN, ("Its owner has finished.", "It drains.", _NEXT), id="the gateway knows what it waits for"
        ),
        pytest.param("unowned", _DRAIN, ("Its owner has finished.", "It drains.", _NEXT), id="its TTL has expired"),
        pytest.param("over", None, ("Its owner has finished.", "It drains."), id="it no longer drains"),
        pytest.param(
            "over",
            _DRAIN._replace(waits_for="a newer value"),
            ("Its owner has finished.", "It drains.", *_WHY),
            id="a newer gateway waits for something else",
        ),
    ],
)
def test_reasons_of_the_operator_precede_those_of_the_gateway(
    verdict: str, drain: drain_reports.Drain | None, why: tuple[str, ...]
) -> None:
    report = drain_reports.GroupReport(_key(1), "draining", 7.0, drain, _WHY, _NOW)
    assert drain_reports.combine(_status(verdict), report).why == why


def test_without_the_gateway_the_status_of_the_operator_is_unchanged() -> None:
    assert drain_reports.combine(_status("over"), None) == _status("over")
