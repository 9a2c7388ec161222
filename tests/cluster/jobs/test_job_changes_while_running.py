"""Jobs whose labels and annotations change while they run: the last state counts."""

from collections.abc import Mapping

from tests.support import environments, waiting

_CLEANUP = "tidegate.dev/cleanup"
_KEY = "tidegate.dev/grouping-key"
_TIMEOUT = "tidegate.dev/drain-timeout"


def _annotate(environment: environments.Environment, name: str, annotations: Mapping[str, str | None]) -> None:
    environment.api.patch("jobs", name, {"metadata": {"annotations": annotations}}, namespace=environment.namespace)


def _drain_timeouts(environment: environments.Environment, name: str) -> list[float]:
    return [claim["drain_timeout"] for group in environment.groups(name) for claim in group["claims"]]


def test_label_changes_do_not_change_the_owner(environment: environments.Environment) -> None:
    name, gate = environment.push.unique("labels"), environment.gate("labels")
    uid = environment.push.job_with_steps(name, f"push 1; await {gate}; push 2")["metadata"]["uid"]
    environment.wait_until_claimed(name, uid)
    (before,) = environment.groups(name)
    environment.api.patch(
        "jobs", name, {"metadata": {"labels": {"team": "a", "job": "other"}}}, namespace=environment.namespace
    )
    environment.assert_kept(name, uid)
    assert environment.groups(name) == [before]
    gate.touch()
    environment.wait_until_deleted(name)
    assert environment.final(name) == 2.0


def test_last_cleanup_annotation_of_a_job_counts(environment: environments.Environment) -> None:
    gate = environment.gate("cleanup")
    kept, let_go = environment.push.unique("kept-after-all"), environment.push.unique("let-go-after-all")
    environment.push.job_with_steps(kept, f"push 1; await {gate}; push 2")
    job = environment.push.job_with_steps(let_go, f"push 1; await {gate}; push 2", annotations={_CLEANUP: "never"})
    environment.wait_until_pushed(kept)
    waiting.eventually(lambda: environment.groups(let_go), why="the push of a Job that claims nothing")
    _annotate(environment, kept, {_CLEANUP: "never"})
    _annotate(environment, let_go, {_CLEANUP: None})
    environment.wait_until_claimed(let_go, job["metadata"]["uid"])
    waiting.eventually(lambda: not environment.owners(kept), why="a claim to be taken back")

    gate.touch()

    environment.push.wait_until_finished(kept)
    environment.wait_until_deleted(let_go)
    assert environment.final(let_go) == 2.0
    (group,) = environment.groups(kept)
    assert group["drain_pushed_revision"] is None
    # An annotation added after the Job has finished counts, too.
    _annotate(environment, kept, {_CLEANUP: "on-completion"})
    environment.wait_until_deleted(kept)


def test_grouping_key_added_to_a_running_job_takes_effect(environment: environments.Environment) -> None:
    name, gate = environment.push.unique("renamed"), environment.gate("renamed")
    group, other = environment.push.unique("first-key"), environment.push.unique("second-key")
    uid = environment.push.job_with_steps(name, f"push 1; await {gate}; push 2", group=group)["metadata"]["uid"]
    waiting.eventually(lambda: environment.groups(group), why="the push of a Job that has another name")
    environment.gateway.push(f"job/{other}", "value_of_somebody_else 7\n")
    _annotate(environment, name, {_KEY: f"job={group};job={other}", _TIMEOUT: "1m"})
    environment.wait_until_claimed(group, uid)
    environment.wait_until_claimed(other, uid)
    assert _drain_timeouts(environment, group) == [60.0]
    _annotate(environment, name, {_KEY: f"job={group}", _TIMEOUT: "2m"})
    waiting.eventually(lambda: _drain_timeouts(environment, group) == [120.0], why="the new drain timeout")
    waiting.eventually(lambda: not environment.owners(other), why="the second key to be nobody's again")

    gate.touch()

    environment.push.wait_until_finished(name)
    environment.wait_until_deleted(group)
    assert environment.final(group) == 2.0
    assert [each["drain_pushed_revision"] for each in environment.groups(other)] == [None]
