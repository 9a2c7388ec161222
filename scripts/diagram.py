"""Write the diagram of packages in docs/architecture.md from the imports of the code."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
START = "<!-- Start of the diagram: written by scripts/diagram.py (`make tables`). -->\n"
END = "<!-- End of the diagram. -->\n"

_SPLIT = ("gateway", "operator")
"""Packages that are drawn with their sub-packages."""

_FOUNDATION = ("aio", "system", "flags", "settings", "client_settings", "telemetry", "control_token", "model")
"""Packages that nearly every other one imports. They are drawn as one node."""


def main() -> None:
    """Write the page if its diagram differs from the code."""
    old = PAGE.read_text()
    new = replaced(old)
    if new != old:
        PAGE.write_text(new)
        print(f"diagram: wrote {PAGE.relative_to(ROOT)}")


def replaced(page: str) -> str:
    """Return the page with the current diagram."""
    head, _, rest = page.partition(START)
    _, _, tail = rest.partition(END)
    return head + START + "\n".join(_mermaid(_reduced(_imports()))) + "\n" + END + tail


def _imports() -> dict[str, set[str]]:
    """Map each package to those that it imports."""
    graph = grimp.build_graph("tidegate")
    imports: dict[str, set[str]] = defaultdict(set)
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            importer, target = _node(module), _node(imported)
            if importer and target and importer != target:
                imports[importer].add(target)
    return imports


def _node(module: str) -> str | None:
    match module.split(".")[1:]:
        case [] | ["__main__"]:
            return None
        case [name, *_] if name in _FOUNDATION:
            return "foundation"
        case [name] if name in _SPLIT:
            return None
        case [name, part, *_] if name in _SPLIT:
            return f"{name}.{part}"
        case [name, *_]:
            return name
    return None


def _reduced(imports: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """Return the imports without those that follow from others (the transitive reduction)."""
    return sorted(
        (importer, target)
        for importer, targets in imports.items()
        for target in targets
        if not any(target in _reachable(imports, other) for other in targets if other != target)
    )


def _reachable(imports: Mapping[str, Iterable[str]], start: str) -> set[str]:
    seen: set[str] = set()
    left = [start]
    while left:
        new = set(imports.get(left.pop(), ())) - seen
        seen |= new
        left += new
    return seen


def _mermaid(arrows: list[tuple[str, str]]) -> Iterator[str]:
    yield "```mermaid"
    yield "flowchart TD"
    nodes = sorted(set(itertools.chain.from_iterable(arrows)))
    for package in _SPLIT:
        yield f"    subgraph {package}"
        yield "        " + "; ".join(f"{_id(node)}[{_label(node)}]" for node in nodes if node.startswith(f"{package}."))
        yield "    end"
    yield f"    foundation[{', '.join(_FOUNDATION)}]"
    for _, group in itertools.groupby(arrows, key=lambda arrow: arrow[0].partition(".")[0]):
        yield "    " + "; ".join(f"{_id(importer)} --> {_id(target)}" for importer, target in group)
    yield "```"


def _label(node: str) -> str:
    return node.partition(".")[2]


def _id(node: str) -> str:
    return node.replace(".", "_")


if __name__ == "__main__":
    main()
