"""Clients that push as fast as they can, remember what was acknowledged, and judge what is left."""

import copy
import http.client
import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.support import tidegate_processes

SERIES = 8
"""Series of a group, all of which a push sets to the same number."""

_SECONDS = 10.0
_SAMPLE = re.compile(r'^w(?P<series>\d+)\{.*job="(?P<job>[^"]*)".*\} (?P<value>\S+)$', re.MULTILINE)


class Verdict(NamedTuple):
    """What a writer finds wrong: acknowledged pushes that are lost, and groups of which only a part is there."""

    lost: list[str]
    halves: list[str]


@dataclass
class _Known:
    """What must and what may be in a group: the last number acknowledged, and those sent since; 0 is no group."""

    acknowledged: int = 0
    sent: list[int] = field(default_factory=list)


class Writer:
    """One client with groups of its own.

    :ivar acknowledged: how many of its requests were.
    """

    def __init__(self, name: str, *, groups: int, seed: int) -> None:
        self._draw = random.Random(f"{seed} {name}")
        self._known = {f"{name}-{number}": _Known() for number in range(groups)}
        self._number = 0
        self.acknowledged = 0

    def write(self, gateway: tidegate_processes.Gateway, *, stop: threading.Event) -> None:
        """Push, and now and then delete, until told to stop or the gateway is gone."""
        connection = http.client.HTTPConnection(tidegate_processes.HOST, gateway.port, timeout=_SECONDS)
        try:
            while not stop.is_set():
                self._change(connection)
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()

    def remembered(self) -> "Writer":
        """What it knows by now, to judge by later, while it goes on."""
        made = copy.copy(self)
        made._known = copy.deepcopy(self._known)
        return made

    def judge(self, exposition: str) -> Verdict:
        """Hold what is there against what was acknowledged; from now on what is there is what is known."""
        found = _values(exposition)
        lost, halves = [], []
        for job, known in self._known.items():
            values = found.get(job, {})
            if len(set(values.values())) > 1 or len(values) not in (0, SERIES):
                halves.append(f"{job} has {values}")
                continue
            value = next(iter(values.values()), 0)
            if value not in (known.acknowledged, *known.sent):
                lost.append(f"{job} has {value}, {known.acknowledged} was acknowledged, and then sent {known.sent}")
            self._known[job] = _Known(value)
        return Verdict(lost, halves)

    def _change(self, connection: http.client.HTTPConnection) -> None:
        job = self._draw.choice(list(self._known))
        known = self._known[job]
        self._number += 1
        number = 0 if self._draw.random() < 0.05 else self._number
        known.sent.append(number)
        method = self._draw.choice(["PUT", "PUT", "PUT", "POST"]) if number else "DELETE"
        connection.request(method, f"/metrics/job/{job}", body=self._body(number) if number else None)
        answer = connection.getresponse()
        answer.read()
        assert answer.status in (200, 202), f"{method} of {job}: {answer.status}"
        self._known[job] = _Known(number)
        self.acknowledged += 1

    def _body(self, number: int) -> bytes:
        # Of some the text is another each time, so that they are read, and not known by their shape.
        comment = f"# {self._draw.random()}x\n" if self._draw.random() < 0.2 else ""
        return (comment + "".join(f"w{series} {number}\n" for series in range(SERIES))).encode()


def _values(exposition: str) -> Mapping[str, Mapping[str, int]]:
    """By job and series."""
    found: dict[str, dict[str, int]] = {}
    for match in _SAMPLE.finditer(exposition):
        found.setdefault(match["job"], {})[match["series"]] = int(float(match["value"]))
    return found
