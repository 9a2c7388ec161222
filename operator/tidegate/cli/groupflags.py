"""The flags of ``tidegate groups``, and what is made of them."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from tidegate import settings
from tidegate.cli import choices, colours, values

LIST, SHOW, EXPLAIN, DELETE = VERBS = ("list", "show", "explain", "delete")
TABLE, JSON = OUTPUTS = ("table", "json")
MOST = 1_000
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


def add_commands(parser: argparse.ArgumentParser) -> None:
    """The verbs with their flags; those that say where to ask may stand before the verb, too."""
    _add_reach_flags(parser, defaults=True)
    listing, showing, explaining, deleting = _add_verbs(parser)
    for command in (listing, deleting):
        command.add_argument(
            "--match",
            action="append",
            type=choices.selector,
            required=command is deleting,
            metavar="SELECTOR",
            help='the groups: {job="backup",instance=~"db.*"}; may be given several times'
            + ("" if command is deleting else " (default: all)"),
        )
    listing.add_argument("--no-headers", action="store_true", help="no line above the table")
    for command in (listing, showing):
        command.add_argument(
            "--color",
            choices=colours.CHOICES,
            default=colours.AUTO,
            help="auto: on a terminal, unless $NO_COLOR is set or $TERM is dumb (default: %(default)s)",
        )
    for command in (showing, explaining):
        command.add_argument(
            "choice",
            type=choices.choice,
            metavar="KEY|SELECTOR",
            help='one group by all its labels, job=backup,instance=db1, or those of a selector, {job="backup"}',
        )
    for command in (listing, showing, explaining):
        command.add_argument(
            "--limit", type=values.size, default=MOST, metavar="N", help=f"groups at most (default: {MOST})"
        )
    deleting.add_argument("--dry-run", action="store_true", help="only say which groups that would be")
    deleting.add_argument("--yes", action="store_true", help="do not ask")
    for command in (listing, showing, explaining, deleting):
        command.add_argument("--output", choices=OUTPUTS, default=TABLE, help="(default: %(default)s)")
        _add_reach_flags(command, defaults=False)
    parser.set_defaults(log_level="error", log_format="logfmt")


def _add_verbs(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    return [
        verbs.add_parser(verb, help=text, epilog=_EXAMPLES[verb], formatter_class=argparse.RawDescriptionHelpFormatter)
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


def inquiry(chosen: argparse.Namespace) -> settings.InquirySettings:
    """Where to ask.

    :raises settings.BadSettingsError: the flags do not go together.
    """
    if chosen.pod and not chosen.namespace:
        raise settings.BadSettingsError("--pod needs --namespace: the namespace that the Pod is in")
    if chosen.namespace and "@" in chosen.gateway_url + chosen.operator_url:
        raise settings.BadSettingsError(
            "no password goes through the API server: leave --namespace out, and forward the ports with kubectl"
        )
    return settings.InquirySettings(
        gateway_url=chosen.gateway_url,
        operator_url=chosen.operator_url,
        namespace=chosen.namespace,
        pod=chosen.pod,
        kubeconfig=chosen.kubernetes_kubeconfig or None,
    )


def _add_reach_flags(parser: argparse.ArgumentParser, *, defaults: bool) -> None:
    known = settings.InquirySettings()
    group = parser.add_argument_group("where to ask")
    for name, kind, default, text in (
        ("--gateway.url", values.place, known.gateway_url, "the gateway, with user:password@ where it asks for one"),
        ("--operator.url", values.place, known.operator_url, "the operator"),
        ("--namespace", str, "", "ask through the API server, in this namespace; scheme, port and path are the URLs'"),
        ("--pod", str, "", "this Pod (default: the one with the label app.kubernetes.io/name=tidegate)"),
        ("--kubernetes.kubeconfig", str, "", "for the API server (default: $KUBECONFIG, ~/.kube/config)"),
    ):
        group.add_argument(
            name,
            dest=name.lstrip("-").replace(".", "_"),
            type=kind,
            default=default if defaults else argparse.SUPPRESS,
            metavar=name.rpartition(".")[2].lstrip("-").upper(),
            help=f"{text} (default: {default})" if default else text,
        )
