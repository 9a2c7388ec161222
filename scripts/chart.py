"""Copy shared manifests into the chart, and write the table of values in its README."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
MANIFESTS = ROOT / "manifests"
CHART = MANIFESTS / "chart"
DOCUMENT = CHART / "README.md"

_BEGIN, _END = "<!-- values: written by `make chart` -->\n", "<!-- end of values -->\n"
_KEY = re.compile(r"( *)([A-Za-z]+):")
_HEADING = "# ---- "


class Value(NamedTuple):
    """A documented value of the chart."""

    path: tuple[str, ...]
    default: Any
    comment: str
    """The comment above it in values.yaml."""


def main() -> None:
    """Update each file that is out of date."""
    for path, text in texts().items():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"chart: wrote {path.relative_to(ROOT)}")


def texts() -> dict[Path, str]:
    """Map each generated file to its text."""
    kinds = [path for path in sorted((MANIFESTS / "crds").glob("*.yaml")) if path.name != "kustomization.yaml"]
    made = {CHART / "files" / "crds" / path.name: path.read_text() for path in kinds}
    alerts = MANIFESTS / "components" / "prometheusrule" / "prometheusrule.yaml"
    made[CHART / "files" / alerts.name] = alerts.read_text()
    dashboard = MANIFESTS / "components" / "grafana-dashboard" / "tidegate.json"
    made[CHART / "files" / "dashboard.json"] = dashboard.read_text()
    before, _, rest = DOCUMENT.read_text().partition(_BEGIN)
    after = rest.partition(_END)[2]
    made[DOCUMENT] = f"{before}{_BEGIN}\n{table(values())}\n{_END}{after}"
    return made


def values() -> list[Value]:
    """List the values that values.yaml documents: its innermost keys with a comment, in order."""
    text = (CHART / "values.yaml").read_text()
    comments = _comments(text)
    defaults = yaml.safe_load(text)
    innermost = [path for path in comments if not any(path == it[: len(path)] for it in comments if it != path)]
    return [Value(path, _at(defaults, path), comments[path]) for path in innermost]


def _comments(text: str) -> dict[tuple[str, ...], str]:
    """Map each key to the comment directly above it."""
    found: dict[tuple[str, ...], str] = {}
    path: list[str] = []
    comment: list[str] = []
    for line in text.splitlines():
        words = line.strip()
        if words.startswith("#"):
            comment = [] if words.startswith(_HEADING) else [*comment, words.removeprefix("#").strip()]
            continue
        if key := _KEY.match(line):
            path = [*path[: len(key[1]) // 2], key[2]]
            if comment:
                found[tuple(path)] = " ".join(comment)
        comment = []
    return found


def _at(data: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        data = data[key]
    return data


def table(chosen: list[Value]) -> str:
    """Format the values as a Markdown table."""
    rows = ["| value | default | description |", "| --- | --- | --- |"]
    rows += [f"| `{'.'.join(each.path)}` | {_default(each.default)} | {each.comment} |" for each in chosen]
    return "\n".join(rows) + "\n"


def _default(value: Any) -> str:
    if value in ("", None, [], {}):
        return ""
    return f"`{yaml.safe_dump(value, default_flow_style=True, width=10_000).removesuffix('...' + chr(10)).strip()}`"


if __name__ == "__main__":
    main()
