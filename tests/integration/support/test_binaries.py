"""The sources of the dev cluster's programs, and the error messages if they are not available."""

import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import repository
from tests.support.programs import binaries

_GO_THAT_BUILDS = """#!/bin/sh
[ "$1" = version ] && exit 0
echo build >> "$COUNT"
while [ "$1" != -o ]; do shift; done
for package in "$@"; do touch "$2$(basename "$package")"; done
"""
_GO_THAT_IS_OLD = """#!/bin/sh
echo 'go: go.mod requires go >= 1.26.7 (running go 1.22.1)' >&2
exit 1
"""
_GO_THAT_FAILS = """#!/bin/sh
[ "$1" = version ] && exit 0
echo 'disk full' >&2
exit 2
"""


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("COUNT", str(tmp_path / "count"))


def test_kubebuilder_assets_are_preferred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = tmp_path / "etcd"
    asset.touch(mode=0o755)
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(tmp_path))

    assert binaries.ensure(["etcd"]) == {"etcd": asset}


def test_built_programs_are_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _use_go(_GO_THAT_BUILDS, tmp_path, monkeypatch)

    first = binaries.ensure(["prometheus", "promtool"])
    second = binaries.ensure(["promtool"])

    assert second["promtool"] == first["promtool"]
    assert first["prometheus"].is_file()
    assert (tmp_path / "count").read_text() == "build\n"


def test_other_flags_cause_another_build(monkeypatch: pytest.MonkeyPatch) -> None:
    (etcd,) = (source for source in binaries.SOURCES if source.module == "etcd")
    before = binaries.fingerprint(etcd, ["build"])

    assert binaries.fingerprint(etcd, ["build", "-race"]) != before
    monkeypatch.setenv("GOARCH", "mips")
    assert binaries.fingerprint(etcd, ["build"]) != before


def test_failed_build_leaves_nothing_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _use_go(_GO_THAT_FAILS, tmp_path, monkeypatch)

    with pytest.raises(binaries.MissingToolError, match="exit code 2:\ndisk full"):
        binaries.ensure(["etcd"])

    assert [path for path in (tmp_path / "cache" / "tidegate").iterdir() if path.is_dir()] == []


def test_error_without_go_is_one_line_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(binaries, "USUAL_GO", Path("/absent"))

    with pytest.raises(binaries.MissingToolError, match=r"^go is not on PATH: install Go .*$"):
        binaries.ensure(["etcd"])


def test_error_for_an_old_go_is_one_line_that_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _use_go(_GO_THAT_IS_OLD, tmp_path, monkeypatch)

    with pytest.raises(binaries.MissingToolError, match=r"^.*too old: install Go .*running go 1\.22\.1\)\)$"):
        binaries.ensure(["etcd"])


def test_long_step_prints_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The fake go command builds until a progress message has been printed.
    reported = tmp_path / "reported"
    slow = _GO_THAT_BUILDS.replace("echo build", f"while [ ! -e {reported} ]; do sleep 0.01; done; echo build")
    _use_go(slow, tmp_path, monkeypatch)
    monkeypatch.setattr(binaries, "PROGRESS_SECONDS", 0.05)
    messages: list[str] = []

    def say(text: str) -> None:
        messages.append(text)
        if "so far" in text:
            reported.touch()

    monkeypatch.setattr(binaries, "say", say)
    binaries.ensure(["etcd"])

    assert messages[0] == "building etcd with Go (about 1 min on two cores, once)"
    assert messages[1].startswith(f"{messages[0]}: ")


def test_two_processes_build_a_program_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _use_go(_GO_THAT_BUILDS, tmp_path, monkeypatch)
    (etcd,) = (source for source in binaries.SOURCES if source.module == "etcd")
    script = "from tests.support.programs import binaries; print(binaries.ensure(['etcd'])['etcd'])"
    command = [sys.executable, "-c", script]
    cache = tmp_path / "cache" / "tidegate"
    cache.mkdir(parents=True)
    lock = cache / f"etcd-{binaries.fingerprint(etcd, binaries.build_command(etcd))}.lock"

    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        root = repository.ROOT
        others = [
            subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        for other in others:
            assert other.stderr is not None
            assert other.stderr.readline().startswith("cluster: waiting: another process is making etcd-")
        fcntl.flock(held, fcntl.LOCK_UN)
        built = {other.communicate()[0] for other in others}

    assert len(built) == 1
    assert (tmp_path / "count").read_text() == "build\n"


def _use_go(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a fake go command on PATH, because the real one takes minutes."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "go").write_text(script)
    (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
