"""Reconciliation: takes groups from the work queue, plans, and has the gateway act.

Actions pass a gate first (dry run, circuit breaker). Results are reported as Events, metrics and policy status.
"""
