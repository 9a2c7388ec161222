"""The Python of the base image, for machines that lack that version: run by root in a mount namespace of its own."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support import repository
from tests.support.images import base_image, image_builds, oci_layout
from tests.support.programs import binaries

_SHARED = (Path("/proc"), Path("/sys"), Path("/dev"), Path("/etc/hosts"), Path("/etc/resolv.conf"))
_SCRIPT = """
root=$1 folder=$2
shift 2
while [ "$1" != -- ]; do
  mount --rbind "$1" "$root$2"
  shift 2
done
shift
exec chroot "$root" sh -euc 'cd "$0" && exec "$@"' "$folder" "$@"
"""
"""Its arguments: root, folder, pairs of a path and where to mount it, ``--`` and the command."""


def missing() -> str | None:
    """The reason why this machine cannot run it, in one line; None if it can."""
    try:
        image_builds.need_root()
        base_image.ensure()
    except binaries.MissingToolError as error:
        return str(error)
    return None


@contextlib.contextmanager
def command_prefix() -> Iterator[Sequence[str]]:
    """The beginning of a command line that runs ``python`` of the base image at the top of this checkout.

    Inside, the checkout and pip's settings have their usual paths; all other files are those of the base image.
    """
    with (
        oci_layout.unpacked(base_image.ensure()) as layout,
        tempfile.TemporaryDirectory(prefix="tidegate-python-") as temporary,
    ):
        mounts = {path: str(path) for path in (*_SHARED, repository.ROOT)}
        mounts |= image_builds.registry_mounts(Path(temporary))
        pairs: list[str] = []
        for source, inside in mounts.items():
            if source.exists():
                _make_mount_point(layout.root / inside.lstrip("/"), like=source)
                pairs += [str(source), inside]
        namespaces = ("unshare", "--mount", "--propagation=private", "sh", "-euc", _SCRIPT, "sh")
        yield [*namespaces, str(layout.root), str(repository.ROOT), *pairs, "--"]


def _make_mount_point(path: Path, *, like: Path) -> None:
    if like.is_dir():
        path.mkdir(parents=True, exist_ok=True)
    else:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
