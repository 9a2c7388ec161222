"""The import copies what it can read, reports each group that it cannot copy, and stops if the source is unusable."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import test_utils, web

from tests.support.formats import delimited_protobuf
from tidegate.migrate import pushgateway_import

PUSHED, FAILED = 1_700_000_000.0, 1_700_000_100.0


def _listed(job: str, *names: str, push_time: float = PUSHED, failure_time: float = 0.0) -> dict[str, Any]:
    """Return a group as the query API lists it, each family with one series without other labels."""

    def family(value: float) -> dict[str, Any]:
        return {"metrics": [{"labels": {"instance": "", "job": job}, "value": str(value)}]}

    times = {"push_time_seconds": push_time, "push_failure_time_seconds": failure_time}
    return {
        "labels": {"job": job},
        "last_push_successful": True,
        **{name: family(value) for name, value in times.items() if value},
        **{name: family(1.0) | {"type": "GAUGE", "help": "Rows."} for name in names},
    }


def _scraped(*series: tuple[str, str]) -> bytes:
    """Return a scrape with these series, each as a name and a job."""
    bodies = (f'# TYPE {name} gauge\n{name}{{instance="",job="{job}"}} 1\n' for name, job in series)
    return b"".join(delimited_protobuf.of_text(body.encode()) for body in bodies)


class _Source:
    """A server that responds like a Pushgateway with these groups; ``scrapes`` are used up, but for the last one."""

    def __init__(self, groups: list[dict[str, Any]], *scrapes: bytes) -> None:
        self.groups: Any = {"status": "success", "data": groups}
        self.scrapes = list(scrapes)
        self.authorizations: list[str | None] = []
        self.status = 200

    async def api(self, request: web.Request) -> web.Response:
        self.authorizations.append(request.headers.get("Authorization"))
        return web.json_response(self.groups, status=self.status)

    async def scrape(self, _: web.Request) -> web.Response:
        return web.Response(body=self.scrapes.pop(0) if len(self.scrapes) > 1 else self.scrapes[0])


@contextlib.asynccontextmanager
async def _url(source: _Source) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_get("/api/v1/metrics", source.api)
    application.router.add_get("/metrics", source.scrape)
    async with test_utils.TestServer(application) as server:
        yield str(server.make_url("/")).rstrip("/")


async def _copy(source: _Source, folder: Path) -> pushgateway_import.Outcome:
    async with _url(source) as url:
        return await pushgateway_import.copy(url, folder / "groups")


async def test_groups_are_copied_once(tmp_path: Path) -> None:
    source = _Source([_listed("a", "rows"), _listed("b", "rows")], _scraped(("rows", "a"), ("rows", "b")))
    assert await _copy(source, tmp_path) == (2, 0, 0)
    assert await _copy(source, tmp_path) == (0, 2, 0)


async def test_group_with_a_newer_push_is_copied_again(tmp_path: Path) -> None:
    assert await _copy(_Source([_listed("a", "rows")], _scraped(("rows", "a"))), tmp_path) == (1, 0, 0)
    newer = _Source([_listed("a", "rows", push_time=PUSHED + 60)], _scraped(("rows", "a")))
    assert await _copy(newer, tmp_path) == (1, 0, 0)


async def test_failed_push_is_copied_with_its_time(tmp_path: Path) -> None:
    only_failed = _Source([_listed("a", push_time=0.0, failure_time=FAILED)], b"")
    assert await _copy(only_failed, tmp_path) == (1, 0, 0)
    older = _Source([_listed("a", "rows", push_time=FAILED - 1)], _scraped(("rows", "a")))
    assert await _copy(older, tmp_path) == (0, 1, 0)


async def test_group_pushed_between_both_responses_is_read_again(tmp_path: Path) -> None:
    source = _Source([_listed("a", "rows")], b"", _scraped(("rows", "a")))
    assert await _copy(source, tmp_path) == (1, 0, 0)


async def test_group_that_the_scrape_never_has_is_reported_and_does_not_stop_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = _Source([_listed("a", "lost"), _listed("b", "rows")], _scraped(("rows", "b")))
    assert await _copy(source, tmp_path) == (1, 0, 1)
    [message] = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert '{job="a"}' in message
    assert "'lost'" in message


async def test_invalid_family_of_the_scrape_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    invalid = delimited_protobuf.framed(b"\xff\xff\xff")
    source = _Source([_listed("a", "rows")], invalid + _scraped(("rows", "a")))
    assert await _copy(source, tmp_path) == (1, 0, 0)
    assert "ignoring an invalid family" in caplog.text


async def test_progress_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pushgateway_import, "_PROGRESS_INTERVAL", 2)
    caplog.set_level(logging.INFO)
    source = _Source([_listed(job, push_time=0.0, failure_time=FAILED) for job in "abc"], b"")
    assert await _copy(source, tmp_path) == (3, 0, 0)
    assert "read 2 of 3 groups" in caplog.text


async def test_password_of_the_address_is_sent_and_not_shown(tmp_path: Path) -> None:
    source = _Source([], b"")
    async with _url(source) as url:
        with_password = url.replace("http://", "http://alice:secret@")
        await pushgateway_import.copy(with_password, tmp_path / "groups")
        source.status = 500
        with pytest.raises(pushgateway_import.ReadError, match="status 500") as caught:
            await pushgateway_import.copy(with_password, tmp_path / "groups")
    assert source.authorizations == [aiohttp.encode_basic_auth("alice", "secret")] * 2
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "groups", [{}, [], {"data": [{}]}, {"data": 5}], ids=["empty", "a list", "no labels", "a number"]
)
async def test_server_that_is_not_a_pushgateway_is_an_error(groups: Any, tmp_path: Path) -> None:
    source = _Source([], b"")
    source.groups = groups
    with pytest.raises(pushgateway_import.ReadError, match="does not respond like a Pushgateway"):
        await _copy(source, tmp_path)


async def test_source_that_is_down_is_an_error(tmp_path: Path) -> None:
    async with _url(_Source([], b"")) as url:
        pass
    with pytest.raises(pushgateway_import.ReadError, match="cannot read"):
        await pushgateway_import.copy(url, tmp_path / "groups")
