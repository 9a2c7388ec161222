"""Numbers and enumerations in ``openapi.json`` match the constants in the code."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.gateway import openapi_document
from tidegate import settings
from tidegate.draining import scrape_progress
from tidegate.exposition import encoders, name_escaping
from tidegate.gateway.api import (
    event_stream,
    group_filter,
    group_json,
    group_queries,
    listings,
    pushgateway_api,
    selector_deletion,
    selector_search,
)
from tidegate.gateway.http import connections
from tidegate.gateway.openapi import documents, endpoints
from tidegate.gateway.push import decompression, push_handler
from tidegate.gateway.scrape import scrape_handler, scraper_identity
from tidegate.gateway.ui import page_deletion
from tidegate.model import drain_waits, durations, families, lifecycle, push_rates, pushers, scrapers, selectors
from tidegate.store import interface

WEB = settings.WebSettings(enable_lifecycle=True, enable_admin_api=True, enable_openmetrics=True)
DOCUMENT = documents.document(settings.GatewaySettings(web=WEB))
COMPONENTS = DOCUMENT["components"]
PARAMETERS, SCHEMAS = COMPONENTS["parameters"], COMPONENTS["schemas"]
GROUPS, DELETIONS, EVENTS = (DOCUMENT["paths"][f"/api/v1/{name}"] for name in ("groups", "deletions", "events"))
[DELETED, DRY_RUN] = GROUPS["delete"]["parameters"]
SCRAPE, PAGE = DOCUMENT["paths"]["/metrics"]["get"], DOCUMENT["paths"]["/page/delete"]["post"]["responses"]
PUSH = COMPONENTS["requestBodies"]["Push"]
CORS = COMPONENTS["responses"]["OpenToOrigins"]["headers"]


def _field(schema: str, *path: str) -> openapi_document.Json:
    """Return the fields of a schema, or the value at a path below them."""
    part: openapi_document.Json = SCHEMAS[schema]["properties"]
    for name in path:
        part = part[name]
    return part


def _component(reference: openapi_document.Json) -> str:
    name: str = reference["$ref"]
    return name.rpartition("/")[2]


def _values(choices: Any) -> list[str]:
    return [choice.value for choice in choices]


BOUNDS = {
    "deletions of a page": (PARAMETERS["DeletionLimit"]["schema"]["maximum"], group_queries.MAX_DELETIONS),
    "deletions of a page by default": (PARAMETERS["DeletionLimit"]["schema"]["default"], group_queries.DEFAULT_ROWS),
    "deletions of a response": (_field("DeletionList", "deletions", "maxItems"), group_queries.MAX_DELETIONS),
    "groups of a page": (PARAMETERS["GroupLimit"]["schema"]["maximum"], group_queries.MAX_ROWS),
    "groups of a page by default": (PARAMETERS["GroupLimit"]["schema"]["default"], group_queries.DEFAULT_ROWS),
    "groups of a preview": (_field("PagePreview", "groups", "maxItems"), page_deletion.MAX_PREVIEW),
    "groups of a response": (_field("GroupList", "groups", "maxItems"), group_queries.MAX_ROWS),
    "largest offset": (PARAMETERS["Offset"]["schema"]["maximum"], group_queries.MAX_OFFSET),
    "length of a User-Agent": (_field("ScraperName", "user_agent", "maxLength"), scraper_identity.MAX_TEXT),
    "length of a scraper's User-Agent": (_field("Scraper", "user_agent", "maxLength"), scraper_identity.MAX_TEXT),
    "length of selectors": (PARAMETERS["Match"]["schema"]["items"]["maxLength"], selectors.MAX_LENGTH),
    "length of selectors of a deletion": (DELETED["schema"]["items"]["maxLength"], selectors.MAX_LENGTH),
    "owners of a deletion": (_field("Deletion", "owners", "maxItems"), group_json.SHOWN_OWNERS),
    "pushers of a group": (_field("GroupDetail", "pushers", "maxItems"), pushers.MAX_ADDRESSES),
    "remembered deletions": (_field("DeletionList", "total", "maximum"), interface.RECENT_DELETIONS),
    "scrape timeout": (PARAMETERS["ScrapeTimeout"]["schema"]["maximum"], scrape_handler.MAX_TIMEOUT),
    "scrapers": (_field("ScraperList", "scrapers", "maxItems"), scrape_progress.MAX_READERS),
    "slots of pushes": (_field("Group", "pushes", "maxItems"), push_rates.SLOTS),
    "slots of pushes at least": (_field("Group", "pushes", "minItems"), push_rates.SLOTS),
    "pushes of a slot": (_field("Group", "pushes", "items", "maximum"), push_rates.MAX_COUNT),
}


@pytest.mark.parametrize(("bound", "constant"), BOUNDS.values(), ids=BOUNDS)
def test_bound_matches_the_constant(bound: float, constant: float) -> None:
    assert bound == constant


NAMES = {
    "states of a filter": (PARAMETERS["State"]["schema"]["enum"], _values(group_filter.State)),
    "ownership of a filter": (PARAMETERS["Ownership"]["schema"]["enum"], _values(group_filter.Ownership)),
    "sort keys": (PARAMETERS["Sort"]["schema"]["enum"], _values(group_filter.Sort)),
    "default sort key": (PARAMETERS["Sort"]["schema"]["default"], group_filter.Sort.LABELS.value),
    "sort orders": (PARAMETERS["Order"]["schema"]["enum"], list(group_queries.ORDERS)),
    "default sort order": (PARAMETERS["Order"]["schema"]["default"], group_queries.ORDERS[0]),
    "values of dry_run": (DRY_RUN["schema"]["enum"], list(selector_deletion.BOOLEANS)),
    "default of dry_run": (selector_deletion.BOOLEANS[DRY_RUN["schema"]["default"]], False),
    "codings of a body": (PARAMETERS["BodyEncoding"]["schema"]["enum"], list(decompression.DECOMPRESSORS)),
    "pattern of a TTL": (PARAMETERS["Ttl"]["schema"]["pattern"], f"^{durations.PATTERN}$"),
    "pattern of a TTL header": (PARAMETERS["TtlHeader"]["schema"]["pattern"], f"^{durations.PATTERN}$"),
    "formats of a scrape": (list(SCRAPE["responses"]["200"]["content"]), _values(encoders.Format)),
    "formats of a push": (list(PUSH["content"]), ["text/plain", encoders.Format.PROTOBUF.value]),
    "states of a group": (_field("Group", "state", "enum"), _values(lifecycle.State)),
    "counted states": (list(SCHEMAS["States"]["properties"]), _values(lifecycle.State)),
    "ownership of a group": (_field("Group", "ownership", "enum"), _values(group_filter.Ownership)),
    "reasons to wait": (_field("Drain", "waits_for", "enum"), _values(drain_waits.WaitsFor)),
    "reasons of a deletion": (_field("Deletion", "reason", "enum"), _values(lifecycle.OWN_REASONS)),
    "types of metrics": (_field("Family", "type", "enum"), [one.name for one in families.MetricType]),
    "types of named metrics": (_field("NamedFamily", "type", "enum"), [one.name for one in families.MetricType]),
    "times of a group": (
        [name for name in _field("GroupMetrics") if name.endswith("_seconds")],
        [interface.PUSH_TIME, interface.PUSH_FAILURE_TIME],
    ),
    "names of parameters": (
        [PARAMETERS[name]["name"] for name in ("Ttl", "TtlHeader", "ScrapeTimeout", "Match")],
        [push_handler.TTL, push_handler.TTL_HEADER, scraper_identity.TIMEOUT_HEADER, selector_search.MATCH],
    ),
    "names of parameters of a deletion": (
        [DELETED["name"], DRY_RUN["name"]],
        [selector_search.MATCH, selector_deletion.DRY_RUN],
    ),
    "headers for other origins": (
        {name: COMPONENTS["headers"][_component(header)]["schema"]["const"] for name, header in CORS.items()},
        dict(pushgateway_api.CORS),
    ),
    "path of the document": (endpoints.PATH in DOCUMENT["paths"], True),
}


@pytest.mark.parametrize(("names", "constants"), NAMES.values(), ids=NAMES)
def test_names_match_the_code(names: object, constants: object) -> None:
    assert names == constants


TEXTS = {
    "kept listings": (GROUPS["get"]["responses"]["410"], f"the last {listings.MAX_CACHED}."),
    "time for selectors": (
        COMPONENTS["responses"]["SelectorTimeout"],
        f"more than {selector_search.TIMEOUT_SECONDS:g} s,",
    ),
    "time for selectors of the page": (PAGE["503"], f"more than {selector_search.TIMEOUT_SECONDS:g} s,"),
    "length of selectors": (PARAMETERS["Match"], f"at most {selectors.MAX_LENGTH} characters"),
    "length of selectors of a deletion": (DELETED, f"at most {selectors.MAX_LENGTH} characters"),
    "length of a regular expression": (PARAMETERS["Match"], f"expression at most {selectors.MAX_PATTERN_LENGTH}."),
    "words of a search": (PARAMETERS["Search"], f"At most {group_queries.MAX_WORDS} words."),
    "remembered deletions": (DELETIONS["get"], f"the last {interface.RECENT_DELETIONS} deletions"),
    "pause between events": (EVENTS["get"], f"at most one in {event_stream.PAUSE_SECONDS:g} s."),
    "streams": (EVENTS["get"]["responses"]["503"], f"{event_stream.MAX_STREAMS} streams"),
    "longest scrape timeout": (PARAMETERS["ScrapeTimeout"], f"larger value counts as {scrape_handler.MAX_TIMEOUT:g},"),
    "default scrape timeout": (PARAMETERS["ScrapeTimeout"], f"not a number as {scrape_handler.DEFAULT_TIMEOUT:g}."),
    "headers of a request": (COMPONENTS["responses"]["HeadTooLarge"], f"more than {connections.MAX_HEADERS} headers"),
    "escapings": (SCRAPE, f"escaped: {', '.join(f'`{one.value}`' for one in name_escaping.Escaping)}."),
    "length of a User-Agent": (
        _field("ScraperName", "user_agent"),
        f"after {scraper_identity.MAX_TEXT} characters",
    ),
    "owners of a listed group": (_field("Group", "owners"), f"the first {group_json.SHOWN_OWNERS} in"),
    "minutes of a slot": (_field("Group", "pushes"), f"each {push_rates.SLOT_SECONDS // 60} minutes"),
    "pushes of a slot": (_field("Group", "pushes"), f"{push_rates.MAX_COUNT} means {push_rates.MAX_COUNT} or more"),
    "names of kinds": (_field("GroupList", "kinds"), f"at most {listings.MAX_NAMES} names"),
    "names of namespaces": (_field("GroupList", "namespaces"), f"at most {listings.MAX_NAMES} names"),
    "metrics of a group": (_field("GroupDetail", "families"), f"at most {group_queries.MAX_METRICS} metrics"),
    "measured intervals": (_field("Scraper", "interval"), f"last {scrapers.MEASURED_GAPS} intervals"),
    "longest interval": (_field("Scraper", "interval"), f"at most {scrapers.LONGEST_INTERVAL:g};"),
    "missed scrapes": (_field("Scraper", "silent_at"), f"{scrapers.MISSED_SCRAPES} intervals after"),
    "silence of a scraper": (_field("Scraper", "silent_at"), f"at least {scrapers.LONGEST_INTERVAL:g} s after"),
    "interval that is not known": (_field("Scraper", "silent_at"), f"{scrapers.LONGEST_INTERVAL:g} s are used."),
}


@pytest.mark.parametrize(("part", "fragment"), TEXTS.values(), ids=TEXTS)
def test_description_has_the_number_from_the_code(part: openapi_document.Json, fragment: str) -> None:
    assert fragment in part["description"]
