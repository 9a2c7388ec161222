"""Clients that push as fast as they can, record the acknowledged pushes, and check the groups afterwards."""

import copy
import http.client
import random
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.support.processes import tidegate_processes

SERIES = 8
"""Series in a group; a push sets all of them to the same number."""

_SECONDS = 60.0
_SAMPLE = re.compile(r'^w(?P<series>\d+)\{.*job="(?P<job>[^"]*)".*\} (?P<value>\S+)$', re.MULTILINE)


class Verdict(NamedTuple):
    """The errors that a writer finds: lost acknowledged pushes, and groups that have only part of their series."""

    lost: list[str]
    partial: list[str]


@dataclass
class _Expected:
    """The value a group must have (the last acknowledged) and those it may have (sent since); 0 means no group."""

    acknowledged: int = 0
    sent: list[int] = field(default_factory=list)


class Writer:
    """One client with groups of its own.

    :ivar acknowledged: number of its acknowledged requests.
    """

    def __init__(self, name: str, *, groups: int, seed: int) -> None:
        self._draw = random.Random(f"{seed} {name}")
        self._expected = {f"{name}-{number}": _Expected() for number in range(groups)}
        self._number = 0
        self.acknowledged = 0

    def write(self, gateway: tidegate_processes.Gateway, *, stop: threading.Event) -> None:
        """Push, and sometimes delete, until `stop` is set or the gateway is down."""
        connection = http.client.HTTPConnection(tidegate_processes.HOST, gateway.port, timeout=_SECONDS)
        try:
            while not stop.is_set():
                self._change(connection)
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()

    def snapshot(self) -> "Writer":
        """A copy of the current expectations, to check against while this writer continues."""
        snapshot = copy.copy(self)
        snapshot._expected = copy.deepcopy(self._expected)
        return snapshot

    def judge(self, exposition: str) -> Verdict:
        """Compare the exposition with the acknowledged pushes; it becomes the expectation for the next check."""
        found = _values(exposition)
        lost, partial = [], []
        for job, expected in self._expected.items():
            values = found.get(job, {})
            if len(set(values.values())) > 1 or len(values) not in (0, SERIES):
                partial.append(f"{job} has {values}")
                continue
            value = next(iter(values.values()), 0)
            if value not in (expected.acknowledged, *expected.sent):
                lost.append(
                    f"{job} has {value}, {expected.acknowledged} was acknowledged, and then sent {expected.sent}"
                )
            self._expected[job] = _Expected(value)
        return Verdict(lost, partial)

    def _change(self, connection: http.client.HTTPConnection) -> None:
        job = self._draw.choice(list(self._expected))
        expected = self._expected[job]
        self._number += 1
        number = 0 if self._draw.random() < 0.05 else self._number
        expected.sent.append(number)
        method = self._draw.choice(["PUT", "PUT", "PUT", "POST"]) if number else "DELETE"
        connection.request(method, f"/metrics/job/{job}", body=self._body(number) if number else None)
        response = connection.getresponse()
        response.read()
        assert response.status in (200, 202), f"{method} of {job}: {response.status}"
        self._expected[job] = _Expected(number)
        self.acknowledged += 1

    def _body(self, number: int) -> bytes:
        # Some bodies have a random comment, so that the gateway parses them instead of reusing a cached template.
        comment = f"# {self._draw.random()}x\n" if self._draw.random() < 0.2 else ""
        return (comment + "".join(f"w{series} {number}\n" for series in range(SERIES))).encode()


def _values(exposition: str) -> Mapping[str, Mapping[str, int]]:
    """Values by job and series."""
    found: dict[str, dict[str, int]] = {}
    for match in _SAMPLE.finditer(exposition):
        found.setdefault(match["job"], {})[match["series"]] = int(float(match["value"]))
    return found
