"""The index of parties (当事人索引): every name and number by which somebody in a matter is known, or ever was.

Kept by the services of clients and dossiers in the transaction of their change. Lines are only added and marked as no
longer current: what was once named is found for ever, also when dossier and client are closed, cleared or destroyed
(domain/rules.md 5.2). Never tells anybody anything: who may see what it finds is asked by who searches it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from uuid import UUID

from app.clients.models import PartyName
from app.clients.names import CONTAINABLE, core_of, grams_of, key_of
from app.core.clock import now
from app.core.database import Connection
from app.core.ids import new_id
from app.core.sql import insert

_ORGANIZATION = "organization"


@dataclass(frozen=True, slots=True)
class Known:
    """Who somebody is, as far as it is known; `identifiers` are pairs of scheme and whole value."""

    name: str
    kind: str
    legal_representative: str | None = None
    former_names: Sequence[str] = ()
    identifiers: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """A name or number of somebody, made comparable; `core` and `grams` of organisations only."""

    what: str
    party: str
    key: str | None = None
    core: str | None = None
    grams: list[str] | None = field(default=None, compare=False)
    digest: bytes | None = None


def known(row: dict[str, Any]) -> Known:
    """Read a party as it is kept with a dossier, or a client's row."""
    return Known(
        name=row["name"],
        kind=row["kind"],
        legal_representative=row.get("legal_representative"),
        former_names=row.get("former_names") or (),
        identifiers=[(item["scheme"], item["value"]) for item in row.get("identifiers") or ()],
    )


def digest_of(scheme: str, value: str) -> bytes:
    """Give what an identifier is compared by."""
    return sha256(f"{scheme}:{value}".encode()).digest()


def lines_of(party: Known) -> list[Line]:
    """Give all names and numbers of a party, each once."""
    organization = party.kind == _ORGANIZATION
    names = [("name", party.name, organization)]
    names += [("former_name", name, organization) for name in party.former_names]
    if party.legal_representative:
        names.append(("legal_representative", party.legal_representative, False))
    found = dict.fromkeys(_named(party.name, what, name, organization=one) for what, name, one in names)
    found |= dict.fromkeys(
        Line("identifier", party.name, digest=digest_of(scheme, value)) for scheme, value in party.identifiers
    )
    return list(found)


def _named(party: str, what: str, name: str, *, organization: bool) -> Line:
    if not organization:
        return Line(what, party, key_of(name))
    core = core_of(name)
    return Line(what, party, key_of(name), core, grams_of(core) if len(core) >= CONTAINABLE else None)


async def keep_client(connection: Connection, client_id: UUID, client: Known) -> None:
    """Write how a client is known now; what he was known by stays as it was."""
    await _keep(connection, [("client", line) for line in lines_of(client)], client_id=client_id)


async def keep_dossier(
    connection: Connection,
    dossier_id: UUID,
    client_ids: Iterable[UUID],
    opposing: Iterable[Known],
    related: Iterable[Known],
) -> None:
    """Write who stands where in a dossier now; who stood there before stays as it was."""
    lines = [("opposing", line) for party in opposing for line in lines_of(party)]
    lines += [("related", line) for party in related for line in lines_of(party)]
    await _keep(connection, lines, dossier_id=dossier_id)
    await _keep_mandates(connection, dossier_id, list(client_ids))


async def lead_to(connection: Connection, merged_id: UUID, into_id: UUID) -> None:
    """Let all lines of a client who was merged lead to the survivor; of a dossier of both, the survivor's stays."""
    await connection.execute(
        "UPDATE party_names p SET client_id = $2 WHERE p.client_id = $1 AND (p.dossier_id IS NULL OR NOT EXISTS"
        " (SELECT 1 FROM party_names o WHERE o.client_id = $2 AND o.dossier_id = p.dossier_id))",
        merged_id,
        into_id,
    )


_LINES = "SELECT id, side, what, party, key, core, digest, current FROM party_names"
_OF_CLIENT = f"{_LINES} WHERE client_id = $1 AND dossier_id IS NULL"
_OF_DOSSIER = f"{_LINES} WHERE dossier_id = $1 AND client_id IS NULL"
_MARK = "UPDATE party_names SET current = $2 WHERE id = ANY($1) AND current <> $2"


async def _keep(
    connection: Connection,
    lines: Iterable[tuple[str, Line]],
    *,
    client_id: UUID | None = None,
    dossier_id: UUID | None = None,
) -> None:
    rows = await connection.fetch(_OF_DOSSIER if client_id is None else _OF_CLIENT, client_id or dossier_id)
    there = {
        (row["side"], Line(row["what"], row["party"], row["key"], row["core"], digest=row["digest"])): row["id"]
        for row in rows
    }
    wanted = dict.fromkeys(lines)
    await _mark(connection, there, wanted)
    moment = now()
    new = [
        PartyName(
            id=new_id(), side=side, what=line.what, party=line.party, key=line.key, core=line.core, grams=line.grams,
            digest=line.digest, client_id=client_id, dossier_id=dossier_id, current=True, named_at=moment,
        )
        for side, line in wanted
        if (side, line) not in there
    ]  # fmt: skip
    await insert(connection, *new)


async def _mark(connection: Connection, there: dict[Any, UUID], wanted: dict[Any, None]) -> None:
    for current in (True, False):
        ids = [id_ for key, id_ in there.items() if (key in wanted) is current]
        if ids:
            await connection.execute(_MARK, ids, current)


async def _keep_mandates(connection: Connection, dossier_id: UUID, client_ids: list[UUID]) -> None:
    rows = await connection.fetch(
        "SELECT id, client_id FROM party_names WHERE dossier_id = $1 AND what = 'mandate'", dossier_id
    )
    there = {row["client_id"]: row["id"] for row in rows}
    await _mark(connection, there, dict.fromkeys(client_ids))
    moment = now()
    new = [
        PartyName(
            id=new_id(), side="client", what="mandate", party="", client_id=client_id, dossier_id=dossier_id,
            current=True, named_at=moment,
        )
        for client_id in client_ids
        if client_id not in there
    ]  # fmt: skip
    await insert(connection, *new)
