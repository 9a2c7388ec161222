"""The gateway's public side described as an OpenAPI document: pure functions from the settings to JSON.

Numbers and words that the code decides by are taken from it and never written here again. The rest is compared with
what a real gateway answers, by ``tests/gateway/test_openapi_*.py``.
"""
