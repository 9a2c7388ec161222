"""Fixtures of `gateway_fixtures`."""

from tests.support.gateway import gateway_fixtures

pytest_asyncio_loop_factories = gateway_fixtures.pytest_asyncio_loop_factories
clock = gateway_fixtures.clock
web_settings = gateway_fixtures.web_settings
stop = gateway_fixtures.stop
limit_settings = gateway_fixtures.limit_settings
persistence_settings = gateway_fixtures.persistence_settings
gateway = gateway_fixtures.gateway
client = gateway_fixtures.client
