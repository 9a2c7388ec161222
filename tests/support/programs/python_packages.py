"""Programs in Python that need other packages than tidegate: each has a virtual environment in the cache."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from pathlib import Path

from tests.support.programs import binaries, progress, tool_cache

_LOCKS = Path(__file__).resolve().parent / "python"
_SECONDS = 600


def python(name: str) -> Path:
    """The interpreter of the environment with the packages that ``python/NAME.txt`` pins.

    :raises binaries.MissingToolError: a package cannot be installed.
    """
    lock = _LOCKS / f"{name}.txt"
    pinned = lock.read_bytes() + platform.python_version().encode() + platform.machine().encode()
    folder = tool_cache.cache_root() / f"{name}-{hashlib.sha256(pinned).hexdigest()[:16]}"
    with tool_cache.turn(folder):
        if not folder.exists():
            progress.say(f"installing the packages of {lock.name} (half a minute, once)")
            with tool_cache.installing(folder) as draft:
                _run(sys.executable, "-m", "venv", "--without-pip", str(draft))
                _run(
                    *(
                        sys.executable,
                        "-m",
                        "uv",
                        "pip",
                        "install",
                        "--quiet",
                        "--python",
                        str(draft / "bin" / "python"),
                    ),
                    *("--require-hashes", "--only-binary", ":all:", "--requirement", str(lock)),
                )
    return folder / "bin" / "python"


def _run(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    if ran.returncode != 0:
        raise binaries.MissingToolError(f"{' '.join(command[:4])} failed: {ran.stderr.strip()}")
