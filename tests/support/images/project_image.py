"""The image of this checkout, built from its Dockerfile."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import tidegate
from tests.support import repository
from tests.support.images import base_image, image_builds
from tests.support.programs import tool_cache

ROOT = repository.ROOT
NAME = f"registry.example/tidegate:{tidegate.__version__}"
"""The name in README."""
RELEASED = f"ghcr.io/tidegate/tidegate:{tidegate.__version__}"
"""The name in the manifests."""

_SOURCES = ("Dockerfile", ".dockerignore", "LICENSE", "README.md", "pyproject.toml", "requirements", "operator")


def ensure() -> Path:
    """Its OCI archive, cached until one of its sources changes; building it takes half a minute.

    :raises binaries.MissingToolError: this machine cannot build the base or run the builder.
    :raises image_builds.BuildError: the build failed.
    """
    base = base_image.ensure()
    folder = tool_cache.cache_root() / f"image-tidegate-{_fingerprint(base)}"
    with tool_cache.turn(folder):
        if not folder.exists():
            with tool_cache.installing(folder) as draft:
                image_builds.build(draft / "image.tar", name=NAME, context=ROOT, base=base)
    return folder / "image.tar"


def _fingerprint(base: Path) -> str:
    digest = hashlib.sha256(f"{base}\0{NAME}".encode())
    for path in _files():
        digest.update(f"\0{path.relative_to(ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _files() -> Iterator[Path]:
    for name in _SOURCES:
        source = ROOT / name
        found = [source] if source.is_file() else sorted(source.rglob("*"))
        yield from (each for each in found if each.is_file() and "__pycache__" not in each.parts)
