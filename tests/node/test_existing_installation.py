"""The tests leave a cluster alone that already has tidegate or prometheus-operator."""

import pytest

from tests.support.node import target_clusters, tidegate_installation


def test_error_names_the_objects_of_the_existing_installation(installed: tidegate_installation.Installation) -> None:
    with pytest.raises(
        target_clusters.OccupiedError, match=r"namespace/tidegate.*prometheuses\.monitoring\.coreos\.com"
    ):
        target_clusters.check_unoccupied(installed.place)
