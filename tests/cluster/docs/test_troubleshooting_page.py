"""The commands and queries of docs/troubleshooting.md work on a real cluster and a real Prometheus."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from tests.support import waiting
from tests.support.docs import documented_messages, transcripts
from tests.support.kubernetes import cluster_fixtures, clusters
from tests.support.manifests import manifest_objects
from tests.support.processes import tidegate_processes
from tests.support.prometheus import prometheus_server


def test_documented_rights_are_granted(cluster: clusters.Cluster) -> None:
    tidegate_processes.operator_kubeconfig(cluster)
    row = [line for line in transcripts.commands(documented_messages.PAGE) if line.startswith("kubectl auth can-i ")]
    rules = manifest_objects.one("ClusterRole")["rules"]
    assert len(row) == len(rules)
    assert [cluster.kubectl(*shlex.split(line)[1:]).strip() for line in row] == ["yes"] * len(row)


def test_prometheus_without_honor_labels_renames_the_job_label_as_documented(
    tmp_path: Path, start_prometheus: cluster_fixtures.StartPrometheus
) -> None:
    [query] = re.findall(r"^ *```promql\n(.*?)\n *```$", documented_messages.PAGE, re.MULTILINE | re.DOTALL)
    with tidegate_processes.serving(tmp_path) as gateway:
        gateway.push("job/backup", "backup_rows 1\n")
        server = start_prometheus(prometheus_server.Target(port=gateway.port, honor_labels=False))
        found = waiting.eventually(lambda: server.query(query.strip()), why="a scrape")
    assert [series.labels for series in found] == [{"exported_job": "backup"}]


def test_operator_without_rights_logs_the_documented_message(
    cluster: clusters.Cluster, namespace: str, tmp_path: Path
) -> None:
    nobody = cluster.kubeconfig_for("default", namespace=namespace, seconds=600)
    with tidegate_processes.serving(tmp_path) as gateway:
        operator = tidegate_processes.Operator(
            tmp_path, gateway=gateway, kubeconfig=nobody, arguments=("--log.format=json",)
        ).process
        operator.start()
        try:
            documented_messages.wait_until_logged(operator, "grant this permission to the operator's service account")
        finally:
            operator.stop()
