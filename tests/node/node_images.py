"""The images of the node's own pods: single static programs, under the names that their manifests use."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.cluster import admin_client, binaries
from tests.images import oci_archives
from tests.node import node_config

DNS = "tidegate.test/coredns:1"
PROMETHEUS = "tidegate.test/prometheus:v3.16.0"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """prometheus-operator's own installation, as it is applied."""

    path: Path
    operator_image: str
    reloader_image: str


def bundle() -> Bundle:
    """The bundle that belongs to our build of the operator, and the names of its images in it."""
    path = binaries.prometheus_operator_bundle()
    # One by one: PyYAML cannot read a value that a definition allows, `=`.
    (text,) = (each for each in path.read_text().split("\n---\n") if "\nkind: Deployment\n" in each)
    deployment: admin_client.Object = yaml.safe_load(text)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    flag = "--prometheus-config-reloader="
    (reloader,) = (each.removeprefix(flag) for each in container["args"] if each.startswith(flag))
    return Bundle(path=path, operator_image=container["image"], reloader_image=reloader)


def ensure() -> Mapping[str, Path]:
    """Each image's name, and its archive."""
    programs = binaries.ensure(["pause", "coredns", "prometheus", "operator", "prometheus-config-reloader"])
    installed = bundle()
    wanted = {
        node_config.PAUSE_IMAGE: ("pause", "65532:65532"),
        # It listens on port 53.
        DNS: ("coredns", "0:0"),
        PROMETHEUS: ("prometheus", "65532:65532"),
        installed.operator_image: ("operator", "65532:65532"),
        installed.reloader_image: ("prometheus-config-reloader", "65532:65532"),
    }
    return {
        name: oci_archives.archive(
            name, {f"/bin/{program}": programs[program]}, entrypoint=[f"/bin/{program}"], user=user
        )
        for name, (program, user) in wanted.items()
    }
