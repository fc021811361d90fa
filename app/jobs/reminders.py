"""Reminds of what is to be filed, by the firm's own rules."""

import structlog

from app.core.actor import service_actor
from app.core.ids import new_id
from app.factory import Services

_log = structlog.get_logger()


async def remind_of_filing(services: Services) -> int:
    """Record the reminders of filing that are due; give their number."""
    reminded = await services.filing.reminders.remind(service_actor("JOB", "remind_of_filing", str(new_id())))
    if reminded:
        _log.info("reminded of filing", count=reminded)
    return reminded
