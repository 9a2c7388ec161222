"""The English text of reasons: every kind of field, and the sentences that people read most."""

from __future__ import annotations

import pytest

from tidegate.model import grouping, owners, reason_texts, reasons, scrapers

Code = reasons.Code
X, RUN, NIGHTLY = (
    owners.Owner(kind, "prod", name, owners.Uid(name))
    for kind, name in (("Job", "x"), ("Job", "nightly-1"), ("CronJob", "nightly"))
)
ENDED: dict[str, reasons.Value] = {"outcome": "succeeded", "finished_at": 1_700_000_015.0}
CLEANUP = {"source": "annotation tidegate.dev/cleanup"}
IP = "10.0.0.7"
KEYS = [grouping.grouping_key({"job": f"x{number}"}) for number in range(5)]
READERS = [scrapers.Reader(scrapers.Scraper(f"10.0.0.{number}", "Prometheus/3")) for number in range(5)]

SENTENCES: list[tuple[reasons.Code, dict[str, reasons.Value], str]] = [
    (Code.OWNER_RUNNING, {"owner": X}, "Job prod/x has not finished."),
    (Code.CRONJOB_EXISTS, {"owner": NIGHTLY}, "CronJob prod/nightly exists; its groups are kept between its runs."),
    (Code.RULES_INVALID, {"owner": X, "problem": "a typo"}, "Job prod/x has an invalid cleanup rule: a typo."),
    (
        Code.CLEANUP_NEVER,
        {"owner": X, "source": "GroupCleanupPolicy prod/all"},
        "Job prod/x keeps its groups: cleanup never, set by GroupCleanupPolicy prod/all.",
    ),
    (
        Code.DELETED_KEPT_UNTIL,
        {"owner": X, "ends_at": 1_700_100_005.0},
        "Job prod/x no longer exists; its cleanup rules keep its groups until 2023-11-16 02:00:05Z.",
    ),
    (
        Code.DELETED_KEPT_UNTIL,
        {"owner": X, "ends_at": None},
        "Job prod/x no longer exists; its cleanup rules keep its groups.",
    ),
    (
        Code.DELETED_KEPT_UNTIL_NEXT_RUN,
        {"owner": RUN, "series": NIGHTLY},
        "Job prod/nightly-1 no longer exists; its groups are kept until a later run of CronJob prod/nightly pushes.",
    ),
    (
        Code.FINISHED_KEPT_AFTER,
        {"owner": X, **ENDED, "ends_at": 1_700_360_015.0, "after": 360_000.0, **CLEANUP},
        "Job prod/x succeeded at 2023-11-14 22:13:35Z; its groups are kept until 2023-11-19 02:13:35Z (cleanup "
        "after=100h, set by annotation tidegate.dev/cleanup).",
    ),
    (
        Code.FINISHED_KEPT_FAILED,
        {"owner": X, **ENDED, "ends_at": 1_700_360_015.0, "keep_failed_for": 360_000.0, **CLEANUP},
        "Job prod/x succeeded at 2023-11-14 22:13:35Z; its groups are kept until 2023-11-19 02:13:35Z "
        "(keep-failed-for 100h, set by annotation tidegate.dev/cleanup).",
    ),
    (
        Code.FINISHED_KEPT_UNTIL_NEXT_RUN,
        {"owner": RUN, **ENDED, "series": NIGHTLY, **CLEANUP},
        "Job prod/nightly-1 succeeded at 2023-11-14 22:13:35Z; its groups are kept until a later run of CronJob "
        "prod/nightly pushes (cleanup superseded, set by annotation tidegate.dev/cleanup).",
    ),
    (
        Code.FINISHED_KEPT_UNTIL_DELETED,
        {"owner": X, **ENDED, "cleanup": "on-deletion", **CLEANUP},
        "Job prod/x succeeded at 2023-11-14 22:13:35Z; its groups are kept until it is deleted (cleanup on-deletion, "
        "set by annotation tidegate.dev/cleanup).",
    ),
    (
        Code.FINISHED_WITHOUT_SERIES,
        {"owner": X, **ENDED, **CLEANUP},
        "Job prod/x succeeded at 2023-11-14 22:13:35Z; its groups are kept until it is deleted (cleanup superseded, "
        "set by annotation tidegate.dev/cleanup; no CronJob controls it, so no later run can supersede it).",
    ),
    (Code.MORE_OWNERS_KEEP, {"count": 1}, "1 more owner keeps the group."),
    (Code.MORE_OWNERS_KEEP, {"count": 2}, "2 more owners keep the group."),
    (Code.OWNER_FINISHED, {"owner": X, **ENDED}, "Job prod/x succeeded at 2023-11-14 22:13:35Z."),
    (
        Code.DRAINING_UNTIL_SCRAPED,
        {"drain_timeout": 300.0},
        "The group is draining: it is deleted after every active Prometheus has scraped it (drain timeout 5m).",
    ),
    (
        Code.DRAINING_FOR_GRACE_PERIOD,
        {"grace": 60.0, "drain_timeout": None},
        "The group is draining: it is deleted after its grace period, at least 60 s.",
    ),
    (
        Code.AMBIGUOUS_OWNERS,
        {"owners": (X, RUN)},
        "It may belong to each of Job prod/x and Job prod/nightly-1, which are in different namespaces; it is kept "
        "until only one is left.",
    ),
    (
        Code.OWNERS_UNKNOWN,
        {"owners": (X,)},
        "The operator cannot tell whether Job prod/x still exists: it does not watch that kind or namespace, or has "
        "not listed it since.",
    ),
    (
        Code.LOOKUP_PENDING,
        {"lookups": (f"the Pods at {IP}",)},
        "The operator is asking the API server about the Pods at 10.0.0.7; it decides nothing before the response.",
    ),
    (
        Code.NOT_LAST_PUSHER,
        {"owners": (X,), "push_time": 1_700_000_900.0},
        "Job prod/x had finished, or had stopped pushing the group, when another client made the last push at "
        "2023-11-14 22:28:20Z.",
    ),
    (
        Code.LAST_PUSH_BY_POD_OF_OWNER,
        {"pod": "Pod prod/p", "owner": X},
        "The last push came from Pod prod/p of Job prod/x.",
    ),
    (Code.ADDRESS_OF_NO_POD, {"address": IP}, "It was pushed from 10.0.0.7, and no Pod has that address."),
    (Code.NO_OBJECT_OF_THIS_NAME, {"job": "x"}, 'No object that the operator watches is named "x".'),
    (
        Code.CANDIDATE_FINISHED_BEFORE,
        {"owner": X, "finished_at": 1_700_000_015.0},
        "Job prod/x finished at 2023-11-14 22:13:35Z, before the last push.",
    ),
    (Code.OWNED, {"owners": (X,)}, "Job prod/x owns the group."),
    (Code.OWNED, {"owners": (X, RUN)}, "Job prod/x and Job prod/nightly-1 own the group."),
    (
        Code.OWNED,
        {"owners": (X, RUN, NIGHTLY, X)},
        "Job prod/x, Job prod/nightly-1, CronJob prod/nightly and 1 more own the group.",
    ),
    (Code.TTL_EXPIRES, {"seconds": 90.0}, "It starts draining in 1m30s (TTL) unless it is pushed again."),
    (
        Code.WAITS_FOR_SCRAPERS,
        {"readers": READERS[:2], "seconds": 290.0},
        "It waits for Prometheus/3 at 10.0.0.0 and Prometheus/3 at 10.0.0.1 to scrape its last push, and is deleted "
        "in 4m50s at the latest.",
    ),
    (
        Code.WAITS_FOR_SCRAPERS,
        {"readers": READERS, "seconds": -1.0},
        "It waits for Prometheus/3 at 10.0.0.0, Prometheus/3 at 10.0.0.1, Prometheus/3 at 10.0.0.2 and 2 more to "
        "scrape its last push, and is deleted in 0s at the latest.",
    ),
    (
        Code.EVENT_VANISHED,
        {"keys": KEYS[:1]},
        'Deleted group {job="x0"}: another client deleted it, or Pushgateway lost it in a restart',
    ),
    (
        Code.EVENT_VANISHED,
        {"keys": KEYS[:2]},
        'Deleted 2 groups: {job="x0"} and {job="x1"}: another client deleted them, or Pushgateway lost them in a '
        "restart",
    ),
    (
        Code.EVENT_VANISHED,
        {"keys": KEYS},
        'Deleted 5 groups: {job="x0"}, {job="x1"}, {job="x2"} and 2 more: another client deleted them, or '
        "Pushgateway lost them in a restart",
    ),
]


@pytest.mark.parametrize(("code", "fields", "text"), SENTENCES)
def test_reason_is_rendered_with_its_fields(code: reasons.Code, fields: dict[str, reasons.Value], text: str) -> None:
    assert reason_texts.text(reasons.reason(code, **fields)) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "1970-01-01 00:00:00Z"), (1_769_846_400.4, "2026-01-31 08:00:00Z"), (1e30, "1e+30")],
)
def test_a_time_is_utc(seconds: float, text: str) -> None:
    assert reason_texts.time(seconds) == text
