"""The push package of client_golang, as a Job written in Go uses it, in protobuf and in the text format."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import waiting
from tests.support.kubernetes import cluster_fixtures
from tests.support.processes import tidegate_processes
from tests.support.programs import binaries
from tests.support.prometheus import prometheus_server

_SECONDS = 60


@pytest.fixture(scope="module")
def shared_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tidegate_processes.Gateway]:
    """One gateway for all tests of the module."""
    flags = ("--web.enable-admin-api", "--web.enable-openmetrics")
    with tidegate_processes.serving(tmp_path_factory.mktemp("clients"), arguments=flags) as running:
        yield running


@pytest.fixture
def gateway(shared_gateway: tidegate_processes.Gateway) -> tidegate_processes.Gateway:
    """The gateway without groups."""
    shared_gateway.wipe()
    return shared_gateway


@pytest.fixture(scope="module")
def pushclient() -> Path:
    return binaries.ensure(["pushclient"])["pushclient"]


def _push(
    pushclient: Path,
    gateway: tidegate_processes.Gateway,
    action: str,
    *grouping: str,
    format: str = "protobuf",
    job: str = "go",
) -> None:
    subprocess.run([pushclient, gateway.url, action, format, job, *grouping], timeout=_SECONDS, check=True)


@pytest.mark.parametrize("format", ["protobuf", "text"])
@pytest.mark.parametrize("action", ["push", "add"])
def test_go_client_pushes_every_metric_type(
    pushclient: Path, gateway: tidegate_processes.Gateway, action: str, format: str
) -> None:
    _push(pushclient, gateway, action, "instance", "a/b", "empty", "", format=format)
    shown = gateway.exposition()
    labels = 'empty="",instance="a/b",job="go"'
    for line in (
        f"client_rows_total{{{labels}}} 102400",
        f'client_size_bytes{{{labels},path="/a \\"b\\"\\n\\\\"}} 1.5e+09',
        f'client_latency_seconds{{{labels},quantile="0.5"}} 0.25',
        f'client_step_seconds_bucket{{{labels},le="1"}} 2',
        f"client_step_seconds_count{{{labels}}} 4",
        '# HELP client_size_bytes Size "now" \\\\ then.',
    ):
        assert f"\n{line}\n" in shown


def test_go_client_deletes_a_group(pushclient: Path, gateway: tidegate_processes.Gateway) -> None:
    _push(pushclient, gateway, "push", "instance", "é")
    _push(pushclient, gateway, "push", "instance", "b")
    _push(pushclient, gateway, "delete", "instance", "é")
    assert 'client_rows_total{instance="b",job="go"} 102400\n' in gateway.exposition()
    assert "é" not in gateway.exposition()


@pytest.mark.parametrize(
    "protocol", ["PrometheusText0.0.4", "OpenMetricsText0.0.1", "OpenMetricsText1.0.0", "PrometheusProto"]
)
def test_prometheus_scrapes_the_same_series_in_every_format(
    pushclient: Path,
    gateway: tidegate_processes.Gateway,
    start_prometheus: cluster_fixtures.StartPrometheus,
    protocol: str,
) -> None:
    delivered = 'tidegate_scrapes_total{result="delivered"}'
    before = gateway.metric(delivered)
    _push(pushclient, gateway, "push")
    gateway.push("job/text", "# TYPE runs counter\nruns 7\nplain 1e7\n")
    server = start_prometheus(prometheus_server.Target(port=gateway.port, protocols=[protocol]))
    server.wait_until_up()
    assert server.value('client_rows_total{job="go"}') == 102400
    assert server.value('client_size_bytes{path="/a \\"b\\"\\n\\\\"}') == 1.5e9
    assert server.value('client_latency_seconds{quantile="0.5"}') == 0.25
    assert server.value('runs{job="text"}') == 7
    assert server.value('plain{job="text"}') == 1e7
    assert server.value('push_time_seconds{job="go"}') is not None
    waiting.eventually(lambda: gateway.metric(delivered) > before, why="a scrape that counts", timeout=60.0)


def test_native_histogram_is_pushed_and_scraped_in_protobuf(
    pushclient: Path, gateway: tidegate_processes.Gateway, start_prometheus: cluster_fixtures.StartPrometheus
) -> None:
    _push(pushclient, gateway, "push")
    server = start_prometheus(prometheus_server.Target(port=gateway.port, protocols=["PrometheusProto"]))
    waiting.eventually(
        lambda: server.value("histogram_count(client_step_seconds)") == 4, why="the native histogram", timeout=60.0
    )
    quartile = server.value("histogram_quantile(0.25, client_step_seconds)")
    assert quartile is not None
    assert quartile == pytest.approx(0.5, rel=0.1)
