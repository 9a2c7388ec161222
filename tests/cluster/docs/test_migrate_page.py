"""The Service and the Prometheus configuration of docs/migrate.md work on real components."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.integration.differential import case_builders
from tests.support import repository, requirements, waiting
from tests.support.docs import markdown_documents as pages
from tests.support.kubernetes import cluster_fixtures, clusters
from tests.support.processes import tidegate_processes
from tests.support.prometheus import prometheus_server
from tests.support.pushgateway import comparisons, pushgateway_servers

PATH = repository.DOCS / "migrate.md"


def test_prometheus_configuration_labels_the_series_of_the_old_pushgateway(
    start_prometheus: cluster_fixtures.StartPrometheus, tmp_path: Path
) -> None:
    [config] = [block for block in pages.yaml_blocks(PATH) if "scrape_configs" in block]
    new, old = yaml.safe_load(config)["scrape_configs"]
    *_, newest = pushgateway_servers.programs().values()
    with (
        pushgateway_servers.serving(requirements.require(newest), tmp_path) as pushgateway,
        tidegate_processes.serving(tmp_path) as gateway,
    ):
        comparisons.RealPeer(pushgateway.port).send(case_builders.put("job/nightly", "backup_rows 1\n"))
        gateway.push("job/nightly", "backup_rows 2\n")
        relabelings = old["metric_relabel_configs"]
        server = start_prometheus(
            prometheus_server.Target(port=gateway.port, job=new["job_name"]),
            prometheus_server.Target(port=pushgateway.port, job=old["job_name"], relabelings=relabelings),
        )
        server.wait_until_up()
        found = waiting.eventually(lambda: _both(server), why="both series")
    assert found == {"": 2.0, "old": 1.0}


def _both(server: prometheus_server.Prometheus) -> dict[str, float]:
    found = {series.labels.get("pushgateway", ""): series.value for series in server.query("backup_rows")}
    return found if len(found) == 2 else {}


def test_old_service_becomes_an_alias_of_the_new_one(cluster: clusters.Cluster, namespace: str) -> None:
    [service] = [yaml.safe_load(text) for text in _indented("apiVersion: v1") if "ExternalName" in text]
    before = service | {"spec": {"selector": {"app": "pushgateway"}, "ports": [{"port": 9091}]}}
    for each in (before, service):
        each["metadata"] = {"name": "pushgateway", "namespace": namespace}
        cluster.kubectl("apply", "--validate=strict", "-f", "-", stdin=yaml.safe_dump(each))
    made = cluster.api.get("services", "pushgateway", namespace=namespace)["spec"]
    assert (made["type"], made["externalName"]) == ("ExternalName", "tidegate.tidegate.svc.cluster.local")
    assert "clusterIP" not in made


def _indented(first: str) -> list[str]:
    """The YAML blocks inside a list that begin with this line, without their indentation."""
    blocks = PATH.read_text().split("  ```yaml\n")[1:]
    texts = ["\n".join(line[2:] for line in block.partition("  ```\n")[0].splitlines()) for block in blocks]
    return [text for text in texts if text.startswith(first)]
