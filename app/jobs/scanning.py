"""Has files scanned for viruses, and judged again when the scanner has learnt more."""

import structlog

from app.core.actor import service_actor
from app.core.ids import new_id
from app.factory import Services

_log = structlog.get_logger()


async def scan_files(services: Services) -> int:
    """Work the scanner's list off; give the number of verdicts. Without a scanner there is nothing to do."""
    if services.scanning is None:
        return 0
    judged = await services.scanning.work(service_actor("JOB", "scan_files", str(new_id())))
    if judged:
        _log.info("files scanned", count=judged)
    return judged
