"""Proof that the operator has had its look: a group of a Job that ended later is gone already."""

from tests.e2e import pushing_jobs
from tests.support import tidegate_processes, waiting


def pass_by(push: pushing_jobs.Pushers, gateway: tidegate_processes.Gateway) -> None:
    """Let a Job come, push, end and be cleaned. What is kept after that is kept on purpose."""
    name = push.unique(f"beacon-{len(gateway.groups())}")
    push.job(name)
    push.ended(name)
    waiting.eventually(lambda: name not in gateway.groups(), why="the beacon's group to go", timeout=20.0)
    push.delete(name)
