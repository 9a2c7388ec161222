"""A group may have any name: the address of the pod that pushed it identifies the owner."""

from tests.support import environments, waiting
from tests.support.kubernetes import kubernetes_objects


def test_group_is_deleted_with_the_job_whose_pod_pushed_it(environment: environments.Environment) -> None:
    name, group = environment.push.unique("pushing"), environment.push.unique("anything-at-all")
    job = environment.push.job(name, result=7.0, group=group, from_pod=True, runs_on=True)
    environment.wait_until_claimed(group, job["metadata"]["uid"])
    (claim,) = environment.gateway.groups()[group]["claims"]
    assert claim["rule"] == "address"
    environment.push.delete(name)
    environment.wait_until_deleted(group)
    assert environment.prometheus.final_value(f'job_result{{job="{group}"}}') == 7.0


def test_job_that_finishes_immediately_is_found_by_its_address(environment: environments.Environment) -> None:
    name, group = environment.push.unique("quick"), environment.push.unique("whatever")
    environment.push.job(name, group=group, from_pod=True)
    environment.push.wait_until_finished(name)
    environment.wait_until_deleted(group)


def test_pushers_address_distinguishes_jobs_of_one_name_in_two_namespaces(
    environment: environments.Environment,
) -> None:
    name, elsewhere = environment.push.unique("shared"), environment.cluster.create_namespace()
    try:
        there = environment.push.job(name, runs_on=True, namespace=elsewhere, group=environment.push.unique("quiet"))
        here = environment.push.job(name, runs_on=True, from_pod=True)
        waiting.eventually(
            lambda: (
                {claim["owner"]["uid"] for claim in environment.gateway.groups()[name]["claims"]}
                == {here["metadata"]["uid"]}
            ),
            why="the one that pushed to own it",
            retry_on=(KeyError,),
        )
        assert there["metadata"]["uid"] != here["metadata"]["uid"]
        environment.push.delete(name)
        environment.wait_until_deleted(name)
    finally:
        environment.api.delete("namespaces", elsewhere)


def test_group_with_the_cronjobs_name_is_kept_between_runs(environment: environments.Environment) -> None:
    name = environment.push.unique("nightly")
    body = kubernetes_objects.cronjob(name, environment.push.container(name, result=4.0, from_pod=True))
    cronjob = environment.api.create("cronjobs", body, namespace=environment.namespace)
    run = f"{name}-1"
    environment.cluster.kubectl("create", "job", run, f"--from=cronjob/{name}", "--namespace", environment.namespace)
    environment.push.wait_until_finished(run)
    environment.wait_until_claimed(name, cronjob["metadata"]["uid"])
    environment.wait_for_full_pass()
    assert environment.gateway.groups()[name]["drain_pushed_revision"] is None


def test_group_from_a_host_network_pod_is_unowned(environment: environments.Environment) -> None:
    name = environment.push.unique("on-the-node")
    container = environment.push.container(environment.push.unique("nobodys"), result=1.0, from_pod=True)
    body = kubernetes_objects.job(name, container, pod={"hostNetwork": True})
    environment.api.create("jobs", body, namespace=environment.namespace)
    environment.push.wait_until_finished(name)
    environment.wait_for_full_pass()
    assert not environment.gateway.groups()[environment.push.unique("nobodys")]["claims"]
