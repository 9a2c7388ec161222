"""Sizes with binary units."""

from __future__ import annotations

import pytest

from tidegate.model import sizes


@pytest.mark.parametrize(
    ("text", "number"), [("1000", 1000), ("0", 0), ("64KiB", 65_536), ("16MiB", 16_777_216), ("2GiB", 2_147_483_648)]
)
def test_size_is_parsed_and_printed(text: str, number: int) -> None:
    assert sizes.parse(text) == number
    assert sizes.parse(sizes.format(number)) == number


@pytest.mark.parametrize(("number", "text"), [(1000, "1000"), (1536, "1536"), (65_536, "64KiB"), (16_777_216, "16MiB")])
def test_size_is_printed_with_the_largest_unit_that_divides_it(number: int, text: str) -> None:
    assert sizes.format(number) == text


@pytest.mark.parametrize("text", ["", "16MB", "16 MiB", "-1", "1.5MiB", "16mib", "1\n", "٣"])
def test_text_that_is_not_a_size_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size: write 16MiB, 64KiB or a number"):
        sizes.parse(text)
