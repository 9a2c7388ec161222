"""Proof that the operator has had its look: a group of a Job that ended later is gone already."""

from tests.e2e import pushers
from tests.support import tidegates, waiting


def pass_by(push: pushers.Pushers, gateway: tidegates.Gateway) -> None:
    """Let a Job come, push, end and be cleaned. What is kept after that is kept on purpose."""
    name = push.unique(f"beacon-{len(gateway.groups())}")
    push.job(name)
    push.ended(name)
    waiting.eventually(lambda: name not in gateway.groups(), why="the beacon's group to go", timeout=20.0)
    push.delete(name)
