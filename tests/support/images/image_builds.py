"""Builds images from a Dockerfile with Debian's buildah, as root, without touching other images on this machine."""

import contextlib
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.support.programs import binaries, debian_packages, progress

_PACKAGES = (
    "buildah",
    "golang-github-containers-common",
    "golang-github-containers-image",
    "libgpgme11",
    "libassuan0",
    "libgpg-error0",
    "libdevmapper1.02.1",
    "libsubid4",
    "libseccomp2",
    "libselinux1",
    "libaudit1",
    "libcap-ng0",
    "libudev1",
    "libsemanage2",
    "libsepol2",
    "libbz2-1.0",
)
_CERTIFICATES = Path("/etc/ssl/certs")


class BuildError(Exception):
    """The build failed; the message is the end of its output."""


def build(target: Path, *, name: str, context: Path, base: Path) -> str:
    """Build ``context``'s Dockerfile on a base image into an OCI archive, and return the image's id.

    :param base: an OCI archive that replaces the Dockerfile's PYTHON_IMAGE.
    :raises BuildError: the build failed.
    """
    need_root()
    with _storage() as storage:
        flags = [
            "--isolation=chroot",
            # Without build time: the same sources give the same image.
            "--timestamp=0",
            # Without the version of buildah.
            "--identity-label=false",
            f"--build-arg=PYTHON_IMAGE=oci-archive:{base}",
            *(f"--volume={source}:{inside}:ro" for source, inside in registry_mounts(storage).items()),
        ]
        log = _buildah(storage, "bud", *flags, f"--tag={name}", str(context), saying=f"building {name} with buildah")
        _buildah(storage, "push", "--quiet", name, f"oci-archive:{target}:{name}", saying=f"writing {target.name}")
        return log.splitlines()[-1]


def need_root() -> None:
    """Check that this machine can build images, which takes root and mounts.

    :raises binaries.MissingToolError: it cannot.
    """
    if sys.platform != "linux":
        raise binaries.MissingToolError("images are built on Linux alone: use a machine or a container with it")
    if os.geteuid() != 0:
        raise binaries.MissingToolError("images are built by root alone: run this as root (sudo -E)")


@contextlib.contextmanager
def _storage() -> Iterator[Path]:
    """A temporary storage for layers, as plain folders, which need no support from the kernel."""
    with tempfile.TemporaryDirectory(prefix="tidegate-image-") as text:
        folder = Path(text)
        storage = f'[storage]\ndriver = "vfs"\nrunroot = "{folder / "run"}"\ngraphroot = "{folder / "layers"}"\n'
        (folder / "storage.conf").write_text(storage)
        yield folder


def _buildah(storage: Path, *arguments: str, saying: str) -> str:
    """Run buildah with its own programs and libraries mounted over those of this machine, for this process only."""
    unpacked = debian_packages.unpacked(*_PACKAGES, instead="install buildah")
    configs = unpacked / "etc/containers"
    policy = f"--signature-policy={configs / 'policy.json'}"
    command = shlex.join(["buildah", arguments[0], policy, *arguments[1:]])
    overlay = f"lowerdir={unpacked / 'usr'}:/usr"
    libraries = f"lowerdir={unpacked / 'lib'}:/usr/lib"
    script = (
        f"mount -t overlay -o {overlay} overlay /usr && mount -t overlay -o {libraries} overlay /usr/lib && {command}"
    )
    environment = {
        **os.environ,
        "CONTAINERS_STORAGE_CONF": str(storage / "storage.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(configs / "registries.conf"),
        "TMPDIR": str(storage),
    }
    return _run(["unshare", "--mount", "--propagation=private", "sh", "-c", script], environment, saying=saying)


def _run(command: Sequence[str], environment: Mapping[str, str], *, saying: str) -> str:
    with tempfile.TemporaryFile("w+") as output:
        with subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        ) as process:
            code = progress.wait(process, saying=saying)
        output.seek(0)
        log = output.read().strip()
    if code != 0:
        last = "\n".join(log.splitlines()[-20:])
        raise BuildError(f"{saying} failed with exit code {code}:\n{last}")
    return log


def registry_mounts(folder: Path) -> dict[Path, str]:
    """pip's configuration on this machine, mounted for the build only; it and the certificates are not in the image."""
    settings = _pip_settings()
    mounts = {_CERTIFICATES: str(_CERTIFICATES)} if _CERTIFICATES.is_dir() else {}
    for value in settings.values():
        if Path(value).is_dir():
            mounts[Path(value)] = value
    config = folder / "pip.conf"
    config.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()))
    return {**mounts, config: "/etc/pip.conf"}


def _pip_settings() -> dict[str, str]:
    """The settings as pip reports them, from files or environment variables."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    settings: dict[str, str] = {}
    for line in listed.stdout.splitlines():
        name, _, value = line.partition("=")
        if name.startswith(("global.", ":env:.")):
            settings[name.rpartition(".")[2]] = value.strip("'\"")
    return settings
