"""A case: some requests, sent to both servers, and what each shows of it afterwards."""

import base64
import contextlib
import http.client
import json
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.support import tidegate_processes
from tidegate.exposition import name_escaping

_SECONDS = 10.0
_STATUS = re.compile(rb"(?:\A|\n)HTTP/[0-9.]+ ([2-5][0-9][0-9]) ")
_TIMES = re.compile(r"(?m)^(push(?:_failure)?_time_seconds\{.*\}) (?!0$)\S+$")
_TIMES_IN_JSON = ("push_time_seconds", "push_failure_time_seconds")
_PUSHED = 'job="'
"""Every pushed series has this label, and no metric of the servers' own has."""


class Request(NamedTuple):
    """A request as it is on the wire; the path is not touched."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] | None = None


class Wire(NamedTuple):
    """Bytes on a connection of their own, whatever they are.

    :param answers: so many are waited for, or the end of the connection.
    :param half_closed: whether the client says that it sends nothing more, and goes on reading.
    """

    sent: bytes
    answers: int = 1
    half_closed: bool = False


@dataclass(frozen=True)
class Case:
    """Requests in order, bytes as they are on the wire, and the headers of the scrape that follows.

    ``helps`` is off where the HELP lines are none of the case's business.
    """

    id: str
    requests: Sequence[Request]
    helps: bool = True
    scrape: Mapping[str, str] | None = None
    wire: Wire | None = None


@dataclass(frozen=True)
class Seen:
    """What a server showed: one line an answer, the pushed families as scraped, and as the query API tells them."""

    answers: tuple[str, ...]
    exposition: str
    api: Any


class Peer:
    """One of the two servers, as its clients see it."""

    def __init__(self, port: int) -> None:
        self._port = port

    def play(self, case: Case) -> Seen:
        """Send the case and look."""
        answers = tuple(line(request, self.send(request)) for request in case.requests)
        if case.wire is not None:
            answers = (*answers, self.exchange(case.wire))
        # Pushgateway deletes after it has answered, but in the order of requests: once this push is there, all are.
        self.send(Request("PUT", "/metrics/job/last"))
        _, _, scraped = self.send(Request("GET", "/metrics", headers=case.scrape))
        return Seen(answers, pushed(scraped, helps=case.helps), _groups(self.api(), helps=case.helps))

    def api(self) -> list[dict[str, Any]]:
        """All groups as ``/api/v1/metrics`` tells them."""
        _, _, told = self.send(Request("GET", "/api/v1/metrics"))
        groups: list[dict[str, Any]] = json.loads(told)["data"]
        return groups

    def send(self, request: Request) -> tuple[int, str | None, bytes]:
        """Status, where it redirects to, and body."""
        headers = {"Host": tidegate_processes.HOST, "Content-Length": str(len(request.body)), **(request.headers or {})}
        lines = (f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()))
        head = "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")
        # A connection each: after a body that it could not read a server may close it, with or without a word. And
        # one write: a body sent after such a close resets the connection, and takes the answer's last bytes with it.
        with socket.create_connection((tidegate_processes.HOST, self._port), timeout=_SECONDS) as connection:
            connection.sendall(head + request.body)
            with http.client.HTTPResponse(connection, method=request.method) as answer:
                answer.begin()
                return answer.status, answer.headers["Location"], answer.read()

    def content_type(self, accept: str) -> str:
        """The media type of a scrape with this Accept header."""
        connection = http.client.HTTPConnection(tidegate_processes.HOST, self._port, timeout=_SECONDS)
        with contextlib.closing(connection):
            connection.request("GET", "/metrics", headers={"Accept": accept})
            return connection.getresponse().headers["Content-Type"]

    def exchange(self, wire: Wire) -> str:
        """The statuses of what comes back for these bytes."""
        came = b""
        with socket.create_connection((tidegate_processes.HOST, self._port), timeout=_SECONDS) as connection:
            connection.sendall(wire.sent)
            if wire.half_closed:
                connection.shutdown(socket.SHUT_WR)
            while len(_STATUS.findall(came)) < wire.answers and (part := connection.recv(65536)):
                came += part
        return b" ".join(_STATUS.findall(came)[: wire.answers]).decode()

    def wipe(self) -> None:
        """Delete every group, as its users can."""
        for group in self.api():
            self.send(Request("DELETE", group_path(group["labels"])))


class RealPeer(Peer):
    """The real Pushgateway, which can have groups that no path names and that its own API spells wrong."""

    def wipe(self) -> None:
        self.send(Request("PUT", "/api/v1/admin/wipe"))

    def send(self, request: Request) -> tuple[int, str | None, bytes]:
        """As for both. What its parser panics over (1.11 at `{}`) is not answered, and is none the less refused."""
        try:
            return super().send(request)
        except http.client.RemoteDisconnected:
            return 400, None, b""


def group_path(labels: Mapping[str, str]) -> str:
    """The path of a group, whatever its values are."""
    ordered = sorted(labels.items(), key=lambda pair: pair[0] != "job")
    return "/metrics" + "".join(
        f"/{name_escaping.escape(name, name_escaping.Escaping.VALUES, label=True)}@base64/{_base64(value)}"
        for name, value in ordered
    )


def _base64(value: str) -> str:
    return base64.urlsafe_b64encode(value.encode()).decode() or "="


def line(request: Request, answer: tuple[int, str | None, bytes]) -> str:
    """A request and its answer (see :meth:`Peer.send`), as far as they are compared."""
    status, location, _ = answer
    return f"{request.method} {request.path} {status}" + (f" to {location}" if location else "")


def pushed(scraped: bytes, *, helps: bool = True) -> str:
    """The families that have pushed series, with those alone, and without the times of pushes."""
    kept: list[str] = []
    header: list[str] = []
    for line in _TIMES.sub(r"\1 then", scraped.decode(errors="surrogateescape")).split("\n"):
        if line.startswith("# HELP "):
            header = [line] if helps else []
        elif line.startswith("# TYPE "):
            header = [*header[-1:], line] if header and _name(header[-1]) == _name(line) else [line]
        elif _PUSHED in line:
            kept += [*header, line]
            header = []
    return "\n".join(kept)


def _name(header: str) -> str:
    return header.split(" ", 3)[2]


def _groups(groups: list[dict[str, Any]], *, helps: bool) -> Any:
    for group in groups:
        for name, family in group.items():
            if isinstance(family, dict) and "metrics" in family:
                del family["time_stamp"]
                if not helps:
                    family.pop("help", None)
                if name in _TIMES_IN_JSON:
                    for metric in family["metrics"]:
                        metric["value"] = "never" if metric["value"] == "0" else "then"
    return sorted(groups, key=lambda group: json.dumps(group["labels"], sort_keys=True))
