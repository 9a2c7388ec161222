"""Runs the commands of README's section on clusters unchanged, and checks the result."""

from tests.support.node import readme_commands, tidegate_installation


def test_every_prometheus_replica_scrapes_both_ports_through_the_servicemonitor(
    installed: tidegate_installation.Installation,
) -> None:
    targets = installed.prometheus.followed("tidegate", targets=2)
    assert sorted(each["scrapeUrl"].rpartition(":")[2] for each in targets) == ["9091/metrics", "9093/metrics"]


def test_group_of_the_example_job_is_scraped_by_every_replica_and_then_deleted(
    installed: tidegate_installation.Installation,
) -> None:
    installed.prometheus.followed("tidegate", targets=2)
    installed.wait_until_deleted("backup")
    assert installed.prometheus.last("backup_saved_bytes") == [7_340_032.0] * 2
    tidegate_installation.eventually_stale(installed, "backup_saved_bytes")


def test_neither_container_logs_a_warning_or_an_error(installed: tidegate_installation.Installation) -> None:
    for container in ("gateway", "operator"):
        flags = (f"--namespace={tidegate_installation.NAMESPACE}", f"--container={container}")
        log = installed.place.kubectl("logs", tidegate_installation.POD, *flags)
        assert [line for line in log.splitlines() if "level=warn" in line or "level=error" in line] == []


def test_pod_is_ready_and_restricted(installed: tidegate_installation.Installation) -> None:
    pod = installed.place.get("pods", tidegate_installation.POD, namespace=tidegate_installation.NAMESPACE)
    namespace = installed.place.get("namespaces", tidegate_installation.NAMESPACE, namespace="")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert all(each["ready"] and each["restartCount"] == 0 for each in pod["status"]["containerStatuses"])
    assert {each["securityContext"]["readOnlyRootFilesystem"] for each in pod["spec"]["containers"]} == {True}


def test_installed_image_is_the_one_that_readme_builds() -> None:
    instructions = readme_commands.instructions()
    name, _, tag = instructions.image.rpartition(":")
    assert f"newName: {name}\n    newTag: {tag}\n" in instructions.kustomization
    assert f"docker push {instructions.image}" in instructions.commands
