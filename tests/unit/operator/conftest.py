"""Fixtures of `operator_fixtures`."""

from tests.support.operator import operator_fixtures

session = operator_fixtures.session
scene = operator_fixtures.scene
server = operator_fixtures.server
