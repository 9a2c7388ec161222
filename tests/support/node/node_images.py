"""The images of the node's own pods: single static programs under the names in their manifests."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.support.images import oci_archives
from tests.support.kubernetes import admin_client
from tests.support.node import node_config
from tests.support.programs import binaries

DNS = "tidegate.test/coredns:1"
PROMETHEUS = "tidegate.test/prometheus:v3.16.0"


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """The installation manifest of prometheus-operator."""

    path: Path
    operator_image: str
    reloader_image: str


def bundle() -> Bundle:
    """The installation manifest that matches our build of the operator, and the image names in it."""
    path = binaries.prometheus_operator_bundle()
    # Split the documents first: PyYAML cannot parse the value `=` in one of the definitions.
    (text,) = (each for each in path.read_text().split("\n---\n") if "\nkind: Deployment\n" in each)
    deployment: admin_client.Object = yaml.safe_load(text)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    flag = "--prometheus-config-reloader="
    (reloader,) = (each.removeprefix(flag) for each in container["args"] if each.startswith(flag))
    return Bundle(path=path, operator_image=container["image"], reloader_image=reloader)


def ensure() -> Mapping[str, Path]:
    """The archive of each image, by image name."""
    programs = binaries.ensure(
        ["pause", "coredns", "prometheus-with-discovery", "operator", "prometheus-config-reloader"]
    )
    installed = bundle()
    wanted = {
        node_config.PAUSE_IMAGE: ("pause", "65532:65532"),
        # CoreDNS listens on port 53.
        DNS: ("coredns", "0:0"),
        PROMETHEUS: ("prometheus-with-discovery", "65532:65532"),
        installed.operator_image: ("operator", "65532:65532"),
        installed.reloader_image: ("prometheus-config-reloader", "65532:65532"),
    }
    return {
        name: oci_archives.archive(
            name, {f"/bin/{program}": programs[program]}, entrypoint=[f"/bin/{program}"], user=user
        )
        for name, (program, user) in wanted.items()
    }
