"""Kustomizations as people write them, and what kubectl makes of them."""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.cluster import binaries
from tests.manifests import manifest_objects

COMPONENTS = manifest_objects.FOLDER / "components"
_API = "kustomize.config.k8s.io"
_SECONDS = 60.0


class KustomizeError(Exception):
    """kubectl made nothing of it; the message is what it said."""


def names(kind: str = "Component") -> list[str]:
    """The folders below the components that are of this kind, a nested one as `tls/servicemonitor`."""
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
    """Write a kustomization into `folder`, whose resources are paths, and components those of ours by name."""
    made = {
        "apiVersion": f"{_API}/v1beta1",
        "kind": "Kustomization",
        "resources": [each if isinstance(each, str) else os.path.relpath(each, folder) for each in resources],
        "components": [os.path.relpath(COMPONENTS / name, folder) for name in components],
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(made, sort_keys=False))
    return folder


def rendered(folder: Path) -> str:
    """What `kubectl kustomize` prints. It asks no API server.

    :raises KustomizeError: it prints nothing, for a reason.
    """
    kubectl = binaries.ensure(["kubectl"])["kubectl"]
    done = subprocess.run([kubectl, "kustomize", folder], capture_output=True, text=True, timeout=_SECONDS, check=False)
    if done.returncode != 0:
        raise KustomizeError(done.stderr.strip())
    return done.stdout


def objects(folder: Path) -> list[manifest_objects.Object]:
    """What is rendered, as objects."""
    return list(yaml.safe_load_all(rendered(folder)))


@functools.cache
def combined(*components: str) -> str:
    """The base with these components in this order, rendered."""
    with tempfile.TemporaryDirectory() as folder:
        # Its own paths, as kustomize compares them: temporary folders may be behind links.
        return rendered(write(Path(folder).resolve(), components=components))


def combination(*components: str) -> list[manifest_objects.Object]:
    """The same as objects, new ones each time."""
    return list(yaml.safe_load_all(combined(*components)))


def workload(made: Sequence[manifest_objects.Object]) -> manifest_objects.Object:
    """The only Deployment or StatefulSet."""
    [found] = [each for each in made if each["kind"] in ("Deployment", "StatefulSet")]
    return found


def container(made: Sequence[manifest_objects.Object], name: str) -> manifest_objects.Object:
    """One container of the workload."""
    found: manifest_objects.Object
    [found] = [each for each in manifest_objects.pod_spec(workload(made))["containers"] if each["name"] == name]
    return found


def of_kind(made: Sequence[manifest_objects.Object], kind: str) -> list[manifest_objects.Object]:
    """Those of this kind."""
    return [each for each in made if each["kind"] == kind]
