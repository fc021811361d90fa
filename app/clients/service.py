"""Clients: made, read, changed; duplicates pointed out only to those who may know of them."""

from typing import Any
from uuid import UUID

from app.access.gate import Gate
from app.clients import repository
from app.clients.errors import merged_at
from app.clients.events import (
    CLIENT_CHANGED,
    CLIENT_CREATED,
    CLIENT_DUPLICATE_SUSPECTED,
    CLIENT_LISTED,
    CLIENT_VIEWED,
)
from app.clients.identifiers import mask
from app.clients.models import Client, ClientIdentifier
from app.clients.parties import keep_client, known
from app.clients.schemas import (
    ClientChange,
    ClientCreate,
    ClientOut,
    ClientRef,
    ContactOut,
    Identifier,
    IdentifierOut,
    Registration,
)
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database, Row, present
from app.core.errors import Conflict, Invalid
from app.core.etag import require_match
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.sql import Where, insert, like_pattern, update
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject

_ORDER = (SortKey("c.name", "name", str), SortKey("c.id", "id", parse_uuid))


class DuplicateClient(Conflict):
    """Another client that the caller may know of has the same identifier."""

    code, title_en, title_zh = "duplicate_client", "Client exists already", "客户已存在"


class ClientService:
    """What people do with clients."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate, cursors: Cursors) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._cursors = cursors

    async def create(self, actor: Actor, data: ClientCreate) -> ClientOut:
        """Make a client; DuplicateClient names the one that has the same identifier, if the actor may know of it."""
        await self._gate.require(actor, "client.create", Subject("client", label=data.name))
        async with self._uow.begin(actor) as tx:
            moment = now()
            client = Client(
                id=new_id(), kind=data.kind.value, name=data.name, legal_representative=data.legal_representative,
                registration=_registration(data.registration), former_names=[*data.former_names],
                contacts=[contact.model_dump() for contact in data.contacts], remarks=data.remarks,
                created_by=actor.id, created_at=moment, updated_at=moment,
            )  # fmt: skip
            await insert(tx.connection, client)
            await self._set_identifiers(tx, client.id, client.name, data.identifiers)
            await _index(tx.connection, actor, client.id)
            tx.record(
                CLIENT_CREATED,
                Subject("client", client.id, client.name),
                new={**client.model_dump(mode="json"), "identifiers": _values(data.identifiers)},
            )
            return tx.result(client_out(await _again(tx.connection, actor, client.id)))

    async def change(self, actor: Actor, client_id: UUID, data: ClientChange, if_match: str | None) -> ClientOut:
        """Change a client that the actor sees."""
        async with self._uow.begin(actor) as tx:
            before = await repository.lock(tx.connection, actor, client_id)
            before = await self._judge(actor, "client.change", client_id, before)
            require_match(if_match, client_out(before))
            require_living(before)
            changes: dict[str, Any] = data.model_dump(exclude_unset=True, exclude={"identifiers", "registration"})
            if before["kind"] == "person" and (data.legal_representative or data.registration):
                raise Invalid.field(
                    "/body", "not_for_persons", "A person has no legal_representative and no registration",
                    "自然人没有法定代表人和工商登记",
                )  # fmt: skip
            if "registration" in data.model_fields_set:
                changes["registration"] = _registration(data.registration)
            trace = {name: [before[name], value] for name, value in changes.items() if before[name] != value}
            if data.identifiers is not None:
                await tx.connection.execute("DELETE FROM client_identifiers WHERE client_id = $1", client_id)
                await self._set_identifiers(tx, client_id, before["name"], data.identifiers)
                trace["identifiers"] = [before["identifiers"], _values(data.identifiers)]
            await update(tx.connection, Client, client_id, {**changes, "updated_at": now()})
            await _index(tx.connection, actor, client_id)
            tx.record(CLIENT_CHANGED, Subject("client", client_id, before["name"]), changed=trace)
            return tx.result(client_out(await _again(tx.connection, actor, client_id)))

    async def _set_identifiers(
        self, tx: Transaction, client_id: UUID, name: str, identifiers: list[Identifier]
    ) -> None:
        """Write the identifiers; held one by one so that two clients can't take the same unseen by each other."""
        for item in sorted(identifiers, key=lambda item: (item.scheme, item.value)):
            await repository.hold_identifier(tx.connection, item.scheme, item.value)
            others = await repository.same_identifier(tx.connection, tx.actor, item.scheme, item.value, client_id)
            known = next((row["id"] for row in others if row["sees"]), None)
            if known is not None:
                raise DuplicateClient(
                    f"Client {known} has this identifier",
                    f"客户 {known} 已使用该证件号",
                    extra={"client_id": str(known)},
                )
            for row in others:
                tx.notice(
                    CLIENT_DUPLICATE_SUSPECTED,
                    Subject("client", client_id, name),
                    other_client_id=str(row["id"]),
                    scheme=item.scheme,
                )
        rows = [
            ClientIdentifier(client_id=client_id, position=position, scheme=item.scheme.value, value=item.value)
            for position, item in enumerate(identifiers)
        ]
        await insert(tx.connection, *rows)

    async def get(self, actor: Actor, client_id: UUID) -> ClientOut:
        """Give a client that the actor sees."""
        row = await repository.find(self._database, actor, client_id)
        row = await self._judge(actor, "client.read", client_id, row)
        await self._recorder.read(actor, CLIENT_VIEWED, Subject("client", client_id, row["name"]), whole=row["whole"])
        return client_out(row)

    async def page(self, actor: Actor, q: str | None, page: PageRequest, *, merged: bool = False) -> Page[ClientOut]:
        """List the clients that the actor sees, by name; `q` finds names and former names.

        Records that were merged into others are listed only with `merged`.
        """
        await self._gate.require(actor, "client.read", Subject("client"))
        where = Where()
        if q is not None:
            pattern = where.bind(like_pattern(q))
            where.conditions.append(
                f"c.name ILIKE {pattern} OR EXISTS (SELECT 1 FROM unnest(c.former_names) f WHERE f ILIKE {pattern})"
            )
        if not merged:
            where.conditions.append("c.merged_into IS NULL")
        order = page.apply(self._cursors, where, _ORDER)
        rows, cursor = page.page_of(self._cursors, await repository.page(self._database, actor, where, order), _ORDER)
        trace = {"q": q, "merged": True} if merged else {"q": q}
        await self._recorder.read(
            actor, CLIENT_LISTED, Subject("client"), filter=trace, returned=[str(row["id"]) for row in rows]
        )
        return Page(items=[client_out(row) for row in rows], next=cursor)

    async def hold(self, connection: Connection, actor: Actor, client_ids: list[UUID]) -> None:
        """Keep clients from being merged until the end of the transaction.

        Whoever holds clients and dossiers, intakes or walls in one transaction takes the clients first.
        """
        await repository.hold(connection, actor, client_ids)

    async def refs(self, connection: Connection, actor: Actor, client_ids: list[UUID]) -> list[ClientRef]:
        """Name clients for another room, and hold them.

        Raises Invalid for one that the actor may not know of, ClientMerged for one that was merged into another.
        """
        await repository.hold(connection, actor, client_ids)
        rows = await repository.names_of(connection, actor, client_ids)
        known = {row["id"]: row["merged_into"] for row in rows}
        for index, client_id in enumerate(client_ids):
            pointer = f"/body/client_ids/{index}"
            if client_id not in known:
                raise Invalid.field(pointer, "unknown_client", "There is no such client", "客户不存在")
            if known[client_id] is not None:
                raise merged_at(pointer, known[client_id])
        return [ClientRef(id=row["id"], name=row["name"]) for row in rows]

    async def _judge(self, actor: Actor, act: str, client_id: UUID, row: Row | None) -> Row:
        return await self._gate.judge(actor, act, Subject("client", client_id), row)


async def _index(connection: Connection, actor: Actor, client_id: UUID) -> None:
    """Let the index of parties follow what this transaction has written."""
    await keep_client(connection, client_id, known(dict(await _again(connection, actor, client_id))))


async def _again(connection: Connection, actor: Actor, client_id: UUID) -> Row:
    return present(await repository.find(connection, actor, client_id))


def _registration(registration: Registration | None) -> dict[str, Any] | None:
    return registration.model_dump(mode="json", exclude_none=True) if registration else None


def _values(identifiers: list[Identifier]) -> list[dict[str, str]]:
    return [{"scheme": item.scheme.value, "value": item.value} for item in identifiers]


def _shown(value: str, *, whole: bool) -> dict[str, Any]:
    return {"value": value if whole else mask(value), "masked": not whole}


def require_living(client: Row) -> None:
    """Raise ClientMerged for a record that was merged into another: nothing is added to it and nothing changed."""
    if client["merged_into"] is not None:
        raise merged_at("/path/client_id", client["merged_into"])


def client_out(row: Row) -> ClientOut:
    """Shape a client for the answer."""
    whole = row["whole"]
    return ClientOut(
        id=row["id"], kind=row["kind"], name=row["name"], legal_representative=row["legal_representative"],
        registration=row["registration"], former_names=row["former_names"], remarks=row["remarks"],
        identifiers=[
            IdentifierOut(scheme=item["scheme"], **_shown(item["value"], whole=whole)) for item in row["identifiers"]
        ],
        contacts=[ContactOut(kind=item["kind"], **_shown(item["value"], whole=whole)) for item in row["contacts"]],
        merged_into=row["merged_into"], created_at=row["created_at"], updated_at=row["updated_at"],
    )  # fmt: skip
