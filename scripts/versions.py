"""Write the version of `operator/tidegate/__init__.py` into every other file that states it.

`python -m scripts.versions` updates these files. `python -m scripts.versions 0.2.0` sets the version first.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "operator" / "tidegate" / "__init__.py"

_VERSION = r"\d+\.\d+\.\d+"
_DECLARATION = re.compile(rf'(?<=^__version__ = "){_VERSION}(?="$)', re.MULTILINE)
_FILES = ("Dockerfile", "README.md", "docs/*.md", "manifests/**/*.md", "manifests/**/*.yaml")
_PLACES = tuple(
    re.compile(rf"{before}{_VERSION}(?![\d.]*\d)", re.MULTILINE)
    for before in (
        r"(?<=/tidegate:)",  # a reference to the image
        r"(?<=\bnewTag: )",
        r"(?<=^version: )",  # of the chart
        r"(?<=^appVersion: )",
        r'(?<=\borg\.opencontainers\.image\.version=")',
    )
)


def main(arguments: Sequence[str]) -> int:
    """Update the files and print the name of each that changed; return the exit code."""
    if arguments and not re.fullmatch(_VERSION, arguments[0]):
        print(f"version: {arguments[0]!r} is not a version such as 0.2.0", file=sys.stderr)
        return 2
    for path, text in texts(arguments[0] if arguments else declared()).items():
        if path.read_text() != text:
            path.write_text(text)
            print(f"version: wrote {path.relative_to(ROOT)}")
    return 0


def declared() -> str:
    """Return the version that the package declares."""
    match = _DECLARATION.search(SOURCE.read_text())
    assert match is not None
    return match[0]


def texts(version: str) -> dict[Path, str]:
    """Map each file that states the version to its text with this version."""
    found = {path: _with(path.read_text(), version) for path in _paths()}
    return {SOURCE: _DECLARATION.sub(version, SOURCE.read_text()), **found}


def _paths() -> Iterator[Path]:
    for pattern in _FILES:
        for path in sorted(ROOT.glob(pattern)):
            if any(place.search(path.read_text()) for place in _PLACES):
                yield path


def _with(text: str, version: str) -> str:
    for place in _PLACES:
        text = place.sub(version, text)
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
