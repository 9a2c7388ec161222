"""The Prometheus text format 0.0.4: parser and renderer.

Accepts what Pushgateway accepts and writes the bytes that Pushgateway writes. All functions are pure.
"""
