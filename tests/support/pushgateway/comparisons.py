"""A case: requests that are sent to both servers, and the state that each server shows afterwards."""

import base64
import contextlib
import http.client
import json
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tests.support.processes import tidegate_processes
from tidegate.exposition import name_escaping

_SECONDS = 60.0
_STATUS = re.compile(rb"(?:\A|\n)HTTP/[0-9.]+ ([2-5][0-9][0-9]) ")
_TIMES = re.compile(r"(?m)^(push(?:_failure)?_time_seconds\{.*\}) (?!0$)\S+$")
_TIMES_IN_JSON = ("push_time_seconds", "push_failure_time_seconds")
_PUSHED = 'job="'
"""A label that every pushed series has and the servers' own metrics do not."""


class Request(NamedTuple):
    """A request as it is on the wire; the path is sent unchanged."""

    method: str
    path: str
    body: bytes = b""
    headers: Mapping[str, str] | None = None


class Wire(NamedTuple):
    """Raw bytes, sent on a separate connection.

    :param responses: number of responses to wait for, unless the connection ends first.
    :param half_closed: whether the client closes its sending side and continues to read.
    """

    sent: bytes
    responses: int = 1
    half_closed: bool = False


@dataclass(frozen=True)
class Case:
    """Requests in order, raw bytes, and the headers of the scrape that follows.

    ``helps`` is false if the case does not compare HELP lines.
    """

    id: str
    requests: Sequence[Request]
    helps: bool = True
    scrape: Mapping[str, str] | None = None
    wire: Wire | None = None


@dataclass(frozen=True)
class Observation:
    """A server's output: a line for each response, the pushed families as scraped, and the groups in the query API."""

    responses: tuple[str, ...]
    exposition: str
    api: Any


class Peer:
    """One of the two servers, as clients use it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._kept = http.client.HTTPConnection(tidegate_processes.HOST, port, timeout=_SECONDS)

    def __del__(self) -> None:
        self._kept.close()

    def play(self, case: Case) -> Observation:
        """Send the requests of the case and collect what the server shows."""
        responses = tuple(line(request, self.send(request)) for request in case.requests)
        if case.wire is not None:
            responses = (*responses, self.exchange(case.wire))
        # Pushgateway deletes after responding, but in request order: once this push is visible, so are all deletions.
        self.ask("PUT", "/metrics/job/last")
        scraped = self.ask("GET", "/metrics", case.scrape)
        return Observation(responses, pushed(scraped, helps=case.helps), _groups(self.api(), helps=case.helps))

    def api(self) -> list[dict[str, Any]]:
        """All groups as ``/api/v1/metrics`` returns them."""
        groups: list[dict[str, Any]] = json.loads(self.ask("GET", "/api/v1/metrics"))["data"]
        return groups

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        """The response body to a request that is not compared, over a connection that is kept for such requests."""
        self._kept.putrequest(method, path, skip_accept_encoding=True)
        for name, value in {"Content-Length": "0", **(headers or {})}.items():
            self._kept.putheader(name, value)
        self._kept.endheaders()
        with self._kept.getresponse() as response:
            return response.read()

    def send(self, request: Request) -> tuple[int, str | None, bytes]:
        """Send a request and return the status code, the redirect target and the body."""
        headers = {"Host": tidegate_processes.HOST, "Content-Length": str(len(request.body)), **(request.headers or {})}
        lines = (f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()))
        head = "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")
        # One connection for each request: a server may close it after a body that it could not parse. One write for
        # head and body: a body sent after such a close resets the connection, and the response's last bytes are lost.
        with socket.create_connection((tidegate_processes.HOST, self._port), timeout=_SECONDS) as connection:
            connection.sendall(head + request.body)
            with http.client.HTTPResponse(connection, method=request.method) as response:
                response.begin()
                return response.status, response.headers["Location"], response.read()

    def content_type(self, accept: str) -> str:
        """The media type of the response to a scrape with this Accept header."""
        connection = http.client.HTTPConnection(tidegate_processes.HOST, self._port, timeout=_SECONDS)
        with contextlib.closing(connection):
            connection.request("GET", "/metrics", headers={"Accept": accept})
            return connection.getresponse().headers["Content-Type"]

    def exchange(self, wire: Wire) -> str:
        """The status codes of the responses to these bytes."""
        received = b""
        with socket.create_connection((tidegate_processes.HOST, self._port), timeout=_SECONDS) as connection:
            connection.sendall(wire.sent)
            if wire.half_closed:
                connection.shutdown(socket.SHUT_WR)
            while len(_STATUS.findall(received)) < wire.responses and (part := connection.recv(65536)):
                received += part
        return b" ".join(_STATUS.findall(received)[: wire.responses]).decode()

    def wipe(self) -> None:
        """Delete every group through the push API."""
        for group in self.api():
            self.ask("DELETE", group_path(group["labels"]))


class RealPeer(Peer):
    """The real Pushgateway; it can hold groups that no path names and that its own API shows with a wrong name."""

    def wipe(self) -> None:
        self.ask("PUT", "/api/v1/admin/wipe")

    def send(self, request: Request) -> tuple[int, str | None, bytes]:
        """Send a request; if Pushgateway's parser panics (1.11 at `{}`) without a response, return status 400."""
        try:
            return super().send(request)
        except http.client.RemoteDisconnected:
            return 400, None, b""


def group_path(labels: Mapping[str, str]) -> str:
    """The path of a group with any label values."""
    ordered = sorted(labels.items(), key=lambda pair: pair[0] != "job")
    return "/metrics" + "".join(
        f"/{name_escaping.escape(name, name_escaping.Escaping.VALUES, label=True)}@base64/{_base64(value)}"
        for name, value in ordered
    )


def _base64(value: str) -> str:
    return base64.urlsafe_b64encode(value.encode()).decode() or "="


def line(request: Request, response: tuple[int, str | None, bytes]) -> str:
    """The compared parts of a request and its response (see :meth:`Peer.send`), as text."""
    status, location, _ = response
    return f"{request.method} {request.path} {status}" + (f" to {location}" if location else "")


def pushed(scraped: bytes, *, helps: bool = True) -> str:
    """The families that have pushed series, with those series alone and without push times."""
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
