"""The main purpose: Prometheus scrapes the final values of Jobs before their groups are deleted."""

import time

import pytest

from tests.support import waiting
from tests.support.jobs import pushing_jobs
from tests.support.processes import tidegate_processes
from tests.support.prometheus import prometheus_server

_JOBS = 20
_TWO_SCRAPES_AND_TWO_SECONDS = 4.0


@pytest.mark.usefixtures("operator")
def test_every_final_value_is_scraped_and_every_group_is_deleted_soon_after(
    push: pushing_jobs.Pushers,
    gateway: tidegate_processes.Gateway,
    server: prometheus_server.Prometheus,
) -> None:
    results = {push.unique(f"batch-{number}"): 100.0 + number for number in range(_JOBS)}
    for name, result in results.items():
        push.job(name, result=result)
    lasted = _seconds_from_end_to_deletion(push, gateway, list(results))

    assert {name: server.final_value(f'job_result{{job="{name}"}}') for name in results} == results
    waiting.eventually(
        lambda: all(server.is_stale(f'job_result{{job="{name}"}}') for name in results), why="the series to be stale"
    )
    assert max(lasted.values()) <= _TWO_SCRAPES_AND_TWO_SECONDS, lasted
    assert gateway.metric('tidegate_groups_deleted_total{reason="timeout"}') == 0


def _seconds_from_end_to_deletion(
    push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway, names: list[str]
) -> dict[str, float]:
    ended: dict[str, float] = {}
    deleted: dict[str, float] = {}

    def look() -> bool:
        groups, now = gateway.groups(), time.monotonic()
        for name in push.finished_among(set(names) - ended.keys()):
            ended[name] = now
        for name in ended.keys() - deleted.keys() - groups.keys():
            deleted[name] = now
        return len(deleted) == len(names)

    waiting.eventually(look, why="every group to be deleted", timeout=90.0)
    return {name: deleted[name] - ended[name] for name in names}
