"""What goes over a limit is told which, is counted, and leaves everything as it was."""

from __future__ import annotations

import gzip

import cramjam
import pytest

from tests.gateway import clients
from tidegate import settings
from tidegate.model import limits

BODY_BYTES = 1_000


@pytest.fixture
def limit_settings() -> settings.LimitSettings:
    return settings.LimitSettings(body=BODY_BYTES, unpacked_body=BODY_BYTES)


async def test_every_limit_is_counted_from_zero(client: clients.Client) -> None:
    for limit in limits.Limit:
        assert await client.value(f'tidegate_requests_refused_total{{limit="{limit.label}"}}') == 0


@pytest.mark.parametrize(
    ("coding", "body", "limit"),
    [
        pytest.param("identity", b"#" * BODY_BYTES + b"\n", limits.Limit.BODY, id="as sent"),
        pytest.param("gzip", gzip.compress(b"\n" * (BODY_BYTES + 1)), limits.Limit.UNPACKED_BODY, id="gzip"),
        pytest.param(
            "snappy",
            bytes(cramjam.snappy.compress(b"\n" * (BODY_BYTES + 1))),
            limits.Limit.UNPACKED_BODY,
            id="snappy",
        ),
    ],
)
async def test_a_body_over_a_limit_is_told_which_and_changes_nothing(
    client: clients.Client, coding: str, body: bytes, limit: limits.Limit
) -> None:
    await client.put("job/a", "kept 1\n")
    answer = await client.send("PUT", "/metrics/job/a", body, headers={"Content-Encoding": coding})
    assert (answer.status, str(BODY_BYTES) in answer.text) == (413, True)
    assert await client.value(f'tidegate_requests_refused_total{{limit="{limit.label}"}}') == 1
    assert await client.pushed() == ['kept{instance="",job="a"} 1']
