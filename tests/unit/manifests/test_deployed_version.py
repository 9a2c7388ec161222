"""The manifests deploy the version of this checkout."""

import tidegate
from tests.support.manifests import manifest_objects


def test_image_tag_is_the_version_of_this_checkout() -> None:
    [image] = manifest_objects.objects(manifest_objects.BASE / "kustomization.yaml")[0]["images"]
    assert image["newTag"] == tidegate.__version__
