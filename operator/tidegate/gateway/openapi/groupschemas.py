"""What the gateway's own API tells: groups, scrapers, deletions, events."""

from __future__ import annotations

from tidegate.draining import drain_status, scrape_progress
from tidegate.gateway.api import group_filter, group_json, group_queries, listings
from tidegate.gateway.openapi import kinds
from tidegate.gateway.scrape import scrape_handler
from tidegate.gateway.ui import page_deletion
from tidegate.model import lifecycle, push_rates, pushers, scrapers
from tidegate.store import interface

_NOW = "When this was answered, by the gateway's clock, in Unix seconds; all times of the answer are by this clock."


def schemas() -> dict[str, kinds.Json]:
    """By their names."""
    return {**_groups(), **_lists(), **_scrapers(), **_deletions(), **_changes()}


def _groups() -> dict[str, kinds.Json]:
    return {
        "Labels": kinds.named(
            {"type": "string"},
            "The grouping labels of a group by their names; `job` is always one of them.",
            minProperties=1,
            examples=[{"job": "backup", "instance": "db1"}],
        ),
        "Owner": kinds.record(
            "A Kubernetes object that the operator says owns a group.",
            {
                "kind": kinds.text("Its kind, such as `Job`; of a resource that others define with its API group."),
                "namespace": kinds.text("Its namespace."),
                "name": kinds.text("Its name."),
                "rule": kinds.text("The rule of `--ownership` by which it owns the group."),
            },
        ),
        "ScraperName": kinds.record(
            "What tells one scraper from another.",
            {
                "address": kinds.text("The address that it scrapes from; `unix` for one that comes through a socket."),
                "user_agent": kinds.text(
                    f"Its User-Agent, cut after {scrape_handler.MAX_USER_AGENT} characters; empty where it sends none.",
                    maxLength=scrape_handler.MAX_USER_AGENT,
                ),
            },
        ),
        "Drain": kinds.record("What a draining group waits for.", _drain()),
        "Group": kinds.record("A group without its metrics.", _group(), optional=["why"]),
        "GoneGroup": kinds.record(
            "A group of the list that has been deleted since the list was made.",
            {"labels": kinds.ref("Labels"), "gone": {"const": True, "description": "Always true."}},
        ),
    }


def _drain() -> dict[str, kinds.Json]:
    return {
        "since": kinds.number("When it began to drain, in Unix seconds."),
        "until": kinds.or_null(
            kinds.number(
                "When it goes at the latest, read or not, in Unix seconds; null while the operator is waited for."
            )
        ),
        "is_expired_ttl": kinds.flag("Whether it drains since its time to live was over, and not by the operator."),
        "waits_for": kinds.word(
            drain_status.For,
            "`operator`: it was pushed after it was retired, and the operator has yet to say by whom. `scrapers`: "
            "those in `scrapers` have yet to read its last push. `deadline`: no active scraper could read it. "
            "`nothing`: it goes in a moment.",
        ),
        "scrapers": kinds.several(
            kinds.ref("ScraperName"), "The active scrapers that have yet to read its last push; empty for no such."
        ),
    }


def _group() -> dict[str, kinds.Json]:
    return {
        "labels": kinds.ref("Labels"),
        "state": kinds.word(lifecycle.State, "Whether it lives or drains."),
        "ownership": kinds.word(
            group_filter.Ownership,
            "`claimed`: it has owners. `retired`: they are all over, as the operator says. `none`: nobody owns it.",
        ),
        "owners": kinds.several(
            kinds.ref("Owner"),
            f"Its owners: in a list of groups the first {group_json.SHOWN_OWNERS}, of one group all.",
        ),
        "owner_count": kinds.whole("How many owners it has."),
        "ttl_ends": kinds.or_null(
            kinds.number(
                "When its time to live is over unless it is pushed again, in Unix seconds; null where it was pushed "
                "without one, has an owner, or drains."
            )
        ),
        "drain": kinds.or_null(kinds.ref("Drain", "What it waits for; null while it lives.")),
        "push_time": kinds.number("When a push was last taken, in Unix seconds; 0 for never."),
        "push_failure_time": kinds.number("When a push was last refused, in Unix seconds; 0 for never."),
        "last_push_successful": kinds.flag("Whether its last push was taken."),
        "families": kinds.whole("How many families of metrics it was pushed."),
        "series": kinds.whole("How many series Prometheus sees of these."),
        "pushes": kinds.several(
            {"type": "integer", "minimum": 0, "maximum": push_rates.MOST},
            f"Pushes that were taken in each {push_rates.SLOT_SECONDS // 60} minutes of the last day, oldest first; "
            f"{push_rates.MOST} stands for more, too. Forgotten with the process.",
            minItems=push_rates.SLOTS,
            maxItems=push_rates.SLOTS,
        ),
        "why": kinds.several({"type": "string"}, "As in `GroupDetail`; in a list that was asked for with `why=1`."),
    }


def _lists() -> dict[str, kinds.Json]:
    counted = {"type": "integer", "minimum": 1}
    most = f"{listings.MOST_NAMES} names at most"
    return {
        "GroupList": kinds.record(
            "A part of a list of groups.",
            {
                "now": kinds.number(_NOW),
                "listing": kinds.text("Names the list that this is a part of: ask for other parts by `listing`."),
                "is_current": kinds.flag("Whether nothing has changed since the list was made."),
                "total": kinds.whole("How many groups the list has."),
                "offset": kinds.whole("The place of the first group of this part, from 0."),
                "groups": kinds.several(
                    {"oneOf": [kinds.ref("Group"), kinds.ref("GoneGroup")]},
                    "The groups of this part in their order.",
                    maxItems=group_queries.MOST_ROWS,
                ),
                "states": kinds.ref("States"),
                "kinds": kinds.named(counted, f"How many owners of each kind there are, of all groups; {most}."),
                "namespaces": kinds.named(counted, f"How many owners there are in each namespace; {most}."),
            },
        ),
        "States": kinds.record(
            "How many groups there are in each state.",
            {state.value: kinds.whole(f"Groups that are {state.value}.") for state in lifecycle.State},
        ),
        "GroupDetail": kinds.record("A group with its metrics.", _detail()),
    }


def _detail() -> dict[str, kinds.Json]:
    return {
        "now": kinds.number(_NOW),
        "group": kinds.ref("Group"),
        "why": kinds.several({"type": "string"}, "Why it is still there: sentences for people, in English."),
        "pushers": kinds.several(
            {"type": "string"}, "The last addresses that it was pushed from, the last one first.", maxItems=pushers.KEPT
        ),
        "families": kinds.several(
            kinds.ref("NamedFamily"),
            f"What it was pushed, by name; {group_queries.MOST_METRICS} metrics of it at most.",
        ),
        "is_cut": kinds.flag("Whether it has more metrics than are told here."),
    }


def _scrapers() -> dict[str, kinds.Json]:
    return {
        "Scraper": kinds.record("Who scrapes again and again, and how far it has read.", _scraper()),
        "ScraperList": kinds.record(
            "All scrapers that are remembered.",
            {
                "now": kinds.number(_NOW),
                "scrapers": kinds.several(
                    kinds.ref("Scraper"), "By address and User-Agent.", maxItems=scrape_progress.MAX_SCRAPERS
                ),
            },
        ),
    }


def _scraper() -> dict[str, kinds.Json]:
    named: dict[str, kinds.Json] = _groups()["ScraperName"]["properties"]
    return {
        **named,
        "active": kinds.flag("Whether draining groups wait for it."),
        "interval": kinds.or_null(
            kinds.number(
                f"The longest of its last {scrapers.MEASURED_GAPS} gaps between scrapes, in seconds, at most "
                f"{scrapers.LONGEST_INTERVAL:g}; null before there are as many."
            )
        ),
        "first_seen": kinds.number("When it scraped first, in Unix seconds."),
        "last_seen": kinds.number(
            "When it last began to scrape, in Unix seconds, moved on by as long as there was no gateway since."
        ),
        "last_read": kinds.or_null(
            kinds.number("When a whole answer last reached it, in Unix seconds; null for never.")
        ),
        "silent_at": kinds.number(
            f"When groups stop waiting for it unless it scrapes before, in Unix seconds: {scrapers.MISSED_SCRAPES} "
            f"intervals after `last_seen`, and {scrapers.LONGEST_INTERVAL:g} s at least. "
            f"An interval of null counts as {scrapers.LONGEST_INTERVAL:g} s."
        ),
        "unread_changes": kinds.whole("How many changes of groups there were since what it has read."),
        "awaited_by": kinds.whole("How many draining groups wait for it."),
    }


def _deletions() -> dict[str, kinds.Json]:
    return {
        "Deletion": kinds.record(
            "A group that was deleted.",
            {
                "at": kinds.number("When, in Unix seconds."),
                "labels": kinds.ref("Labels"),
                "reason": kinds.word(
                    [reason.value for reason in lifecycle.OWN_REASONS],
                    "`drained`: every active scraper had read its last push. `timeout`: its drain timeout was over. "
                    "`request`: somebody asked for it.",
                ),
                "owners": kinds.several(
                    kinds.ref("Owner"), "The first of the owners it had.", maxItems=group_json.SHOWN_OWNERS
                ),
                "owner_count": kinds.whole("How many owners it had."),
            },
        ),
        "DeletionList": kinds.record(
            "A part of the last deletions.",
            {
                "now": kinds.number(_NOW),
                "total": kinds.whole("How many are remembered.", maximum=interface.KEPT_DEPARTURES),
                "offset": kinds.whole("The place of the first one of this part, from 0."),
                "deletions": kinds.several(
                    kinds.ref("Deletion"), "The last one first.", maxItems=group_queries.MOST_DELETIONS
                ),
            },
        ),
        "SelectedGroups": kinds.record(
            "What selectors selected.",
            {
                "dry_run": kinds.flag("Whether nothing was deleted."),
                "deleted": kinds.whole("How many groups were deleted: 0 in a dry run."),
                "groups": kinds.several(
                    kinds.ref("Labels"), "The groups that were deleted, or in a dry run those that would be."
                ),
            },
        ),
    }


def _changes() -> dict[str, kinds.Json]:
    return {
        "News": kinds.record(
            "The data of an event: what there is, from which it is seen that something has changed.",
            {
                "version": kinds.text("Names the files of the web page; another one means another page."),
                "revision": kinds.whole("Grows with every change of a group."),
                "states": kinds.ref("States"),
                "scrapers": kinds.whole("How many scrapers are active."),
                "last_read": kinds.number(
                    "Grows when a whole answer has reached an active scraper; seconds of no calendar. 0 for never."
                ),
            },
        ),
        "PageDeletion": kinds.record(
            "What the page deletes: one group, or what selectors select.",
            {
                "labels": kinds.ref("Labels", "The group to delete. Either this or `match`."),
                "match": kinds.several({"type": "string"}, "Selectors, any of which has to hold.", minItems=1),
                "dry_run": kinds.flag("With `match`: tell what is selected, and delete nothing.", default=False),
                "most": {
                    "type": "integer",
                    "description": "With `match`, in place of a dry run: how many groups may be deleted. Where more "
                    "are selected none is.",
                },
            },
            optional=("labels", "match", "dry_run", "most"),
        )
        | {"oneOf": [{"required": ["labels"]}, {"required": ["match"]}]},
        "PageDeleted": kinds.record("What was deleted.", {"deleted": kinds.whole("How many groups.")}),
        "PagePreview": kinds.record(
            "What would be deleted.",
            {
                "selected": kinds.whole("How many groups are selected."),
                "groups": kinds.several(kinds.ref("Labels"), "The first of them.", maxItems=page_deletion.SHOWN),
            },
        ),
    }
