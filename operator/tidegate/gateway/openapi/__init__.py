"""The OpenAPI document of the public port: ``openapi.json``, completed with what depends on the settings.

The file is written by hand. ``tests/unit/gateway/openapi`` compares it with the routes, the constants and the
responses of a real gateway.
"""
