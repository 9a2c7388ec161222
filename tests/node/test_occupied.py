"""A cluster that has a tidegate or a prometheus-operator of its own is left as it is."""

import pytest

from tests.node import installations, places

pytestmark = pytest.mark.node


def test_what_would_be_taken_over_is_named(installed: installations.Installation) -> None:
    with pytest.raises(places.OccupiedError, match=r"namespace/tidegate.*prometheuses\.monitoring\.coreos\.com"):
        places.check_unoccupied(installed.place)
