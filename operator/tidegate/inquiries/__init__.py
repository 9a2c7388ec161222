"""Asking a running gateway and its operator, by what both tell everybody: HTTP, and nothing of Kubernetes.

Whatever reaches them, directly or through the API server, is a :class:`tidegate.inquiries.doors.Door`.
"""
