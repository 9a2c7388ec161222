"""``tidegate push`` to the real Pushgateway."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import requirements
from tests.support.cli import command_runs
from tests.support.pushgateway import pushgateway_servers


@pytest.fixture(params=pushgateway_servers.programs().items(), ids=lambda named: named[0])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    _, find = request.param
    with pushgateway_servers.serving(requirements.require(find), tmp_path) as pushgateway:
        yield pushgateway.url


async def _groups(url: str) -> list[dict[str, str]]:
    def read() -> list[dict[str, str]]:
        with urllib.request.urlopen(f"{url}/api/v1/metrics", timeout=60) as answer:
            return [group["labels"] for group in json.load(answer)["data"]]

    return await asyncio.to_thread(read)


async def _push(url: str, *arguments: str, stdin: bytes = b"a 1\n") -> command_runs.Ran:
    return await command_runs.run_in_thread("push", "--job=x", f"--gateway.url={url}", *arguments, stdin=stdin)


@pytest.mark.parametrize("value", ["db1", "a/b", "", "é", ".."])
async def test_a_push_and_a_deletion_address_the_same_group(url: str, value: str) -> None:
    assert await _push(url, f"--label=l={value}") == command_runs.Ran(0, "", "")
    assert await _groups(url) == [{"job": "x", "l": value}]
    assert await _push(url, f"--label=l={value}", "--delete") == command_runs.Ran(0, "", "")


async def test_a_rejection_is_printed(url: str) -> None:
    ran = await _push(url, stdin=b"a 1\nb x\n")
    assert (ran.status, ran.out) == (1, "")
    assert "400: text format parsing error in line 2" in ran.err


async def test_a_file_from_an_editor_is_accepted(url: str) -> None:
    assert await _push(url, stdin=b"\xef\xbb\xbfa 1\r\nb 2") == command_runs.Ran(0, "", "")
    assert await _groups(url) == [{"job": "x"}]
