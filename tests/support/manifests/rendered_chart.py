"""The chart as helm renders it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.support.manifests import manifest_objects
from tests.support.programs import binaries

FOLDER = manifest_objects.FOLDER / "chart"
NAME = "tidegate"
"""Name of the release and of its namespace, chosen so that the objects have the names of the kustomize manifests."""

_SECONDS = 120.0


class HelmError(Exception):
    """helm failed; the message is its standard error."""


def values() -> dict[str, Any]:
    """The contents of values.yaml."""
    found: dict[str, Any] = yaml.safe_load((FOLDER / "values.yaml").read_text())
    return found


def helm(*arguments: str | Path, stdin: str | None = None, home: Path | None = None) -> str:
    """Run helm and return its standard output; raises `HelmError`.

    :param home: folder for helm's cache, configuration and data; a temporary one by default.
    """
    folder = home or Path("/nonexistent")
    homes = {f"HELM_{kind}_HOME": str(folder / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")}
    done = subprocess.run(
        [binaries.ensure(["helm"])["helm"], *arguments],
        input=stdin,
        env={**os.environ, **homes},
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        raise HelmError(done.stderr.strip())
    return done.stdout


def rendered(values_file: Mapping[str, Any] | None = None, *, release: str = NAME) -> list[manifest_objects.Object]:
    """The objects that the chart renders with these values."""
    text = helm(
        "template", release, FOLDER, f"--namespace={NAME}", "--values=-", stdin=yaml.safe_dump(dict(values_file or {}))
    )
    return manifest_objects.parsed(text)


def one(objects: Sequence[manifest_objects.Object], kind: str) -> manifest_objects.Object:
    """The only object of this kind."""
    [found] = [each for each in objects if each["kind"] == kind]
    return found
