"""Clearances: the highest confidentiality level that each role opens, as the firm set it.

Source: `docs/access.md`, Levels. Who runs, guards or audits the system has none to set (三员分立), a program has its
own.
"""

from app.auth.events import CLEARANCES_CHANGED, CLEARANCES_VIEWED
from app.auth.guard import Guard
from app.auth.roles import PROGRAMS, SEPARATED, Level, Rank, Role
from app.auth.schemas import ClearancesIn, ClearancesOut
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database
from app.core.etag import require_match
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject

_CHANGE = "UPDATE role_clearances SET level = $2, updated_at = $3 WHERE role = $1"
_FIXED = SEPARATED | PROGRAMS


class ClearanceService:
    """Shows and changes clearances; a change bites on the next request."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, guard: Guard) -> None:
        self._database, self._uow, self._recorder, self._guard = database, uow, recorder, guard

    async def get(self, actor: Actor) -> ClearancesOut:
        """Give the clearances."""
        await self._guard.require(actor, "clearance.read", Subject("clearances"))
        async with self._database.connection() as connection:
            out = await _read(connection)
        await self._recorder.read(actor, CLEARANCES_VIEWED, Subject("clearances"))
        return out

    async def change(self, actor: Actor, data: ClearancesIn, if_match: str | None) -> ClearancesOut:
        """Set the clearances of roles; those left out stay."""
        await self._guard.require(actor, "clearance.change", Subject("clearances"))
        async with self._uow.begin(actor) as tx:
            await tx.connection.execute("SELECT 1 FROM role_clearances FOR UPDATE")
            before = await _read(tx.connection)
            require_match(if_match, before)
            given, old = data.model_dump(exclude_unset=True).items(), before.levels
            changed = {name: [old[Role(name)], level] for name, level in given if old[Role(name)] != level}
            for name, (_, level) in changed.items():
                await tx.connection.execute(_CHANGE, name, int(level.rank), now())
            tx.record(CLEARANCES_CHANGED, Subject("clearances"), changed=changed)
            return tx.result(await _read(tx.connection))


async def _read(connection: Connection) -> ClearancesOut:
    rows = await connection.fetch("SELECT role, level FROM role_clearances ORDER BY role")
    levels: dict[Role, Level] = {
        Role(row["role"]): Rank(row["level"]).level for row in rows if Role(row["role"]) not in _FIXED
    }
    return ClearancesOut(levels=levels)
