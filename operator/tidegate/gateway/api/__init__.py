"""JSON APIs: Pushgateway's ``/api/v1``, tidegate's own for groups and events, and the control API for the operator.

Handlers are thin: the decisions are in the store, in :mod:`tidegate.draining`, or in pure functions of this package.
"""
