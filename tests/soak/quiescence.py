"""The end of a soak: wait until pending deletions and scrapes are done."""

from __future__ import annotations

import time

from tests.soak import fault_injection, histories, job_plan, soak_environment
from tests.support import waiting
from tests.support.processes import tidegate_processes

_LOOK_SECONDS = 0.5


def wait_until_quiet(
    components: soak_environment.Components, *, timeout: float
) -> tuple[list[str], list[histories.Fault]]:
    """Wait until every group that should be deleted is deleted, or until the timeout.

    Return the groups that remain, and the processes that ended by themselves meanwhile and were restarted.
    """
    ended: list[histories.Fault] = []
    well = time.time()

    def leaving() -> list[str]:
        nonlocal well
        ended.extend(fault_injection.start_again(components, since=well))
        well = time.time()
        return sorted(name for name in components.gateway.groups() if not name.startswith(job_plan.STAYING))

    try:
        waiting.eventually(
            lambda: not leaving(),
            why="the last groups to go",
            timeout=timeout,
            interval=_LOOK_SECONDS,
            retry_on=tidegate_processes.AWAY,
        )
    except waiting.WaitTimeoutError:
        return leaving(), ended
    return [], ended


def wait_for_scrapes(components: soak_environment.Components, *, after: float) -> None:
    """Wait until every Prometheus has completed a successful scrape after this Unix time."""
    for reader in components.readers:
        _wait_for_scrape(reader, after=after)


def _wait_for_scrape(reader: soak_environment.Reader, *, after: float) -> None:
    waiting.eventually(
        lambda: any(series.value > after for series in reader.server.query("timestamp(up == 1)")),
        why=f"{reader.server.name} to scrape once more",
    )
