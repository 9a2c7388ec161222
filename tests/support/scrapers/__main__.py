"""``python -m tests.support.scrapers``: provide the scrapers of the long tests and print the progress.

Without it, each test fetches or builds what it needs, silently.
"""

from __future__ import annotations

import os
import sys

from tests.support.programs import binaries, go_sources, python_packages


def main() -> int:
    """Provide every scraper. Tests of a missing one are skipped, but on CI the exit status is 1."""
    try:
        binaries.ensure([name for build in go_sources.BUILDS if build.is_of_long_tests for name in build.names])
        python_packages.python("datadog-checks")
    except binaries.MissingToolError as error:
        print(f"left out: {error}", file=sys.stderr)
        return 1 if os.environ.get("CI") == "true" else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
