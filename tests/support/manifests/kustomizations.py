"""Kustomizations as users write them, and their rendered objects."""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.support.manifests import manifest_objects
from tests.support.programs import binaries

COMPONENTS = manifest_objects.FOLDER / "components"
_API = "kustomize.config.k8s.io"
_SECONDS = 60.0


class KustomizeError(Exception):
    """kubectl could not render the kustomization; the message is its error output."""


def names(kind: str = "Component") -> list[str]:
    """The folders below `components` that have this kind; a nested folder is written as `tls/servicemonitor`."""
    found = COMPONENTS.rglob("kustomization.yaml")
    return sorted(
        str(path.parent.relative_to(COMPONENTS)) for path in found if manifest_objects.objects(path)[0]["kind"] == kind
    )


def write(
    folder: Path,
    *,
    resources: Sequence[Path | str] = (manifest_objects.BASE,),
    components: Sequence[str] = (),
    **more: Any,
) -> Path:
    """Write a kustomization into `folder`; resources are paths, and components are folder names of this project."""
    content = {
        "apiVersion": f"{_API}/v1beta1",
        "kind": "Kustomization",
        "resources": [each if isinstance(each, str) else os.path.relpath(each, folder) for each in resources],
        "components": [os.path.relpath(COMPONENTS / name, folder) for name in components],
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    return folder


def rendered(folder: Path) -> str:
    """The output of `kubectl kustomize`, which does not call an API server.

    :raises KustomizeError: it failed.
    """
    kubectl = binaries.ensure(["kubectl"])["kubectl"]
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode != 0:
        raise KustomizeError(done.stderr.strip())
    return done.stdout


def objects(folder: Path) -> list[manifest_objects.Object]:
    """The rendered objects."""
    return manifest_objects.parsed(rendered(folder))


@functools.cache
def combined(*components: str) -> str:
    """The base with these components in this order, as YAML."""
    with tempfile.TemporaryDirectory() as folder:
        # Resolve the path: kustomize compares real paths, and temporary folders may be behind symbolic links.
        return rendered(write(Path(folder).resolve(), components=components))


def combination(*components: str) -> list[manifest_objects.Object]:
    """The same as objects, a new copy each time."""
    return manifest_objects.parsed(combined(*components))


def workload(manifests: Sequence[manifest_objects.Object]) -> manifest_objects.Object:
    """The only Deployment or StatefulSet."""
    [found] = [each for each in manifests if each["kind"] in ("Deployment", "StatefulSet")]
    return found


def container(manifests: Sequence[manifest_objects.Object], name: str) -> manifest_objects.Object:
    """One container of the workload."""
    found: manifest_objects.Object
    [found] = [each for each in manifest_objects.pod_spec(workload(manifests))["containers"] if each["name"] == name]
    return found


def of_kind(manifests: Sequence[manifest_objects.Object], kind: str) -> list[manifest_objects.Object]:
    """All objects of this kind."""
    return [each for each in manifests if each["kind"] == kind]
