"""Single-layer images as OCI archives, written without a builder; the same files give the same bytes."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import stat
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from tests.support.programs import tool_cache

_CHUNK = 1024 * 1024
_EPOCH = "1970-01-01T00:00:00Z"
_INDEX = "application/vnd.oci.image.index.v1+json"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"
_GO_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, kw_only=True)
class Runs:
    """The command, user and environment of a container."""

    entrypoint: Sequence[str] = ()
    command: Sequence[str] = ()
    user: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)


def archive(name: str, files: Mapping[str, Path], *, entrypoint: Sequence[str], user: str = "65532:65532") -> Path:
    """An image with only these programs, by absolute path, in the cache; building it takes a few seconds.

    It contains no other files, so the programs must be static, such as Go programs built with CGO_ENABLED=0.

    :param name: name with tag, as in Pod specs.
    """
    runs = Runs(entrypoint=entrypoint, user=user)
    folder = tool_cache.cache_root() / f"image-{_file_name(name)}-{_fingerprint(name, files, runs)}"
    with tool_cache.turn(folder):
        if not folder.exists():
            with tool_cache.installing(folder) as draft:
                write(draft / "image.tar", name=name, entries=_entries(files), runs=runs)
    return folder / "image.tar"


def from_folder(target: Path, *, name: str, root: Path, runs: Runs) -> None:
    """Write an image of all files below ``root``, with their owners and modes."""
    write(target, name=name, entries=_below(root), runs=runs)


def write(target: Path, *, name: str, entries: Iterator[tuple[tarfile.TarInfo, Path | None]], runs: Runs) -> None:
    """Write the archive; its bytes depend only on the files."""
    with tempfile.TemporaryFile(dir=target.parent) as layer:
        _write_layer(layer, entries)
        length = layer.tell()
        config = _json(_config(runs, layer=_digest(layer)))
        manifest = _json(
            {
                "schemaVersion": 2,
                "mediaType": _MANIFEST,
                "config": _descriptor(_CONFIG, digest=_hash(config), size=len(config)),
                "layers": [_descriptor(_LAYER, digest=_digest(layer), size=length)],
            }
        )
        annotations = {"io.containerd.image.name": full_name(name), "org.opencontainers.image.ref.name": name}
        listed = {**_descriptor(_MANIFEST, digest=_hash(manifest), size=len(manifest)), "annotations": annotations}
        index = _json({"schemaVersion": 2, "mediaType": _INDEX, "manifests": [listed]})
        with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as file:
            _add(file, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
            _add(file, "index.json", index)
            for blob in (manifest, config):
                _add(file, f"blobs/sha256/{_hash(blob)}", blob)
            layer_blob = _entry(f"blobs/sha256/{_digest(layer)}", mode=0o644, size=length)
            layer.seek(0)
            file.addfile(layer_blob, layer)


def full_name(name: str) -> str:
    """The full name with registry, as containerd and the kubelet use it."""
    first, slash, _ = name.partition("/")
    if not slash:
        return f"docker.io/library/{name}"
    return name if "." in first or ":" in first or first == "localhost" else f"docker.io/{name}"


def _fingerprint(name: str, files: Mapping[str, Path], runs: Runs) -> str:
    digest = hashlib.sha256(f"{name}\0{runs}\0{Path(__file__).read_text()}".encode())
    for path, source in sorted(files.items()):
        with source.open("rb") as content:
            digest.update(f"\0{path}\0{_digest(content)}".encode())
    return digest.hexdigest()[:16]


def _file_name(name: str) -> str:
    """The name as a valid file name."""
    return "".join(sign if sign.isalnum() or sign in ".-" else "-" for sign in name)


def _entries(files: Mapping[str, Path]) -> Iterator[tuple[tarfile.TarInfo, Path | None]]:
    """The programs and their parent folders; root owns all of them, so that the container's user cannot change them."""
    folders = {str(parent) for path in files for parent in PurePosixPath(path).parents} - {"/"}
    for path in sorted({*folders, *files}):
        source = files.get(path)
        entry = _entry(path.lstrip("/"), mode=0o755, size=source.stat().st_size if source else 0)
        entry.type = tarfile.REGTYPE if source else tarfile.DIRTYPE
        yield entry, source


def _below(root: Path) -> Iterator[tuple[tarfile.TarInfo, Path | None]]:
    linked: dict[tuple[int, int], str] = {}
    for folder, folders, files in os.walk(root):
        folders.sort()
        for name in sorted([*folders, *files]):
            path = Path(folder) / name
            status = path.lstat()
            entry = _entry(str(path.relative_to(root)), mode=stat.S_IMODE(status.st_mode), size=0)
            entry.uid, entry.gid = status.st_uid, status.st_gid
            first = linked.setdefault((status.st_dev, status.st_ino), entry.name)
            if stat.S_ISLNK(status.st_mode):
                entry.type, entry.linkname = tarfile.SYMTYPE, str(path.readlink())
            elif stat.S_ISDIR(status.st_mode):
                entry.type = tarfile.DIRTYPE
            elif first != entry.name:
                entry.type, entry.linkname = tarfile.LNKTYPE, first
            elif stat.S_ISREG(status.st_mode):
                entry.size = status.st_size
            else:
                continue  # devices and sockets: the container runtime provides them
            yield entry, path if entry.isreg() else None


def _write_layer(layer: BinaryIO, entries: Iterator[tuple[tarfile.TarInfo, Path | None]]) -> None:
    with tarfile.open(fileobj=layer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry, source in entries:
            if source is None:
                tar.addfile(entry)
            else:
                with source.open("rb") as content:
                    tar.addfile(entry, content)


def _config(runs: Runs, *, layer: str) -> dict[str, Any]:
    run = {
        "Entrypoint": list(runs.entrypoint),
        "Cmd": list(runs.command),
        "User": runs.user,
        "Env": [f"{name}={value}" for name, value in sorted(runs.environment.items())],
    }
    return {
        "created": _EPOCH,
        "architecture": _GO_NAMES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {key: value for key, value in run.items() if value},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{layer}"]},
        "history": [{"created": _EPOCH}],
    }


def _entry(name: str, *, mode: int, size: int) -> tarfile.TarInfo:
    """An entry without times and owner names, which would depend on the machine."""
    entry = tarfile.TarInfo(name)
    entry.mode, entry.size = mode, size
    return entry


def _add(file: tarfile.TarFile, name: str, content: bytes) -> None:
    file.addfile(_entry(name, mode=0o644, size=len(content)), io.BytesIO(content))


def _descriptor(kind: str, *, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": kind, "digest": f"sha256:{digest}", "size": size}


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest(content: BinaryIO) -> str:
    content.seek(0)
    digest = hashlib.sha256()
    while chunk := content.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
