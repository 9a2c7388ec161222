"""Runs a program of an unpacked image with the restrictions of the Pod: read-only and unprivileged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

USER = 65532

_SHELLS = ("sh", "bash", "dash", "rbash")
_MOUNTS = (
    'mount --bind "$0" "$0"',
    'mount -o remount,bind,ro "$0"',
    # The Pod's volume for the token, and the mounts that every container has.
    'mount -t tmpfs -o mode=1777 tmpfs "$0/run"',
    'mount -t proc proc "$0/proc"',
    'mount --bind /dev "$0/dev"',
)


def remove_shells(root: Path) -> None:
    """Remove every shell."""
    for folder in ("bin", "usr/bin"):
        for name in _SHELLS:
            (root / folder / name).unlink(missing_ok=True)


def command(root: Path, *argv: str) -> Sequence[str]:
    """A command for root; its mounts are private to the process, which ends together with its parent."""
    script = " && ".join([*_MOUNTS, 'exec chroot "$0" "$@"'])
    ids = (f"--reuid={USER}", f"--regid={USER}", "--clear-groups")
    limits = ("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--pdeathsig=KILL")
    return [
        *("unshare", "--mount", "--propagation=private", "sh", "-c", script, str(root)),
        *("setpriv", *ids, *limits, "--", *argv),
    ]
