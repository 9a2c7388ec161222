"""``tidegate groups``: list, show, explain or delete the groups of a running gateway."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click

from tidegate import app, client_settings, flags
from tidegate.cli import (
    click_commands,
    click_flags,
    flag_values,
    group_lookup,
    group_printer,
    group_selection,
    terminal,
)
from tidegate.client import api_calls, transports
from tidegate.model import grouping, plurals

LIST, SHOW, EXPLAIN, DELETE = VERBS = ("list", "show", "explain", "delete")
TABLE, JSON = OUTPUTS = ("table", "json")
_SELECTION, _DELETION, _OUTPUT = "Selection", "Deletion", "Output"
_LIMIT = 1000
"""Maximum number of groups by default."""
_INTERRUPTED = 130
"""The exit status after SIGINT, as a shell has it."""

_HELP = """\
List, show, explain or delete groups of a running gateway.

The gateway has the groups and their samples, and the operator knows their owners. Forward the ports of both, or use
--namespace to reach them through the API server with your kubeconfig. Without a verb the groups are listed.
"""

_EXAMPLES = """\
  # Forward the ports of the gateway and the operator, and use another terminal
  kubectl --namespace=tidegate port-forward service/tidegate 9091 9093

  # List all groups with their owners
  tidegate groups list

  # Explain why a group is, or is not, deleted
  tidegate groups explain job=backup

  # Show everything about some groups
  tidegate groups show '{job=~"back.*"}'

  # Print which groups would be deleted
  tidegate groups delete --match='{job="old"}' --dry-run

  # List without port-forward, through the API server
  tidegate groups list --namespace=tidegate
"""

_VERB_HELP = {
    LIST: "List groups, one per line.",
    SHOW: "Show groups with their owners and samples.",
    EXPLAIN: "Explain why groups are, or are not, deleted.",
    DELETE: "Delete groups now, even if they have active owners or have not been scraped.",
}

_VERB_EXAMPLES = {
    LIST: """\
  # List the groups that at least one of the selectors matches
  tidegate groups list --match='{job=~"back.*"}' --match='{team="a"}'

  # Print all fields
  tidegate groups list --output=json
""",
    SHOW: """\
  # Show the group with exactly these labels
  tidegate groups show job=backup,instance=db1

  # Show up to 10 groups with this label and perhaps others
  tidegate groups show '{job="backup"}' --limit=10
""",
    EXPLAIN: """\
  # Explain which objects own the group, by which rule, and when it will be deleted
  tidegate groups explain job=backup

  # Explain all groups
  tidegate groups explain '{job=~".+"}' --output=json
""",
    DELETE: """\
  # Print which groups would be deleted
  tidegate groups delete --match='{job="old"}' --dry-run

  # Delete groups without confirmation
  tidegate groups delete --match='{job="old",instance=~"db.*"}' --yes
""",
}


class _Groups(click_commands.Group):
    """The command; flags that stand before the verb hold for the verb, unless it has them, too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; those without a verb are for ``list``."""
        rest = super().parse_args(ctx, args if {*VERBS, "-h", "--help"} & set(args) else [LIST, *args])
        ctx.default_map = {verb: dict(ctx.params) for verb in VERBS}
        return rest


def command() -> click_commands.Group:
    """Build the command with its verbs."""
    runs: Mapping[str, Callable[..., int]] = {LIST: _list, SHOW: _show, EXPLAIN: _explain, DELETE: _delete}
    return _Groups(
        "groups",
        help=_HELP,
        examples=_EXAMPLES,
        params=click_flags.declared(client_settings.ConnectionSettings),
        subcommand_metavar="VERB",
        commands=[
            click_commands.Command(
                verb,
                run=functools.partial(_run, run),
                help=_VERB_HELP[verb],
                examples=_VERB_EXAMPLES[verb],
                params=_params(verb),
            )
            for verb, run in runs.items()
        ],
    )


def _params(verb: str) -> list[click.Parameter]:
    is_deletion = verb == DELETE
    params: list[click.Parameter] = []
    if verb in (LIST, DELETE):
        params.append(
            click_flags.Flag(
                "--match",
                'Selector of groups: {job="backup",instance=~"db.*"}. Can be repeated.',
                heading=_SELECTION,
                default_help="" if is_deletion else "all groups",
                required=is_deletion,
                multiple=True,
                type=click_flags.Value("SELECTOR", group_selection.selector),
            )
        )
    else:
        params.append(
            click.Argument(
                ["selection"],
                metavar="KEY|SELECTOR",
                type=click_flags.Value("KEY|SELECTOR", group_selection.selection),
                help='One group by all its labels, job=backup,instance=db1, or a selector, {job="backup"}.',
            )
        )
    if is_deletion:
        params.append(click_flags.switch("--dry-run", "Only print which groups would be deleted.", heading=_DELETION))
        params.append(click_flags.switch("--yes", "Delete without confirmation.", heading=_DELETION))
    else:
        params.append(_limit())
    # Only the gateway deletes.
    connection = click_flags.declared(
        client_settings.ConnectionSettings, without="--operator." if is_deletion else None
    )
    return [*params, *_output_params(verb), *connection]


def _limit() -> click_flags.Flag:
    return click_flags.Flag(
        "--limit",
        "Maximum number of groups.",
        heading=_SELECTION,
        type=click_flags.Value("NUMBER", flag_values.positive_size),
        default=_LIMIT,
        default_help=str(_LIMIT),
    )


def _output_params(verb: str) -> list[click.Parameter]:
    params: list[click.Parameter] = [click_flags.choice("--output", "Output format.", OUTPUTS, heading=_OUTPUT)]
    if verb == LIST:
        params.append(click_flags.switch("--headers", "Print the header of the table.", default=True, heading=_OUTPUT))
    if verb in (LIST, SHOW):
        text = "Whether to color the output. auto: on a terminal, unless $NO_COLOR is set or $TERM is dumb."
        params.append(click_flags.choice("--color", text, terminal.COLOR_CHOICES, heading=_OUTPUT))
    return params


def _run(verb: Callable[..., int], **values: Any) -> int:
    try:
        status = verb(values, _connection(values))
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has closed the pipe; Python must not write the rest of the buffer to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return _INTERRUPTED
    return status


def _connection(values: Mapping[str, Any]) -> client_settings.ConnectionSettings:
    """:raises click.UsageError: the flags contradict each other."""
    connection = flags.filled(client_settings.ConnectionSettings, values)
    context = click.get_current_context()
    if connection.pod and not connection.namespace:
        raise click.UsageError("--pod needs --namespace, the namespace of the Pod", context)
    if connection.namespace and "@" in connection.gateway_url + connection.operator_url:
        raise click.UsageError(
            "the API server forwards no password: leave out --namespace, and forward the ports with kubectl", context
        )
    return connection


def _list(values: Mapping[str, Any], connection: client_settings.ConnectionSettings) -> int:
    selectors: Sequence[str] = values["match"]
    lookup = group_lookup.look_up(connection, selectors=selectors, limit=values["limit"])
    if lookup.statuses is None:
        terminal.warn(f"tidegate: {lookup.operator_error}; without the operator, owners and verdicts are unknown")
    selections = [group_selection.Selection(text) for text in selectors]
    statuses = group_lookup.selected_statuses(lookup, selections, limit=values["limit"])
    if values["output"] == JSON:
        _write_json([group.to_json() for group in statuses])
    elif statuses:
        table = group_printer.table(statuses, now=lookup.now, header=values["headers"], is_colored=_is_colored(values))
        sys.stdout.write(table)
    else:
        terminal.warn("no group matches the selectors" if selectors else "the gateway has no groups")
    return 0


def _show(values: Mapping[str, Any], connection: client_settings.ConnectionSettings) -> int:
    selection: group_selection.Selection = values["selection"]
    lookup = group_lookup.look_up_selection(connection, selection, limit=values["limit"], samples=True)
    if lookup.statuses is None:
        terminal.warn(f"tidegate: {lookup.operator_error}; showing the gateway's data only")
    statuses = {group.key: group for group in group_lookup.joined(lookup)}
    pushed = [group for group in lookup.pushed or () if selection.has(group.key)]
    group_lookup.warn_of_more(has_more=len(pushed) > values["limit"])
    pushed = sorted(pushed[: values["limit"]], key=lambda group: group.key)
    if values["output"] == JSON:
        _write_json([group_lookup.pushed_json(group, statuses.get(group.key), lookup) for group in pushed])
    else:
        paragraphs = [
            group_printer.details(
                group,
                statuses.get(group.key),
                lookup.reports.get(group.key),
                now=lookup.now,
                is_colored=_is_colored(values),
            )
            for group in pushed
        ]
        sys.stdout.write("\n".join(paragraphs))
    return _status(pushed)


def _explain(values: Mapping[str, Any], connection: client_settings.ConnectionSettings) -> int:
    selection: group_selection.Selection = values["selection"]
    lookup = group_lookup.look_up_selection(connection, selection, limit=values["limit"], samples=False)
    if lookup.statuses is None:
        if lookup.gateway_error is not None:
            raise transports.RequestError(
                f"{lookup.operator_error}; only the operator knows why a group is not deleted"
            )
        terminal.warn(f"tidegate: {lookup.operator_error}; showing the gateway's data only")
    statuses = sorted(
        (group for group in group_lookup.joined(lookup) if selection.has(group.key)), key=lambda group: group.key
    )
    if lookup.statuses is None:
        is_incomplete = lookup.has_more and (selection.key is None or not statuses)
        group_lookup.warn_of_more(has_more=len(statuses) > values["limit"] or is_incomplete)
        statuses = statuses[: values["limit"]]
    if values["output"] == JSON:
        _write_json([group_lookup.status_json(group, lookup) for group in statuses])
    else:
        sys.stdout.write(group_printer.explanations(statuses))
    return _status(statuses)


def _delete(values: Mapping[str, Any], connection: client_settings.ConnectionSettings) -> int:
    def delete(*, dry_run: bool) -> api_calls.Deletion:
        return app.run_query(connection, lambda gateway, _: gateway.delete(values["match"], dry_run=dry_run))

    if not values["dry_run"] and not values["yes"]:
        if not sys.stdin.isatty():
            advice = "cannot ask for confirmation without a terminal: set --yes, or --dry-run to see the groups"
            raise click.UsageError(advice, click.get_current_context())
        if not _is_confirmed(delete(dry_run=True).keys):
            return 1
    deletion = delete(dry_run=values["dry_run"])
    count = 0 if deletion.dry_run else len(deletion.keys)
    if values["output"] == JSON:
        labels = [grouping.labels(key) for key in sorted(deletion.keys)]
        document = {"dry_run": deletion.dry_run, "deleted": count, "groups": labels}
        sys.stdout.write(f"{json.dumps(document, indent=2)}\n")
    else:
        sys.stdout.write(group_printer.names(deletion.keys))
    counted = plurals.counted(len(deletion.keys), "group")
    terminal.warn(f"{counted} would be deleted" if deletion.dry_run else f"{counted} deleted")
    return 0


def _is_confirmed(keys: Iterable[grouping.GroupingKey]) -> bool:
    selected = list(keys)
    if not selected:
        terminal.warn("no group matches the selectors")
        return False
    sys.stderr.write(group_printer.names(selected))
    them = "this group" if len(selected) == 1 else f"these {len(selected)} groups"
    sys.stderr.write(f"Delete {them} now, even if Prometheus has not scraped the last push? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _is_colored(values: Mapping[str, Any]) -> bool:
    return terminal.has_color(values["color"], sys.stdout, os.environ)


def _status(printed: Sequence[object]) -> int:
    if not printed:
        terminal.warn("no group matches")
    return 0 if printed else 1


def _write_json(documents: list[dict[str, Any]]) -> None:
    ordered = sorted(documents, key=lambda group: sorted(group["labels"].items()))
    sys.stdout.write(f"{json.dumps({'groups': ordered}, indent=2)}\n")
