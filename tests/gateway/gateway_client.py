"""One client of a gateway that runs in this loop: what pushers, scrapers, people and the operator send it."""

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
from tidegate.gateway.scrape import scrape_handler
from tidegate.model import control_api, grouping, lifecycle, owners

HOST = "127.0.0.1"
TOKEN = settings.TokenSettings(value="the-token-of-the-tests-and-of-nothing-else")
"""What the control API asks for."""


@dataclass(frozen=True)
class Answer:
    """What came back; ``text`` is the body."""

    status: int
    text: str
    headers: Mapping[str, str]


class Client:
    """Speaks to both addresses of a gateway."""

    def __init__(self, gateway: server.Gateway, session: aiohttp.ClientSession) -> None:
        self.url = f"http://{HOST}:{gateway.web_port}"
        self._control = f"http://{HOST}:{gateway.control_port}/control/v1"
        self._session = session

    async def send(
        self, method: str, path: str, body: bytes = b"", *, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Any request; the path goes out as it is spelled here."""
        url = yarl.URL(self.url + path, encoded=True)
        async with self._session.request(method, url, data=body, headers=headers) as response:
            return Answer(response.status, await response.text(), response.headers)

    async def put(self, group: str, body: str) -> Answer:
        return await self.send("PUT", f"/metrics/{group}", body.encode())

    async def post(self, group: str, body: str) -> Answer:
        return await self.send("POST", f"/metrics/{group}", body.encode())

    async def delete(self, group: str) -> Answer:
        return await self.send("DELETE", f"/metrics/{group}")

    async def exposition(self) -> str:
        """What a curl of /metrics shows; it is no scrape."""
        return (await self.send("GET", "/metrics")).text

    async def pushed(self) -> list[str]:
        """The lines of pushed series without the times that the store adds."""
        lines = (await self.exposition()).splitlines()
        return [line for line in lines if 'job="' in line and not line.startswith("push_")]

    async def value(self, series: str) -> float | None:
        """The value of one series as it is spelled in the exposition; ``None`` where it is not there."""
        found = re.search(rf"^{re.escape(series)} (\S+)$", await self.exposition(), re.MULTILINE)
        return float(found[1]) if found else None

    async def scrape(self, *, agent: str = "Prometheus/3", counted: bool = True) -> str:
        """Scrape as Prometheus does, and wait until the gateway knows that all has arrived."""
        before = await self.value('tidegate_scrapes_total{result="delivered"}') or 0
        headers = {scrape_handler.TIMEOUT_HEADER: "10", "User-Agent": agent}
        answer = await self.send("GET", "/metrics", headers=headers)
        if counted:
            await self.sees('tidegate_scrapes_total{result="delivered"}', before + 1)
        return answer.text

    async def sees(self, series: str, value: float) -> None:
        """Wait until this series has this value."""

        async def look() -> bool:
            return await self.value(series) == value

        await waiting.eventually_async(look, why=f"{series} to be {value:g}", timeout=10, interval=0.01)

    async def changes(self, **query: object) -> control_api.Changes:
        """One page of the control API."""
        answer = await self.control("GET", f"groups?{'&'.join(f'{name}={value}' for name, value in query.items())}")
        return control_api.Changes.from_json(answer)

    async def group(self, key: grouping.GroupingKey) -> control_api.GroupRecord | None:
        """A group as the operator sees it."""
        listed = await self.changes(limit=5000)
        return next((group for group in listed.groups if group.key == key), None)

    async def act(self, *actions: control_api.Action, epoch: str | None = None) -> list[lifecycle.Rejection | None]:
        """Do these, and answer what became of each."""
        known = epoch if epoch is not None else (await self.changes()).epoch
        body = {"epoch": known, "actions": [action.to_json() for action in actions]}
        answer = await self.control("POST", "actions", json=body)
        return [None if result is None else lifecycle.Rejection(result) for result in answer["results"]]

    async def control(self, method: str, path: str, *, status: int = 200, **more: Any) -> Any:
        """Any call of the control API; the JSON of its answer, which must have this status."""
        headers = {"Authorization": f"Bearer {TOKEN.value}"}
        async with self._session.request(method, f"{self._control}/{path}", headers=headers, **more) as response:
            assert response.status == status, await response.text()
            return await response.json(content_type=None) if status in (200, 409, 410) else await response.text()


def key(**labels: str) -> grouping.GroupingKey:
    return grouping.grouping_key(labels)


def claim(uid: str, *, drain_timeout: float = 300.0) -> owners.Claim:
    """A claim of a Job that is called after its uid."""
    owner = owners.Owner(kind="Job", namespace="default", name=f"job-{uid}", uid=owners.Uid(uid))
    return owners.Claim(owner=owner, drain_timeout=drain_timeout)


def claims(group: grouping.GroupingKey, uid: str) -> control_api.ClaimGroup:
    return control_api.ClaimGroup(key=group, claim=claim(uid))


def releases(group: grouping.GroupingKey, uid: str) -> control_api.ReleaseGroup:
    return control_api.ReleaseGroup(key=group, uid=owners.Uid(uid))


def retires(group: control_api.GroupRecord, *uids: str, drain_timeout: float = 300.0) -> control_api.StartDrain:
    """Retire a group as it was seen, because these owners are over."""
    over = tuple(owners.Uid(uid) for uid in uids)
    return control_api.StartDrain(
        key=group.key, finished=over, pushed_revision=group.pushed_revision, drain_timeout=drain_timeout
    )
