"""The contents of an OCI archive: its configuration, its layers, and its files unpacked into a folder."""

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
    """An image that is unpacked in a folder."""

    config: Mapping[str, Any]
    """The image configuration: command, user, environment and labels."""
    created: str
    """The time of the build in the image configuration (RFC 3339)."""
    root: Path
    """The files of all layers combined."""
    members: tuple[tarfile.TarInfo, ...]
    """The files of the last layer."""
    layers: int

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of a container."""
        return dict(each.split("=", 1) for each in self.config["Env"])


@contextlib.contextmanager
def unpacked(archive: Path) -> Iterator[Layout]:
    """Unpack the image into a temporary folder, with the owners that the files have in the image."""
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
        image = _blob(file, manifest["config"])
        yield Layout(
            config=image["config"], created=image["created"], root=root, members=members, layers=len(manifest["layers"])
        )


def digest(archive: Path) -> str:
    """The digest of the manifest in an OCI archive, by which a registry identifies the image."""
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
