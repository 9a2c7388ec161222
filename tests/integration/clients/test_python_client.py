"""prometheus_client, as a Job written in Python uses it."""

import urllib.request
from collections.abc import Iterator, Mapping

import prometheus_client
import pytest

from tests.support.formats import strict_openmetrics
from tests.support.gateway import rejected_requests
from tests.support.processes import tidegate_processes


def _registry(value: float, *, name: str = "rows") -> prometheus_client.CollectorRegistry:
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Gauge(name, 'What "it" \\ is.', registry=registry).set(value)
    return registry


def _lines(gateway: tidegate_processes.Gateway, name: str) -> list[str]:
    return [line for line in gateway.exposition().splitlines() if line.startswith(f"{name}{{")]


def test_push_to_gateway_replaces_the_group(gateway: tidegate_processes.Gateway) -> None:
    prometheus_client.push_to_gateway(gateway.url, job="a", registry=_registry(1, name="old"))
    prometheus_client.push_to_gateway(gateway.url, job="a", registry=_registry(2))
    assert _lines(gateway, "rows") == ['rows{instance="",job="a"} 2']
    assert _lines(gateway, "old") == []


def test_pushadd_to_gateway_keeps_the_other_families(gateway: tidegate_processes.Gateway) -> None:
    prometheus_client.push_to_gateway(gateway.url, job="a", registry=_registry(1, name="old"))
    prometheus_client.pushadd_to_gateway(gateway.url, job="a", registry=_registry(2))
    assert _lines(gateway, "rows") == ['rows{instance="",job="a"} 2']
    assert _lines(gateway, "old") == ['old{instance="",job="a"} 1']


@pytest.mark.parametrize(
    ("job", "grouping", "labels"),
    [
        pytest.param("a", {"instance": "10.0.0.7"}, 'instance="10.0.0.7",job="a"', id="plain"),
        pytest.param("a/b", {"path": "/var/tmp"}, 'instance="",job="a/b",path="/var/tmp"', id="slashes"),
        pytest.param("é", {"empty": ""}, 'empty="",instance="",job="é"', id="beyond ASCII, and empty"),
    ],
)
def test_python_client_pushes_and_deletes_a_grouping_key(
    gateway: tidegate_processes.Gateway, job: str, grouping: Mapping[str, str], labels: str
) -> None:
    prometheus_client.push_to_gateway(gateway.url, job=job, grouping_key=dict(grouping), registry=_registry(1))
    assert _lines(gateway, "rows") == [f"rows{{{labels}}} 1"]
    prometheus_client.delete_from_gateway(gateway.url, job=job, grouping_key=dict(grouping))
    assert _lines(gateway, "rows") == []


class TestOpenMetrics:
    @pytest.fixture(autouse=True)
    def created_metrics(self) -> Iterator[None]:
        """Enable ``_created`` metrics, which are on by default in a new process."""
        prometheus_client.enable_created_metrics()  # type: ignore[no-untyped-call]
        yield
        prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]

    def test_strict_openmetrics_parser_accepts_a_pushed_registry(self, gateway: tidegate_processes.Gateway) -> None:
        registry = prometheus_client.CollectorRegistry()
        prometheus_client.Counter("reqs", "Requests.", ["path"], registry=registry).labels("/").inc(3)
        prometheus_client.Summary("size", "Size.", registry=registry).observe(2)
        prometheus_client.Histogram("step", "Step.", registry=registry).observe(5)
        prometheus_client.push_to_gateway(gateway.url, job="a", registry=registry)
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        request = urllib.request.Request(f"{gateway.url}/metrics", headers=accept)
        with urllib.request.urlopen(request, timeout=60) as answer:
            found = strict_openmetrics.parsed(answer.read().decode())
        types = {family.name: family.type for family in found}
        assert (types["reqs"], types["size"], types["step"]) == ("counter", "summary", "histogram")
        samples = {sample.name for family in found for sample in family.samples}
        assert {"reqs_total", "reqs_created", "size_created", "step_created"} <= samples


def test_python_client_pushes_every_metric_type(gateway: tidegate_processes.Gateway) -> None:
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("runs", "Runs.", registry=registry).inc(3)
    prometheus_client.Summary("size", "Size.", registry=registry).observe(2)
    prometheus_client.Histogram("step", "Step.", buckets=(1, 10), registry=registry).observe(5)
    prometheus_client.Info("build", "Build.", registry=registry).info({"version": "1"})
    prometheus_client.Enum("state", "State.", states=["up", "down"], registry=registry).state("down")
    prometheus_client.push_to_gateway(gateway.url, job="a", registry=registry)
    shown = gateway.exposition()
    for line in (
        'runs_total{instance="",job="a"} 3',
        'size_sum{instance="",job="a"} 2',
        'step_bucket{instance="",job="a",le="10"} 1',
        'build_info{instance="",job="a",version="1"} 1',
        'state{instance="",job="a",state="down"} 1',
    ):
        assert f"\n{line}\n" in shown


def test_rejected_push_raises_an_error(gateway: tidegate_processes.Gateway) -> None:
    prometheus_client.push_to_gateway(gateway.url, job="a", registry=_registry(1))
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("rows", "Now a counter.", registry=registry)
    prometheus_client.Summary(
        "rows_total", "And a summary of its name.", registry=prometheus_client.CollectorRegistry()
    )
    gateway.push("job/b", "# TYPE rows_total gauge\nrows_total 1\n")
    with rejected_requests.expected(400):
        prometheus_client.push_to_gateway(gateway.url, job="a", registry=registry)
