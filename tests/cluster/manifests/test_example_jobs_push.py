"""The examples, run unchanged against a real gateway: each creates the groups that its comment names."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kubernetes import clusters
from tests.support.manifests import manifest_objects
from tests.support.processes import tidegate_processes

IN_CLUSTER = "http://tidegate.tidegate:9091"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[tidegate_processes.Gateway]:
    """A gateway that is ready."""
    with tidegate_processes.serving(tmp_path) as running:
        yield running


def _apply(name: str, *, cluster: clusters.Cluster, namespace: str, gateway: tidegate_processes.Gateway) -> None:
    text = (manifest_objects.FOLDER / "examples" / f"{name}.yaml").read_text()
    assert IN_CLUSTER in text
    cluster.kubectl("apply", "--namespace", namespace, "-f", "-", stdin=text.replace(IN_CLUSTER, gateway.url))


def _labels(gateway: tidegate_processes.Gateway) -> list[dict[str, str]]:
    return [group["labels"] for _, group in sorted(gateway.groups().items())]


def test_job_pushes_a_group_named_after_itself(
    cluster: clusters.Cluster, namespace: str, gateway: tidegate_processes.Gateway
) -> None:
    _apply("job", cluster=cluster, namespace=namespace, gateway=gateway)
    assert cluster.wait_until_finished("backup", namespace=namespace) == "Complete"
    assert _labels(gateway) == [{"job": "backup", "namespace": namespace}]


def test_job_with_a_shell_script_pushes_a_group_named_after_itself(
    cluster: clusters.Cluster, namespace: str, gateway: tidegate_processes.Gateway
) -> None:
    _apply("job-shell", cluster=cluster, namespace=namespace, gateway=gateway)
    assert cluster.wait_until_finished("vacuum", namespace=namespace) == "Complete"
    assert _labels(gateway) == [{"job": "vacuum", "namespace": namespace}]
    assert f'vacuum_rows{{instance="",job="vacuum",namespace="{namespace}"}} 102400' in gateway.exposition()


def test_annotated_job_pushes_the_group_that_its_annotation_names(
    cluster: clusters.Cluster, namespace: str, gateway: tidegate_processes.Gateway
) -> None:
    _apply("job-annotated", cluster=cluster, namespace=namespace, gateway=gateway)
    assert cluster.wait_until_finished("import-customers", namespace=namespace) == "Complete"
    [workload] = manifest_objects.objects(manifest_objects.FOLDER / "examples" / "job-annotated.yaml")
    named = workload["metadata"]["annotations"]["tidegate.dev/grouping-key"]
    assert _labels(gateway) == [dict(pair.split("=") for pair in named.split(","))]


def test_cronjob_pushes_one_group_for_the_run_and_one_that_remains(
    cluster: clusters.Cluster, namespace: str, gateway: tidegate_processes.Gateway
) -> None:
    _apply("cronjob", cluster=cluster, namespace=namespace, gateway=gateway)
    cluster.kubectl("create", "--namespace", namespace, "job", "--from=cronjob/nightly", "nightly-now")
    assert cluster.wait_until_finished("nightly-now", namespace=namespace) == "Complete"
    [pod] = cluster.pods_of("nightly-now", namespace=namespace)
    assert _labels(gateway) == [
        {"instance": pod["metadata"]["name"], "job": "checks", "namespace": namespace},
        {"job": "nightly", "namespace": namespace},
    ]
