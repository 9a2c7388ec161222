"""A client for a gateway in this event loop, with the requests of pushers, scrapers, users and the operator."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import yarl

from tests.support import waiting
from tidegate import settings
from tidegate.gateway import server
from tidegate.gateway.scrape import scraper_identity
from tidegate.model import control_api, grouping, lifecycle, owners

HOST = "127.0.0.1"
DELIVERED = 'tidegate_scrapes_total{result="delivered"}'
"""The number of scrapes that count as delivered."""

TOKEN = settings.TokenSettings(value="the-token-of-the-tests-and-of-nothing-else")
"""The token of the control API."""


@dataclass(frozen=True)
class Response:
    """A response; ``text`` is the body."""

    status: int
    text: str
    headers: Mapping[str, str]


class Client:
    """Sends requests to both addresses of a gateway."""

    def __init__(self, gateway: server.Gateway, session: aiohttp.ClientSession) -> None:
        self.url = f"http://{HOST}:{gateway.web_port}"
        self._control = f"http://{HOST}:{gateway.control_port}/control/v1"
        self._registry = gateway.registry
        self._session = session

    async def send(
        self, method: str, path: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send any request, with the path exactly as given."""
        url = yarl.URL(self.url + path, encoded=True)
        async with self._session.request(method, url, data=body, headers=headers) as response:
            return Response(response.status, await response.text(), response.headers)

    async def put(self, group: str, body: str) -> Response:
        return await self.send("PUT", f"/metrics/{group}", body.encode())

    async def post(self, group: str, body: str) -> Response:
        return await self.send("POST", f"/metrics/{group}", body.encode())

    async def delete(self, group: str) -> Response:
        return await self.send("DELETE", f"/metrics/{group}")

    async def exposition(self) -> str:
        """Return the response to a curl of /metrics, which does not count as a scrape."""
        return (await self.send("GET", "/metrics")).text

    async def pushed(self) -> list[str]:
        """Return the lines of pushed series, without the timestamps that the store adds."""
        lines = (await self.exposition()).splitlines()
        return [line for line in lines if 'job="' in line and not line.startswith("push_")]

    async def value(self, series: str) -> float | None:
        """Return the value of a series, given as in the exposition, or ``None`` if it is missing."""
        match = re.search(rf"^{re.escape(series)} (\S+)$", await self.exposition(), re.MULTILINE)
        return float(match[1]) if match else None

    async def scrape(self, *, agent: str = "Prometheus/3", counted: bool = True) -> str:
        """Scrape as Prometheus does, and wait until the gateway counts the scrape as delivered."""
        before = self.own_value(DELIVERED)
        # A connection of its own, closed at the end: on a shared one, the next scrape may look like another reader's.
        headers = {scraper_identity.TIMEOUT_HEADER: "10", "User-Agent": agent, "Connection": "close"}
        response = await self.send("GET", "/metrics", headers=headers)
        if counted:
            await self.sees(DELIVERED, before + 1)
        return response.text

    def own_value(self, series: str) -> float:
        """Return the value of one of the gateway's own series, given as in the exposition; 0 if it is missing."""
        name, _, labels = series.partition("{")
        return self._registry.get_sample_value(name, dict(re.findall(r'(\w+)="([^"]*)"', labels))) or 0.0

    async def sees(self, series: str, value: float) -> None:
        """Wait until one of the gateway's own series has this value."""

        async def look() -> bool:
            return self.own_value(series) == value

        await waiting.eventually_async(look, why=f"{series} to be {value:g}", interval=0.01)

    async def changes(self, **query: object) -> control_api.Changes:
        """Request one page of the control API."""
        response = await self.control("GET", f"groups?{'&'.join(f'{name}={value}' for name, value in query.items())}")
        return control_api.Changes.from_json(response)

    async def group(self, key: grouping.GroupingKey) -> control_api.GroupRecord | None:
        """Return a group as the operator sees it."""
        listed = await self.changes(limit=5000)
        return next((group for group in listed.groups if group.key == key), None)

    async def act(self, *actions: control_api.Action, epoch: str | None = None) -> list[lifecycle.Rejection | None]:
        """Send these actions, and return the result of each."""
        current_epoch = epoch if epoch is not None else (await self.changes()).epoch
        body = {"epoch": current_epoch, "actions": [action.to_json() for action in actions]}
        response = await self.control("POST", "actions", json=body)
        return [None if result is None else lifecycle.Rejection(result) for result in response["results"]]

    async def control(self, method: str, path: str, *, status: int = 200, **more: Any) -> Any:
        """Send any request to the control API; check the status code and return the JSON of the response."""
        headers = {"Authorization": f"Bearer {TOKEN.value}"}
        async with self._session.request(method, f"{self._control}/{path}", headers=headers, **more) as response:
            assert response.status == status, await response.text()
            return await response.json(content_type=None) if status in (200, 409, 410) else await response.text()


def key(**labels: str) -> grouping.GroupingKey:
    return grouping.grouping_key(labels)


def claim(uid: str, *, drain_timeout: float = 300.0) -> owners.Claim:
    """Return a claim by a Job that is named after its uid."""
    owner = owners.Owner(kind="Job", namespace="default", name=f"job-{uid}", uid=owners.Uid(uid))
    return owners.Claim(owner=owner, drain_timeout=drain_timeout)


def claims(group: grouping.GroupingKey, uid: str) -> control_api.ClaimGroup:
    return control_api.ClaimGroup(key=group, claim=claim(uid))


def releases(group: grouping.GroupingKey, uid: str) -> control_api.ReleaseGroup:
    return control_api.ReleaseGroup(key=group, uid=owners.Uid(uid))


def retires(group: control_api.GroupRecord, *uids: str, drain_timeout: float = 300.0) -> control_api.StartDrain:
    """Return the action that retires a group in this state because these owners have finished."""
    finished = tuple(owners.Uid(uid) for uid in uids)
    return control_api.StartDrain(
        key=group.key, finished=finished, pushed_revision=group.pushed_revision, drain_timeout=drain_timeout
    )
