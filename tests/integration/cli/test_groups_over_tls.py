"""``tidegate groups`` with a gateway that has TLS, a password and a path prefix."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.cli import command_runs, protected_gateway
from tests.support.gateway import gateway_client


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[protected_gateway.ProtectedGateway]:
    async with protected_gateway.opened(tmp_path) as made:
        await made.gateway.store.push(gateway_client.key(job="x"), {}, replace=True)
        yield made


async def _ask(url: str, *, env: dict[str, str]) -> command_runs.Ran:
    return await command_runs.run("groups", "delete", '--match={job="x"}', "--dry-run", f"--gateway.url={url}", env=env)


async def test_the_url_sets_password_and_prefix(gateway: protected_gateway.ProtectedGateway) -> None:
    ran = await _ask(gateway.url(), env=gateway.trusted)
    assert ran == command_runs.Ran(0, '{job="x"}\n', "1 group would be deleted\n")


async def test_errors_name_the_missing_part_and_no_password(gateway: protected_gateway.ProtectedGateway) -> None:
    ran = await _ask(gateway.url("job:wrong@"), env=gateway.trusted)
    assert ran.status == 1
    assert "401: a password is required; set --gateway.url=https://user:password@host:port" in ran.err
    assert "wrong" not in ran.err
    assert (
        "check that --gateway.url has the path of --web.route-prefix"
        in (await _ask(gateway.url(path=""), env=gateway.trusted)).err
    )
    assert "its certificate is not trusted" in (await _ask(gateway.url(), env={})).err
