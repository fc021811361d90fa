"""Erases the personal data in events that two people have let go."""

import structlog

from app.core.actor import service_actor
from app.core.ids import new_id
from app.factory import Services

_log = structlog.get_logger()


async def erase_personal_data(services: Services) -> int:
    """Carry out what was approved; give the number of events. Each is an event."""
    erased = await services.redaction.erasing.work(service_actor("JOB", "erase_personal_data", str(new_id())))
    if erased:
        _log.info("personal data erased", events=erased)
    return erased
