"""PUT, POST and DELETE of a group: the stored series and the responses."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import cramjam
import pytest

from tests.support.gateway import gateway_client, gateway_fixtures
from tidegate.aio import clocks

_COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.compress,
    "snappy": lambda body: bytes(cramjam.snappy.compress(body)),
}


async def test_put_replaces_the_group_and_post_only_families_of_the_same_name(
    client: gateway_client.Client,
) -> None:
    assert (await client.put("job/a", 'x{n="1"} 1\nx{n="2"} 2\ny 3\n')).status == 200
    assert (await client.post("job/a", 'x{n="3"} 4\nz 5\n')).status == 200
    assert await client.pushed() == [
        'x{instance="",job="a",n="3"} 4',
        'y{instance="",job="a"} 3',
        'z{instance="",job="a"} 5',
    ]
    assert (await client.put("job/a", "y 6\n")).status == 200
    assert await client.pushed() == ['y{instance="",job="a"} 6']


async def test_delete_removes_only_its_group_and_succeeds_without_one(
    client: gateway_client.Client,
) -> None:
    await client.put("job/a", "x 1\n")
    await client.put("job/a/instance/i", "x 2\n")
    assert (await client.delete("job/a")).status == 202
    assert await client.pushed() == ['x{instance="i",job="a"} 2']
    assert (await client.delete("job/a")).status == 202


async def test_empty_put_leaves_a_group_with_only_its_timestamps(client: gateway_client.Client) -> None:
    await client.put("job/a", "x 1\n")
    assert (await client.put("job/a", "")).status == 200
    assert await client.pushed() == []
    assert await client.value('push_failure_time_seconds{instance="",job="a"}') == 0


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param("job/a", 'x{instance="",job="a"} 1', id="job alone gets an empty instance"),
        pytest.param("job/a/instance/i", 'x{instance="i",job="a"} 1', id="instance"),
        pytest.param("job/a/", 'x{instance="",job="a"} 1', id="slash at the end"),
        pytest.param("job/a/b/", 'x{b="",instance="",job="a"} 1', id="empty value"),
        pytest.param("job/a/job/b", 'x{instance="",job="a"} 1', id="the first job counts"),
        pytest.param("job/a/b/c/b/d", 'x{b="d",instance="",job="a"} 1', id="the last of two values counts"),
        pytest.param("job/a%2Fb/c/d%2Fe", 'x{c="d/e",instance="",job="a/b"} 1', id="encoded slash"),
        pytest.param("job/a%20b", 'x{instance="",job="a b"} 1', id="encoded space"),
        pytest.param("job/%22%5C%0A", r'x{instance="",job="\"\\\n"} 1', id="characters that need an escape"),
        pytest.param("job@base64/L3Zhci90bXA", 'x{instance="",job="/var/tmp"} 1', id="job in base64"),
        pytest.param("job@base64/L3Zhci90bXA=", 'x{instance="",job="/var/tmp"} 1', id="base64 with padding"),
        pytest.param("job/a/b@base64/PT8_Pg==", 'x{b="=??>",instance="",job="a"} 1', id="base64 for URLs"),
        pytest.param("job/a/b@base64/=", 'x{b="",instance="",job="a"} 1', id="nothing in base64"),
        pytest.param("job/%C3%A9", 'x{instance="",job="é"} 1', id="beyond ASCII"),
    ],
)
async def test_path_is_the_grouping_key(client: gateway_client.Client, path: str, line: str) -> None:
    assert (await client.put(path, "x 1\n")).status == 200
    assert await client.pushed() == [line]
    assert (await client.delete(path)).status == 202
    assert await client.pushed() == []


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        pytest.param("job@base64/=", 400, "job name is required", id="empty job in base64"),
        pytest.param("job/a/b", 400, "odd number of components", id="name without a value"),
        pytest.param("job/a/b/c/", 400, "odd number of components", id="slash after the last value"),
        pytest.param("job/a/1b/c", 400, "improper label name '1b'", id="digit first"),
        pytest.param("job/a/b-c/d", 400, "improper label name 'b-c'", id="dash"),
        pytest.param("job/a/__b/c", 400, "improper label name '__b'", id="reserved name"),
        pytest.param("job/a/__b@base64/Yw", 400, "improper label name '__b'", id="reserved name in base64"),
        pytest.param("job/a/b@base64/%21", 400, "invalid base64", id="invalid base64"),
        pytest.param("job/a/b@base64/_w", 400, "invalid base64", id="base64 that is not UTF-8"),
        pytest.param("job/a/b/%FF", 400, "is not UTF-8", id="not UTF-8"),
        pytest.param("job", 404, "", id="nothing after job"),
        pytest.param("job/", 404, "", id="nothing but a slash after job"),
        pytest.param("instance/a", 404, "", id="no job at the start"),
    ],
)
async def test_path_that_is_not_a_grouping_key_is_rejected(
    client: gateway_client.Client, path: str, status: int, reason: str
) -> None:
    for response in (await client.put(path, "x 1\n"), await client.post(path, "x 1\n"), await client.delete(path)):
        assert response.status == status
        assert reason in response.text
    assert (await client.changes()).groups == ()


async def test_grouping_labels_overwrite_pushed_labels(client: gateway_client.Client) -> None:
    await client.put("job/a/zone/z", 'x{job="other",zone="other",instance="mine"} 1\n')
    assert await client.pushed() == ['x{instance="mine",job="a",zone="z"} 1']


async def test_unparsable_push_is_rejected_with_its_position_and_creates_no_group(
    client: gateway_client.Client,
) -> None:
    response = await client.put("job/a", "x 1\ny {\n")
    assert response.status == 400
    assert response.text.startswith("text format parsing error in line 2, column 4: ")
    assert (await client.changes()).groups == ()
    assert await client.value('tidegate_pushes_total{result="unparsable"}') == 1


async def test_unparsable_push_does_not_change_the_group(
    client: gateway_client.Client, clock: clocks.MovableClock
) -> None:
    await client.put("job/a", "x 1\n")
    before = await client.changes()
    clock.advance(1)
    assert (await client.put("job/a", "x")).status == 400
    assert (await client.changes()).revision == before.revision


@pytest.mark.parametrize("coding", ["gzip", "snappy"])
async def test_compressed_body_is_accepted(client: gateway_client.Client, coding: str) -> None:
    body = _COMPRESSORS[coding](b"x 1\n")
    response = await client.send("PUT", "/metrics/job/a", body, headers={"Content-Encoding": coding})
    assert response.status == 200
    assert await client.pushed() == ['x{instance="",job="a"} 1']


@pytest.mark.parametrize("coding", ["gzip", "snappy"])
async def test_body_with_another_encoding_than_declared_is_rejected(client: gateway_client.Client, coding: str) -> None:
    response = await client.send("PUT", "/metrics/job/a", b"x" * 300, headers={"Content-Encoding": coding})
    assert response.status == 400
    assert "cannot be decompressed" in response.text
    assert (await client.put("job/a", "x 1\n")).status == 200


@pytest.mark.parametrize("coding", _COMPRESSORS)
async def test_body_over_the_limit_is_rejected_although_it_is_small_when_compressed(
    client: gateway_client.Client, coding: str
) -> None:
    body = b"# " + b"x" * gateway_fixtures.SMALL_BODY + b"\n"
    response = await client.send(
        "PUT", "/metrics/job/a", _COMPRESSORS[coding](body), headers={"Content-Encoding": coding}
    )
    assert response.status == 413
    assert (await client.changes()).groups == ()


async def test_push_of_many_series_is_stored_completely(client: gateway_client.Client) -> None:
    lines = [f'x{{n="{number:04}"}} {number}\n' for number in range(3000)]
    assert (await client.put("job/a", "".join(lines))).status == 200
    lines_shown = await client.pushed()
    assert lines_shown == [f'x{{instance="",job="a",n="{number:04}"}} {number}' for number in range(3000)]


async def test_get_of_a_group_gets_405(client: gateway_client.Client) -> None:
    assert (await client.send("GET", "/metrics/job/a")).status == 405
