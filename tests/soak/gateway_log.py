"""The deletions that the gateway has logged, with the proof that it had."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from pathlib import Path

from tests.soak import histories

_LINE = re.compile(
    r'^ts=(?P<at>\S+) .*msg="deleted group (?P<group>\{.*?\})'
    r"(?:: every (?:active reader|database) has (?P<proof>received|processed|stored) | after its drain timeout)"
)
_LABEL = re.compile(r'(\w+)=\\"([^"\\]*)\\"')
_PROOFS = {"received": "delivered", "processed": "ingested", "stored": "stored", None: "timeout"}


def read(path: Path) -> list[histories.Deletion]:
    """The deletions with proof or by timeout, in order. The gateway appends to its log across restarts."""
    return list(_deletions(path.read_text(errors="replace")))


def _deletions(text: str) -> Iterator[histories.Deletion]:
    for line in text.splitlines():
        if found := _LINE.match(line):
            at = datetime.datetime.fromisoformat(found["at"]).timestamp()
            group = tuple(sorted(_LABEL.findall(found["group"])))
            yield histories.Deletion(group, at, _PROOFS[found["proof"]])
