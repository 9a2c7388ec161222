"""The output in docs/groups.md is the real output of the command for such groups."""

from __future__ import annotations

import datetime
import re

from tests.support.docs import markdown_documents
from tests.support.operator import object_builders
from tests.support.store import proof_builders
from tidegate.cli import group_printer, groups_command
from tidegate.client import drain_reports
from tidegate.gateway.api import group_reasons
from tidegate.model import lifecycle, ownership_status, reason_texts, scrapers
from tidegate.operator.cache import cluster_cache
from tidegate.operator.explain import decision_reasons, groups_endpoint
from tidegate.operator.objects import pod_addresses
from tidegate.operator.planning import drain_planner

PAGE = markdown_documents.ROOT / "docs" / "groups.md"
_END = datetime.datetime(2026, 1, 31, 8, tzinfo=datetime.UTC).timestamp() - object_builders.START
"""Seconds from the start until Job report finished."""
_NOW = object_builders.START + _END + 90
_STRANGER = "192.0.2.7"
_REPORT = object_builders.key("job=report")


def _standings() -> list[ownership_status.GroupStatus]:
    nightly = object_builders.job("nightly", created=_END)
    report = object_builders.job("report", created=_END - 60, finished=_END)
    stray = object_builders.group("job=stray", pushed=_END + 90 - 11_520, pushers=(_STRANGER,))
    cache = object_builders.cache(
        nightly,
        report,
        holds=[
            object_builders.group("job=nightly,shard=1", pushed=_END + 78, claims=[nightly]),
            object_builders.group("job=report", pushed=_END, claims=[report], drained=7),
            stray,
        ],
    )
    cache.put_address(cluster_cache.AddressLookup(_STRANGER), pod_addresses.LookupResult((), _NOW))
    decisions = drain_planner.plan(cache, rules=object_builders.RULES, now=_NOW).decisions
    return [
        groups_endpoint.group_status(
            one,
            why=reason_texts.texts(decision_reasons.explain(one, cache=cache, rules=object_builders.RULES, grace=None)),
        )
        for one in decisions
    ]


def _draining() -> drain_reports.GroupReport:
    """The gateway's report on the group of Job report, with one scraper that has not read its latest push."""
    life = lifecycle.Life(pushed_revision=7, drain=lifecycle.Drain(pushed_revision=7, since=_END, deadline=_END + 301))
    reader = scrapers.Reader(scrapers.Scraper("10.0.0.5", "Prometheus/3.13.1"))
    reading = scrapers.ReaderProgress(reader, first_seen=_END, last_seen=_END, delivered_revision=6)
    drain = drain_reports.Drain(object_builders.START + _END, object_builders.START + _END + 301, "scrapers", (reader,))
    why = reason_texts.texts(group_reasons.decide(_REPORT, life, proof_builders.conditions(reading, now=_END + 90)))
    return drain_reports.GroupReport(
        _REPORT, lifecycle.State.DRAINING.value, object_builders.START + _END, drain, why, _NOW
    )


def _shown(command: str) -> str:
    """The documented output of this command."""
    found = re.search(rf"^\$ {re.escape(command)}\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def test_documented_table_is_the_real_output() -> None:
    assert _shown("tidegate groups list") == group_printer.table(_standings(), now=_NOW, header=True)


def test_documented_explanations_are_the_real_output() -> None:
    ahead = _draining()
    reports = [drain_reports.combine(one, ahead if one.key == ahead.key else None) for one in _standings()]
    assert _shown("tidegate groups explain '{job=~\".+\"}'") == group_printer.explanations(reports)


def test_page_documents_every_verdict_and_verb() -> None:
    rows, spans = markdown_documents.table_rows(PAGE), markdown_documents.spans(PAGE)
    assert {f"`{verdict.value}`" for verdict in drain_planner.Verdict} <= rows.keys()
    documented = {span.split()[2] for span in spans if span.startswith("tidegate groups ")}
    assert documented >= set(groups_command.VERBS)
