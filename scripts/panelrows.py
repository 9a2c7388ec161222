"""The rows and panels of the Grafana dashboard; ``@`` in a query stands for the chosen job and instance."""

from __future__ import annotations

from scripts import panels

_WELL = [
    panels.stat(
        "Gateways",
        "Gateways that Prometheus reads. Normal: as many as you run. 0: pushes probably fail; see whether the Pod is "
        "ready and whether port 9091 is scraped (TidegateGatewayMissing in docs/alerts.md).",
        'count(tidegate_groups{@, state="live"}) or vector(0)',
        steps=panels.NONE_IS_WORSE,
    ),
    panels.stat(
        "Operators",
        "Operators that Prometheus reads. Normal: one a gateway. 0: groups of finished Jobs stay; see whether its "
        "container runs and whether port 9093 is scraped.",
        "count(tidegate_operator_last_list_timestamp_seconds{@}) or vector(0)",
        steps=panels.NONE_IS_WORSE,
    ),
    panels.stat(
        "Alerts firing",
        "Alerts of tidegate that fire now. Normal: 0. docs/alerts.md has a section for each: what it means, what to "
        "look at, what to do.",
        'count(ALERTS{alertname=~"Tidegate.*", alertstate="firing"}) or vector(0)',
        steps=panels.MORE_IS_WORSE,
    ),
    panels.stat(
        "Last list of Jobs",
        "How long ago the operator's last complete list of all objects began. Normal: up to the resync period, 30 s. "
        "More: its log, and API errors below, say which call fails.",
        "time() - min(tidegate_operator_last_list_timestamp_seconds{@})",
        steps=((None, "green"), (90, "orange"), (300, "red")),
        unit="s",
    ),
    panels.stat(
        "Breaker",
        "Whether the breaker holds groups back, since very many were to be retired at once. Normal: closed. Tripped: "
        "find out whether so many Jobs have really ended; if not, start the operator with --dry-run.",
        "max(tidegate_operator_breaker_tripped{@})",
        steps=panels.MORE_IS_WORSE,
        words=("closed", "tripped"),
    ),
    panels.stat(
        "File",
        "Whether pushes can be kept in --persistence.file; empty without that flag. Normal: written. Not: pushes get "
        "507; see the gateway's log and the volume's free space.",
        "min(tidegate_persistence_writable{@})",
        steps=panels.NONE_IS_WORSE,
        words=("cannot be written", "written"),
    ),
]

_PUSHES = [
    panels.Panel(
        "Pushes by what became of them",
        "Normal: nearly all are accepted. unparsable is a format that cannot be read, inconsistent contradicts another "
        "group's types or series: the answer to the push says how. None at all: see whether clients reach port 9091.",
        [panels.rate("tidegate_pushes_total", "result")],
        "reqps",
    ),
    panels.Panel(
        "Requests refused, by limit",
        "Normal: none. groups, series, memory: new groups find no room, see the limits below. connections, requests, "
        "bodies: too many clients at once, or slow ones. The others are faults of the one client that is told so.",
        [panels.rate("tidegate_requests_refused_total", "limit")],
        "reqps",
    ),
    panels.Panel(
        "Answers other than 2xx",
        "Normal: few. 400 is a client's fault, 401 a wrong password, 413 and 429 a limit, 503 a start that is not "
        "over, 507 a file that cannot be written, 500 a fault of tidegate's: its log has it.",
        [
            (
                f'sum by (handler, code) (rate(tidegate_http_requests_total{{@, code!~"2.."}}[{panels.INTERVAL}])) '
                "or vector(0)",
                "{{handler}} {{code}}",
            )
        ],
        "reqps",
    ),
    panels.Panel(
        "Time of a push",
        "From its last byte to its answer. Normal: a few milliseconds, with --persistence.fsync=always what the disk "
        "takes. More: see commits below, processor time, and whether bodies have grown.",
        panels.quantiles("tidegate_push_duration_seconds", panels.INTERVAL, 0.5, 0.99),
        "s",
        12,
    ),
    panels.Panel(
        "Groups whose last push failed",
        "How long ago, by group; 20 at most. Normal: empty. The Job behind one pushes what contradicts another group; "
        "what Prometheus shows of it is from before. Mend what it pushes.",
        [("topk(20, time() - (push_failure_time_seconds > push_time_seconds))", "")],
        "s",
        12,
        "table",
    ),
]

_READS = [
    panels.Panel(
        "Scrapers",
        "Those that keep their rhythm: each is waited for before a group is deleted. Normal: as many Prometheus "
        "servers as you have. 0: only drain timeouts delete. More: somebody else sends their header.",
        [("sum by (instance) (tidegate_scrapers{@})", "{{instance}}")],
    ),
    panels.Panel(
        "Scrapes by whether they arrived",
        "Normal: all are delivered. late: the answer took longer than scrape_timeout; broken: the reader hung up. Such "
        "scrapes let no group go. Give them more time, or fewer series.",
        [panels.rate("tidegate_scrapes_total", "result")],
        "reqps",
    ),
    panels.Panel(
        "Lag of each scraper",
        "Time since it last got a whole answer, beside its own interval. Normal: about one interval. Several: its "
        "scrapes do not arrive, and draining groups wait for it.",
        [
            (
                "max by (address, user_agent) (tidegate_scraper_lag_seconds{@})",
                "{{address}} {{user_agent}}",
            ),
            (
                "max by (address, user_agent) (tidegate_scraper_interval_seconds{@})",
                "interval of {{address}} {{user_agent}}",
            ),
        ],
        "s",
    ),
    panels.Panel(
        "Time of a scrape, by scraper",
        "What its last answer took. Normal: far below its scrape_timeout. More: the store has grown, the reader's line "
        "is slow, or the processor is busy.",
        [("max by (address, user_agent) (tidegate_scraper_last_duration_seconds{@})", "{{address}} {{user_agent}}")],
        "s",
        12,
    ),
    panels.Panel(
        "Size of a scrape, by scraper",
        "Bytes of its last answer as they were sent, packed where it asks for that. Normal: steady. Growth: more "
        "series are pushed, see the limits.",
        [("max by (address, user_agent) (tidegate_scraper_last_size_bytes{@})", "{{address}} {{user_agent}}")],
        "bytes",
        12,
    ),
]

_ENDS = [
    panels.Panel(
        "Groups by state",
        "Normal: few drain at a time, for a scrape interval or two. Many drain: some scraper does not read, see the "
        "row above. Live ones that only grow: nobody owns them, see below.",
        [("sum by (state) (tidegate_groups{@})", "{{state}}")],
    ),
    panels.Panel(
        "Time of a drain, last hour",
        "From a group's retirement to its deletion. Normal: one or two scrape intervals. At the drain timeout (5 min): "
        "some scraper does not read.",
        panels.quantiles("tidegate_drain_duration_seconds", "1h", 0.5, 0.95),
        "s",
    ),
    panels.Panel(
        "Deleted groups by reason",
        "Normal: drained, and request where people delete. timeout: a Prometheus may lack last values, see "
        "TidegateDrainsTimeOut in docs/alerts.md.",
        [panels.rate("tidegate_groups_deleted_total", "reason", function="increase")],
    ),
    panels.Panel(
        "Groups whose time to live was over",
        "Normal: as pushers outside of Kubernetes stop. A sudden many: one of them is down, or pushes more rarely than "
        "its ?ttl= says.",
        [panels.rate("tidegate_groups_expired_total", "instance", function="increase")],
    ),
    panels.Panel(
        "Groups without owner or time to live",
        "Live groups that nothing will end, by how long nobody has pushed to them. Normal: those of 1d and 7d are 0. "
        "Else ask tidegate groups explain why nobody owns one, and say ?ttl=, an annotation or a policy.",
        [("sum by (idle_over) (tidegate_groups_without_owner{@})", "no push for {{idle_over}}")],
    ),
    panels.Panel(
        "Oldest groups",
        "How long ago their last push was; 20 at most. Normal: not longer than the longest pause between two runs. One "
        "that should be gone: tidegate groups explain.",
        [("topk(20, time() - push_time_seconds)", "")],
        "s",
        type="table",
    ),
]

_DECISIONS = [
    panels.Panel(
        "Groups by verdict and rule",
        "What the last plan decided, and the rule that led to the owners. Normal: most have an active owner. Nobody's: "
        "names match no Job. ambiguous: two namespaces share a name; add a namespace label.",
        [("sum by (verdict, rule) (tidegate_operator_group_verdicts{@})", "{{verdict}} by {{rule}}")],
        width=12,
    ),
    panels.Panel(
        "Actions on the gateway",
        "Normal: claims as Jobs begin to push, retirements as they end, all done. Refused ones (pushed, owned, gone) "
        "are planned anew; if they never end, two operators disagree. dry-run: nothing is done.",
        [panels.rate("tidegate_operator_actions_total", "action, result")],
        "ops",
        12,
    ),
    panels.Panel(
        "Actions that the gateway refused",
        "Normal: a few, when something changed between plan and action. Many: the operator is behind, or there are "
        "two.",
        [panels.rate("tidegate_actions_refused_total", "reason")],
        "ops",
    ),
    panels.Panel(
        "Objects that groups can follow",
        "Normal: about as many Jobs as kubectl get jobs -A lists, and the pods of Jobs, with those that went in the "
        "last ten minutes. 0: the operator sees none, see its rights and --kubernetes.namespace.",
        [
            ("sum by (kind) (tidegate_operator_objects{@})", "{{kind}}"),
            ("tidegate_operator_pods{@}", "pods of Jobs {{instance}}"),
        ],
    ),
    panels.Panel(
        "Events for people",
        "Normal: posted. failed: the right to create Events is missing. dropped: too many waited; the log has them.",
        [panels.rate("tidegate_operator_events_total", "result")],
        "ops",
    ),
]

_OPERATOR = [
    panels.Panel(
        "Age of the last list, and of the last event",
        "Normal: the list up to 30 s; events as objects change. A list that grows old: see API errors. Events alone: "
        "the watch is silent, and lists make up for it. A group that waits for minutes: the API server does not say "
        "whose address pushed it.",
        [
            ("time() - (tidegate_operator_last_list_timestamp_seconds{@} > 0)", "list {{instance}}"),
            ("time() - (tidegate_operator_last_event_timestamp_seconds{@} > 0)", "event {{instance}}"),
            ("tidegate_operator_longest_asking_seconds{@}", "group that waits for an answer {{instance}}"),
        ],
        "s",
    ),
    panels.Panel(
        "Restarts, last hour",
        "Normal: 0. The watch begins anew when an answer ended it: see the log; a process when it was ended: kubectl "
        "describe says why.",
        [
            ("increase(tidegate_operator_watch_restarts_total{@}[1h])", "watch {{instance}}"),
            ("changes(process_start_time_seconds{@}[1h])", "process {{instance}}"),
        ],
    ),
    panels.Panel(
        "Watch and rights",
        "Normal: 0. A watch that does not work leaves changes to the lists; the log says which call fails. So it does "
        "for each right that is missing.",
        [
            ("1 - tidegate_operator_watch_up{@}", "watches that fail {{instance}}"),
            ("tidegate_operator_rights_missing{@}", "rights missing {{instance}}"),
        ],
    ),
    panels.Panel(
        "Failed calls",
        "To the API server by reason, and to the gateway. Normal: none. forbidden: a right is missing. unreachable, "
        "timeout: network or API server. gateway: its container, or the token.",
        [
            panels.rate("tidegate_operator_api_errors_total", "reason"),
            panels.rate("tidegate_operator_gateway_errors_total", "instance", legend="gateway {{instance}}"),
        ],
        "ops",
    ),
    panels.Panel(
        "Groups that wait",
        "To be planned, and held back by the breaker. Normal: 0. Steadily more: the gateway or the API server does not "
        "answer.",
        [
            ("sum by (instance) (tidegate_operator_queued_groups{@})", "to be planned {{instance}}"),
            ("sum by (instance) (tidegate_operator_groups_held_back{@})", "held back {{instance}}"),
        ],
        width=12,
    ),
    panels.Panel(
        "Time of a plan",
        "Normal: milliseconds for a change, below a second for all of ten thousand groups. More: the processor is "
        "busy.",
        panels.quantiles("tidegate_operator_plan_duration_seconds", panels.INTERVAL, 0.5, 0.99),
        "s",
        12,
    ),
]

_FILE = [
    panels.Panel(
        "Size of the file",
        "With its log, which is worked into it at 32 MiB. Normal: steady. Compare it with the volume; where it only "
        "grows, so does the store. Empty without --persistence.file, as this whole row.",
        [("sum by (instance) (tidegate_persistence_file_bytes{@})", "{{instance}}")],
        "bytes",
    ),
    panels.Panel(
        "Time of a commit",
        "All pushes at the same time share one. Normal: below a millisecond; with --persistence.fsync=always what the "
        "disk takes. More: a slow disk, and pushes wait for it.",
        panels.quantiles("tidegate_persistence_commit_duration_seconds", panels.INTERVAL, 0.5, 0.99),
        "s",
    ),
    panels.Panel(
        "Failed writes, and files set aside",
        "Normal: 0. Failures: the volume is full or broken, pushes get 507. Set aside: the file was damaged at the "
        "start; the log has its new name.",
        [
            panels.rate("tidegate_persistence_failures_total", "instance", legend="failures {{instance}}"),
            ("sum by (instance) (tidegate_persistence_file_set_aside{@})", "set aside {{instance}}"),
        ],
    ),
]

_LIMITS = [
    panels.Panel(
        "How full it is",
        "Parts of --limit.groups, --limit.series and --limit.memory. Normal: below four fifths. From nine tenths of "
        "the series, and all of the others, new groups are refused: delete what is left over, or raise the limit.",
        [
            ("sum without (state) (tidegate_groups{@}) / tidegate_limit_groups{@}", "groups {{instance}}"),
            ("tidegate_series{@} / tidegate_limit_series{@}", "series {{instance}}"),
            ("process_resident_memory_bytes{@} / tidegate_limit_memory_bytes{@}", "memory {{instance}}"),
        ],
        "percentunit",
        12,
    ),
    panels.Panel(
        "Series",
        "Of all groups. Normal: follows the number of groups. A step: somebody pushes a label with too many values; "
        'topk(10, count by (__name__) ({job!=""})) names the family.',
        [("sum by (instance) (tidegate_series{@})", "{{instance}}")],
        width=12,
    ),
]

_PROCESSES = [
    panels.Panel(
        "Memory",
        "Resident. Normal: for a gateway some 50 MB and what its exposition has in bytes, for an operator below 150 MB "
        "with ten thousand Jobs. Steady growth with steady series: say so in an issue.",
        [("process_resident_memory_bytes{@} and on (job, instance) tidegate_build_info{@}", "{{instance}}")],
        "bytes",
    ),
    panels.Panel(
        "Processor",
        "Cores. Normal: far below 1. A process of ours uses one core at most: near 1, pushes and scrapes wait.",
        [
            (
                f"rate(process_cpu_seconds_total{{@}}[{panels.INTERVAL}]) "
                "and on (job, instance) tidegate_build_info{@}",
                "{{instance}}",
            )
        ],
    ),
    panels.Panel(
        "Open files",
        "Part of what the process may have open, connections above all. Normal: below a half. More: "
        "--limit.connections is too high for the limit of the container.",
        [
            (
                "process_open_fds{@} / process_max_fds{@} and on (job, instance) tidegate_build_info{@}",
                "{{instance}}",
            )
        ],
        "percentunit",
    ),
]

ROWS = {
    "Is it well?": _WELL,
    "Do pushes get in?": _PUSHES,
    "Does Prometheus read them?": _READS,
    "Do groups go?": _ENDS,
    "What did the operator decide?": _DECISIONS,
    "Is the operator well?": _OPERATOR,
    "Is it kept?": _FILE,
    "How near are the limits?": _LIMITS,
    "The processes": _PROCESSES,
}
"""In the order in which somebody asks who was woken up."""
