"""Merging (合并客户): two records of one client become one, and everything of the one stands with the other.

What other rooms keep of a client follows by their own hands: they are told in the same transaction, through the
Protocol below. The record that was merged stays readable and is never deleted. Who merges learns nothing of walls,
dossiers and intakes that he does not see: what happens to those is told by the service, one event for each.
"""

from collections.abc import Sequence
from typing import Any, Protocol
from uuid import UUID

from pydantic import Field

from app.access.gate import Gate
from app.clients import repository
from app.clients.errors import merged_at
from app.clients.events import CLIENT_MERGED, DUPLICATES_LISTED
from app.clients.models import Client
from app.clients.schemas import ClientOut, ClientRef, IdentifierOut
from app.clients.service import client_out, require_living
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database, Row
from app.core.errors import Invalid
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.schema import Input, Output
from app.core.sql import Where, update
from app.core.text import Reason
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject

_ORDER = (SortKey("a.id", "first_id", parse_uuid), SortKey("b.id", "second_id", parse_uuid))


class ClientMerge(Input):
    """Into which client a record is merged, and why."""

    into_client_id: UUID
    reason: Reason = Field(examples=["同一单位重复建档"])


class DuplicateOut(Output):
    """Two clients that have the same identifiers."""

    first: ClientRef
    second: ClientRef
    identifiers: list[IdentifierOut]


class MergeFollower(Protocol):
    """A room that keeps ids of clients and lets them follow a merge; it may refuse by MergeHindered."""

    async def follow_merge(self, tx: Transaction, merged_id: UUID, into_id: UUID) -> None:
        """Let what stands with one client stand with the other; both rows of clients are held."""


class MergeService:
    """Merges clients and finds those that may be one.

    Parameters: `followers` are told of a merge one after the other.
    """

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        recorder: Recorder,
        gate: Gate,
        cursors: Cursors,
        followers: Sequence[MergeFollower],
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._cursors, self._followers = cursors, followers

    async def merge(self, actor: Actor, client_id: UUID, data: ClientMerge) -> ClientOut:
        """Merge a client into another that the actor sees too; give the other.

        Raises Invalid for one that he does not see, is of another kind or the same, ClientMerged for one that was
        merged before, MergeHindered when a wall would come to stand before a lead lawyer.
        """
        async with self._uow.begin(actor) as tx:
            rows = await repository.lock_two(tx.connection, actor, [client_id, data.into_client_id])
            subject = Subject("client", client_id)
            merged = await self._gate.judge(actor, "client.merge", subject, rows.get(client_id))
            into = _required(merged, rows.get(data.into_client_id))
            # Taken before anybody follows, as it stands now.
            moved = await _move(tx.connection, merged, into)
            for follower in self._followers:
                await follower.follow_merge(tx, client_id, into["id"])
            tx.record(
                CLIENT_MERGED, Subject("client", client_id, merged["name"]), reason=data.reason,
                into_client_id=str(into["id"]), into_name=into["name"], **moved,
            )  # fmt: skip
            return tx.result(client_out(await repository.reread(tx.connection, actor, into["id"])))

    async def duplicates(self, actor: Actor, page: PageRequest) -> Page[DuplicateOut]:
        """List pairs of clients with the same identifier, as far as the actor sees both."""
        await self._gate.require(actor, "client.merge", Subject("client"))
        where = Where()
        order = page.apply(self._cursors, where, _ORDER)
        found = await repository.pairs(self._database, actor, where, order)
        rows, cursor = page.page_of(self._cursors, found, _ORDER)
        ids = sorted({str(row[name]) for row in rows for name in ("first_id", "second_id")})
        await self._recorder.read(actor, DUPLICATES_LISTED, Subject("client"), returned=ids)
        return Page(items=[_pair(row) for row in rows], next=cursor)


def _required(merged: Row, into: Row | None) -> Row:
    """Give the survivor when the two may become one."""
    require_living(merged)
    pointer = "/body/into_client_id"
    if into is None:
        raise Invalid.field(pointer, "unknown_client", "There is no such client", "客户不存在")
    if into["id"] == merged["id"]:
        raise Invalid.field(pointer, "same_client", "A client can't be merged into itself", "不能并入自身")
    if into["merged_into"] is not None:
        raise merged_at(pointer, into["merged_into"])
    if into["kind"] != merged["kind"]:
        raise Invalid.field(
            pointer, "other_kind", "An organisation and a person can't be one client", "单位与自然人不能合并"
        )
    return into


async def _move(connection: Connection, merged: Row, into: Row) -> dict[str, Any]:
    """Let names, identifiers, contacts and papers stand with the survivor; tell what was moved and what he had."""
    names = [merged["name"], *merged["former_names"]]
    kept: dict[str, list[Any]] = {
        "former_names": _joined(into["former_names"], names, but=[into["name"]]),
        "contacts": _joined(into["contacts"], merged["contacts"]),
    }
    moment = now()
    await update(connection, Client, into["id"], {**kept, "updated_at": moment})
    emptied = {"former_names": [], "contacts": [], "merged_into": into["id"], "updated_at": moment}
    await update(connection, Client, merged["id"], emptied)
    papers = await repository.move_to(connection, merged["id"], into["id"])
    lists = ("identifiers", "contacts", "former_names")
    return {
        "moved": {**{name: merged[name] for name in lists}, **papers},
        "survivor_had": {name: into[name] for name in lists},
    }


def _joined(old: list[Any], new: list[Any], but: list[Any] | None = None) -> list[Any]:
    found = list(old)
    for item in new:
        if item not in found and item not in (but or []):
            found.append(item)
    return found


def _pair(row: Row) -> DuplicateOut:
    return DuplicateOut(
        first=ClientRef(id=row["first_id"], name=row["first_name"]),
        second=ClientRef(id=row["second_id"], name=row["second_name"]),
        identifiers=[IdentifierOut(**item, masked=False) for item in row["identifiers"]],
    )
