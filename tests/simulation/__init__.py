"""The server's side of `make simulate` (frontend/tests/simulate): the real application, on either
database, in one process that a history can crash, set back and look into.
"""
