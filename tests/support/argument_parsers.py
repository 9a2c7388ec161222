"""The parsers of the command line, to look at what they have."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from tidegate.cli import parser as parsers


def below(parser: parsers.Parser) -> Iterator[parsers.Parser]:
    """This parser and those of all commands below it."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from below(each)
