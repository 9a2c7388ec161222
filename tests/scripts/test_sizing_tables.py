"""``make tables``: the tables of sizes are those of what was measured."""

from scripts import sizes


def test_the_page_has_the_figures_that_were_measured() -> None:
    page = sizes.PAGE.read_text()
    assert sizes.text(page) == page, "docs/operations.md is old: run `make tables`"


def test_only_what_stands_between_the_marks_is_written() -> None:
    made = sizes.text("above\n<!-- sizing: written -->\nold\n<!-- /sizing -->\nbelow\n")
    assert made.startswith("above\n<!-- sizing: written -->\n\nMeasured by `make sizing`")
    assert made.endswith(".\n\n<!-- /sizing -->\nbelow\n")
    assert "old\n" not in made
