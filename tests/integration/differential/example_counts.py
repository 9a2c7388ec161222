"""The number of generated bodies that tests send to both servers."""

import os

import hypothesis


def examples(usually: int, *, on_ci: int) -> hypothesis.settings:
    """Hypothesis settings with this number of examples."""
    return hypothesis.settings(max_examples=on_ci if os.environ.get("CI") == "true" else usually)
