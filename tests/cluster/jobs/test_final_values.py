"""The main purpose: Prometheus scrapes the final values of Jobs before their groups are deleted."""

from tests.support import environments, waiting

_JOBS = 20
_TIMEOUTS = 'tidegate_groups_deleted_total{reason="timeout"}'


def test_every_final_value_is_scraped_before_its_group_is_deleted(environment: environments.Environment) -> None:
    timeouts = environment.gateway.metric(_TIMEOUTS)
    results = {environment.push.unique(f"batch-{number}"): 100.0 + number for number in range(_JOBS)}
    for name, result in results.items():
        environment.push.job(name, result=result)
    for name in results:
        environment.push.wait_until_finished(name)
    environment.wait_until_deleted(*results)

    assert {name: environment.final(name) for name in results} == results
    waiting.eventually(
        lambda: all(environment.prometheus.is_stale(f'job_result{{job="{name}"}}') for name in results),
        why="the series to be stale",
    )
    assert environment.gateway.metric(_TIMEOUTS) == timeouts
