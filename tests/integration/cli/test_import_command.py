"""``tidegate import`` as a process: the forms of the source, and errors without passwords."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import command_runs, protected_gateway, push_runs
from tests.support.processes import ports


async def _import(source: str, folder: Path, *, trusted: dict[str, str] | None = None) -> command_runs.Ran:
    return await command_runs.run("import", f"--from={source}", f"--persistence.file={folder / 'groups'}", env=trusted)


async def test_a_source_can_be_host_and_port(tmp_path: Path) -> None:
    async with push_runs.opened() as target:
        await target.client.put("job/a", "x 1\n")
        ran = await _import(target.client.url.removeprefix("http://"), tmp_path)
    assert ran.status == 0
    assert "1 group" in ran.err


async def test_the_password_of_a_source_is_used_and_not_printed(tmp_path: Path) -> None:
    async with protected_gateway.opened(tmp_path) as source:
        ran = await _import(source.url("job:s%2Fx@"), tmp_path, trusted=source.trusted)
        assert (ran.status, "s%2Fx" in ran.err) == (0, False)
        ran = await _import(source.url("job:wrong@"), tmp_path, trusted=source.trusted)
        assert (ran.status, "wrong" in ran.err) == (1, False)
        assert "401 Unauthorized" in ran.err


async def test_an_unreachable_source_is_named_without_its_password(tmp_path: Path) -> None:
    port = ports.free_port()
    ran = await _import(f"alice:secret@127.0.0.1:{port}", tmp_path)
    assert (ran.status, "secret" in ran.err) == (1, False)
    assert f"cannot read http://127.0.0.1:{port}/" in ran.err
