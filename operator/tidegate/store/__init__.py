"""The groups: what was pushed, whose it is, and what Prometheus gets to see of it.

The store decides by the pure functions of :mod:`tidegate.model` and owns all state that outlives a request. It does no
HTTP and knows no Kubernetes. :mod:`tidegate.store.interface` says what every store guarantees.
"""
