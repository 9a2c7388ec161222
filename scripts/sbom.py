"""Write the software bill of materials of tidegate and its locked packages as CycloneDX 1.6.

The output depends only on the version and `requirements/runtime.txt`: it has no time and no random serial number.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import packageurl
from cyclonedx.model import bom, component
from cyclonedx.output import json as output_json

from scripts import versions

LOCK = versions.ROOT / "requirements" / "runtime.txt"

_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;]+)", re.MULTILINE)
_VIA = re.compile(r"^ +#(?: via|  ) ([A-Za-z0-9._-]+)", re.MULTILINE)
_NAME = "tidegate"


class Package(NamedTuple):
    """A locked package."""

    name: str
    version: str
    needed_by: frozenset[str]
    """Names of the packages that depend on it; one of them may be tidegate."""


def main(arguments: Sequence[str]) -> int:
    """Write the bill of materials to the path in the first argument; return the exit code."""
    [target] = arguments
    Path(target).write_text(document(versions.declared(), packages(LOCK.read_text())))
    return 0


def packages(lock: str) -> list[Package]:
    """List the packages that a lock file of `make lock` pins."""
    return list(_packages(lock))


def _packages(lock: str) -> Iterator[Package]:
    pins = list(_PIN.finditer(lock))
    ends = [pin.start() for pin in pins[1:]] + [len(lock)]
    for pin, end in zip(pins, ends, strict=False):
        yield Package(pin[1], pin[2], frozenset(_VIA.findall(lock, pin.end(), end)))


def document(version: str, locked: Sequence[Package]) -> str:
    """Return the bill of materials as JSON text."""
    root = component.Component(
        name=_NAME, version=version, type=component.ComponentType.APPLICATION, bom_ref=_NAME, purl=_purl(_NAME, version)
    )
    parts = {
        each.name: component.Component(
            name=each.name, version=each.version, bom_ref=each.name, purl=_purl(each.name, each.version)
        )
        for each in locked
    }
    made = bom.Bom(components=parts.values(), serial_number=_serial_number(version, locked))
    made.metadata.component = root
    for name, part in {_NAME: root, **parts}.items():
        made.register_dependency(part, [parts[each.name] for each in locked if name in each.needed_by])
    content = json.loads(output_json.JsonV1Dot6(made).output_as_string())
    del content["metadata"]["timestamp"]  # optional, and different in each run
    return json.dumps(content, indent=2) + "\n"


def _purl(name: str, version: str) -> packageurl.PackageURL:
    return packageurl.PackageURL(type="pypi", name=name, version=version)


def _serial_number(version: str, locked: Sequence[Package]) -> uuid.UUID:
    """Return a number that is the same for the same contents."""
    pins = "".join(f"{each.name}=={each.version}\n" for each in locked)
    return uuid.uuid5(uuid.NAMESPACE_URL, f"pkg:pypi/{_NAME}@{version}\n{pins}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
