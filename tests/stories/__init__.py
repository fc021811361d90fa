"""Matters told from the first call to the sealed volume, as the people of a firm walk through them over HTTP."""
