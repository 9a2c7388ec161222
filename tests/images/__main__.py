"""`python -m tests.images`: the image of this checkout, and where its archive is."""

import sys

from tests.cluster import binaries
from tests.images import builders, checkouts, layouts


def main() -> int:
    """Build what is not in the cache, and print the archive, its digest and its size."""
    try:
        archive = checkouts.ensure()
    except (binaries.MissingToolError, builders.BuildError) as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    print(f"{archive}\n{layouts.digest(archive)}\n{archive.stat().st_size / 1e6:.0f} MB with the base")
    return 0


if __name__ == "__main__":
    sys.exit(main())
