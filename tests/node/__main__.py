"""`make e2e`: tidegate as README has it installed, on a real node or on the cluster that E2E_KUBECONFIG names."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.cluster import binaries
from tests.images import bases, builders, checkouts
from tests.node import nodeimages, nodes, places, spaces

_TESTS = Path(__file__).resolve().parent


def main(arguments: Sequence[str]) -> int:
    """Run the tests below this folder; the arguments are pytest's."""
    tests = [sys.executable, "-m", "pytest", "-m", "node", "--durations=10", *(arguments or [str(_TESTS)])]
    try:
        if given := os.environ.get(places.KUBECONFIG_VARIABLE):
            places.existing(Path(given))
            return subprocess.run(tests, check=False).returncode
        if spaces.impossible() is not None:
            raise spaces.missing()
        _prepare()
        return spaces.run_inside(tests)
    except (binaries.MissingToolError, builders.BuildError, places.RefusedContextError, places.OccupiedError) as error:
        print(f"e2e: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 1


def _prepare() -> None:
    """Have in the cache what is needed: inside there is no network."""
    binaries.ensure(binaries.every_name())
    nodes.prepare()
    nodeimages.ensure()
    bases.ensure()
    checkouts.ensure()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
