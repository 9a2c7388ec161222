"""The base image where no registry of images is at hand: Debian with its Python, in the place of python:3.x-slim."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.cluster import binaries, debian
from tests.images import archives, builders

NAME = "tidegate.test/base:1"
_RELEASE = "bookworm"
_VERSION = 1
"""To be counted up when what is below changes what is made."""
_PACKAGES = ("python3", "python3-venv", "ca-certificates", "curl")
_LEFT_OUT = (
    "var/lib/apt/lists",
    "var/cache/apt",
    "var/cache/debconf",
    "var/log",
    "usr/share/doc",
    "usr/share/info",
    "usr/share/locale",
    "usr/share/man",
)
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def ensure() -> Path:
    """The base as an OCI archive, in the cache: about a minute, once.

    :raises binaries.MissingToolError: it cannot be made here.
    """
    folder = binaries.cache_root() / f"image-base-{_RELEASE}-{_VERSION}"
    with binaries.turn(folder):
        if not folder.exists():
            builders.need_root()
            binaries.say("making a base image with debootstrap (about a minute, once)")
            with binaries.installing(folder) as draft, tempfile.TemporaryDirectory(dir=draft) as work:
                root = Path(work) / "root"
                _debootstrap(root)
                _shrink(root)
                runs = archives.Runs(environment={"PATH": _PATH})
                archives.from_folder(draft / "image.tar", name=NAME, root=root, runs=runs)
    return folder / "image.tar"


def _debootstrap(root: Path) -> None:
    unpacked = debian.unpacked("debootstrap", instead="install debootstrap")
    command = [
        str(unpacked / "usr/sbin/debootstrap"),
        "--variant=minbase",
        f"--include={','.join(_PACKAGES)}",
        _RELEASE,
        # From where debootstrap takes that release by itself.
        str(root),
    ]
    environment = {**os.environ, "DEBOOTSTRAP_DIR": str(unpacked / "usr/share/debootstrap")}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        last = "\n".join((ran.stdout + ran.stderr).splitlines()[-10:])
        raise binaries.MissingToolError(f"debootstrap failed with exit code {ran.returncode}:\n{last}")


def _shrink(root: Path) -> None:
    """Take out what only a person or a package manager would look at, and name Python as the official images do."""
    for name in _LEFT_OUT:
        for found in (root / name).glob("*"):
            if found.is_dir() and not found.is_symlink():
                shutil.rmtree(found)
            else:
                found.unlink()
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
