"""A cluster that has a tidegate or a prometheus-operator of its own is left as it is."""

import pytest

from tests.node import target_clusters, tidegate_installation

pytestmark = pytest.mark.node


def test_what_would_be_taken_over_is_named(installed: tidegate_installation.Installation) -> None:
    with pytest.raises(
        target_clusters.OccupiedError, match=r"namespace/tidegate.*prometheuses\.monitoring\.coreos\.com"
    ):
        target_clusters.check_unoccupied(installed.place)
