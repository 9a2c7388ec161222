"""Reports of the gateway about groups: the reasons, and the scrapers that draining groups wait for."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple, TypeAlias

from tidegate.model import drain_waits, grouping, ownership_status, reason_texts, reasons, scrapers

Json: TypeAlias = dict[str, Any]


class Drain(NamedTuple):
    """The drain of a group. Times are Unix seconds on the gateway's clock.

    :param until: when the group is deleted at the latest; ``None`` while it waits for the operator.
    :param waits_for: ``scrapers``, ``databases``, ``deadline``, ``operator`` or ``nothing``.
    :param readers: those that have not read its last push.
    :param databases: those that have not returned it.
    """

    since: float
    until: float | None
    waits_for: str
    readers: tuple[scrapers.Reader, ...]
    databases: tuple[drain_waits.MissingDatabase, ...] = ()

    @classmethod
    def from_json(cls, data: Json) -> Drain:
        return cls(
            since=float(data["since"]),
            until=None if data["until"] is None else float(data["until"]),
            waits_for=str(data["waits_for"]),
            readers=tuple(map(_reader_from_json, data["scrapers"])),
            databases=tuple(
                drain_waits.MissingDatabase(str(each["url"]), str(each["error"]), float(each["seconds"]))
                for each in data.get("databases", ())
            ),
        )

    def to_json(self) -> Json:
        fields = self._asdict()
        del fields["readers"]
        return {
            **fields,
            "scrapers": [_reader_to_json(reader) for reader in self.readers],
            "databases": [{"url": url, "error": error, "seconds": seconds} for url, error, seconds in self.databases],
        }

    def next_step(self, *, now: float) -> reasons.Reason | None:
        """The next step; ``None`` if the group waits for something that this version does not know.

        :param now: Unix seconds on the gateway's clock.
        """
        if self.waits_for not in list(drain_waits.WaitsFor):
            return None
        wait = drain_waits.Wait(drain_waits.WaitsFor(self.waits_for), self.until, self.readers, self.databases)
        return drain_waits.reason(wait, now=now)


class GroupReport(NamedTuple):
    """A group as the gateway reports it.

    :param why: sentences for people.
    :param now: the Unix seconds of the report, on the gateway's clock.
    """

    key: grouping.GroupingKey
    state: str
    push_time: float
    drain: Drain | None
    why: tuple[str, ...]
    now: float

    @classmethod
    def from_json(cls, data: Json, *, now: float) -> GroupReport:
        return cls(
            key=grouping.grouping_key({str(name): str(value) for name, value in data["labels"].items()}),
            state=str(data["state"]),
            push_time=float(data["push_time"]),
            drain=None if data["drain"] is None else Drain.from_json(data["drain"]),
            why=tuple(str(sentence) for sentence in data["why"]),
            now=now,
        )


def combine(status: ownership_status.GroupStatus, report: GroupReport | None) -> ownership_status.GroupStatus:
    """The operator's status of a group; while it drains, with the gateway's report of the next step."""
    if report is None or report.drain is None:
        return status
    next_step = report.drain.next_step(now=report.now)
    added = report.why if next_step is None else reason_texts.texts([next_step])
    return dataclasses.replace(status, why=(*status.why, *added))


def without_operator(report: GroupReport) -> ownership_status.GroupStatus:
    """The status of a group by the gateway's report alone."""
    return ownership_status.GroupStatus(
        key=report.key, state=report.state, verdict="", rule="", push_time=report.push_time, why=report.why
    )


def _reader_from_json(data: Json) -> scrapers.Reader:
    scraper = scrapers.Scraper(str(data["address"]), str(data["user_agent"]), str(data.get("scraper", "")))
    return scrapers.Reader(scraper, int(data.get("reader", 1)))


def _reader_to_json(reader: scrapers.Reader) -> Json:
    scraper, number = reader
    return {"address": scraper.address, "user_agent": scraper.user_agent, "scraper": scraper.name, "reader": number}
