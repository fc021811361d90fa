"""Scheduled work over the same services as behind HTTP."""
