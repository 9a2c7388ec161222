"""README's section on clusters, done to the letter, and what then is so."""

import pytest

from tests.node import readme_commands, tidegate_installation

pytestmark = pytest.mark.node


def test_every_prometheus_scrapes_both_ports_through_the_servicemonitor(
    installed: tidegate_installation.Installation,
) -> None:
    targets = installed.prometheus.followed("tidegate", targets=2)
    assert sorted(each["scrapeUrl"].rpartition(":")[2] for each in targets) == ["9091/metrics", "9093/metrics"]


def test_the_example_job_is_read_by_every_prometheus_and_then_over(
    installed: tidegate_installation.Installation,
) -> None:
    installed.prometheus.followed("tidegate", targets=2)
    installed.gone("backup")
    assert installed.prometheus.last("backup_saved_bytes") == [7_340_032.0] * 2
    tidegate_installation.eventually_over(installed, "backup_saved_bytes")


def test_neither_container_has_anything_to_complain_about(installed: tidegate_installation.Installation) -> None:
    for container in ("gateway", "operator"):
        flags = (f"--namespace={tidegate_installation.NAMESPACE}", f"--container={container}")
        log = installed.place.kubectl("logs", tidegate_installation.POD, *flags)
        assert [line for line in log.splitlines() if "level=warn" in line or "level=error" in line] == []


def test_the_pod_is_restricted_and_its_volume_is_its_own(installed: tidegate_installation.Installation) -> None:
    pod = installed.place.get("pods", tidegate_installation.POD, namespace=tidegate_installation.NAMESPACE)
    namespace = installed.place.get("namespaces", tidegate_installation.NAMESPACE, namespace="")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert all(each["ready"] and each["restartCount"] == 0 for each in pod["status"]["containerStatuses"])
    assert {each["securityContext"]["readOnlyRootFilesystem"] for each in pod["spec"]["containers"]} == {True}


def test_what_is_installed_is_the_image_that_readme_builds() -> None:
    told = readme_commands.instructions()
    name, _, tag = told.image.rpartition(":")
    assert f"newName: {name}\n    newTag: {tag}\n" in told.kustomization
    assert f"docker push {told.image}" in told.commands
