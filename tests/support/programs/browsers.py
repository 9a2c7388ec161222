"""Debian's Chromium, unpacked into the cache with its dependencies; and axe, an accessibility checker.

Runnable alone (`python -m tests.support.programs.browsers` fetches both).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright import sync_api

from tests.support.programs import binaries, debian_packages, progress, tool_cache

_PACKAGES = ("chromium", "fonts-liberation", "fonts-dejavu-core")
_INSTALL_HINT = "install Debian's chromium and name it in CHROMIUM_BIN"
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_FONTS = {
    "system-ui": "Liberation Sans",
    "sans": "Liberation Sans",
    "sans-serif": "Liberation Sans",
    "monospace": "Liberation Mono",
}
_ALIAS = """<match target="pattern"><test name="family"><string>{}</string></test><edit name="family" mode="assign"
binding="strong"><string>{}</string></edit></match>"""
_AXE = "axe-core@4.14.1"
_AXE_SUM = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="


@contextlib.contextmanager
def chromium() -> Iterator[sync_api.Browser]:
    """A headless browser with a new profile; it is closed when the block ends."""
    with sync_api.sync_playwright() as driver:
        given = os.environ.get("CHROMIUM_BIN")
        folder = None if given else fetch_chromium()
        browser = driver.chromium.launch(
            executable_path=given or f"{folder}/usr/lib/chromium/chromium",
            headless=True,
            args=list(_FLAGS),
            env={**os.environ, **(_environment(folder) if folder else {})},
        )
        try:
            yield browser
        finally:
            browser.close()


def fetch_chromium() -> Path:
    """The folder into which Chromium is unpacked."""
    return debian_packages.unpacked(*_PACKAGES, instead=_INSTALL_HINT, with_needs=True)


def axe() -> str:
    """The JavaScript source of axe."""
    folder = tool_cache.cache_root() / _AXE.replace("@", "-")
    with tool_cache.turn(folder):
        if not folder.exists():
            progress.say(f"fetching {_AXE} from npm (a few seconds, once)")
            with tool_cache.installing(folder) as draft, tempfile.TemporaryDirectory() as work:
                _run("npm", "pack", "--silent", _AXE, cwd=Path(work))
                (archive,) = Path(work).glob("*.tgz")
                digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
                if f"sha512-{digest}" != _AXE_SUM:
                    raise binaries.MissingToolError(f"{_AXE} has the sum sha512-{digest}, not {_AXE_SUM}")
                _run("tar", "-xzf", str(archive), "-C", str(draft), "--strip-components=1", "package/axe.min.js")
    return (folder / "axe.min.js").read_text()


def _environment(folder: Path) -> dict[str, str]:
    """An environment in which the unpacked browser finds its libraries and fonts."""
    fonts = folder / "fonts.conf"
    if not fonts.exists():
        places = "".join(f"<dir>{place}/usr/share/fonts</dir>" for place in ("", folder))
        names = "".join(_ALIAS.format(*pair) for pair in _FONTS.items())
        text = f'<?xml version="1.0"?><fontconfig>{places}<cachedir>{folder}/fonts.cache</cachedir>{names}</fontconfig>'
        fonts.write_text(text)
    libraries = [str(path) for path in folder.glob("usr/lib/*-linux-gnu")]
    libraries += [f"{path}/pulseaudio" for path in libraries]
    return {"LD_LIBRARY_PATH": ":".join(libraries), "FONTCONFIG_FILE": str(fonts)}


def _run(*command: str, cwd: Path | None = None) -> None:
    try:
        ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except FileNotFoundError as missing:
        raise binaries.MissingToolError(f"{command[0]} is missing: install it") from missing
    if ran.returncode != 0:
        raise binaries.MissingToolError(f"`{' '.join(command)}` failed: {' '.join(ran.stderr.split())}")


if __name__ == "__main__":
    try:
        fetch_chromium()
        axe()
    except binaries.MissingToolError as error:
        sys.exit(f"web: {error}")
