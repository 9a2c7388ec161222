"""The flags of ``tidegate groups``, and what is made of them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tidegate import client_settings, flags, settings
from tidegate.cli import choices, colours, values
from tidegate.cli import parser as parsers

LIST, SHOW, EXPLAIN, DELETE = VERBS = ("list", "show", "explain", "delete")
TABLE, JSON = OUTPUTS = ("table", "json")
MOST = "1000"
"""Groups that are asked for, where nobody says another number."""

EPILOG = """\
examples:
  kubectl -n tidegate port-forward service/tidegate 9091 9093       and in another terminal:
  tidegate groups list                                              all groups, whose they are, and how they stand
  tidegate groups explain job=backup                                why this group is, or is not, deleted
  tidegate groups show '{job=~"back.*"}'                            everything about these groups
  tidegate groups delete --match='{job="old"}' --dry-run            what that would delete

  tidegate groups list --namespace=tidegate                         the same without port-forward: through the API
  tidegate groups list --namespace=tidegate --pod=tidegate-5d8-x7k  server, with your kubeconfig and your rights
"""

_EXAMPLES = {
    LIST: """\
examples:
  tidegate groups list --match='{job=~"back.*"}' --match='{team="a"}'
                                      groups that one of these selects
  tidegate groups list --output=json  more than the table has
""",
    SHOW: """\
examples:
  tidegate groups show job=backup,instance=db1
                                      the group with just these labels
  tidegate groups show '{job="backup"}' --limit=10
                                      groups with this label, and perhaps others
""",
    EXPLAIN: """\
examples:
  tidegate groups explain job=backup  whose it is, by which rule, and what it waits for
  tidegate groups explain '{job=~".+"}' --output=json
""",
    DELETE: """\
examples:
  tidegate groups delete --match='{job="old"}' --dry-run
                                      only say which groups that would be
  tidegate groups delete --match='{job="old",instance=~"db.*"}' --yes
                                      delete them, and do not ask
""",
}


def add_commands(parser: parsers.Parser) -> None:
    """The verbs with their flags; those that say where to ask may stand before the verb, too."""
    parser.add_settings(client_settings.InquirySettings)
    listing, showing, explaining, deleting = verbs = _add_verbs(parser)
    for command in (listing, deleting):
        command.add_flag(
            "--match",
            'Only the groups that this selector selects: {job="backup",instance=~"db.*"}. Can be repeated.',
            default_help="" if command is deleting else "all",
            action="append",
            type=choices.selector,
            required=command is deleting,
            metavar="SELECTOR",
        )
    listing.add_switch("--headers", "Print a line above the table.", default=True)
    for command in (listing, showing):
        command.add_flag(
            "--color",
            "Whether to color the output. auto: on a terminal, unless $NO_COLOR is set or $TERM is dumb.",
            choices=colours.CHOICES,
            default=colours.AUTO,
        )
    for command in (showing, explaining):
        command.add_flag(
            "choice",
            'One group by all its labels, job=backup,instance=db1, or the groups of a selector, {job="backup"}.',
            type=choices.choice,
            metavar="KEY|SELECTOR",
        )
    for command in (listing, showing, explaining):
        command.add_flag("--limit", "Maximum number of groups.", type=values.size, default=MOST, metavar="NUMBER")
    deleting.add_switch("--dry-run", "Only print which groups would be deleted.")
    deleting.add_switch("--yes", "Do not ask for confirmation.")
    for command in verbs:
        command.add_flag("--output", "Output format.", choices=OUTPUTS, default=TABLE)
        # The gateway alone deletes.
        not_asked = "--operator." if command is deleting else None
        command.add_settings(client_settings.InquirySettings, but_for=not_asked, defaults=False)


def _add_verbs(parser: parsers.Parser) -> list[parsers.Parser]:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    return [
        verbs.add_parser(verb, help=text, epilog=_EXAMPLES[verb])
        for verb, text in (
            (LIST, "a line a group; without a verb that is what is done"),
            (SHOW, "all that is known of some groups, their samples included"),
            (EXPLAIN, "why groups are, or are not, deleted"),
            (DELETE, "delete groups at once, whoever owns them"),
        )
    ]


def with_verb(arguments: Sequence[str]) -> list[str]:
    """``groups`` without a verb lists."""
    first, *rest = arguments
    return list(arguments) if {*VERBS, "--help", "-h"} & set(rest) else [first, LIST, *rest]


def inquiry(chosen: argparse.Namespace) -> client_settings.InquirySettings:
    """Where to ask.

    :raises settings.BadSettingsError: the flags do not go together.
    """
    if chosen.pod and not chosen.namespace:
        raise settings.BadSettingsError("--pod needs --namespace: the namespace that the Pod is in")
    if chosen.namespace and "@" in chosen.gateway_url + chosen.operator_url:
        raise settings.BadSettingsError(
            "no password goes through the API server: leave --namespace out, and forward the ports with kubectl"
        )
    return flags.filled(client_settings.InquirySettings, vars(chosen))
