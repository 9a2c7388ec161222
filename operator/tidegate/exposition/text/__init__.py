"""The Prometheus text format 0.0.4: parser and renderer.

They accept and write the same bytes as Pushgateway. All functions are pure.
"""
