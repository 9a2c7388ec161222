"""Create `.venv`, or the given folder, with the locked development tools and an editable tidegate.

An up-to-date environment is left unchanged.

Runs under any Python 3, before anything is installed: the standard library only, and no syntax newer than Python 3.6.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
NAME = sys.argv[1] if len(sys.argv) > 1 else ".venv"
VENV = ROOT / NAME
STAMP = VENV / "tidegate-setup.sha256"
LOCK = ROOT / "requirements" / "dev.txt"
INPUTS = (Path(__file__).resolve(), ROOT / "pyproject.toml", LOCK)


def main() -> None:
    """Bring the environment up to date; if that is impossible, exit with one line that says what to do."""
    if sys.version_info < OLDEST:
        ours = "Python {}.{}".format(*sys.version_info[:2])
        sys.exit(f"setup: {sys.executable} is {ours}; install 3.11 or newer, then `make PYTHON=python3.11 setup`")
    with LOCK.open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)  # concurrent `make` runs share one environment
        wanted = _fingerprint()
        if not STAMP.is_file() or STAMP.read_text() != wanted:
            _build()
            STAMP.write_text(wanted)


def _fingerprint() -> str:
    digest = hashlib.sha256(sys.version.encode())
    for path in INPUTS:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _build() -> None:
    python = VENV / "bin" / "python"
    if _version_of(python) != sys.version:
        print("setup: creating {} with Python {}.{}.{}".format(NAME, *sys.version_info[:3]), flush=True)
        _need_ensurepip()
        shutil.rmtree(str(VENV), ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(VENV))
    pip = (str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    print(f"setup: installing the locked packages into {NAME} (about a minute the first time)", flush=True)
    _run(*pip, "--require-hashes", "--only-binary=:all:", "-r", str(LOCK))
    print("setup: installing tidegate itself, editable", flush=True)
    _run(*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    print(f"setup: done; the command is {NAME}/bin/tidegate", flush=True)


def _version_of(python: Path) -> str:
    """Return `sys.version` of that interpreter, or an empty string if it does not run."""
    if not python.exists():
        return ""
    said = subprocess.run(
        [str(python), "-c", "import sys; sys.stdout.write(sys.version)"], stdout=subprocess.PIPE, check=False
    )
    return said.stdout.decode()


def _need_ensurepip() -> None:
    """Install ensurepip's system package on Debian if possible; otherwise exit and name the package."""
    if _has_ensurepip():
        return
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print(f"setup: installing the system package {package}", flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", package], check=False)
    if not _has_ensurepip():
        sys.exit(f"setup: {sys.executable} cannot create a venv with pip; run `apt-get install {package}` as root")


def _has_ensurepip() -> bool:
    tried = subprocess.run([sys.executable, "-c", "import ensurepip, venv"], stderr=subprocess.DEVNULL, check=False)
    return tried.returncode == 0


def _run(*command: str) -> None:
    done = subprocess.run(command, cwd=str(ROOT), check=False)
    if done.returncode != 0:
        sys.exit("setup: failed (exit {}): {}".format(done.returncode, " ".join(command)))


if __name__ == "__main__":
    main()
