"""The commands and queries of docs/quickstart.md on a cluster show the documented Events and values."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.support import environments, repository, waiting
from tests.support.docs import markdown_documents, transcripts
from tests.support.kubernetes import clusters
from tests.support.processes import tidegate_processes

ON_CLUSTER = markdown_documents.section((repository.DOCS / "quickstart.md").read_text(), "## On a cluster")


def test_documented_events_and_queries_show_the_jobs_cleanup_on_a_cluster(
    cluster: clusters.Cluster, tmp_path: Path
) -> None:
    kubeconfig = tidegate_processes.operator_kubeconfig(cluster)
    example = (repository.MANIFESTS / "examples" / "job.yaml").read_text()
    [events] = [line for line in transcripts.commands(ON_CLUSTER) if line.startswith("kubectl events ")]
    ended, kept = markdown_documents.blocks(ON_CLUSTER, "promql")[0].splitlines()
    with environments.started(cluster, tmp_path, kubeconfig=kubeconfig) as environment:
        made = example.replace("http://tidegate.tidegate:9091", environment.gateway.url)
        cluster.kubectl("apply", "--namespace", environment.namespace, "-f", "-", stdin=made)

        def has_both_events() -> bool:
            output = cluster.kubectl(*shlex.split(events)[1:], "--namespace", environment.namespace)
            return all(reason in output for reason in ("GroupsRetired", "GroupsDeleted"))

        waiting.eventually(has_both_events, why="both Events of the Job", timeout=60.0)
        waiting.eventually(lambda: not environment.prometheus.query(ended), why="the end of the series")
        assert [f"{series.value:.0f}" for series in environment.prometheus.query(kept)] == ["7340032"]
    assert "`7340032`" in ON_CLUSTER
