"""The Grafana dashboard: layout, texts and queries."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.manifests import exported_metrics, manifest_objects

MADE: dict[str, Any] = json.loads(manifest_objects.DASHBOARD.read_text())
PANELS: list[dict[str, Any]] = [panel for panel in MADE["panels"] if panel["type"] != "row"]
each_panel = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
PUSHED = {"push_time_seconds", "push_failure_time_seconds"}


def test_dashboard_can_be_imported_into_any_grafana() -> None:
    assert "id" not in MADE
    assert "__inputs" not in MADE
    assert (MADE["uid"], MADE["schemaVersion"]) == ("tidegate", 41)
    assert [variable["name"] for variable in MADE["templating"]["list"]] == ["datasource", "job", "instance"]


def test_panels_are_listed_row_by_row_from_top_to_bottom() -> None:
    places = [(panel["gridPos"]["y"], panel["gridPos"]["x"]) for panel in MADE["panels"]]
    assert places == sorted(places)
    assert MADE["panels"][0]["type"] == "row"
    for panel in MADE["panels"]:
        if panel["type"] == "row":
            assert (panel["gridPos"]["x"], panel["gridPos"]["w"]) == (0, 24)


def test_panel_ids_and_titles_are_unique() -> None:
    for field in ("id", "title"):
        values = [panel[field] for panel in MADE["panels"]]
        assert len(set(values)) == len(values), field


def test_panels_do_not_overlap_and_stay_on_the_page() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in MADE["panels"]:
        cells = set(_cells(panel["gridPos"]))
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells


def _cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    return itertools.product(range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"]))


@each_panel
def test_panel_has_a_description_of_the_normal_state_and_a_unit(panel: dict[str, Any]) -> None:
    assert "Normal: " in panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"]


@each_panel
def test_description_refers_to_panels_and_rows_that_exist(panel: dict[str, Any]) -> None:
    titles = {(each["type"] == "row", each["title"]) for each in MADE["panels"]}
    for kind, title in re.findall(r'(row|panels?) "([^"]+)"', panel["description"]):
        assert (kind == "row", title) in titles


@each_panel
def test_time_series_have_range_queries_and_other_panels_instant_queries(panel: dict[str, Any]) -> None:
    is_range = panel["type"] == "timeseries"
    for target in panel["targets"]:
        assert (target["range"], target["instant"]) == (is_range, not is_range)
        assert target["format"] == ("table" if panel["type"] == "table" else "time_series")


@each_panel
def test_panel_queries_the_selected_data_source(panel: dict[str, Any]) -> None:
    assert panel["targets"]
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    for target in (panel, *panel["targets"]):
        assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@each_panel
def test_panel_queries_existing_metrics_of_the_selected_instances(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        named = exported_metrics.named_in(target["expr"])
        assert named <= exported_metrics.ever()
        assert named or PUSHED & set(re.findall(r"\w+", target["expr"])) or "ALERTS{" in target["expr"]
        for selector in re.findall(r"\b(?:tidegate|process)_\w+(\{.*?\})?", target["expr"]):
            assert selector.startswith('{job=~"$job", instance=~"$instance"'), target["expr"]


def test_dashboard_shows_every_metric_except_these() -> None:
    shown = {
        name for panel in PANELS for target in panel["targets"] for name in exported_metrics.named_in(target["expr"])
    }
    hidden = {name for name in exported_metrics.ever() if name.startswith("tidegate_")} - shown
    assert {name for name in hidden if not name.endswith(("_count", "_sum", "_created"))} == {
        "tidegate_control_denied_total",
        "tidegate_event_streams",
        "tidegate_operator_groups",
    }
