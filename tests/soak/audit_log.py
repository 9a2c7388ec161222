"""The lifetimes of Jobs and CronJobs, read from the API server's audit log."""

from __future__ import annotations

import datetime
import http
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.soak import histories

_KINDS = ("Job", "CronJob", "PartialObjectMetadata")
"""Verbs of changes; the garbage collector uses the last one to remove a finalizer."""


def read(path: Path) -> dict[str, histories.Life]:
    """The lifetimes in this file, by uid."""
    with path.open() as file:
        return lives(json.loads(line) for line in file)


def lives(events: Iterable[dict[str, Any]]) -> dict[str, histories.Life]:
    """The lifetimes in these audit events, in order. A time is that of the API server's response."""
    lives_by_uid: dict[str, histories.Life] = {}
    for event in events:
        if event["stage"] != "ResponseComplete" or event["responseStatus"]["code"] >= http.HTTPStatus.BAD_REQUEST:
            continue
        at = datetime.datetime.fromisoformat(event["stageTimestamp"]).timestamp()
        answer = event.get("responseObject") or {}
        if answer.get("kind") in _KINDS:
            metadata = answer["metadata"]
            life = lives_by_uid.get(metadata["uid"]) or histories.Life(metadata["name"], at)
            lives_by_uid[metadata["uid"]] = _grown(life, answer, at=at)
        elif event["verb"] == "delete" and answer.get("kind") == "Status":
            uid = answer["details"]["uid"]
            if lives_by_uid[uid].deleted is None:
                lives_by_uid[uid] = lives_by_uid[uid]._replace(deleted=at)
    return lives_by_uid


def _grown(life: histories.Life, answer: dict[str, Any], *, at: float) -> histories.Life:
    """The lifetime with the new information in this state of the object."""
    metadata, ends = answer["metadata"], set(_ends(answer))
    # Removing the last finalizer removes the object.
    is_gone = "deletionTimestamp" in metadata and not metadata.get("finalizers")
    return life._replace(
        succeeded=life.succeeded or (at if "Complete" in ends else None),
        failed=life.failed or (at if "Failed" in ends else None),
        deleted=life.deleted or (at if is_gone else None),
    )


def _ends(answer: dict[str, Any]) -> Iterator[str]:
    for condition in answer.get("status", {}).get("conditions") or ():
        if condition["status"] == "True":
            yield condition["type"]
