"""How many generated bodies are sent to both servers, and that it is the same ones each time."""

import os

import hypothesis


def examples(usually: int, *, on_ci: int) -> hypothesis.settings:
    """Settings of a test that sends so many examples; a slow answer of a server is no failure of it."""
    return hypothesis.settings(
        max_examples=on_ci if os.environ.get("CI") == "true" else usually,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[hypothesis.HealthCheck.too_slow],
    )
