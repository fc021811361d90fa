"""Resumable uploads: bytes of a file that come over a bad line, piece by piece, until the file is whole.

What is acknowledged is durable. It never becomes a file but by the ordinary way in, `entries.files`.
"""
