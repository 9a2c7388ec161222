"""``make tables``: the sizing tables have the measured figures."""

from scripts import sizes


def test_operations_page_has_the_measured_figures() -> None:
    page = sizes.PAGE.read_text()
    assert sizes.text(page) == page, "docs/operations.md is old: run `make tables`"


def test_only_the_text_between_the_markers_is_replaced() -> None:
    made = sizes.text("above\n<!-- sizing: written -->\nold\n<!-- /sizing -->\nbelow\n")
    assert made.startswith("above\n<!-- sizing: written -->\n")
    assert made.endswith("\n<!-- /sizing -->\nbelow\n")
    assert "old\n" not in made
