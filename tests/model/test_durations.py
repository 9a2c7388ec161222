"""Durations as Prometheus spells them."""

from __future__ import annotations

import pytest

from tidegate.model import durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("10m", 600), ("1d12h", 129600), ("1w", 604800), ("2y", 63072000), ("500ms", 0.5), ("1m500ms", 60.5)],
)
def test_a_duration_is_seconds(text: str, seconds: float) -> None:
    assert durations.parse(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "10", "s", "-1s", "1.5s", "1s1m", "1m1m", "1 m", "1M", "٣s", "1s\n", "9999999999s"]
)
def test_any_other_text_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration such as"):
        durations.parse(text)
