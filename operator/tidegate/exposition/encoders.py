"""Encode the families of a scrape in the format, and with the escaping of names, that the scraper requests.

Series have the same names and labels in every format, so that a scraper can change the format without new series.
Therefore OpenMetrics shows a counter as ``unknown`` unless its name ends in ``_total``, and writes bucket bounds as the
text format does. Apart from quoted names and exemplars, its sample lines are those of the text format, so both formats
share the rendered pages. :mod:`tidegate.exposition.openmetrics` decides which families OpenMetrics has.
"""

from __future__ import annotations

import enum
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from tidegate.exposition import gzip_chunks, name_escaping, openmetrics, rendered_series
from tidegate.exposition.protobuf import decoder, metrics_pb2, native_histograms
from tidegate.exposition.text import format_specific_lines, renderer
from tidegate.model import families

_PAUSE = gzip_chunks.Chunk(b"")
_OPENMETRICS_END = gzip_chunks.Chunk(openmetrics.END)
_WITH_EXEMPLARS = ("counter", "histogram")
_NATIVE = "has native histograms"
_MAX_COUNT = 2**64 - 1


class Format(enum.Enum):
    """The exposition formats; the value is the content type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS_0 = "application/openmetrics-text; version=0.0.1; charset=utf-8"
    OPENMETRICS_1 = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"


OPENMETRICS = frozenset({Format.OPENMETRICS_0, Format.OPENMETRICS_1})


class Encoding(NamedTuple):
    """A format, and the escaping of its names."""

    format: Format = Format.TEXT
    escaping: name_escaping.Escaping = name_escaping.Escaping.UNDERSCORES

    @property
    def content_type(self) -> str:
        """The value of the header ``Content-Type``."""
        return f"{self.format.value}; escaping={self.escaping.value}"


class RenderedFamily(NamedTuple):
    """One family of all groups.

    :param pages: its series, in order.
    :param unit: only protobuf shows it: Prometheus can make it a label, and a series must not change its labels when
        the format of a push changes.
    """

    name: str
    type: families.MetricType
    help: str | None
    pages: Sequence[rendered_series.Page]
    unit: str | None = None


def encode(rendered: Sequence[RenderedFamily], encoding: Encoding) -> Iterator[gzip_chunks.Chunk]:
    """Yield the body of a scrape in chunks: the families in the given order. Chunks of pages are cached.

    Some chunks are empty: after them the caller may let other tasks run, since a page took a while.
    """
    if encoding.format is Format.PROTOBUF:
        for family in rendered:
            yield from _delimited(family, encoding.escaping)
    elif encoding.format in OPENMETRICS:
        yield from _openmetrics(rendered, encoding.escaping)
    else:
        for family in rendered:
            name = name_escaping.escape(family.name, encoding.escaping)
            yield gzip_chunks.Chunk(
                renderer.header(format_specific_lines.quoted_if_needed(name), type=family.type, help=family.help)
            )
            for page in family.pages:
                yield format_specific_lines.chunk(page, name=name, type=family.type, escaping=encoding.escaping)


def _openmetrics(rendered: Sequence[RenderedFamily], escaping: name_escaping.Escaping) -> Iterator[gzip_chunks.Chunk]:
    names = openmetrics.distinct(((family.name, family.type) for family in rendered), escaping)
    by_name, entries = {}, []
    for family in rendered:
        name, fits = names[family.name], True
        for page in family.pages:
            fits = fits and openmetrics.fits(page, name=family.name, type=family.type)
            yield _PAUSE
        by_name[name] = family._replace(name=name)
        entries.append(openmetrics.Entry(name, family.type, fits))
    for name, role in openmetrics.roles(entries).items():
        family = by_name[name]
        if role.created:
            yield from _with_created_times(family, by_name[role.created], role, escaping)
        elif role.word == openmetrics.UNKNOWN and family.type in families.DISTRIBUTIONS:
            yield from _as_part_families(family, escaping)
        else:
            yield from _unchanged(family, role, escaping)
    yield _OPENMETRICS_END


def _unchanged(
    family: RenderedFamily, role: openmetrics.Role, escaping: name_escaping.Escaping
) -> Iterator[gzip_chunks.Chunk]:
    yield gzip_chunks.Chunk(openmetrics.header(role, family.help))
    exemplars = role.word in _WITH_EXEMPLARS
    for page in family.pages:
        yield format_specific_lines.chunk(
            page, name=family.name, type=family.type, escaping=escaping, exemplars=exemplars
        )


def _as_part_families(family: RenderedFamily, escaping: name_escaping.Escaping) -> Iterator[gzip_chunks.Chunk]:
    """Yield a distribution as one family for each of its parts."""
    role = openmetrics.untyped(family.name, family.type)
    for suffix in openmetrics.parts(family.type):
        chunks = []
        for page in family.pages:
            key = (family.name, escaping, suffix)
            if key not in page.forms:
                lines = format_specific_lines.chunk(page, name=family.name, type=family.type, escaping=escaping).data
                page.forms[key] = gzip_chunks.Chunk(openmetrics.part(lines, family.name + suffix))
            chunks.append(page.forms[key])
            yield _PAUSE
        if any(chunk.data for chunk in chunks):
            yield gzip_chunks.Chunk(openmetrics.header(role, family.help, suffix=suffix))
            yield from chunks


def _with_created_times(
    family: RenderedFamily, created: RenderedFamily, role: openmetrics.Role, escaping: name_escaping.Escaping
) -> Iterator[gzip_chunks.Chunk]:
    """Yield a family with the creation times of its metrics, which were pushed as a separate family.

    Both are sorted by their labels, so each page is merged with few pages of the other, and only again when one of them
    has changed. Creation times without a metric are at the end. A histogram cannot have them, since each of its label
    sets must have buckets; with them, both stay separate families.
    """
    last = f"{family.name}_count" if family.type in families.DISTRIBUTIONS else family.name

    def lines(of: RenderedFamily, page: rendered_series.Page, *, exemplars: bool = False) -> bytes:
        return format_specific_lines.chunk(
            page, name=of.name, type=of.type, escaping=escaping, exemplars=exemplars
        ).data

    def merge(page: rendered_series.Page, others: Sequence[rendered_series.Page]) -> bytes:
        exemplars = role.word in _WITH_EXEMPLARS
        own = openmetrics.Lines(lines(family, page, exemplars=exemplars), lines(family, page))
        times = [lines(created, other) for other in others]
        return openmetrics.with_created(own, times, last=last, created_name=created.name)

    def rest(page: rendered_series.Page, others: Sequence[rendered_series.Page]) -> bytes:
        own = [lines(family, other) for other in others]
        return openmetrics.without_family(lines(created, page), own, last=last, created_name=created.name)

    without_metric = []
    for page, others in rendered_series.overlapping(created.pages, family.pages):
        without_metric.append(_merged(page, others, (created.name, escaping), rest))
        yield _PAUSE
    if family.type in families.HISTOGRAMS and any(chunk.data for chunk in without_metric):
        yield from _as_part_families(family, escaping)
        yield from _unchanged(created, openmetrics.untyped(created.name, created.type), escaping)
        return
    yield gzip_chunks.Chunk(openmetrics.header(role, family.help))
    for page, others in rendered_series.overlapping(family.pages, created.pages):
        yield _merged(page, others, (family.name, escaping), merge)
    yield from without_metric


def _merged(
    page: rendered_series.Page,
    others: Sequence[rendered_series.Page],
    key: object,
    merge: Callable[[rendered_series.Page, Sequence[rendered_series.Page]], bytes],
) -> gzip_chunks.Chunk:
    """Return the page merged with others; cached until one of them changes."""
    cached = page.merged.get(key)
    if cached is None or len(cached[0]) != len(others) or not all(map(operator.is_, cached[0], others)):
        cached = page.merged[key] = (others, gzip_chunks.Chunk(merge(page, others)))
    return cached[1]


def _delimited(family: RenderedFamily, escaping: name_escaping.Escaping) -> Iterator[gzip_chunks.Chunk]:
    head = metrics_pb2.MetricFamily(
        name=name_escaping.escape(family.name, escaping).encode(),
        help=None if family.help is None else family.help.encode(),
        type=decoder.TYPES.index(_type_in_protobuf(family)),
        unit=None if family.unit is None else family.unit.encode(),
    ).SerializeToString()
    chunks = []
    for page in family.pages:
        chunks.append(_metrics(family, page, escaping))
        yield _PAUSE
    yield gzip_chunks.Chunk(_varint(len(head) + sum(len(chunk.data) for chunk in chunks)) + head)
    yield from chunks


def _type_in_protobuf(family: RenderedFamily) -> families.MetricType:
    """Return the type in protobuf: a gauge histogram is a histogram, as in the other formats, unless it is native.

    The text format has no gauge histograms, and Prometheus can make the type a label. Native buckets exist only in
    protobuf, and the type tells Prometheus that their counts may go down.
    """
    is_gauge = family.type is families.MetricType.GAUGE_HISTOGRAM
    if is_gauge and not any(map(_has_native_histograms, family.pages)):
        return families.MetricType.HISTOGRAM
    return family.type


def _has_native_histograms(page: rendered_series.Page) -> bool:
    is_native = page.facts.get(_NATIVE)
    if is_native is None:
        originals = (special.metric.original for special in page.specials)
        is_native = any(
            native_histograms.is_native(metrics_pb2.Histogram.FromString(original)) for original in originals
        )
        page.facts[_NATIVE] = is_native
    return is_native


def _metrics(family: RenderedFamily, page: rendered_series.Page, escaping: name_escaping.Escaping) -> gzip_chunks.Chunk:
    """Return the metrics of a page, each encoded as a field ``metric`` of a family."""
    key = Encoding(Format.PROTOBUF, escaping if page.specials else name_escaping.Escaping.UNDERSCORES)
    chunk = page.forms.get(key)
    if chunk is None:
        message = metrics_pb2.MetricFamily()
        for metric in rendered_series.metrics(page, name=family.name, type=family.type):
            _add_metric(message, family.type, metric, escaping)
        chunk = page.forms[key] = gzip_chunks.Chunk(message.SerializeToString())
    return chunk


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
    """Set the value. If one count is not an integer, all counts are floats, as in Pushgateway."""
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
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
