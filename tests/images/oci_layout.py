"""What is in an OCI archive: its configuration, its layers, and all of its files in a folder."""

from __future__ import annotations

import contextlib
import json
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Layout:
    """An image that lies unpacked in a folder."""

    config: Mapping[str, Any]
    """What a container of it runs, and as whom."""
    root: Path
    """All its layers, one over the other."""
    members: tuple[tarfile.TarInfo, ...]
    """What is in the last layer."""
    layers: int

    @property
    def environment(self) -> dict[str, str]:
        """The variables that a container of it has."""
        return dict(each.split("=", 1) for each in self.config["Env"])


@contextlib.contextmanager
def unpacked(archive: Path) -> Iterator[Layout]:
    """The image in a folder that goes with the block, its files with the owners they have in it."""
    with tempfile.TemporaryDirectory(prefix="tidegate-layout-") as work, tarfile.open(archive) as file:
        root = Path(work) / "root"
        root.mkdir()
        (listed,) = _read(file, "index.json")["manifests"]
        manifest = _blob(file, listed)
        members: tuple[tarfile.TarInfo, ...] = ()
        for layer in manifest["layers"]:
            with tarfile.open(fileobj=file.extractfile(_path(layer))) as tar:
                members = tuple(tar.getmembers())
                tar.extractall(root, filter="fully_trusted")
        config = _blob(file, manifest["config"])["config"]
        yield Layout(config=config, root=root, members=members, layers=len(manifest["layers"]))


def digest(archive: Path) -> str:
    """The digest of the manifest in an OCI archive: what a registry would call the image by."""
    with tarfile.open(archive) as file:
        (listed,) = _read(file, "index.json")["manifests"]
        found: str = listed["digest"]
        return found


def _blob(file: tarfile.TarFile, descriptor: Mapping[str, Any]) -> dict[str, Any]:
    return _read(file, _path(descriptor))


def _path(descriptor: Mapping[str, Any]) -> str:
    return f"blobs/{descriptor['digest'].replace(':', '/')}"


def _read(file: tarfile.TarFile, name: str) -> dict[str, Any]:
    member = file.extractfile(name)
    if member is None:
        raise ValueError(f"{name} is no file")
    read: dict[str, Any] = json.load(member)
    return read
