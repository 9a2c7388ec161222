"""``make dashboard``: what it writes is what is there, and Grafana can make something of it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from scripts import dashboard, panelrows
from tests.manifests import exported_metrics

MADE: dict[str, Any] = json.loads(dashboard.FILE.read_text())
PANELS: list[dict[str, Any]] = [panel for panel in MADE["panels"] if panel["type"] != "row"]
each_panel = pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
PUSHED = {"push_time_seconds", "push_failure_time_seconds"}


def test_the_file_is_that_of_its_source() -> None:
    assert dashboard.dashboard() == MADE, "it is old: run `make dashboard`"


def test_it_can_be_imported_anywhere() -> None:
    assert "id" not in MADE
    assert "__inputs" not in MADE
    assert (MADE["uid"], MADE["schemaVersion"]) == ("tidegate", 41)
    assert [variable["name"] for variable in MADE["templating"]["list"]] == ["datasource", "job", "instance"]


def test_the_rows_are_there_in_their_order() -> None:
    assert [panel["title"] for panel in MADE["panels"] if panel["type"] == "row"] == list(panelrows.ROWS)


def test_every_panel_has_an_id_and_a_title_of_its_own() -> None:
    for field in ("id", "title"):
        values = [panel[field] for panel in MADE["panels"]]
        assert len(set(values)) == len(values), field


def test_no_panel_covers_another_or_leaves_the_page() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in MADE["panels"]:
        cells = set(_cells(panel["gridPos"]))
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells


def _cells(place: dict[str, int]) -> Iterator[tuple[int, int]]:
    return itertools.product(range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"]))


@each_panel
def test_a_panel_says_what_is_normal_and_has_a_unit(panel: dict[str, Any]) -> None:
    assert "Normal: " in panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"]


@each_panel
def test_a_panel_asks_the_chosen_source(panel: dict[str, Any]) -> None:
    assert panel["targets"]
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    for target in (panel, *panel["targets"]):
        assert target["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@each_panel
def test_a_panel_asks_for_what_there_may_be_and_of_the_chosen_instances(panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        named = exported_metrics.named_in(target["expr"])
        assert named <= exported_metrics.ever()
        assert named or PUSHED & set(re.findall(r"\w+", target["expr"])) or "ALERTS{" in target["expr"]
        for selector in re.findall(r"\b(?:tidegate|process)_\w+(\{.*?\})?", target["expr"]):
            assert selector.startswith('{job=~"$job", instance=~"$instance"'), target["expr"]


def test_every_metric_of_ours_but_for_these_is_somewhere_on_it() -> None:
    shown = {
        name for panel in PANELS for target in panel["targets"] for name in exported_metrics.named_in(target["expr"])
    }
    hidden = {name for name in exported_metrics.ever() if name.startswith("tidegate_")} - shown
    assert {name for name in hidden if not name.endswith(("_count", "_sum", "_created"))} == {
        "tidegate_control_denied_total",
        "tidegate_event_streams",
        "tidegate_operator_groups",
    }
