"""The operator: watches Jobs and other owners, decides which groups they own, and tells the gateway when to drain them.

Decisions are pure functions of a cache (:mod:`~tidegate.operator.planning.drain_planner`). Only
:mod:`tidegate.operator.kube` calls the API server, only :mod:`tidegate.operator.watch` imports kopf, and only
:mod:`tidegate.operator.gateways` calls a gateway. The operator never writes to a user's object.
"""
