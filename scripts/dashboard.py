"""Write the Grafana dashboard, manifests/components/grafana-dashboard/tidegate.json, from its rows and panels."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scripts import panelrows, panels

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "manifests" / "components" / "grafana-dashboard" / "tidegate.json"

_SCHEMA = 41
"""That of Grafana 12. Newer ones migrate it."""

_COLUMNS = 24
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_CHOSEN = 'job=~"$job", instance=~"$instance"'


def main() -> None:
    """Write the file where it is not what it should be."""
    text = json.dumps(dashboard(), indent=1, ensure_ascii=False) + "\n"
    if not FILE.exists() or FILE.read_text() != text:
        FILE.write_text(text)
        print(f"dashboard: wrote {FILE.relative_to(ROOT)}")


def dashboard() -> dict[str, Any]:
    """All of it, as Grafana imports it."""
    return {
        "uid": "tidegate",
        "title": "tidegate",
        "description": "Whether pushes get in, are read, and go once they are over. Written by `make dashboard`.",
        "tags": ["tidegate"],
        "schemaVersion": _SCHEMA,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": list(_variables())},
        "annotations": {"list": []},
        "links": [],
        "panels": list(_placed()),
    }


def _variables() -> Iterator[dict[str, Any]]:
    yield {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus", "refresh": 1}
    for name, chosen in (("job", ""), ("instance", '{job=~"$job"}')):
        query = f"label_values(tidegate_build_info{chosen}, {name})"
        yield {
            "name": name,
            "label": name.capitalize(),
            "type": "query",
            "datasource": _SOURCE,
            "definition": query,
            "query": {"query": query, "refId": name},
            "refresh": 2,
            "sort": 1,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": ["All"], "value": ["$__all"]},
        }


def _placed() -> Iterator[dict[str, Any]]:
    """Rows and panels with their places, each row below the one before."""
    number, y = 0, 0
    for title, row in panelrows.ROWS.items():
        number += 1
        place = {"x": 0, "y": y, "w": _COLUMNS, "h": 1}
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "gridPos": place, "panels": []}
        x, y, height = 0, y + 1, 0
        for panel in row:
            if x + panel.width > _COLUMNS:
                x, y = 0, y + height
            number, height = number + 1, 4 if panel.type == "stat" else 8
            place = {"x": x, "y": y, "w": panel.width, "h": height}
            yield {"id": number, "gridPos": place, **_panel(panel)}
            x += panel.width
        y += height


def _panel(panel: panels.Panel) -> dict[str, Any]:
    defaults: dict[str, Any] = {"unit": panel.unit, "min": 0}
    if panel.steps:
        steps = [{"value": value, "color": colour} for value, colour in panel.steps]
        defaults |= {"color": {"mode": "thresholds"}, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.words:
        options = {str(value): {"text": word, "index": value} for value, word in enumerate(panel.words)}
        defaults["mappings"] = [{"type": "value", "options": options}]
    return {
        "type": panel.type,
        "title": panel.title,
        "description": panel.text,
        "datasource": _SOURCE,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _OPTIONS[panel.type],
        "targets": [_target(panel, number, *target) for number, target in enumerate(panel.targets)],
        **_MORE.get(panel.type, {}),
    }


def _target(panel: panels.Panel, number: int, query: str, legend: str) -> dict[str, Any]:
    now = panel.type != "timeseries"
    return {
        "refId": chr(ord("A") + number),
        "datasource": _SOURCE,
        "expr": query.replace("@", _CHOSEN),
        "legendFormat": legend or "__auto",
        "instant": now,
        "range": not now,
        "format": "table" if panel.type == "table" else "time_series",
    }


_OPTIONS: dict[str, dict[str, Any]] = {
    "stat": {
        "colorMode": "background",
        "graphMode": "none",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
    },
    "table": {"showHeader": True, "sortBy": [{"displayName": "Value", "desc": True}]},
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
}
_HIDDEN = ["Time", "__name__"]
_MORE: dict[str, dict[str, Any]] = {
    "table": {
        "transformations": [{"id": "organize", "options": {"excludeByName": dict.fromkeys(_HIDDEN, True)}}],
    }
}


if __name__ == "__main__":
    main()
