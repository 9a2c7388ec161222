"""The Job's annotation determines when its groups are deleted."""

from tests.support import environments


def test_group_of_a_failed_job_is_deleted(environment: environments.Environment) -> None:
    name = environment.push.unique("failing")
    environment.push.job(name, fails=True)
    assert environment.push.wait_until_finished(name) == "Failed"
    environment.wait_until_deleted(name)


def test_cleanup_never_keeps_the_group_after_the_job_is_deleted(environment: environments.Environment) -> None:
    name = environment.push.unique("kept")
    environment.push.job(name, annotations={"tidegate.dev/cleanup": "never"})
    environment.push.wait_until_finished(name)
    environment.push.delete(name)
    environment.wait_for_full_pass()
    assert not environment.gateway.groups()[name]["claims"]


def test_cleanup_on_success_keeps_the_group_of_a_failed_job_until_the_job_is_deleted(
    environment: environments.Environment,
) -> None:
    failed, succeeded = environment.push.unique("failed"), environment.push.unique("succeeded")
    for name in (failed, succeeded):
        environment.push.job(name, fails=name == failed, annotations={"tidegate.dev/cleanup": "on-success"})
    environment.push.wait_until_finished(failed)
    environment.push.wait_until_finished(succeeded)
    environment.wait_until_deleted(succeeded)
    environment.wait_for_full_pass()
    assert environment.gateway.groups()[failed]["drain_pushed_revision"] is None
    environment.push.delete(failed)
    environment.wait_until_deleted(failed)


def test_cleanup_on_deletion_keeps_the_group_of_a_completed_job_until_the_job_is_deleted(
    environment: environments.Environment,
) -> None:
    name = environment.push.unique("until-deleted")
    environment.push.job(name, annotations={"tidegate.dev/cleanup": "on-deletion"})
    environment.push.wait_until_finished(name)
    environment.wait_for_full_pass()
    assert environment.gateway.groups()[name]["drain_pushed_revision"] is None
    environment.push.delete(name)
    environment.wait_until_deleted(name)


def test_group_is_owned_by_the_job_whose_annotation_has_its_grouping_key(environment: environments.Environment) -> None:
    name, group = environment.push.unique("annotated"), environment.push.unique("nightly")
    annotation = f"job={group},instance=db1"
    environment.push.job(
        name, result=5.0, group=group, key="instance=db1", annotations={"tidegate.dev/grouping-key": annotation}
    )
    environment.push.wait_until_finished(name)
    environment.wait_until_deleted(group)
    assert environment.prometheus.final_value(f'job_result{{job="{group}",instance="db1"}}') == 5.0


def test_group_is_owned_by_the_job_of_the_pod_in_its_instance_label(environment: environments.Environment) -> None:
    name, group = environment.push.unique("by-pod"), environment.push.unique("any-name")
    environment.push.job(name, group=group, key="instance=$(POD)")
    environment.push.wait_until_finished(name)
    environment.wait_until_deleted(group)
    assert environment.prometheus.final_value(f'job_result{{job="{group}"}}') == 1.0
