"""Reads stored files again, those first that were read longest ago."""

from app.factory import Services


async def check_integrity(services: Services) -> int:
    """Read what is due, for some minutes at most; give the number of objects that this day's run has read."""
    return await services.care.rounds.turn()
