"""PUT, POST and DELETE of a group: path, body and handler.

A handler answers 200 only after the store has acknowledged the change.
"""
