"""Check a push and render its series. Pure, so that a large push can be prepared in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from tidegate import settings
from tidegate.exposition import name_escaping
from tidegate.exposition.text import format_specific_lines, line_parser, metric_order, numbers, renderer
from tidegate.model import errors, families, grouping, limits
from tidegate.store import interface, push_limits

_LARGE_PUSH = 500
"""Series from which a push is prepared in a thread: it would block the event loop for a few milliseconds."""

_RESERVED_PREFIX = "__"
_SAMPLE_LABELS = {
    "quantile": frozenset({families.MetricType.SUMMARY}),
    "le": families.HISTOGRAMS,
}
"""Labels that the samples of these types have themselves. If a line has one twice, Prometheus rejects the scrape."""

_GAUGE = families.MetricType.GAUGE


class PreparedFamily(NamedTuple):
    """A family with the grouping labels on every series.

    :param series: the rendered lines of each series by its key.
    :param specials: the metrics whose lines do not express everything (:class:`rendered_series.Special`), by key.
    :param size: number of series as Prometheus counts them: each bucket, quantile, sum and count is one.
    """

    type: families.MetricType
    help: str | None
    series: Mapping[str, bytes]
    specials: Mapping[str, families.Metric]
    size: int
    unit: str | None = None


PreparedPush: TypeAlias = Mapping[str, PreparedFamily]
"""The families of a push, by name."""


class StoredFamily(NamedTuple):
    """A family of a group as a journal stores it; ``keys`` and ``lines`` have one item for each series.

    :param slots: the places of its values in a body, if the last push may be repeated by values alone
        (:data:`tidegate.exposition.text.repeated_bodies.Slots`).
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
        """Return the family as :func:`prepare` makes it."""
        series = dict(zip(self.keys, self.lines, strict=True))
        return PreparedFamily(self.type, self.help, series, self.specials, self.size, self.unit)

    @property
    def size(self) -> int:
        """See :class:`PreparedFamily`."""
        return _size(self.type, self.lines)


class StoredPush(NamedTuple):
    """The families that a group still has from one of its pushes.

    :param at: Unix seconds of that push, or of its latest repetition.
    :param pusher: the address that it came from, "" for none.
    """

    at: float
    families: list[StoredFamily]
    pusher: str = ""


def prepare(
    key: grouping.GroupingKey, pushed: Mapping[str, families.Family], *, limit_settings: settings.LimitSettings
) -> dict[str, PreparedFamily]:
    """Check a push by itself and against the limits, add the grouping labels to every series, and render the series.

    Families that the store adds itself (:data:`interface.TIMES`) are left out.

    The grouping labels replace pushed labels with the same names. A series without ``instance`` gets an empty one, as
    in Pushgateway, so that Prometheus does not add the address of the gateway.

    :raises errors.InconsistentPushError: the push has a fault, a timestamp, a duplicate series, or a reserved label.
    :raises errors.LimitError: the push has too many series, or a series has too many labels or a label that is too
        long.
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
    label_sets = _LabelSets(key, limit_settings=limit_settings)
    prepared = {}
    for name, family in pushed.items():
        if name not in interface.TIMES:
            push_limits.check_family_texts(family, limit_settings=limit_settings)
            prepared[name] = _prepare_family(family, label_sets)
    size = sum(family.size for family in prepared.values())
    if size > limit_settings.push_series:
        raise push_limits.limit_error(
            limits.Limit.PUSH_SERIES, f"the push has {size} series, the limit is {limit_settings.push_series}"
        )
    return prepared


async def prepare_off_loop(
    key: grouping.GroupingKey, pushed: Mapping[str, families.Family], *, limit_settings: settings.LimitSettings
) -> PreparedPush:
    """Call :func:`prepare`, in a thread if the push is large, so that it does not block the event loop."""
    if sum(len(family.metrics) for family in pushed.values()) < _LARGE_PUSH:
        return prepare(key, pushed, limit_settings=limit_settings)
    return await asyncio.to_thread(prepare, key, pushed, limit_settings=limit_settings)


def with_grouping_labels(key: grouping.GroupingKey, labels: families.Labels) -> families.Labels:
    """Return the labels of a series as part of a group."""
    merged = {"instance": "", **dict(labels), **dict(key)}
    return tuple(sorted(merged.items()))


def prepare_times(
    key: grouping.GroupingKey, times: Mapping[str, float], *, helps: Mapping[str, str]
) -> Iterator[tuple[str, PreparedFamily]]:
    """Yield name and family of each push time that the store adds to a group: a gauge each."""
    if all(name_escaping.is_plain_label(name) for name, _ in key):
        labels = with_grouping_labels(key, ())
        series, pairs = metric_order.series_key(labels), renderer.pairs(labels)
        for name, value in times.items():
            lines = f"{name}{{{pairs}}} {numbers.format_float(value)}\n".encode()
            yield name, PreparedFamily(_GAUGE, helps[name], {series: lines}, {}, 1)
        return
    label_sets = _LabelSets(key, limit_settings=None)
    for name, value in times.items():
        family = families.Family(name, _GAUGE, helps[name], [families.Metric((), value)])
        yield name, _prepare_family(family, label_sets)


class _LabelSet(NamedTuple):
    """A label set with the grouping labels in place.

    :param key: see :func:`tidegate.exposition.text.metric_order.series_key`.
    :param pairs: its text between the braces, if all names are plain.
    :param is_suspect: whether a label name may have to be rejected, so it must be checked.
    """

    labels: families.Labels
    key: str
    pairs: str
    is_suspect: bool


class _LabelSets(dict[families.Labels, _LabelSet]):
    """Label sets by their pushed labels. Families often have equal label sets; they then share the series keys, too."""

    def __init__(self, key: grouping.GroupingKey, *, limit_settings: settings.LimitSettings | None) -> None:
        super().__init__()
        self._key = key
        self._limits = limit_settings
        self.quoted = not all(name_escaping.is_plain_label(name) for name, _ in key)

    def __missing__(self, pushed: families.Labels) -> _LabelSet:
        labels = with_grouping_labels(self._key, pushed)
        if self._limits is not None:
            push_limits.check_labels(labels, limit_settings=self._limits)
        suspect = any(name in _SAMPLE_LABELS or name.startswith(_RESERVED_PREFIX) for name, _ in labels)
        label_set = self[pushed] = _LabelSet(labels, metric_order.series_key(labels), renderer.pairs(labels), suspect)
        return label_set


def _prepare_family(family: families.Family, label_sets: _LabelSets) -> PreparedFamily:
    series: dict[str, bytes] = {}
    specials: dict[str, families.Metric] = {}
    quoted = family.quoted or label_sets.quoted
    for metric in family.metrics:
        labels, key, pairs, is_suspect = label_sets[metric.labels]
        if is_suspect or quoted:
            _check_label_names(family, labels, quoted=quoted)
        if key in series:
            raise errors.InconsistentPushError(
                f"the push has {line_parser.named(family.name)}{grouping.brief(grouping.GroupingKey(labels))} more "
                f"than once; the grouping labels take the place of pushed labels with the same names"
            )
        if quoted or metric.original:
            specials[key] = special = metric._replace(labels=labels)
            series[key] = format_specific_lines.lines(family.name, special, type=family.type)
        else:
            series[key] = renderer.lines(family.name, type=family.type, before=pairs, value=metric.value)
    return PreparedFamily(family.type, family.help, series, specials, _size(family.type, series.values()), family.unit)


def _size(type: families.MetricType, lines: Collection[bytes]) -> int:
    if type in families.DISTRIBUTIONS:
        return sum(text.count(b"\n") for text in lines)
    return len(lines)


def _check_label_names(family: families.Family, labels: families.Labels, *, quoted: bool) -> None:
    for name, _ in labels:
        if name.startswith(_RESERVED_PREFIX):
            raise errors.InconsistentPushError(
                f"{family.name} has the label {name}; label names that start with __ are reserved, rename the label"
            )
        if family.type in _SAMPLE_LABELS.get(name, ()):
            raise errors.InconsistentPushError(
                f"{line_parser.named(family.name)} is {families.WORDS[family.type]}, whose samples have a label {name} "
                f"of their own; remove it from the labels and from the grouping key, or rename it"
            )
    clashing = name_escaping.clash(name for name, _ in labels) if quoted else None
    if clashing is not None:
        raise errors.InconsistentPushError(
            f"{family.name} has two labels that some scrapers both see as {clashing}; rename one of them"
        )
