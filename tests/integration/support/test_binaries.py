"""The sources of the dev cluster's programs, and the error messages if they are not available."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import repository
from tests.support.programs import binaries, go_sources, go_toolchain, progress

_GO_THAT_BUILDS = """#!/bin/sh
[ "$1" = version ] && exit 0
if [ "$1" = list ]; then
    touch "$MARKS/$(basename "$PWD").listed"
    echo example.com/one; echo example.com/two
    exit 0
fi
echo build >> "$MARKS/builds"
echo example.com/one >&2
while [ "$1" != -o ]; do shift; done
for package in "$@"; do touch "$2$(basename "$package")"; done
"""
_GO_THAT_IS_OLD = """#!/bin/sh
echo 'go: go.mod requires go >= 1.26.7 (running go 1.22.1)' >&2
exit 1
"""
_GO_THAT_FAILS = """#!/bin/sh
[ "$1" = version ] && exit 0
[ "$1" = list ] && { echo example.com/one; exit 0; }
echo 'disk full' >&2
echo example.com/one >&2
exit 2
"""


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("MARKS", str(tmp_path))


def test_kubebuilder_assets_are_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = tmp_path / "etcd"
    asset.touch(mode=0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))

    assert binaries.ensure(["etcd"]) == {"etcd": asset}


def test_built_programs_are_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _use_go(_GO_THAT_BUILDS, tmp_path, monkeypatch)

    first = binaries.ensure(["helm", "promtool"])
    second = binaries.ensure(["promtool"])

    assert second["promtool"] == first["promtool"]
    assert first["helm"].is_file()
    assert (tmp_path / "builds").read_text() == "build\n"


def test_components_of_the_control_plane_are_one_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _use_go(_GO_THAT_BUILDS, tmp_path, monkeypatch)

    found = binaries.ensure(["etcd", "kube-apiserver"])

    assert {path.name for path in found.values()} == {"etcd", "kube-apiserver"}
    assert len({path.resolve() for path in found.values()}) == 1


def test_modules_of_the_next_build_are_downloaded_during_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first build ends only after the modules of the second one were listed.
    waits = 'case "$PWD" in */kubernetes) while [ ! -e "$MARKS/tools.listed" ]; do sleep 0.01; done;; esac; echo build'
    _use_go(_GO_THAT_BUILDS.replace("echo build", waits), tmp_path, monkeypatch)

    binaries.ensure(["kubectl", "prometheus"])

    assert (tmp_path / "builds").read_text() == "build\nbuild\n"


def test_other_flags_cause_another_build(monkeypatch: pytest.MonkeyPatch) -> None:
    build = _build_of("prometheus")
    before = go_sources.fingerprint(build, flags=["-trimpath"])

    assert go_sources.fingerprint(build, flags=["-trimpath", "-race"]) != before
    monkeypatch.setenv("GOARCH", "mips")
    assert go_sources.fingerprint(build, flags=["-trimpath"]) != before


def test_failed_build_leaves_nothing_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _use_go(_GO_THAT_FAILS, tmp_path, monkeypatch)

    with pytest.raises(binaries.MissingToolError, match=r"exit code 2:\ndisk full$"):
        binaries.ensure(["etcd"])

    assert [path for path in (tmp_path / "cache" / "tidegate").iterdir() if path.is_dir()] == []


def test_error_without_go_is_one_line_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(go_toolchain, "USUAL_GO", Path("/absent"))

    with pytest.raises(binaries.MissingToolError, match=r"^go is not on PATH: install Go .*KUBEBUILDER_ASSETS.*$"):
        binaries.ensure(["etcd"])


def test_error_for_an_old_go_is_one_line_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _use_go(_GO_THAT_IS_OLD, tmp_path, monkeypatch)

    with pytest.raises(binaries.MissingToolError, match=r"^.*too old: install Go .*running go 1\.22\.1\)\)$"):
        binaries.ensure(["etcd"])


def test_long_build_prints_its_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The fake go command builds until a progress message has been printed.
    reported = tmp_path / "reported"
    slow = _GO_THAT_BUILDS.replace("while [", f"while [ ! -e {reported} ]; do sleep 0.01; done; while [", 1)
    _use_go(slow, tmp_path, monkeypatch)
    monkeypatch.setattr(progress, "SECONDS", 0.05)
    messages: list[str] = []

    def say(text: str) -> None:
        messages.append(text)
        if "1 of 2 packages" in text:
            reported.touch()

    monkeypatch.setattr(progress, "say", say)
    binaries.ensure(["prometheus"])

    building = [message for message in messages if message.startswith("building")]
    assert building[0] == "building prometheus with Go (about 2 min on two cores, once)"
    assert any(message.startswith("building prometheus with Go: 1 of 2 packages, ") for message in building)


def test_two_processes_build_a_program_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _use_go(_GO_THAT_BUILDS, tmp_path, monkeypatch)
    script = "from tests.support.programs import binaries; print(binaries.ensure(['prometheus'])['prometheus'])"
    command = [sys.executable, "-c", script]
    folder = binaries.cache_folder(_build_of("prometheus"))

    with folder.with_name(f"{folder.name}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        root = repository.ROOT
        others = [
            subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for other in others:
            assert other.stderr is not None
            assert other.stderr.readline().startswith("cluster: waiting: another process is making tools-")
        fcntl.flock(held, fcntl.LOCK_UN)
        built = {other.communicate()[0] for other in others}

    assert len(built) == 1
    assert (tmp_path / "builds").read_text() == "build\n"


def test_every_program_has_one_build_and_every_module_a_use() -> None:
    names = [name for build in go_sources.BUILDS for name in build.names]

    assert len(names) == len(set(names))
    assert {build.module for build in go_sources.BUILDS} == {path.name for path in go_sources.FOLDER.iterdir()}


def _build_of(name: str) -> go_sources.Build:
    (build,) = (build for build in go_sources.BUILDS if name in build.names)
    return build


def _use_go(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a fake go command on PATH, because the real one takes minutes."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "go").write_text(script)
    (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
