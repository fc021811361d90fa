"""Ends resumable uploads that were not gone on with."""

import structlog

from app.core.actor import service_actor
from app.core.ids import new_id
from app.factory import Services

_log = structlog.get_logger()


async def end_expired_uploads(services: Services) -> int:
    """End the uploads whose time is over and remove their bytes; give their number. Each is an event."""
    ended = await services.uploads.end_expired(service_actor("JOB", "end_expired_uploads", str(new_id())))
    if ended:
        _log.info("uploads ended", count=ended)
    return ended
