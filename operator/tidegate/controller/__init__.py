"""The operator: watches Jobs and CronJobs and tells the gateway whose each group is and when it is over.

What decides is pure and knows no API: :mod:`~tidegate.controller.pictures` (what is known),
:mod:`~tidegate.controller.ownership` (whose a group is), :mod:`~tidegate.controller.plans` (what to do about it).
The edges are one module each: :mod:`~tidegate.controller.kubeapi` alone calls the API server,
:mod:`~tidegate.controller.watches` alone knows kopf, :mod:`~tidegate.controller.gateways` alone calls the gateway.
Nothing here writes to a Job: no finalizer, no annotation, no status.
"""
