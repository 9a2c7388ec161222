"""The manifests as objects."""

from pathlib import Path
from typing import Any

import yaml

from tests.support import repository

FOLDER = repository.MANIFESTS
BASE = FOLDER / "base"
DASHBOARD = FOLDER / "components" / "grafana-dashboard" / "tidegate.json"
POLICIES = FOLDER / "examples" / "policy.yaml"
EXAMPLES = sorted(path for path in (FOLDER / "examples").glob("*.yaml") if path != POLICIES)
"""The example Jobs and CronJobs that push."""
TOOLS = sorted((FOLDER / "tools").glob("*.yaml"))
"""The Pods and Jobs for backup and import."""

Object = dict[str, Any]


def objects(path: Path) -> list[Object]:
    """All documents of one file."""
    return parsed(path.read_text())


def parsed(text: str) -> list[Object]:
    """All documents of a text."""
    # The loader in C is ten times faster, and tests parse hundreds of rendered combinations.
    return [document for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document is not None]


def only(path: Path) -> Object:
    """The only document of a file."""
    [found] = objects(path)
    return found


def one(kind: str) -> Object:
    """The only object of this kind in the base."""
    found = [each for path in sorted(BASE.glob("*.yaml")) for each in objects(path) if each["kind"] == kind]
    assert len(found) == 1, f"{len(found)} objects of kind {kind}"
    return found[0]


def pod_spec(workload: Object) -> Object:
    """The Pod spec of a Pod, Deployment, Job or CronJob."""
    spec: Object = workload["spec"]
    if workload["kind"] == "Pod":
        return spec
    if workload["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    found: Object = spec["template"]["spec"]
    return found


def container(name: str) -> Object:
    """One container of the Deployment."""
    found: Object = next(each for each in pod_spec(one("Deployment"))["containers"] if each["name"] == name)
    return found
