"""The lives of Jobs and CronJobs, from the API server's audit log."""

from __future__ import annotations

import datetime
import http
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.soak import histories

_KINDS = ("Job", "CronJob", "PartialObjectMetadata")
"""The last one is what the garbage collector asks for when it takes a finalizer away."""


def read(path: Path) -> dict[str, histories.Life]:
    """Every life in this file, by uid."""
    with path.open() as file:
        return lives(json.loads(line) for line in file)


def lives(events: Iterable[dict[str, Any]]) -> dict[str, histories.Life]:
    """The lives that these audit events tell of, in their order. A moment is when the API server had answered."""
    found: dict[str, histories.Life] = {}
    for event in events:
        if event["stage"] != "ResponseComplete" or event["responseStatus"]["code"] >= http.HTTPStatus.BAD_REQUEST:
            continue
        at = datetime.datetime.fromisoformat(event["stageTimestamp"]).timestamp()
        answer = event.get("responseObject") or {}
        if answer.get("kind") in _KINDS:
            metadata = answer["metadata"]
            life = found.get(metadata["uid"]) or histories.Life(metadata["name"], at)
            found[metadata["uid"]] = _grown(life, answer, at=at)
        elif event["verb"] == "delete" and answer.get("kind") == "Status":
            uid = answer["details"]["uid"]
            if found[uid].gone is None:
                found[uid] = found[uid]._replace(gone=at)
    return found


def _grown(life: histories.Life, answer: dict[str, Any], *, at: float) -> histories.Life:
    """With what this state of the object tells that was not known of it."""
    metadata, ends = answer["metadata"], set(_ends(answer))
    # Whoever took its last finalizer away has removed it.
    is_gone = "deletionTimestamp" in metadata and not metadata.get("finalizers")
    return life._replace(
        succeeded=life.succeeded or (at if "Complete" in ends else None),
        failed=life.failed or (at if "Failed" in ends else None),
        gone=life.gone or (at if is_gone else None),
    )


def _ends(answer: dict[str, Any]) -> Iterator[str]:
    for condition in answer.get("status", {}).get("conditions") or ():
        if condition["status"] == "True":
            yield condition["type"]
