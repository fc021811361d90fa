"""Whether a check carries a dossier: concluded, still good, about everybody in it, and used for nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.clients.names import key_of
from app.conflicts import repository
from app.conflicts.errors import CheckUsed, required, unfit
from app.conflicts.models import ConflictUse
from app.conflicts.rules import CONFLICT
from app.conflicts.schemas import Outcome, Side
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Row
from app.core.sql import insert
from app.rulebook.kinds import in_force, of_version


@dataclass(frozen=True, slots=True)
class Named:
    """Who is in a dossier: clients by id and name, the others by name."""

    clients: Sequence[tuple[UUID, str]]
    opposing: Sequence[str] = ()
    related: Sequence[str] = ()


async def admit(connection: Connection, actor: Actor, check_id: UUID | None, named: Named) -> bool:
    """Let a dossier be opened; tells whether the check is still due.

    Raises CheckRequired where the firm opens none without, else as `require_fit`.
    """
    if check_id is not None:
        await require_fit(connection, actor, check_id, named)
        return False
    mode = (await in_force(connection, CONFLICT)).body.mode
    if mode == "required":
        raise required()
    return mode == "advised"


async def require_fit(connection: Connection, actor: Actor, check_id: UUID, named: Named) -> None:
    """Raise CheckUnfit unless the check carries such a dossier, CheckUsed when it carries another already."""
    await repository.hold(connection, check_id)
    check = await repository.find(connection, actor, check_id)
    if check is None or check["guards"]:
        raise unfit("unknown_check", "There is no such conflict check", "没有该利益冲突审查")
    if check["conclusion"] is None:
        raise unfit("not_concluded", "The conflict check is not concluded", "利益冲突审查尚无结论")
    if check["conclusion"] == Outcome.CONFLICT:
        raise unfit("conflict_found", "The conflict check came to a conflict", "审查结论为存在利益冲突")
    if check["dossier_id"] is not None:
        raise CheckUsed("This check was made for another dossier: make a new one", "该审查已用于案卷,请重新审查")
    rules = await of_version(connection, CONFLICT, check["rules_version"])
    if check["concluded_at"] + timedelta(days=rules.body.validity_days) < now():
        raise unfit("expired", "The conflict check is too old: make a new one", "利益冲突审查已过有效期,请重新审查")
    if not covers([check], named):
        raise unfit("not_covered", "The check is not about everybody in this dossier", "审查未涵盖本案卷的全部当事人")


async def use(connection: Connection, actor: Actor, check_id: UUID, dossier_id: UUID) -> None:
    """Note that a check carries a dossier; its caller let it pass `require_fit` in the same transaction."""
    await insert(connection, ConflictUse(check_id=check_id, dossier_id=dossier_id, used_by=actor.id, used_at=now()))


async def is_due(connection: Connection, dossier_id: UUID, named: Named) -> bool:
    """Tell whether a dossier with these people in it needs another check."""
    if (await in_force(connection, CONFLICT)).body.mode == "off":
        return False
    return not covers(await repository.covering(connection, dossier_id), named)


def covers(checks: Sequence[Row | dict[str, Any]], named: Named) -> bool:
    """Tell whether checks asked about everybody: clients by id or name, an opponent as one, others in any place."""
    ids = {client_id for check in checks for client_id in check["client_ids"]}
    keys: dict[str, set[str]] = {side.value: set() for side in Side}
    for check in checks:
        for one in check["asked"]:
            keys[one["side"]] |= {key_of(name) for name in (one["name"], *one["former_names"])}
    return (
        all(client_id in ids or key_of(name) in keys[Side.CLIENT] for client_id, name in named.clients)
        and all(key_of(name) in keys[Side.OPPOSING] for name in named.opposing)
        and all(any(key_of(name) in known for known in keys.values()) for name in named.related)
    )
