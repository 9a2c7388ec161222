"""The manifests deploy the version that they come with."""

import tidegate
from tests.manifests import manifest_objects


def test_the_image_is_of_this_version() -> None:
    [image] = manifest_objects.objects(manifest_objects.BASE / "kustomization.yaml")[0]["images"]
    assert image["newTag"] == tidegate.__version__
