"""Plots with two logarithmic axes, as SVG, without a plotting library."""

import math
from collections.abc import Sequence
from typing import NamedTuple

_WIDTH, _HEIGHT = 460, 300
_LEFT, _TOP, _RIGHT, _BOTTOM = 62, 34, 30, 44
_COLOURS = ("#0b7a75", "#c2410c", "#6b7280")
_STYLE = "font-family: system-ui, sans-serif; font-size: 11px; fill: #444"


class Line(NamedTuple):
    """A named line; each point is (x, y)."""

    name: str
    points: Sequence[tuple[float, float]]


class Panel(NamedTuple):
    """One plot; the names of its lines are in the upper or the lower left corner."""

    title: str
    x_name: str
    lines: Sequence[Line]
    names_above: bool = False


def svg(panels: Sequence[Panel]) -> str:
    """The panels side by side."""
    width = _WIDTH * len(panels)
    drawn = "".join(
        f'<g transform="translate({_WIDTH * place},0)">{_panel(one)}</g>' for place, one in enumerate(panels)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {_HEIGHT}" width="{width}" height="{_HEIGHT}" '
        f'role="img" style="{_STYLE}"><rect width="100%" height="100%" fill="white"/>{drawn}</svg>\n'
    )


def _panel(panel: Panel) -> str:
    points = [point for line in panel.lines for point in line.points]
    across = _Axis([x for x, _ in points], start=_LEFT, end=_WIDTH - _RIGHT)
    up = _Axis([y for _, y in points], start=_HEIGHT - _BOTTOM, end=_TOP)
    parts = [f'<text x="{_LEFT}" y="18" style="font-size: 13px; font-weight: 600">{panel.title}</text>']
    for power in across.powers:
        x = across.at(10**power)
        parts.append(_rule(x, _TOP, x, _HEIGHT - _BOTTOM))
        parts.append(_text(x, _HEIGHT - _BOTTOM + 16, _named(power), "middle"))
    for power in up.powers:
        y = up.at(10**power)
        parts.append(_rule(_LEFT, y, _WIDTH - _RIGHT, y))
        parts.append(_text(_LEFT - 6, y + 4, _named(power), "end"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 10, panel.x_name, "middle"))
    first = _TOP + 16 if panel.names_above else _HEIGHT - _BOTTOM + 3 - 15 * len(panel.lines)
    for place, (line, colour) in enumerate(zip(panel.lines, _COLOURS, strict=False)):
        parts.append(_drawn(line, colour, across, up))
        parts.append(_named_line(line.name, colour, y=first + 15 * place))
    return "".join(parts)


class _Axis:
    """Maps values to coordinates, over whole powers of ten."""

    def __init__(self, values: Sequence[float], *, start: float, end: float) -> None:
        self._first = math.floor(math.log10(min(values)))
        self._last = max(math.ceil(math.log10(max(values))), self._first + 1)
        self._start, self._end = start, end

    @property
    def powers(self) -> range:
        return range(self._first, self._last + 1)

    def at(self, value: float) -> float:
        share = (math.log10(value) - self._first) / (self._last - self._first)
        return self._start + share * (self._end - self._start)


def _drawn(line: Line, colour: str, across: _Axis, up: _Axis) -> str:
    places = [(across.at(x), up.at(y)) for x, y in line.points]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.6" fill="{colour}"/>' for x, y in places)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.8"/>{dots}'


def _named_line(name: str, colour: str, *, y: float) -> str:
    mark = f'<rect x="{_LEFT + 8}" y="{y - 8}" width="9" height="9" fill="{colour}"/>'
    return mark + _text(_LEFT + 22, y, name, "start")


def _rule(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="#e5e7eb"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _named(power: int) -> str:
    if power >= 6:
        return f"{10 ** (power - 6):,}M"
    return f"{10**power:,}" if power >= 0 else f"{10.0**power:.{-power}f}"
