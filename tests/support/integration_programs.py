"""The programs of the integration tests.

``python -m tests.support.integration_programs`` fetches or builds them and prints its progress. Without it each test
fetches what it needs, silently.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence

from tests.support.cli import shells
from tests.support.docs import documented_recipes
from tests.support.programs import binaries, browsers, java_runtime
from tests.support.pushgateway import pushgateway_servers

_BUILT = ("pushgateway", "kubectl", "helm", "promtool")

_NEEDED: Sequence[Callable[[], object]] = (
    lambda: binaries.ensure(_BUILT),
    *pushgateway_servers.programs().values(),
    shells.bash,
    shells.zsh,
    shells.fish,
    lambda: os.environ.get("CHROMIUM_BIN") or browsers.fetch_chromium(),
    browsers.axe,
    lambda: java_runtime.jars(documented_recipes.coordinates()),
)


def main() -> int:
    """Provide every program. Tests of a missing one are skipped, but on CI the exit status is 1."""
    is_complete = True
    for find in _NEEDED:
        try:
            find()
        except binaries.MissingToolError as error:
            print(f"left out: {error}", file=sys.stderr)
            is_complete = False
    return 0 if is_complete or os.environ.get("CI") != "true" else 1


if __name__ == "__main__":
    sys.exit(main())
