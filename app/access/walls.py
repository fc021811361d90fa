"""Walls (信息隔离): people who are kept from clients and dossiers, whatever else they are.

Put up by the security administrator, who sees neither. The director may ask for one and reads those that are not about
him. Source: `docs/access.md`, Decision, rule 2; domain/rules.md section 5.3.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.access import repository
from app.access.acts import powers
from app.access.events import WALL_CHANGED, WALL_CREATED, WALL_LISTED, WALL_REQUESTED, WALL_VIEWED
from app.access.gate import Gate
from app.access.models import Wall
from app.access.schemas import WallChange, WallCreate, WallOut, WallState
from app.access.visibility import sees_client, sees_dossier
from app.auth.roles import Role
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database, Row, present
from app.core.errors import Conflict, Invalid
from app.core.etag import changed, require_match
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.sql import Where, insert, update
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject

_ORDER = (SortKey("w.id", "id", parse_uuid, descending=True),)


class WallLifted(Conflict):
    """A lifted wall stays as it was; a new one is put up instead."""

    code, title_en, title_zh = "wall_lifted", "Wall was lifted", "信息隔离已解除"


class WallService:
    """Puts up, changes, lifts and shows walls."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate, cursors: Cursors) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._cursors = cursors

    async def create(self, actor: Actor, data: WallCreate) -> WallOut:
        """Put up a wall; one that the director asks for waits for the security administrator.

        Raises Invalid for people, clients or dossiers that there are not, or that the director does not see.
        """
        await self._gate.require(actor, "wall.create", Subject("wall", label=data.name))
        keeper = Role.SECURITY_ADMIN in powers(actor.roles)
        moment = now()
        start = data.effective_from or moment
        if data.until is not None and data.until <= max(start, moment):
            raise Invalid.field(
                "/body/until",
                "in_past",
                "A wall ends after it begins, and not before now",
                "结束时间须晚于开始时间和当前时间",
            )
        async with self._uow.begin(actor) as tx:
            await _require_known(tx.connection, actor, data.excluded_user_ids, data.client_ids, data.dossier_ids)
            wall = Wall(
                id=new_id(), name=data.name, reason=data.reason, effective_from=start, until=data.until,
                state=(WallState.ACTIVE if keeper else WallState.REQUESTED).value, created_by=actor.id,
                created_at=moment, updated_at=moment,
            )  # fmt: skip
            await insert(tx.connection, wall)
            await repository.put_around(
                tx.connection, wall.id, people=data.excluded_user_ids, clients=data.client_ids,
                dossiers=data.dossier_ids,
            )  # fmt: skip
            out = _out(present(await repository.wall(tx.connection, wall.id)))
            type_ = WALL_CREATED if keeper else WALL_REQUESTED
            tx.record(type_, Subject("wall", wall.id, data.name), new=out.model_dump(mode="json"))
            return tx.result(out)

    async def change(self, actor: Actor, wall_id: UUID, data: WallChange, if_match: str | None) -> WallOut:
        """Change, put into force or lift a wall. Raises WallLifted for one that was lifted."""
        await self._gate.require(actor, "wall.change", Subject("wall", wall_id))
        async with self._uow.begin(actor) as tx:
            # Before the wall, as everybody takes them: merging goes from clients to their walls.
            await repository.hold_clients(tx.connection, data.client_ids or [])
            row = await self._found(actor, "wall.change", wall_id, await repository.lock_wall(tx.connection, wall_id))
            before = _out(row)
            require_match(if_match, before)
            if before.state is WallState.LIFTED:
                raise WallLifted("This wall was lifted: put up a new one", "该信息隔离已解除,请另行设置")
            await self._apply(tx.connection, actor, before, data)
            after = _out(present(await repository.wall(tx.connection, wall_id)))
            tx.record(WALL_CHANGED, Subject("wall", wall_id, after.name), changed=changed(before, after))
            return tx.result(after)

    @staticmethod
    async def _apply(connection: Connection, actor: Actor, before: WallOut, data: WallChange) -> None:
        clients = before.client_ids if data.client_ids is None else data.client_ids
        dossiers = before.dossier_ids if data.dossier_ids is None else data.dossier_ids
        if not clients and not dossiers:
            raise Invalid.field(
                "/body", "around_nothing", "A wall stands around a client or a dossier", "信息隔离须指定客户或案卷"
            )
        if data.until is not None and data.until <= before.effective_from:
            raise Invalid.field("/body/until", "too_early", "A wall ends after it begins", "结束时间须晚于开始时间")
        await _require_known(
            connection, actor, data.excluded_user_ids or [], data.client_ids or [], data.dossier_ids or []
        )
        changes: dict[str, Any] = data.model_dump(exclude_unset=True, include={"name", "reason", "until"})
        if data.state is not None:
            changes["state"] = data.state.value
        await update(connection, Wall, before.id, {**changes, "updated_at": now()})
        await repository.put_around(
            connection, before.id, people=data.excluded_user_ids, clients=data.client_ids, dossiers=data.dossier_ids
        )

    async def follow_merge(self, tx: Transaction, merged_id: UUID, into_id: UUID) -> None:
        """Let the walls around a client stand around the one that he was merged into.

        Told by the service, for who merges clients knows of no walls.
        """
        for row in await repository.lock_walls_around(tx.connection, merged_id):
            old = [str(client_id) for client_id in row["client_ids"]]
            new = sorted({*old, str(into_id)} - {str(merged_id)})
            tx.notice(WALL_CHANGED, Subject("wall", row["id"], row["name"]), changed={"client_ids": [old, new]})
        await repository.move_walls(tx.connection, merged_id, into_id)

    async def get(self, actor: Actor, wall_id: UUID) -> WallOut:
        """Give a wall; to a director only when it is not about him."""
        await self._gate.require(actor, "wall.read", Subject("wall", wall_id))
        row = await self._found(actor, "wall.read", wall_id, await repository.wall(self._database, wall_id))
        await self._recorder.read(actor, WALL_VIEWED, Subject("wall", wall_id, row["name"]))
        return _out(row)

    async def _found(self, actor: Actor, act: str, wall_id: UUID, row: Row | None) -> Row:
        keeper = Role.SECURITY_ADMIN in powers(actor.roles)
        excluded = row["excluded_users"] if row is not None else []
        if row is None or (not keeper and str(actor.user_id) in {person["id"] for person in excluded}):
            await self._gate.hide(actor, act, Subject("wall", wall_id))
        return row

    async def page(self, actor: Actor, state: WallState | None, page: PageRequest) -> Page[WallOut]:
        """List walls, newest first; to a director without those about him."""
        await self._gate.require(actor, "wall.read", Subject("wall"))
        where = Where()
        where.optional("w.state = {}", state)
        if Role.SECURITY_ADMIN not in powers(actor.roles):
            about = "NOT EXISTS (SELECT 1 FROM wall_people wp WHERE wp.wall_id = w.id AND wp.user_id = {})"
            where.add(about, actor.user_id)
        order = page.apply(self._cursors, where, _ORDER)
        rows, cursor = page.page_of(self._cursors, await repository.walls(self._database, where, order), _ORDER)
        await self._recorder.read(
            actor, WALL_LISTED, Subject("wall"), filter={"state": state}, returned=[str(row["id"]) for row in rows]
        )
        return Page(items=[_out(row) for row in rows], next=cursor)


async def _require_known(
    connection: Connection, actor: Actor, people: Sequence[UUID], clients: Sequence[UUID], dossiers: Sequence[UUID]
) -> None:
    """Raise Invalid, naming the first, for an id that nothing has; a director names only what he sees."""
    sees_none = Role.SECURITY_ADMIN in powers(actor.roles)
    for field, table, ids, sees in (
        ("excluded_user_ids", "users u", people, None),
        ("client_ids", "clients c", clients, sees_client),
        ("dossier_ids", "dossiers d", dossiers, sees_dossier),
    ):
        where = Where(list(ids))
        visible = "TRUE" if sees is None or sees_none else sees(actor, where)
        if field == "client_ids":
            # A wall around a record that was merged would stand around nothing.
            visible += " AND c.merged_into IS NULL"
        known = await repository.existing(connection, table, where, visible, hold=field == "client_ids")
        for index, id_ in enumerate(ids):
            if id_ not in known:
                raise Invalid.field(f"/body/{field}/{index}", "unknown", "There is none under this id", "该标识不存在")


def _out(row: Row) -> WallOut:
    return WallOut.model_validate({name: row[name] for name in WallOut.model_fields})
