"""What the terms of an engagement name is there: entries, clients, people of the firm, special powers."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from app.core.actor import Actor
from app.core.database import Connection
from app.core.errors import FieldError, Invalid
from app.engagements import repository
from app.engagements.rules import EngagementRules
from app.engagements.schemas import Attorney, Terms


async def require_entries(
    connection: Connection, actor: Actor, dossier_id: UUID, named: Sequence[tuple[str, UUID | None]]
) -> None:
    """Raise Invalid at its pointer for what is no entry of the dossier that the actor sees."""
    wanted = {pointer: entry_id for pointer, entry_id in named if entry_id is not None}
    known = await repository.seen_entries(connection, actor, dossier_id, [*wanted.values()]) if wanted else set()
    _refuse(
        FieldError(pointer, "unknown_entry", "The dossier has no such entry", "本案卷没有该材料")
        for pointer, entry_id in wanted.items()
        if entry_id not in known
    )


async def require_clients(connection: Connection, dossier_id: UUID, terms: Terms, at: str) -> None:
    """Raise Invalid for a party whose id is no client's of the dossier; of other clients nothing can be learned."""
    named = {index: party.client_id for index, party in enumerate(terms.parties) if party.client_id is not None}
    known = await repository.clients_of(connection, dossier_id) if named else set()
    _refuse(
        FieldError(
            f"{at}/parties/{index}/client_id", "not_of_dossier", "It is no client of the dossier", "不是本案卷的委托人"
        )
        for index, client_id in named.items()
        if client_id not in known
    )  # fmt: skip


async def named_attorneys(
    connection: Connection, before: Sequence[Attorney], attorneys: Sequence[Attorney], at: str
) -> list[Attorney]:
    """Give attorneys with the names of those of the firm; Invalid for somebody who is not of it.

    Who was named `before` keeps the name that he had then, as the paper does.
    """
    ids = [attorney.user_id for attorney in attorneys if attorney.user_id is not None]
    names: dict[UUID, str | None] = {**(await repository.names_of(connection, ids) if ids else {})}
    names |= {attorney.user_id: attorney.name for attorney in before if attorney.user_id is not None}
    _refuse(
        FieldError(f"{at}/{index}/user_id", "unknown_user", "There is no such user", "没有该用户")
        for index, attorney in enumerate(attorneys)
        if attorney.user_id is not None and attorney.user_id not in names
    )
    return [
        attorney if attorney.user_id is None else Attorney(user_id=attorney.user_id, name=names[attorney.user_id])
        for attorney in attorneys
    ]


def require_powers(rules: EngagementRules, before: Sequence[str], powers: Sequence[str], at: str) -> None:
    """Raise Invalid for a special power that the rules in force do not name; those given earlier stay."""
    known = {power.code for power in rules.special_powers} | set(before)
    choice = ", ".join(sorted(known)) or "none"
    _refuse(
        FieldError(f"{at}/{index}", "unknown_power", f"The rules name: {choice}", f"可选的特别授权事项:{choice}")
        for index, power in enumerate(powers)
        if power not in known
    )


def _refuse(errors: Iterable[FieldError]) -> None:
    found = list(errors)
    if found:
        raise Invalid(found[0].en, found[0].zh, errors=found)
