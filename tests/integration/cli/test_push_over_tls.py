"""``tidegate push`` with a gateway that has TLS, a password and a path prefix."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.cli import command_runs, protected_gateway
from tests.support.gateway import gateway_client


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[protected_gateway.ProtectedGateway]:
    async with protected_gateway.opened(tmp_path) as made:
        yield made


async def _push(url: str, *, env: dict[str, str]) -> command_runs.Ran:
    return await command_runs.run("push", "--job=x", "--metric=a=1", env=env | {"TIDEGATE_URL": url})


async def test_the_url_sets_password_and_prefix(gateway: protected_gateway.ProtectedGateway) -> None:
    assert await _push(gateway.url(), env=gateway.trusted) == command_runs.Ran(0, "", "")
    assert gateway.gateway.store.grouping_keys() == [gateway_client.key(job="x")]


async def test_a_wrong_password_is_tried_once_and_not_printed(gateway: protected_gateway.ProtectedGateway) -> None:
    ran = await _push(gateway.url("job:wrong@"), env=gateway.trusted)
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert "401: a password is required" in ran.err
    assert "wrong" not in ran.err


async def test_the_error_without_the_prefix_asks_for_it(gateway: protected_gateway.ProtectedGateway) -> None:
    ran = await _push(gateway.url(path=""), env=gateway.trusted)
    assert ran.status == 1
    assert "check that --gateway.url has the path of --web.route-prefix" in ran.err


async def test_an_untrusted_certificate_is_tried_once(gateway: protected_gateway.ProtectedGateway) -> None:
    ran = await _push(gateway.url(), env={})
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert "its certificate is not trusted" in ran.err
    assert "to trust its CA, set SSL_CERT_FILE=ca.crt" in ran.err
