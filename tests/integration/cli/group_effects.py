"""The effect of each flag of each verb of ``tidegate groups``."""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.integration.cli import effects
from tests.support.cli import groups_runs
from tests.support.operator import fake_api_server
from tests.support.processes import ports
from tidegate.cli import groups_command

NEEDED = {"--gateway.url": "--gateway.url={gateway}", "--operator.url": "--operator.url={operator}"}
"""The arguments without which nothing is reached, by flag."""

SELECTED: Mapping[str, list[str]] = {
    groups_command.LIST: [],
    groups_command.SHOW: ['{{job=~"report-.*"}}'],
    groups_command.EXPLAIN: ['{{job=~"report-.*"}}'],
    groups_command.DELETE: ['--match={{job="report-a"}}', "--yes"],
}
"""The arguments that select groups, by verb."""


class Ran(NamedTuple):
    """The exit status and output of the command, the number of groups left, and the calls to the API server."""

    status: int
    out: str
    err: str
    left: int
    calls: list[str]


class Stage(NamedTuple):
    """A gateway and an operator, which have the groups of two jobs before each run, and an API server."""

    groups: groups_runs.Stage
    api_server: fake_api_server.ApiServer
    folder: Path

    async def run(self, arguments: list[str]) -> Ran:
        """Push the groups, and run the command with the placeholders in its arguments replaced."""
        await self.groups.push_all("job/report-a", "job/report-b")
        places = {
            "gateway": f"http://{fake_api_server.HOST}:{self.groups.gateway_port}",
            "operator": f"http://{fake_api_server.HOST}:{self.groups.operator_port}",
            "nowhere": f"http://{fake_api_server.HOST}:{ports.free_port()}",
            "folder": self.folder,
        }
        given = [argument.format(**places) for argument in arguments]
        self.api_server.calls.clear()
        ran = await groups_runs.run(*given)
        left = len(self.groups.scene.gateway.store.grouping_keys())
        return Ran(*ran, left, [*self.api_server.calls])


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Stage]:
    async with groups_runs.opened() as running:
        # Separate from that of the operator, so that only the command calls it.
        api_server = fake_api_server.ApiServer()
        await api_server.start()
        api_server.kubeconfig(folder)
        try:
            yield Stage(running, api_server, folder)
        finally:
            await api_server.stop()


def _look(look: Callable[[Ran], object]) -> Callable[[Ran], Awaitable[object]]:
    async def observe(ran: Ran) -> object:
        return look(ran)

    return observe


_Effect = effects.Effect[Ran]
_NO_OPERATOR = "--operator.url={nowhere}"
_SUCCEEDS = _look(lambda ran: ran.status == 0)
_IS_JSON = _look(lambda ran: ran.out.startswith("{\n"))
_IS_COLORED = _look(lambda ran: "\x1b[" in ran.out)
_FOUND = _look(lambda ran: len(json.loads(ran.out)["groups"]))
_IN_NAMESPACE = ["--namespace=monitoring", "--kubernetes.kubeconfig={folder}/kubeconfig"]


def _reach(*, asks_operator: bool = True) -> dict[str, _Effect]:
    """The effects of the connection flags. The API server has no Pods; its calls are observed instead."""
    asked_operator = _look(lambda ran: "operator" not in ran.err)
    # Every verb asks the gateway if the operator does not respond.
    alone = [_NO_OPERATOR] if asks_operator else []
    given = {
        "--gateway.url": _Effect("--gateway.url={gateway}", _SUCCEEDS, unseen=False, seen=True, beside=alone),
        "--namespace": _Effect(
            "--namespace=monitoring",
            _look(lambda ran: any("/namespaces/monitoring/pods" in call for call in ran.calls)),
            unseen=False,
            seen=True,
            beside=_IN_NAMESPACE[1:],
        ),
        "--pod": _Effect(
            "--pod=mine",
            _look(lambda ran: any("/namespaces/monitoring/pods/mine" in call for call in ran.calls)),
            unseen=False,
            seen=True,
            beside=_IN_NAMESPACE,
        ),
        "--kubernetes.kubeconfig": _Effect(
            _IN_NAMESPACE[1], _look(lambda ran: bool(ran.calls)), unseen=False, seen=True, beside=_IN_NAMESPACE[:1]
        ),
    }
    if asks_operator:
        given["--operator.url"] = _Effect("--operator.url={operator}", asked_operator, unseen=False, seen=True)
    return given


_SHOWN = {
    "--limit": _Effect("--limit=1", _FOUND, unseen=2, seen=1, beside=["--output=json"]),
    "--output": _Effect("--output=json", _IS_JSON, unseen=False, seen=True),
    **_reach(),
}
_COLOR = {"--color": _Effect("--color=always", _IS_COLORED, unseen=False, seen=True)}

EFFECTS: Mapping[str, Mapping[str, _Effect]] = {
    groups_command.LIST: {
        "--match": _Effect('--match={{job="report-a"}}', _FOUND, unseen=2, seen=1, beside=["--output=json"]),
        "--headers": _Effect("--no-headers", _look(lambda ran: ran.out.count("\n")), unseen=3, seen=2),
        **_COLOR,
        **_SHOWN,
    },
    groups_command.SHOW: {**_COLOR, **_SHOWN},
    groups_command.EXPLAIN: _SHOWN,
    groups_command.DELETE: {
        "--match": _Effect('--match={{job="report-b"}}', _look(lambda ran: ran.left), unseen=1, seen=0),
        "--dry-run": _Effect("--dry-run", _look(lambda ran: ran.left), unseen=1, seen=2),
        "--yes": _Effect("--yes", _SUCCEEDS, unseen=False, seen=True),
        "--output": _Effect("--output=json", _IS_JSON, unseen=False, seen=True),
        **_reach(asks_operator=False),
    },
}
