"""The manifests deploy the version that they come with."""

import tidegate
from tests.manifests import documents


def test_the_image_is_of_this_version() -> None:
    [image] = documents.objects(documents.BASE / "kustomization.yaml")[0]["images"]
    assert image["newTag"] == tidegate.__version__
