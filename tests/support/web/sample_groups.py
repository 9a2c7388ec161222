"""Sample groups, as at noon on a typical day: Jobs of several teams, some finished, some with forgotten groups."""

from __future__ import annotations

from tests.support import waiting
from tests.support.web import threaded_gateway
from tidegate.model import grouping

_DAY = 86_400.0
_TEAMS = ("payments", "search", "reports", "platform")
_BACKUP = """\
# HELP backup_duration_seconds How long the last backup took.
# TYPE backup_duration_seconds gauge
backup_duration_seconds {seconds}
# HELP backup_last_success_timestamp_seconds When the last backup succeeded.
# TYPE backup_last_success_timestamp_seconds gauge
backup_last_success_timestamp_seconds {at}
# HELP backup_bytes_total Bytes written, by what became of them.
# TYPE backup_bytes_total counter
backup_bytes_total{{kind="stored"}} {stored}
backup_bytes_total{{kind="skipped"}} 4.1e+08
# HELP backup_file_seconds How long each file took.
# TYPE backup_file_seconds histogram
backup_file_seconds_bucket{{le="0.1"}} 18211
backup_file_seconds_bucket{{le="1"}} 20010
backup_file_seconds_bucket{{le="+Inf"}} 20144
backup_file_seconds_sum 2231.5
backup_file_seconds_count 20144
"""


def fill(site: threaded_gateway.Site) -> None:
    """Push, claim and scrape as in the last day; set the clock one day before the time of the screenshots first."""
    _through_the_day(site)
    _at_noon(site)


def _through_the_day(site: threaded_gateway.Site) -> None:
    for half_hour in range(48):
        site.move(_DAY / 48)
        for team in _TEAMS[: 2 if half_hour % 2 else 4]:
            for _ in range(1 + half_hour % 5):
                site.push(f"rows_imported_total {half_hour * 1000}\nlag_seconds 3.5\n", job="import", team=team)
        if half_hour % 6 == 1:
            site.push(f"checked_total {half_hour}\nfailed_total 0\n", job="consistency-check", pusher="10.2.8.14")
        if half_hour in (29, 30):
            for number in range(1, 7):
                body = _BACKUP.format(seconds=512 + 9 * number, at=site.clock.wall(), stored=f"{number}.82e+09")
                site.push(body, job="backup", instance=f"db-{number}", pusher=f"10.2.4.{30 + number}")


def _at_noon(site: threaded_gateway.Site) -> None:
    for number in range(1, 7):
        site.claim("CronJob", "storage/nightly-backup", job="backup", instance=f"db-{number}")
    for team in _TEAMS:
        site.claim("Job", f"{team}/import-29657{len(team)}", job="import", team=team)
    site.claim("CronJob", "platform/consistency-check", rule="name", job="consistency-check")
    finished = []
    for number in range(1, 4):
        site.push("pages_total 4210\nerrors_total 0\n", job="crawl", shard=str(number), pusher=f"10.2.9.{number}")
        finished.append(site.claim("Job", "search/crawl-2965764", job="crawl", shard=str(number)))
    site.push("runs 1\n", job="load-test", ttl=5_400.0, run="2026-05-21")
    site.push("temperature_celsius 21.5\n", job="lab-sensor", pusher="192.0.2.77")
    site.push_invalid(job="lab-sensor")
    _scrape(site)
    site.push("pages_total 4300\nerrors_total 2\n", job="crawl", shard="2")
    for number, owner in enumerate(finished, 1):
        site.retire(owner, job="crawl", shard=str(number))
    site.push("x 1\n", job="migrate", database="orders")
    migrated = site.claim("Job", "payments/migrate-orders", job="migrate", database="orders")
    site.retire(migrated, job="migrate", database="orders")
    site.push("x 1\n", job="tmp-experiment")
    site.do(site.gateway.store.delete(grouping.grouping_key({"job": "tmp-experiment"})))
    site.move(38)


def _scrape(site: threaded_gateway.Site) -> None:
    """Two servers scrape at their intervals, and have read every push so far."""
    for _ in range(3):
        site.move(15)
        site.scrape("Prometheus/3.8.0")
        site.scrape("vmagent/1.131")
    waiting.eventually(lambda: _has_read(site), why="the scrapes to be known")


def _has_read(site: threaded_gateway.Site) -> bool:
    revision = site.gateway.store.revision
    known = site.gateway.tracker.known()
    return len(known) == 2 and all(reading.delivered_revision >= revision for reading in known)
