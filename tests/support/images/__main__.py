"""`python -m tests.support.images`: build the image of this checkout and print the path of its archive."""

import sys

from tests.support.images import image_builds, oci_layout, project_image
from tests.support.programs import binaries


def main() -> int:
    """Build the image unless it is cached, and print its archive, digest and size."""
    try:
        archive = project_image.ensure()
    except (binaries.MissingToolError, image_builds.BuildError) as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    print(f"{archive}\n{oci_layout.digest(archive)}\n{archive.stat().st_size / 1e6:.0f} MB with the base")
    return 0


if __name__ == "__main__":
    sys.exit(main())
