"""The operator's cache of the cluster and of the gateway's groups, with the indexes between them.

The cache does no I/O: lists and watches fill it, the planner reads it.
"""
