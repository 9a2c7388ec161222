"""Cases in which each alert fires, and cases in which it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.support.manifests import manifest_objects

[RULE] = manifest_objects.objects(manifest_objects.FOLDER / "components" / "prometheusrule" / "prometheusrule.yaml")
ALERTS = {each["alert"]: each for group in RULE["spec"]["groups"] for each in group["rules"]}
"""The alerts of the PrometheusRule by name."""

_BREAKER = "tidegate_operator_breaker_tripped"
_LISTED = "tidegate_operator_last_list_timestamp_seconds"
_GATEWAY = "tidegate_operator_gateway_errors_total"
_UNOWNED = 'tidegate_groups_without_owner{idle_over="1d"}'
_LIVE, _DRAINING = 'tidegate_groups{state="live"}', 'tidegate_groups{state="draining"}'
_WRITABLE, _FAILURES = "tidegate_persistence_writable", "tidegate_persistence_failures_total"


@dataclass(frozen=True, kw_only=True)
class Case:
    """The samples that Prometheus has scraped, one a minute in promtool's notation, and whether the alert fires then.

    :ivar series: values by series; an alert that fires has the labels of the first one.
    """

    alert: str
    series: Mapping[str, str]
    minutes: int
    fires: bool = field(default=False)


def _fires(alert: str, minutes: int, **series: str) -> Case:
    return Case(alert=alert, series=_named(series), minutes=minutes, fires=True)


def _rests(alert: str, minutes: int, **series: str) -> Case:
    return Case(alert=alert, series=_named(series), minutes=minutes)


_SHORT = {
    "breaker": _BREAKER,
    "listed": _LISTED,
    "forbidden": 'tidegate_operator_api_errors_total{reason="forbidden"}',
    "asking": "tidegate_operator_longest_asking_seconds",
    "unreachable": 'tidegate_operator_api_errors_total{reason="unreachable"}',
    "rights": "tidegate_operator_rights_missing",
    "watch_up": "tidegate_operator_watch_up",
    "timeout": 'tidegate_groups_deleted_total{reason="timeout"}',
    "ingested": 'tidegate_groups_deleted_total{reason="ingested"}',
    "unrecognised": "tidegate_unrecognised_scrapers",
    "not_stored": "tidegate_groups_not_stored",
    "reachable": 'tidegate_prometheus_reachable{url="http://prometheus:9090"}',
    "up": "up",
    "live": _LIVE,
    "draining": _DRAINING,
    "writable": _WRITABLE,
    "failures": _FAILURES,
    "aside": "tidegate_persistence_file_set_aside",
    "full": 'tidegate_requests_refused_total{limit="groups"}',
    "large": 'tidegate_requests_refused_total{limit="body"}',
    "unparsable": 'tidegate_pushes_total{result="unparsable"}',
    "inconsistent": 'tidegate_pushes_total{result="inconsistent"}',
    "accepted": 'tidegate_pushes_total{result="accepted"}',
    "most_groups": "tidegate_limit_groups",
    "has_series": "tidegate_series",
    "most_series": "tidegate_limit_series",
    "memory": "process_resident_memory_bytes",
    "most_memory": "tidegate_limit_memory_bytes",
    "unowned": _UNOWNED,
    "unowned_hour": 'tidegate_groups_without_owner{idle_over="1h"}',
    "gateway_errors": _GATEWAY,
}


def _named(series: Mapping[str, str]) -> Mapping[str, str]:
    return {_SHORT[name]: values for name, values in series.items()}


CASES = {
    "breaker-closed": _rests("TidegateBreakerTripped", 20, breaker="0x30"),
    "breaker-tripped": _fires("TidegateBreakerTripped", 10, breaker="0x9 1"),
    "breaker-closed-again": _fires("TidegateBreakerTripped", 15, breaker="0x9 1 0x20"),
    "breaker-closed-long-ago": _rests("TidegateBreakerTripped", 25, breaker="0x9 1 0x20"),
    "lists": _rests("TidegateOperatorDoesNotList", 30, listed="0+60x30"),
    "listed-six-minutes-ago": _rests("TidegateOperatorDoesNotList", 16, listed="0+60x10 600x20"),
    "listed-nine-minutes-ago": _fires("TidegateOperatorDoesNotList", 19, listed="0+60x10 600x20"),
    "lists-again": _rests("TidegateOperatorDoesNotList", 33, listed="0+60x10 600x20 1860+60x9"),
    "never-listed": _fires("TidegateOperatorDoesNotList", 63, listed="_x60 0x5"),
    "has-just-started": _rests("TidegateOperatorDoesNotList", 62, listed="_x60 0 3660"),
    "operator-there": _rests("TidegateOperatorMissing", 30, listed="0+60x30"),
    "operator-restarted": _rests("TidegateOperatorMissing", 20, listed="0+60x10 _x8 1140+60x9"),
    "operator-missing": _fires("TidegateOperatorMissing", 22, listed="0+60x10 stale"),
    "nothing-refused": _rests("TidegateOperatorForbidden", 20, forbidden="0x30"),
    "first-refusal": _fires("TidegateOperatorForbidden", 11, forbidden="0x9 1x20"),
    "refused-long-ago": _rests("TidegateOperatorForbidden", 40, forbidden="0x9 1x40"),
    "other-errors": _rests("TidegateOperatorForbidden", 20, unreachable="0+1x30"),
    "no-right-missing": _rests("TidegateOperatorRightsMissing", 20, rights="0x30"),
    "a-right-missing": _fires("TidegateOperatorRightsMissing", 13, rights="0x9 1x20"),
    "a-right-granted-at-once": _rests("TidegateOperatorRightsMissing", 20, rights="0x9 1 0x20"),
    "watch-works": _rests("TidegateOperatorWatchDown", 30, watch_up="1x40"),
    "watch-away-for-five-minutes": _rests("TidegateOperatorWatchDown", 25, watch_up="1x9 0x4 1x20"),
    "watch-down": _fires("TidegateOperatorWatchDown", 22, watch_up="1x9 0x20"),
    "asks-for-minutes": _fires("TidegateOperatorAsks", 7, asking="0+60x7"),
    "asks-for-a-while": _rests("TidegateOperatorAsks", 5, asking="0+60x5"),
    "was-answered": _rests("TidegateOperatorAsks", 20, asking="0+60x3 0x20"),
    "no-drain-timed-out": _rests("TidegateDrainsTimeOut", 20, timeout="0x30"),
    "a-drain-timed-out": _fires("TidegateDrainsTimeOut", 11, timeout="0x9 1x20"),
    "timed-out-long-ago": _rests("TidegateDrainsTimeOut", 40, timeout="3x40"),
    "all-were-read": _rests("TidegateDrainsTimeOut", 20, ingested="0+9x30"),
    "all-scrapers-known": _rests("TidegateScraperNotWaitedFor", 30, unrecognised="0x40"),
    "a-script-for-ten-minutes": _rests("TidegateScraperNotWaitedFor", 30, unrecognised="0x9 1x9 0x20"),
    "a-scraper-not-waited-for": _fires("TidegateScraperNotWaitedFor", 30, unrecognised="0x9 1x30"),
    "all-is-stored": _rests("TidegateValuesNotStored", 20, not_stored="0x30"),
    "not-stored": _fires("TidegateValuesNotStored", 11, not_stored="0x9 3x20"),
    "prometheus-responds": _rests("TidegatePrometheusUnreachable", 20, reachable="1x30"),
    "prometheus-restarts": _rests("TidegatePrometheusUnreachable", 20, reachable="1x9 0x0 1x20"),
    "prometheus-unreachable": _fires("TidegatePrometheusUnreachable", 14, reachable="1x9 0x20"),
    "gateway-up": _rests("TidegateGatewayDown", 20, up="1x30", live="5x30"),
    "gateway-scraped-again": _rests("TidegateGatewayDown", 12, up="1x9 0x1 1x20", live="5x30"),
    "gateway-down": _fires("TidegateGatewayDown", 13, up="1x9 0x20", live="5x9 stale"),
    "something-else-down": _rests("TidegateGatewayDown", 20, up="0x30"),
    "gateway-there": _rests("TidegateGatewayMissing", 20, live="0x30"),
    "gateway-restarted": _rests("TidegateGatewayMissing", 14, live="0x10 stale _x2 0x20"),
    "gateway-missing": _fires("TidegateGatewayMissing", 17, live="0x10 stale"),
    "all-is-kept": _rests("TidegatePersistenceFails", 20, writable="1x30", failures="0x30"),
    "disk-full": _fires("TidegatePersistenceFails", 12, writable="1x9 0x20", failures="0x30"),
    "a-write-failed-between-two-scrapes": _fires("TidegatePersistenceFails", 12, writable="1x30", failures="0x9 1x20"),
    "disk-was-full": _rests("TidegatePersistenceFails", 20, writable="1x9 0x2 1x20", failures="0x9 1x20"),
    "file-sound": _rests("TidegatePersistenceFileSetAside", 5, aside="0x30"),
    "file-damaged": _fires("TidegatePersistenceFileSetAside", 5, aside="1x30"),
    "no-room": _fires("TidegatePushesRefused", 25, full="0x9 1+1x30"),
    "no-room-for-a-burst": _rests("TidegatePushesRefused", 25, full="0x9 50x30"),
    "one-clients-large-bodies": _rests("TidegatePushesRefused", 25, large="0+1x30"),
    "many-invalid": _fires("TidegatePushesInvalid", 35, unparsable="0+5x40", accepted="0+10x40"),
    "few-invalid": _rests("TidegatePushesInvalid", 35, inconsistent="0+5x40", accepted="0+100x40"),
    "only-one-push-and-invalid": _rests("TidegatePushesInvalid", 35, unparsable="0x9 1x40", accepted="0x50"),
    "groups-within-limit": _rests("TidegateGroupsNearLimit", 20, live="70x30", draining="5x30", most_groups="100x30"),
    "groups-near-limit": _fires("TidegateGroupsNearLimit", 20, live="70x30", draining="15x30", most_groups="100x30"),
    "series-within-limit": _rests("TidegateSeriesNearLimit", 20, has_series="70x30", most_series="100x30"),
    "series-near-limit": _fires("TidegateSeriesNearLimit", 20, has_series="85x30", most_series="100x30"),
    "memory-within-limit": _rests("TidegateMemoryNearLimit", 20, memory="80x30", most_memory="100x30"),
    "memory-near-limit": _fires("TidegateMemoryNearLimit", 20, memory="95x30", most_memory="100x30"),
    "memory-unlimited": _rests("TidegateMemoryNearLimit", 20, memory="95x30", most_memory="Inf " * 31),
    "unowned-for-a-day": _fires("TidegateGroupsWithoutOwner", 130, unowned="2x200"),
    "unowned-and-pushed-once-a-day": _rests("TidegateGroupsWithoutOwner", 130, unowned="1x60 0x200"),
    "unowned-for-an-hour": _rests("TidegateGroupsWithoutOwner", 130, unowned_hour="9x200"),
    "gateway-reached": _rests("TidegateOperatorLosesGateway", 20, gateway_errors="3x30"),
    "gateway-away-for-a-moment": _rests("TidegateOperatorLosesGateway", 16, gateway_errors="0x9 2x30"),
    "gateway-lost": _fires("TidegateOperatorLosesGateway", 25, gateway_errors="0x9 1+1x30"),
}
