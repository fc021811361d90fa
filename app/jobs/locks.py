"""Looks each day whether the store still keeps what is locked."""

import structlog

from app.core.actor import service_actor
from app.core.ids import new_id
from app.factory import Services
from app.reports.store_locks import LookResult

_log = structlog.get_logger()


async def look_at_locks(services: Services) -> LookResult:
    """Probe the locks of the store; what was found is an event, and told by the service's health."""
    result = await services.store_locks.look(service_actor("JOB", "look_at_locks", str(new_id())))
    if result in {LookResult.LOST, LookResult.FAILED}:
        _log.error("locks of the file store", result=result.value)
    return result
