"""The sources of Java, and the error messages if it is not available."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.programs import binaries, java_runtime

_JAVAC = "#!/bin/sh\necho javac {}\n"
_APT = """#!/bin/sh
echo "$@" >> "$0.said"
[ "$1" = install ] || exit 0
printf '#!/bin/sh\\necho javac 17.0.1\\n' > "${0%/*}/javac"
chmod +x "${0%/*}/javac"
"""
_MVN = "#!/bin/sh\necho 'no such library' >&2\nexit 1\n"
_FROM = ["io.prometheus:made-up:1"]


def _tool(folder: Path, name: str, script: str) -> Path:
    path = folder / name
    path.write_text(script)
    path.chmod(0o755)
    return path


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only folder with programs besides a shell and chmod; the cache is empty."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "chmod"):
        (folder / name).symlink_to(Path("/bin") / name)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


@pytest.mark.usefixtures("tools")
def test_error_without_java_names_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(binaries.MissingToolError, match=r"install default-jdk-headless and maven$"):
        java_runtime.jars(_FROM)


def test_ci_installs_only_the_missing_packages(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    apt = _tool(tools, "apt-get", _APT)
    _tool(tools, "mvn", _MVN)
    with pytest.raises(binaries.MissingToolError, match=r"mvn failed: no such library$"):
        java_runtime.jars(_FROM)
    [_, installed] = Path(f"{apt}.said").read_text().splitlines()
    assert installed.split()[-1] == "default-jdk-headless"
    assert "maven" not in installed


def test_error_names_a_java_version_that_is_too_old(tools: Path) -> None:
    _tool(tools, "mvn", _MVN)
    _tool(tools, "javac", _JAVAC.format("11.0.2"))
    with pytest.raises(binaries.MissingToolError, match=r"this is javac 11\.0\.2: install Java 17 or newer"):
        java_runtime.jars(_FROM)


def test_libraries_with_wrong_checksums_are_not_used(tools: Path, tmp_path: Path) -> None:
    _tool(tools, "javac", _JAVAC.format("17"))
    _tool(
        tools,
        "mvn",
        '#!/bin/sh\nfor each in "$@"; do case $each in *Directory=*) echo > "${each#*=}/a.jar"; esac; done\n',
    )
    with pytest.raises(binaries.MissingToolError, match=r"not those of jars\.sha256, but:\n\w{64}  a\.jar\n"):
        java_runtime.jars(_FROM)
    assert list((tmp_path / "cache" / "tidegate").glob("jars-*/*")) == []
