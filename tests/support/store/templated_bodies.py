"""Bodies of pushes, made from templates and numbers."""

from __future__ import annotations

from tests.support.store import store_builders

KEYS = [
    store_builders.key(job="a"),
    store_builders.key(job="b", instance="i"),
    store_builders.key(job="c", **{"not plain": "x"}),
]

# A dollar sign is where a number goes.
TEMPLATES = [
    "# TYPE g gauge\ng $\ng{a=\"1\"} $\n",
    "g $\n",
    "# HELP g Of $\n# TYPE g counter\ng{b=\"2\"} $\n# a comment of $\n",
    "# TYPE h histogram\nh_bucket{le=\"1\"} $\nh_bucket{le=\"+Inf\"} $\nh_sum $\nh_count $\n",
    "# TYPE h histogram\nh_bucket{le=\"1\"} $\n",
    "# TYPE s summary\ns{quantile=\"0.5\"} $\ns_sum $\ns_count $\n",
    "# TYPE s summary\ns_sum{a=\"1\"} $\ns_sum{a=\"2\"} $\n",
    "u{a=\"x\",b=\"y\"} $\nu{b=\"z\"} $\nv $\n",
    "u $ 1000\n",
    "u\t$\n",
    "push_time_seconds $\nu $\n",
    "u $\nu $\n",
    "",
]  # fmt: skip
NUMBERS = ["0", "1", "2", "3.5", "-1", "+4", "-0", "1e3", "1e999", "007", ".5", "1.", "1e5e5", "--1", "NaN", "+Inf", ""]


def spell(template: str, numbers: list[str]) -> bytes:
    """The body of this template with these numbers."""
    first, *rest = template.split("$")
    return "".join([first, *(number + text for number, text in zip(numbers, rest, strict=False))]).encode()
