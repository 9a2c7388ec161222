"""The lives of Jobs and CronJobs, from the API server's audit log."""

from __future__ import annotations

import datetime
import http
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.soak import histories

_KINDS = ("Job", "CronJob")
_ENDS = {"Complete": "succeeded", "Failed": "failed"}


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
            found[metadata["uid"]] = life._replace(**_news(answer, life, at=at))
        elif event["verb"] == "delete" and answer.get("kind") == "Status":
            uid = answer["details"]["uid"]
            if found[uid].gone is None:
                found[uid] = found[uid]._replace(gone=at)
    return found


def _news(answer: dict[str, Any], life: histories.Life, *, at: float) -> dict[str, float]:
    """What this state of an object tells that was not known of it."""
    metadata = answer["metadata"]
    told = dict.fromkeys(_ends(answer), at)
    if "deletionTimestamp" in metadata and not metadata.get("finalizers"):
        # Whoever took its last finalizer away has removed it.
        told["gone"] = at
    return {name: moment for name, moment in told.items() if getattr(life, name) is None}


def _ends(answer: dict[str, Any]) -> Iterator[str]:
    for condition in answer.get("status", {}).get("conditions") or ():
        if condition["type"] in _ENDS and condition["status"] == "True":
            yield _ENDS[condition["type"]]
