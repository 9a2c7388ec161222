"""The store: pushed metrics, the owners of their groups, and what a scrape exposes of them.

The store owns all state that lasts longer than a request; the pure functions of :mod:`tidegate.model` decide. It does
no HTTP and does not know Kubernetes. :mod:`tidegate.store.interface` states the guarantees of every store.
"""
