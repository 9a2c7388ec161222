"""A base image for machines without access to a registry: Debian with the Python version of the Dockerfile's base."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.support import repository
from tests.support.images import image_builds, oci_archives
from tests.support.programs import binaries, debian_packages, progress, tool_cache

NAME = "tidegate.test/base:1"
_RELEASE = "forky"
"""Debian 14, which is not yet released: the first Debian with Python 3.14 (Debian 13 has 3.13)."""
_VERSION = 2
"""Increase this when a change below changes the image."""
_DOCKERFILE = repository.ROOT / "Dockerfile"
_PYTHON_IMAGE = re.compile(r"^FROM python:(3\.[0-9]+)-slim AS base$", re.MULTILINE)
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


def python_version() -> str:
    """The Python version of the Dockerfile's default base, such as ``3.14``."""
    match = _PYTHON_IMAGE.search(_DOCKERFILE.read_text())
    assert match is not None
    return match[1]


def ensure() -> Path:
    """The cached base as an OCI archive; building it takes about a minute.

    :raises binaries.MissingToolError: it cannot be built on this machine.
    """
    python = f"python{python_version()}"
    folder = tool_cache.cache_root() / f"image-base-{_RELEASE}-{python}-{_VERSION}"
    with tool_cache.turn(folder):
        if not folder.exists():
            image_builds.need_root()
            progress.say("making a base image with debootstrap (about a minute, once)")
            with tool_cache.installing(folder) as draft, tempfile.TemporaryDirectory(dir=draft) as work:
                root = Path(work) / "root"
                _debootstrap(root, python=python)
                _shrink(root)
                for name in ("python", "python3"):  # as in the official images
                    (root / "usr/local/bin" / name).symlink_to(f"/usr/bin/{python}")
                runs = oci_archives.Runs(environment={"PATH": _PATH})
                oci_archives.from_folder(draft / "image.tar", name=NAME, root=root, runs=runs)
    return folder / "image.tar"


def _debootstrap(root: Path, *, python: str) -> None:
    unpacked = debian_packages.unpacked("debootstrap", instead="install debootstrap")
    script = unpacked / "usr/share/debootstrap/scripts" / _RELEASE
    if not script.exists():  # an older debootstrap does not know the release, but all releases have the same script
        script.symlink_to("sid")
    command = [
        str(unpacked / "usr/sbin/debootstrap"),
        "--variant=minbase",
        f"--include={python},{python}-venv,ca-certificates,curl",
        _RELEASE,
        # The default mirror of debootstrap for that release.
        str(root),
    ]
    environment = {**os.environ, "DEBOOTSTRAP_DIR": str(unpacked / "usr/share/debootstrap")}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        last = "\n".join((ran.stdout + ran.stderr).splitlines()[-10:])
        raise binaries.MissingToolError(f"debootstrap failed with exit code {ran.returncode}:\n{last}")


def _shrink(root: Path) -> None:
    """Remove files that only people and package managers use."""
    for name in _LEFT_OUT:
        for path in (root / name).glob("*"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
