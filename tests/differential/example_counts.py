"""How many generated bodies are sent to both servers."""

import os

import hypothesis


def examples(usually: int, *, on_ci: int) -> hypothesis.settings:
    """Settings of a test that sends so many examples."""
    return hypothesis.settings(max_examples=on_ci if os.environ.get("CI") == "true" else usually)
