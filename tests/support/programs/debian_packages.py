"""Programs from Debian packages, unpacked into the cache: takes a few seconds, without root or an installation."""

import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.support.programs import binaries, progress, tool_cache

_FOLDERS = ("lists/partial", "cache/archives/partial", "state")


def unpacked(*packages: str, instead: str, with_needs: bool = False) -> Path:
    """The cache folder with these packages unpacked; it is named after the first one.

    :param with_needs: whether to unpack their missing dependencies, too.
    :param instead: an alternative for the user, for the error message.
    :raises binaries.MissingToolError: the packages are not available.
    """
    folder = tool_cache.cache_root() / f"{packages[0]}-{platform.machine()}"
    with tool_cache.turn(folder):
        if not folder.exists():
            progress.say(f"fetching Debian's {', '.join(packages)} (a few seconds, once)")
            with tool_cache.installing(folder) as draft, tempfile.TemporaryDirectory() as work:
                for file in _fetched(packages, Path(work), with_needs=with_needs, instead=instead):
                    _run("dpkg", "-x", str(file), str(draft), instead=instead)
    return folder


def _fetched(packages: Sequence[str], work: Path, *, with_needs: bool, instead: str) -> list[Path]:
    """The package files, from this machine's apt lists, or otherwise from private ones."""
    for tool in ("apt-get", "dpkg"):
        if shutil.which(tool) is None:
            raise binaries.MissingToolError(f"{tool} is missing: {instead}")
    try:
        _download(packages, work, with_needs=with_needs, instead=instead)
    except binaries.MissingToolError:
        own = _own_lists(work)
        _run("apt-get", *own, "update", cwd=work, instead=instead)
        _download(packages, work, *own, with_needs=with_needs, instead=instead)
    return sorted(work.glob("*.deb"))


def _download(packages: Sequence[str], work: Path, *options: str, with_needs: bool, instead: str) -> None:
    wanted = set(packages)
    if with_needs:
        planned = _run(
            "apt-get", *options, "--simulate", "--no-install-recommends", "install", *packages, instead=instead
        )
        wanted |= {line.split()[1] for line in planned.splitlines() if line.startswith("Inst ")}
    _run("apt-get", *options, "download", *sorted(wanted), cwd=work, instead=instead)


def _own_lists(work: Path) -> Sequence[str]:
    """Options that keep apt's files below ``work``: a fresh machine has no lists, and only root can write them."""
    for folder in _FOLDERS:
        (work / folder).mkdir(parents=True)
    folders = {"Dir::State": "state", "Dir::State::Lists": "lists", "Dir::Cache": "cache"}
    return [f"-o{option}={work / folder}" for option, folder in folders.items()]


def _run(*command: str, instead: str, cwd: Path | None = None) -> str:
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        error = " ".join(ran.stderr.split())
        raise binaries.MissingToolError(f"`{' '.join(command)}` failed: {instead} ({error})")
    return ran.stdout
