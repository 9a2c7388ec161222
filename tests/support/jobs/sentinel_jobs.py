"""Proof that the operator has completed a full pass: the group of a Job that finished later is already deleted."""

from tests.support import waiting
from tests.support.jobs import pushing_jobs
from tests.support.processes import tidegate_processes


def wait_for_full_pass(push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway) -> None:
    """Run a Job and wait until its group is deleted. Groups that still exist afterwards are kept on purpose."""
    name = push.unique(f"sentinel-{len(gateway.groups())}")
    push.job(name)
    push.wait_until_finished(name)
    waiting.eventually(lambda: name not in gateway.groups(), why="the sentinel's group to be deleted", timeout=20.0)
    push.delete(name)
