"""The plan: what to do about each group, and which groups to plan next.

The planner is a pure function of the cache. Nothing here calls the API server or a gateway.
"""
