"""The parties of a dossier when they change: kept, put into the index of parties, and held against conflict checks.

Also the duty that follows: a dossier whose parties no conflict check covers (利益冲突审查) needs one.
"""

from typing import Any
from uuid import UUID

from app.clients.parties import keep_dossier, known
from app.conflicts import covering
from app.conflicts.covering import Named
from app.core.clock import now
from app.core.database import Connection, Row, present
from app.core.sql import update
from app.dossiers import repository
from app.dossiers.errors import DossierFrozen
from app.dossiers.events import DOSSIER_CHECK_ATTACHED
from app.dossiers.models import Dossier
from app.dossiers.schemas import DossierChange, DossierOut
from app.dossiers.service import parties_kept, subject_of
from app.dossiers.shapes import dossier_out
from app.events.unit_of_work import Transaction

_ENDED = frozenset({"void", "transferred", "destroyed"})


async def follow_parties(connection: Connection, dossier_id: UUID, data: DossierChange) -> None:
    """Keep the parties of a change of a dossier; its clients are written already."""
    row = present(await repository.parties(connection, dossier_id))
    changes: dict[str, Any] = {}
    for field, new in (("opposing_parties", data.opposing_parties), ("related_parties", data.related_parties)):
        if new is not None:
            changes[field] = parties_kept(new, row[field])
    now_there = {**row, **changes}
    changes["conflict_check_due"] = await covering.is_due(connection, dossier_id, _named(now_there))
    await update(connection, Dossier, dossier_id, changes)
    await keep_dossier(
        connection, dossier_id, [UUID(client["id"]) for client in row["clients"]],
        map(known, now_there["opposing_parties"]), map(known, now_there["related_parties"]),
    )  # fmt: skip


async def attach_check(tx: Transaction, dossier_id: UUID, state: str, check_id: UUID) -> DossierOut:
    """Let a check carry a dossier whose row is held; raises as `DossierChangeService.attach_check`."""
    if state in _ENDED:
        raise DossierFrozen("This dossier is no more", "案卷已不存续")
    named = _named(present(await repository.parties(tx.connection, dossier_id)))
    await covering.require_fit(tx.connection, tx.actor, check_id, named)
    await covering.use(tx.connection, tx.actor, check_id, dossier_id)
    await update(tx.connection, Dossier, dossier_id, {"conflict_check_due": False, "updated_at": now()})
    row = await repository.reread(tx.connection, tx.actor, dossier_id)
    tx.record(DOSSIER_CHECK_ATTACHED, subject_of(row), conflict_check_id=check_id)
    return dossier_out(row)


def _named(row: Row | dict[str, Any]) -> Named:
    return Named(
        [(UUID(client["id"]), client["name"]) for client in row["clients"]],
        [party["name"] for party in row["opposing_parties"]],
        [party["name"] for party in row["related_parties"]],
    )
