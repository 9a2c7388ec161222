"""The Kubernetes API: requests, credentials, permissions, Events and the server's clock.

This is the only package that calls the API server, but for kopf's watch. Every failure has one error type.
"""
