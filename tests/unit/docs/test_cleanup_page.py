"""The page on cleanup documents every verdict, annotation, rule, kind and Event, and no others."""

from __future__ import annotations

import re

from tests.support.docs import markdown_documents
from tests.support.processes import command_lines
from tidegate.model import lifecycle
from tidegate.operator.kube import event_recorder
from tidegate.operator.planning import drain_planner
from tidegate.operator.policy import cleanup_rules

PAGE = markdown_documents.ROOT / "docs" / "cleanup.md"
TEXT = PAGE.read_text()
DIAGRAM = markdown_documents.blocks(TEXT, "mermaid")[0]


def test_diagram_has_every_verdict_and_deletion_reason() -> None:
    ends = {reason.value for reason in lifecycle.OWN_REASONS} - {lifecycle.DeletionReason.REQUEST.value}
    states = {verdict.value for verdict in drain_planner.Verdict} | {lifecycle.State.DRAINING.value}
    assert set(re.findall(r"<b>([a-z]+)</b>", DIAGRAM)) == states | ends


def test_every_arrow_of_the_diagram_connects_two_nodes() -> None:
    places = set(re.findall(r"(\w+)[\[({]+\"", DIAGRAM))
    ends = re.findall(r"^ +(\w+).* (?:-->|---) (\w+)", DIAGRAM, re.MULTILINE)
    assert {end for arrow in ends for end in arrow} == places


def test_documented_annotation_values_match_the_code() -> None:
    [values] = re.findall(r"^\| `tidegate.dev/cleanup` \| (.*) \| `on-completion` \|$", TEXT, re.MULTILINE)
    named = {value.partition("=")[0] for value in re.findall(r"`([a-z-]+(?:=\w+)?)`", values)}
    assert named == {each.value for each in cleanup_rules.Cleanup}


def test_documented_annotations_match_the_code() -> None:
    assert set(re.findall(r"^\| `(tidegate.dev/[a-z-]+)` \|", TEXT, re.MULTILINE)) == cleanup_rules.ANNOTATIONS


def test_documented_rule_order_is_the_default() -> None:
    [order] = re.findall(r"`--ownership=([a-z,]+)`", TEXT)
    assert re.findall(r"^\d\. `([a-z]+)`:", TEXT, re.MULTILINE) == order.split(",")
    parsed = command_lines.parsed(["operator", f"--ownership={order}"])
    assert parsed.ownership == command_lines.parsed(["operator"]).ownership


def test_documented_kinds_are_accepted_by_the_watch_flag() -> None:
    watched = re.findall(r"^\| `([a-z]\S*)` \| .* \| (?:`components|yours)", TEXT, re.MULTILINE)
    assert len(command_lines.parsed(["operator", *(f"--watch={each}" for each in watched)]).watch) == len(watched) > 0


def test_documented_events_match_the_recorder() -> None:
    reasons = {reason.value for reason in event_recorder.EventReason}
    assert set(re.findall(r"\(`([A-Z]\w+)`\)", TEXT)) <= reasons
