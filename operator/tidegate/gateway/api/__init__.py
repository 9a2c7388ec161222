"""JSON APIs: Pushgateway's ``/api/v1``, tidegate's own for groups and events, and the control API for the operator.

Handlers are thin: decisions are made in the store, in :mod:`tidegate.draining` or in pure functions next to them.
"""
