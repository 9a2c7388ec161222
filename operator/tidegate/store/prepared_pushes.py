"""From what a client sent to what a group keeps: pure, so that a large push can be prepared off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from tidegate import settings
from tidegate.exposition import name_escaping
from tidegate.exposition.text import line_parser, metric_order, numbers, renderer, variant_lines
from tidegate.model import errors, families, grouping, limits
from tidegate.store import interface, push_limits

_LARGE_PUSH = 500
"""Series from which a push is prepared in a thread: about where it would hold the event loop for a few milliseconds."""

_RESERVED_PREFIX = "__"
_BOUNDS = {
    "quantile": frozenset({families.MetricType.SUMMARY}),
    "le": families.HISTOGRAMS,
}
"""Labels that the samples of these types have of their own. With one of them twice Prometheus fails the scrape."""

_GAUGE = families.MetricType.GAUGE


class PreparedFamily(NamedTuple):
    """A family with its grouping labels in place: its series by key, each rendered, and its special metrics.

    :param size: how many series Prometheus sees of it: each bucket, quantile, sum and count is one.
    """

    type: families.MetricType
    help: str | None
    series: Mapping[str, bytes]
    specials: Mapping[str, families.Metric]
    size: int
    unit: str | None = None


Prepared: TypeAlias = Mapping[str, PreparedFamily]
"""The families of a push, by name."""


class KeptFamily(NamedTuple):
    """A family of a group as it is kept: ``keys`` and ``lines`` of its series, side by side.

    :param slots: where its numbers may come alone (:data:`tidegate.exposition.text.body_templates.Slots`).
    """

    name: str
    type: families.MetricType
    help: str | None
    keys: tuple[str, ...]
    lines: Sequence[bytes]
    slots: Sequence[Sequence[int]] | None
    specials: Mapping[str, families.Metric]
    unit: str | None = None

    def prepared(self) -> PreparedFamily:
        """The family as a push brings it."""
        series = dict(zip(self.keys, self.lines, strict=True))
        return PreparedFamily(self.type, self.help, series, self.specials, self.size, self.unit)

    @property
    def size(self) -> int:
        """See :class:`PreparedFamily`."""
        return _size(self.type, self.lines)


class Part(NamedTuple):
    """What a group has of one of its pushes.

    :param at: when that push came, or the last that repeated it; Unix seconds.
    :param pusher: the address that it came from, "" for none.
    """

    at: float
    families: list[KeptFamily]
    pusher: str = ""


def prepare(
    key: grouping.GroupingKey, pushed: Mapping[str, families.Family], *, chosen: settings.LimitSettings
) -> dict[str, PreparedFamily]:
    """Check a push against itself and the limits of one, put the grouping labels on every series and render them.

    Families that the store adds itself (:data:`interface.TIMES`) are left out.

    The grouping labels overwrite whatever the client wrote under their names, and a series without ``instance`` gets
    an empty one, as in Pushgateway (so that Prometheus does not attach the gateway's own address).

    :raises errors.InconsistentPushError: a fault, a timestamp, a series twice, or a label with a reserved name.
    :raises errors.LimitError: too many series, or a series with too many or too long labels.
    """
    for family in pushed.values():
        if family.fault:
            raise errors.InconsistentPushError(family.fault)
        for metric in family.metrics:
            if metric.timestamp_ms is not None:
                raise errors.InconsistentPushError(
                    f"pushed metrics must not have timestamps: {line_parser.named(family.name)} has "
                    f"{metric.timestamp_ms}; push it without, since Prometheus takes the time of its scrape"
                )
    label_sets = _LabelSets(key, chosen=chosen)
    prepared = {}
    for name, family in pushed.items():
        if name not in interface.TIMES:
            push_limits.check_words(family, chosen=chosen)
            prepared[name] = _prepare_family(family, label_sets)
    size = sum(family.size for family in prepared.values())
    if size > chosen.push_series:
        raise push_limits.over(
            limits.Limit.PUSH_SERIES, f"the push has {size} series, the limit is {chosen.push_series}"
        )
    return prepared


async def prepare_in_turn(
    key: grouping.GroupingKey, pushed: Mapping[str, families.Family], *, chosen: settings.LimitSettings
) -> Prepared:
    """Call :func:`prepare`, in a thread if the push is large, so that the event loop is not held."""
    if sum(len(family.metrics) for family in pushed.values()) < _LARGE_PUSH:
        return prepare(key, pushed, chosen=chosen)
    return await asyncio.to_thread(prepare, key, pushed, chosen=chosen)


def with_grouping_labels(key: grouping.GroupingKey, labels: families.Labels) -> families.Labels:
    """The labels of a series once it is part of a group."""
    merged = {"instance": "", **dict(labels), **dict(key)}
    return tuple(sorted(merged.items()))


def prepare_times(
    key: grouping.GroupingKey, times: Mapping[str, float], *, helps: Mapping[str, str]
) -> Iterator[tuple[str, PreparedFamily]]:
    """The families of one gauge each that the store adds to a group, by their names."""
    if all(name_escaping.is_plain_label(name) for name, _ in key):
        labels = with_grouping_labels(key, ())
        series, pairs = metric_order.series_key(labels), renderer.pairs(labels)
        for name, value in times.items():
            lines = f"{name}{{{pairs}}} {numbers.format_float(value)}\n".encode()
            yield name, PreparedFamily(_GAUGE, helps[name], {series: lines}, {}, 1)
        return
    label_sets = _LabelSets(key, chosen=None)
    for name, value in times.items():
        family = families.Family(name, _GAUGE, helps[name], [families.Metric((), value)])
        yield name, _prepare_family(family, label_sets)


class _LabelSet(NamedTuple):
    """A label set with the grouping labels in place.

    :param key: see :func:`tidegate.exposition.text.metric_order.series_key`.
    :param pairs: as it stands between the braces, where all its names are plain.
    :param is_doubtful: whether some label may be one that is refused.
    """

    labels: families.Labels
    key: str
    pairs: str
    is_doubtful: bool


class _LabelSets(dict[families.Labels, _LabelSet]):
    """By the labels that were pushed. Families often repeat them, and then have their keys in common, too."""

    def __init__(self, key: grouping.GroupingKey, *, chosen: settings.LimitSettings | None) -> None:
        super().__init__()
        self._key = key
        self._limits = chosen
        self.quoted = not all(name_escaping.is_plain_label(name) for name, _ in key)

    def __missing__(self, pushed: families.Labels) -> _LabelSet:
        labels = with_grouping_labels(self._key, pushed)
        if self._limits is not None:
            push_limits.check_labels(labels, chosen=self._limits)
        doubtful = any(name in _BOUNDS or name.startswith(_RESERVED_PREFIX) for name, _ in labels)
        made = self[pushed] = _LabelSet(labels, metric_order.series_key(labels), renderer.pairs(labels), doubtful)
        return made


def _prepare_family(family: families.Family, label_sets: _LabelSets) -> PreparedFamily:
    series: dict[str, bytes] = {}
    known: dict[str, families.Metric] = {}
    quoted = family.quoted or label_sets.quoted
    for metric in family.metrics:
        labels, key, pairs, is_doubtful = label_sets[metric.labels]
        if is_doubtful or quoted:
            _check_label_names(family, labels, quoted=quoted)
        if key in series:
            raise errors.InconsistentPushError(
                f"the push has {line_parser.named(family.name)}{grouping.brief(grouping.GroupingKey(labels))} more "
                f"than once; the grouping labels take the place of pushed labels with the same names"
            )
        if quoted or metric.original:
            known[key] = special = metric._replace(labels=labels)
            series[key] = variant_lines.lines(family.name, special, type=family.type)
        else:
            series[key] = renderer.lines(family.name, type=family.type, before=pairs, value=metric.value)
    return PreparedFamily(family.type, family.help, series, known, _size(family.type, series.values()), family.unit)


def _size(type: families.MetricType, lines: Collection[bytes]) -> int:
    if type in families.DISTRIBUTIONS:
        return sum(text.count(b"\n") for text in lines)
    return len(lines)


def _check_label_names(family: families.Family, labels: families.Labels, *, quoted: bool) -> None:
    for name, _ in labels:
        if name.startswith(_RESERVED_PREFIX):
            raise errors.InconsistentPushError(f"{family.name} has the label {name}: such names are reserved")
        if family.type in _BOUNDS.get(name, ()):
            raise errors.InconsistentPushError(
                f"{line_parser.named(family.name)} is {families.WORDS[family.type]}, whose samples have a label {name} "
                f"of their own, so neither its labels nor the grouping key may have one; rename that label"
            )
    twice = name_escaping.clash(name for name, _ in labels) if quoted else None
    if twice is not None:
        raise errors.InconsistentPushError(f"{family.name} has two labels that are both {twice} to some readers")
