"""The fields that the operator reads from Kubernetes objects: kinds, completion, pod names and pod addresses.

All functions are pure: they take the JSON of an object and return values.
"""
