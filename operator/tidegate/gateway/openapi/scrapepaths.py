"""What Prometheus reads, and what probes ask."""

from __future__ import annotations

from collections.abc import Collection

from aiohttp import hdrs

from tidegate import settings
from tidegate.exposition import encoders, name_escaping
from tidegate.gateway.openapi import kinds, operations, responses
from tidegate.gateway.scrape import negotiation, scrape_handler

SCRAPE, PROBES = "scrape", "probes"


def paths(chosen: settings.WebSettings) -> dict[str, kinds.Json]:
    """By the path, each with its verbs."""
    return {
        chosen.telemetry_path: operations.looked_at(_scrape(negotiation.offered(chosen))),
        "/-/healthy": operations.looked_at(
            operations.Operation(
                id="healthy",
                tag=PROBES,
                summary="Whether the process answers",
                answers={200: _well("It does.")},
                without=(503,),
            )
        ),
        "/-/ready": operations.looked_at(
            operations.Operation(
                id="ready",
                tag=PROBES,
                summary="Whether it takes pushes",
                answers={
                    200: _well("It does."),
                    503: responses.told("The groups are being restored after a start, or the process is stopping."),
                },
            )
        ),
    }


def _well(description: str) -> kinds.Json:
    return {"description": description, "content": {"text/plain": {"schema": {"const": "OK", "description": "OK."}}}}


def _scrape(formats: Collection[encoders.Format]) -> operations.Operation:
    escapings = ", ".join(f"`{one.value}`" for one in name_escaping.Escaping)
    return operations.Operation(
        id="scrape",
        tag=SCRAPE,
        summary="All groups and the gateway's own metrics, as Prometheus reads them",
        description=f"The media type is chosen by `Accept`, as Prometheus sends it; text where it names none of them. "
        f"`escaping=` in it says what becomes of names that are not plain: {escapings}.",
        parameters=[
            operations.header(
                scrape_handler.TIMEOUT_HEADER,
                kinds.number(
                    f"Seconds after which the answer is of no use. Whoever sends it is a scraper, for which draining "
                    f"groups wait. More counts as {scrape_handler.MAX_TIMEOUT:g}, and what is no number as "
                    f"{scrape_handler.DEFAULT_TIMEOUT:g}.",
                    maximum=scrape_handler.MAX_TIMEOUT,
                ),
            ),
            operations.header(hdrs.ACCEPT_ENCODING, kinds.text("`gzip` for a packed answer.", examples=["gzip"])),
        ],
        answers={200: _exposition(formats)},
    )


def _exposition(formats: Collection[encoders.Format]) -> kinds.Json:
    content: kinds.Json = {}
    for format in formats:
        schema = kinds.text("Lines of the format.")
        if format is encoders.Format.PROTOBUF:
            schema = {"description": "Messages of the type MetricFamily, each behind its length as a varint."}
        content[format.value] = {"schema": schema}
    packed = responses.header(hdrs.CONTENT_ENCODING, "That it is packed; missing where it is not.", {"const": "gzip"})
    packed[hdrs.CONTENT_ENCODING]["required"] = False
    vary = responses.header(hdrs.VARY, "What the answer depends on.", {"type": "string"})
    return {
        "description": "All groups as they are at this moment. `escaping=` stands behind the media type.",
        "content": content,
        "headers": {**packed, **vary},
    }
