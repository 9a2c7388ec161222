"""OCI archives of single programs: a runtime can read them, and they do not depend on the machine."""

import hashlib
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.images import oci_archives

_NAME = "registry.example/thing:1"


@pytest.fixture(autouse=True)
def _empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "thing"
    path.write_bytes(b"\x7fELF")
    return path


def test_every_blob_is_named_after_its_digest(program: Path) -> None:
    with tarfile.open(_archive(program)) as file:
        blobs = [member for member in file if member.name.startswith("blobs/")]
        assert len(blobs) == 3
        for blob in blobs:
            assert hashlib.sha256(_bytes(file, blob.name)).hexdigest() == blob.name.rpartition("/")[2]


def test_descriptors_lead_from_the_index_to_the_layer(program: Path) -> None:
    with tarfile.open(_archive(program)) as file:
        assert json.loads(_bytes(file, "oci-layout")) == {"imageLayoutVersion": "1.0.0"}
        (listed,) = json.loads(_bytes(file, "index.json"))["manifests"]
        manifest = json.loads(_blob(file, listed))
        config = json.loads(_blob(file, manifest["config"]))
        (layer,) = manifest["layers"]
        _blob(file, layer)

    assert config["rootfs"]["diff_ids"] == [layer["digest"]]
    assert config["config"] == {"Entrypoint": ["/bin/thing"], "User": "65532:65532"}
    assert config["os"] == "linux"


def test_index_has_the_name_for_the_import(program: Path) -> None:
    with tarfile.open(_archive(program)) as file:
        (listed,) = json.loads(_bytes(file, "index.json"))["manifests"]

    assert listed["annotations"] == {
        "io.containerd.image.name": _NAME,
        "org.opencontainers.image.ref.name": _NAME,
    }


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("pause:1", "docker.io/library/pause:1"),
        ("team/pause:1", "docker.io/team/pause:1"),
        ("registry.example/pause:1", "registry.example/pause:1"),
        ("localhost/pause:1", "localhost/pause:1"),
        ("host:5000/pause:1", "host:5000/pause:1"),
    ],
)
def test_short_name_is_completed_as_in_docker(name: str, full: str) -> None:
    assert oci_archives.full_name(name) == full


def test_same_program_gives_the_same_bytes_at_another_time(program: Path, tmp_path: Path) -> None:
    first = _archive(program).read_bytes()
    os.utime(program, (1, 1))
    program.chmod(0o700)
    (tmp_path / "cache").rename(tmp_path / "old")

    assert _archive(program).read_bytes() == first


def test_another_program_gives_another_archive(program: Path) -> None:
    before = _archive(program)
    program.write_bytes(b"\x7fELF2")

    assert _archive(program) != before


def test_archive_is_cached(program: Path) -> None:
    assert _archive(program).stat().st_ino == _archive(program).stat().st_ino


def test_programs_and_their_folders_belong_to_root(program: Path) -> None:
    with tarfile.open(_archive(program)) as file:
        (listed,) = json.loads(_bytes(file, "index.json"))["manifests"]
        (layer,) = json.loads(_blob(file, listed))["layers"]
        with tarfile.open(fileobj=file.extractfile(f"blobs/sha256/{layer['digest'][7:]}")) as tar:
            members = tar.getmembers()

    assert [(each.name, each.isdir()) for each in members] == [("bin", True), ("bin/thing", False)]
    assert {(each.uid, each.gid, each.mode) for each in members} == {(0, 0, 0o755)}
    assert {(each.uname, each.gname) for each in members} == {("", "")}
    assert not any(each.mtime for each in members)


def test_image_of_a_folder_keeps_symbolic_links_modes_and_hard_links(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "one").write_text("1")
    (root / "etc" / "one").chmod(0o640)
    (root / "etc" / "same").hardlink_to(root / "etc" / "one")
    (root / "link").symlink_to("etc/one")
    oci_archives.from_folder(tmp_path / "image.tar", name=_NAME, root=root, runs=oci_archives.Runs())

    with tarfile.open(tmp_path / "image.tar") as file:
        (listed,) = json.loads(_bytes(file, "index.json"))["manifests"]
        (layer,) = json.loads(_blob(file, listed))["layers"]
        with tarfile.open(fileobj=file.extractfile(f"blobs/sha256/{layer['digest'][7:]}")) as tar:
            seen = {each.name: (each.type, each.linkname) for each in tar}
            mode = tar.getmember("etc/one").mode

    assert seen == {
        "etc": (tarfile.DIRTYPE, ""),
        "etc/one": (tarfile.REGTYPE, ""),
        "etc/same": (tarfile.LNKTYPE, "etc/one"),
        "link": (tarfile.SYMTYPE, "etc/one"),
    }
    assert mode == 0o640


def _archive(program: Path) -> Path:
    return oci_archives.archive(_NAME, {"/bin/thing": program}, entrypoint=["/bin/thing"])


def _blob(file: tarfile.TarFile, descriptor: Mapping[str, Any]) -> bytes:
    content = _bytes(file, f"blobs/{descriptor['digest'].replace(':', '/')}")
    assert len(content) == descriptor["size"]
    return content


def _bytes(file: tarfile.TarFile, name: str) -> bytes:
    member = file.extractfile(name)
    assert member is not None
    return member.read()
