"""What a reader gets: the families of a scrape in the format, and with the names, that it asked for.

Series have the same names and labels in every format, so that a reader that changes its mind loses none. Hence
OpenMetrics has a counter as ``unknown`` unless its name ends in ``_total``, and spells bounds as the text format does.
Apart from names that are not plain and exemplars, its lines of samples are those of the text format, so a page serves
both. Which families OpenMetrics has is decided by :mod:`tidegate.exposition.openmetrics`.
"""

from __future__ import annotations

import enum
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tidegate.exposition import compressed_chunks, name_escaping, openmetrics, rendered_series
from tidegate.exposition.protobuf import decoder, metrics_pb2, native_histograms
from tidegate.exposition.text import renderer, variant_lines
from tidegate.model import families

_NOTHING = compressed_chunks.Piece(b"")
_OPENMETRICS_END = compressed_chunks.Piece(openmetrics.END)
_WITH_EXEMPLARS = ("counter", "histogram")
_NATIVE = "has native histograms"
_MAX_COUNT = 2**64 - 1


class Format(enum.Enum):
    """The formats; the value is the content type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS_0 = "application/openmetrics-text; version=0.0.1; charset=utf-8"
    OPENMETRICS_1 = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"


OPENMETRICS = frozenset({Format.OPENMETRICS_0, Format.OPENMETRICS_1})


class Encoding(NamedTuple):
    """A format, and what names may look like in it."""

    format: Format = Format.TEXT
    escaping: name_escaping.Escaping = name_escaping.Escaping.UNDERSCORES

    @property
    def content_type(self) -> str:
        return f"{self.format.value}; escaping={self.escaping.value}"


class RenderedFamily(NamedTuple):
    """One family over all groups; its ``pages`` one after the other hold its series, in order.

    Only protobuf shows the ``unit``: Prometheus can make a label of it, and a series must not change its labels with
    each client that pushes in another format.
    """

    name: str
    type: families.MetricType
    help: str | None
    pages: Sequence[rendered_series.Page]
    unit: str | None = None


def encode(rendered: Sequence[RenderedFamily], encoding: Encoding) -> Iterator[compressed_chunks.Piece]:
    """The answer to a scrape, in pieces: families in the order given. Those of pages are made once and kept.

    Some pieces are empty: there something was found out that took a while, and others may take a turn.
    """
    if encoding.format is Format.PROTOBUF:
        for family in rendered:
            yield from _delimited(family, encoding.escaping)
    elif encoding.format in OPENMETRICS:
        yield from _openmetrics(rendered, encoding.escaping)
    else:
        for family in rendered:
            name = name_escaping.escape(family.name, encoding.escaping)
            yield compressed_chunks.Piece(
                renderer.header(variant_lines.spelled(name), type=family.type, help=family.help)
            )
            for page in family.pages:
                yield variant_lines.piece(page, name=name, type=family.type, escaping=encoding.escaping)


def _openmetrics(
    rendered: Sequence[RenderedFamily], escaping: name_escaping.Escaping
) -> Iterator[compressed_chunks.Piece]:
    shown = openmetrics.distinct(((family.name, family.type) for family in rendered), escaping)
    by_name, entries = {}, []
    for family in rendered:
        name, fits = shown[family.name], True
        for page in family.pages:
            fits = fits and openmetrics.fits(page, name=family.name, type=family.type)
            yield _NOTHING
        by_name[name] = family._replace(name=name)
        entries.append(openmetrics.Entry(name, family.type, fits))
    for name, role in openmetrics.roles(entries).items():
        family = by_name[name]
        if role.created:
            yield from _with_created(family, by_name[role.created], role, escaping)
        elif role.word == openmetrics.UNKNOWN and family.type in families.DISTRIBUTIONS:
            yield from _in_parts(family, escaping)
        else:
            yield from _as_kept(family, role, escaping)
    yield _OPENMETRICS_END


def _as_kept(
    family: RenderedFamily, role: openmetrics.Role, escaping: name_escaping.Escaping
) -> Iterator[compressed_chunks.Piece]:
    yield compressed_chunks.Piece(openmetrics.header(role, family.help))
    exemplars = role.word in _WITH_EXEMPLARS
    for page in family.pages:
        yield variant_lines.piece(page, name=family.name, type=family.type, escaping=escaping, exemplars=exemplars)


def _in_parts(family: RenderedFamily, escaping: name_escaping.Escaping) -> Iterator[compressed_chunks.Piece]:
    """A distribution as one family for each of its parts."""
    role = openmetrics.untyped(family.name, family.type)
    for suffix in openmetrics.parts(family.type):
        made = []
        for page in family.pages:
            key = (family.name, escaping, suffix)
            if key not in page.forms:
                lines = variant_lines.piece(page, name=family.name, type=family.type, escaping=escaping).data
                page.forms[key] = compressed_chunks.Piece(openmetrics.part(lines, family.name + suffix))
            made.append(page.forms[key])
            yield _NOTHING
        if any(piece.data for piece in made):
            yield compressed_chunks.Piece(openmetrics.header(role, family.help, suffix=suffix))
            yield from made


def _with_created(
    family: RenderedFamily, created: RenderedFamily, role: openmetrics.Role, escaping: name_escaping.Escaping
) -> Iterator[compressed_chunks.Piece]:
    """A family with the creation times of its metrics, which were pushed as a family of their own.

    Both are sorted by their labels, so each page meets few pages of the other, and is made anew only when one of them
    has changed. Creation times that belong to no metric stand at the end. A histogram may not have such, since each of
    its label sets has buckets; with them, both stay families of their own.
    """
    last = f"{family.name}_count" if family.type in families.DISTRIBUTIONS else family.name

    def lines(of: RenderedFamily, page: rendered_series.Page, *, exemplars: bool = False) -> bytes:
        return variant_lines.piece(page, name=of.name, type=of.type, escaping=escaping, exemplars=exemplars).data

    def merge(page: rendered_series.Page, others: Sequence[rendered_series.Page]) -> bytes:
        exemplars = role.word in _WITH_EXEMPLARS
        own = openmetrics.Lines(lines(family, page, exemplars=exemplars), lines(family, page))
        times = [lines(created, other) for other in others]
        return openmetrics.with_created(own, times, last=last, created_name=created.name)

    def rest(page: rendered_series.Page, others: Sequence[rendered_series.Page]) -> bytes:
        own = [lines(family, other) for other in others]
        return openmetrics.without_family(lines(created, page), own, last=last, created_name=created.name)

    alone = []
    for page, others in rendered_series.overlapping(created.pages, family.pages):
        alone.append(_merged(page, others, (created.name, escaping), rest))
        yield _NOTHING
    if family.type in families.HISTOGRAMS and any(piece.data for piece in alone):
        yield from _in_parts(family, escaping)
        yield from _as_kept(created, openmetrics.untyped(created.name, created.type), escaping)
        return
    yield compressed_chunks.Piece(openmetrics.header(role, family.help))
    for page, others in rendered_series.overlapping(family.pages, created.pages):
        yield _merged(page, others, (family.name, escaping), merge)
    yield from alone


def _merged(
    page: rendered_series.Page,
    others: Sequence[rendered_series.Page],
    key: object,
    merge: Callable[[rendered_series.Page, Sequence[rendered_series.Page]], bytes],
) -> compressed_chunks.Piece:
    """The page merged with others, as it was made before where all are the same."""
    known = page.merged.get(key)
    if known is None or len(known[0]) != len(others) or not all(map(operator.is_, known[0], others)):
        known = page.merged[key] = (others, compressed_chunks.Piece(merge(page, others)))
    return known[1]


def _delimited(family: RenderedFamily, escaping: name_escaping.Escaping) -> Iterator[compressed_chunks.Piece]:
    head = metrics_pb2.MetricFamily(
        name=name_escaping.escape(family.name, escaping).encode(),
        help=None if family.help is None else family.help.encode(),
        type=decoder.TYPES.index(_type_in_protobuf(family)),
        unit=None if family.unit is None else family.unit.encode(),
    ).SerializeToString()
    made = []
    for page in family.pages:
        made.append(_metrics(family, page, escaping))
        yield _NOTHING
    yield compressed_chunks.Piece(_varint(len(head) + sum(len(piece.data) for piece in made)) + head)
    yield from made


def _type_in_protobuf(family: RenderedFamily) -> families.MetricType:
    """A gauge histogram is a histogram, as it is in the other formats, unless it has native buckets.

    The text format has no gauge histograms, and Prometheus makes a label of the type if it is told to. Native buckets
    exist in protobuf alone, and there the type tells Prometheus that their counts may go down.
    """
    is_gauge = family.type is families.MetricType.GAUGE_HISTOGRAM
    if is_gauge and not any(map(_has_native_histograms, family.pages)):
        return families.MetricType.HISTOGRAM
    return family.type


def _has_native_histograms(page: rendered_series.Page) -> bool:
    known = page.facts.get(_NATIVE)
    if known is None:
        originals = (special.metric.original for special in page.specials)
        known = any(native_histograms.is_native(metrics_pb2.Histogram.FromString(original)) for original in originals)
        page.facts[_NATIVE] = known
    return known


def _metrics(
    family: RenderedFamily, page: rendered_series.Page, escaping: name_escaping.Escaping
) -> compressed_chunks.Piece:
    """The page as the field ``metric`` of a family, again and again."""
    key = Encoding(Format.PROTOBUF, escaping if page.specials else name_escaping.Escaping.UNDERSCORES)
    made = page.forms.get(key)
    if made is None:
        found = rendered_series.metrics(page, name=family.name, type=family.type)
        message = metrics_pb2.MetricFamily()
        for metric in found:
            _add_metric(message, family.type, metric, escaping)
        made = page.forms[key] = compressed_chunks.Piece(message.SerializeToString())
    return made


def _add_metric(
    message: metrics_pb2.MetricFamily,
    type: families.MetricType,
    metric: families.Metric,
    escaping: name_escaping.Escaping,
) -> None:
    added = message.metric.add()
    for name, value in metric.labels:
        added.label.add(name=name_escaping.escape(name, escaping, label=True).encode(), value=value.encode())
    field = getattr(added, decoder.FIELDS[type])
    match metric.value:
        case _ if metric.original:
            field.ParseFromString(metric.original)
        case families.Summary(count=count, sum=total, quantiles=quantiles):
            field.sample_count = min(int(count or 0), _MAX_COUNT)
            field.sample_sum = total or 0.0
            for at, number in quantiles:
                field.quantile.add(quantile=at, value=number)
        case families.Histogram() as histogram:
            _set_histogram(field, histogram)
        case number:
            field.value = number


def _set_histogram(field: metrics_pb2.Histogram, value: families.Histogram) -> None:
    """One count that is no whole number makes it a float histogram in all its counts, as Pushgateway has it."""
    field.sample_sum = value.sum or 0.0
    count = value.count or 0.0
    if all(_is_whole(number) for number in (count, *(bucket.cumulative_count for bucket in value.buckets))):
        field.sample_count = int(count)
        for bound, population in value.buckets:
            field.bucket.add(upper_bound=bound, cumulative_count=int(population))
    else:
        field.sample_count_float = count
        for bound, population in value.buckets:
            field.bucket.add(upper_bound=bound, cumulative_count_float=population)


def _is_whole(count: float) -> bool:
    return count.is_integer() and count <= _MAX_COUNT


def _varint(number: int) -> bytes:
    spelled = bytearray()
    while number > 0x7F:
        spelled.append(number & 0x7F | 0x80)
        number >>= 7
    spelled.append(number)
    return bytes(spelled)
