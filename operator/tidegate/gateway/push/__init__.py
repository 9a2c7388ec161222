"""PUT, POST and DELETE of a group: path, body and handler.

A handler responds with 200 only after the store has acknowledged the change.
"""
