"""Reconciliation: takes groups from the work queue, plans, and sends actions to the gateway.

Actions pass a gate first (dry run, circuit breaker). Results are reported as Events, metrics and policy status.
"""
