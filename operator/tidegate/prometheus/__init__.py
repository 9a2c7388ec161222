"""Queries to Prometheus and compatible servers: whether they have stored the last push of a group.

This layer knows no store and no gateway.
"""
