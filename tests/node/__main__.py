"""`make e2e`: install tidegate as README describes, on a real node or on the cluster that E2E_KUBECONFIG names."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.support.images import base_image, image_builds, project_image
from tests.support.node import kernel_namespaces, node_images, real_node, target_clusters
from tests.support.programs import binaries

_TESTS = Path(__file__).resolve().parent
_IMAGE_TESTS = _TESTS / "images"
"""Tests of the image that the node runs; a cluster of the user has an image of its own."""


def main(arguments: Sequence[str]) -> int:
    """Run the tests of this folder; the arguments are those of pytest."""
    tests = [sys.executable, "-m", "pytest", "--durations=10", *(arguments or [str(_TESTS)])]
    try:
        if given := os.environ.get(target_clusters.KUBECONFIG_VARIABLE):
            target_clusters.existing(Path(given))
            return subprocess.run([*tests, f"--ignore={_IMAGE_TESTS}"], check=False).returncode
        if kernel_namespaces.impossible() is not None:
            raise kernel_namespaces.missing()
        _prepare()
        return kernel_namespaces.run_inside(tests)
    except (
        binaries.MissingToolError,
        image_builds.BuildError,
        target_clusters.RefusedContextError,
        target_clusters.OccupiedError,
    ) as error:
        print(f"e2e: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


def _prepare() -> None:
    """Fill the cache: inside the namespaces there is no network."""
    binaries.ensure(binaries.every_name())
    real_node.prepare()
    node_images.ensure()
    base_image.ensure()
    project_image.ensure()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
