"""The worker process: does each job at its interval, one worker at a time, until it is told to stop.

A job that fails is logged and tried again at its next turn; a store that is down ends nothing.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

import structlog

from app.config import Settings
from app.core.database import session_lock
from app.core.errors import AppError
from app.core.logging import configure
from app.factory import Services, make_resources, make_services
from app.jobs.housekeeping import forget_old_keys, forget_old_sessions, make_partitions
from app.jobs.integrity import check_integrity
from app.jobs.keys import back_up_keys
from app.jobs.locks import look_at_locks
from app.jobs.redaction import erase_personal_data
from app.jobs.reminders import remind_of_filing
from app.jobs.scanning import scan_files
from app.jobs.sealing import seal_events
from app.jobs.sweep import sweep_orphans, sweep_uploads
from app.jobs.uploads import end_expired_uploads

_log = structlog.get_logger()
_HOUR, _MINUTE = 3600.0, 60.0
_RETRY_SECONDS = 30.0
_SCAN_SECONDS = 5.0
_ERASE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every `seconds`; long work `breaks_off` when the worker is told to stop."""

    name: str
    seconds: float
    work: Callable[[Services], Awaitable[object]]
    breaks_off: bool = False


JOBS = (
    Job("make_partitions", 24 * _HOUR, make_partitions),
    Job("back_up_keys", 24 * _HOUR, back_up_keys),
    Job("forget_old_keys", _HOUR, forget_old_keys),
    Job("forget_old_sessions", _HOUR, forget_old_sessions),
    Job("remind_of_filing", _HOUR, remind_of_filing),
    Job("end_expired_uploads", _HOUR, end_expired_uploads),
    Job("sweep_orphans", _HOUR, sweep_orphans),
    Job("check_integrity", _MINUTE, check_integrity, breaks_off=True),
    Job("sweep_uploads", _HOUR, sweep_uploads),
    Job("look_at_locks", 24 * _HOUR, look_at_locks),
    Job("scan_files", _SCAN_SECONDS, scan_files),
    Job("erase_personal_data", _ERASE_SECONDS, erase_personal_data, breaks_off=True),
)


async def run_once(services: Services, job: Job) -> bool:
    """Do a job unless another worker is at it; tell whether it was done here."""
    async with services.resources.database.connection() as connection, session_lock(connection, job.name) as free:
        if free:
            await job.work(services)
    return free


async def _do(services: Services, job: Job, stop: asyncio.Event) -> None:
    if not job.breaks_off:
        await run_once(services, job)
        return
    work, told = asyncio.ensure_future(run_once(services, job)), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({work, told}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told.cancel()
        work.cancel()  # does nothing to one that is through
        await asyncio.gather(work, told, return_exceptions=True)
    if not work.cancelled():
        work.result()


async def _repeat(services: Services, job: Job, stop: asyncio.Event) -> None:
    while not stop.is_set():
        pause = job.seconds
        try:
            await _do(services, job, stop)
        except AppError as error:
            _log.warning("job put off", job=job.name, code=error.code, detail=str(error))
            pause = min(pause, _RETRY_SECONDS)
        except Exception:  # noqa: BLE001 - one job's bug must not end the others
            _log.exception("job failed", job=job.name)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


async def work(settings: Settings, stop: asyncio.Event) -> None:
    """Work until `stop` is set."""
    resources = make_resources(settings)
    await resources.open()
    try:
        services = make_services(resources)
        await asyncio.gather(seal_events(resources, stop), *(_repeat(services, job, stop) for job in JOBS))
    finally:
        await resources.close()


async def main() -> None:
    """Work with the settings of the environment until SIGTERM or SIGINT."""
    settings = Settings()
    configure(settings.http.log_level)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await work(settings, stop)


if __name__ == "__main__":
    asyncio.run(main())
