"""The diagram in docs/architecture.md shows the imports of the code."""

from scripts import diagram


def test_package_diagram_is_current() -> None:
    page = diagram.PAGE.read_text()
    assert diagram.START in page
    assert page == diagram.replaced(page), "run `make tables`"
