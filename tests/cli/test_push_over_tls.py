"""``tidegate push`` and a gateway behind TLS, a password and a prefix."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli import guarded, runs
from tests.gateway import gateway_client


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[guarded.Guarded]:
    async with guarded.opened(tmp_path) as made:
        yield made


async def _push(url: str, *, env: dict[str, str]) -> runs.Ran:
    return await runs.run("push", "--job=x", "--metric=a=1", env=env | {"TIDEGATE_URL": url})


async def test_the_url_has_all_that_is_needed(gateway: guarded.Guarded) -> None:
    assert await _push(gateway.url(), env=gateway.trusted) == runs.Ran(0, "", "")
    assert gateway.gateway.store.grouping_keys() == [gateway_client.key(job="x")]


async def test_a_wrong_password_is_tried_once_and_not_repeated(gateway: guarded.Guarded) -> None:
    ran = await _push(gateway.url("job:wrong@"), env=gateway.trusted)
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert "401: it asks for a password" in ran.err
    assert "wrong" not in ran.err


async def test_a_prefix_that_is_missing_is_asked_for(gateway: guarded.Guarded) -> None:
    ran = await _push(gateway.url(path=""), env=gateway.trusted)
    assert ran.status == 1
    assert "has --gateway.url the path of --web.route-prefix" in ran.err


async def test_a_certificate_that_is_not_trusted_is_tried_once(gateway: guarded.Guarded) -> None:
    ran = await _push(gateway.url(), env={})
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert "its certificate is not trusted" in ran.err
    assert "with SSL_CERT_FILE=ca.crt its authority is" in ran.err
