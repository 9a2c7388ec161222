"""Fixtures of `cli_fixtures`."""

from tests.support.cli import cli_fixtures

restored_logging = cli_fixtures.restored_logging
