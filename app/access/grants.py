"""Grants: access of one person to one dossier, with a reason and an end.

Source: `docs/access.md`, Grants and requests. Who gives it decides how high it reaches; nobody gives it to himself.
"""

from datetime import datetime, timedelta
from uuid import UUID

from app.access import repository
from app.access.errors import AlreadyDecided
from app.access.events import GRANT_APPROVED, GRANT_GIVEN, GRANT_LISTED, GRANT_REFUSED, GRANT_REVOKED, GRANT_VIEWED
from app.access.fitness import people_for_dossier, require_fit
from app.access.gate import Gate
from app.access.models import Grant
from app.access.schemas import Decision, GrantCreate, GrantOut
from app.access.standing import capacity, find_standing
from app.auth.roles import Rank
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Database, Row
from app.core.errors import Invalid
from app.core.etag import require_match
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.sql import Where, insert, update
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject

_ORDER = (SortKey("g.id", "id", parse_uuid),)
_REACHES = {"lead": Rank.CONFIDENTIAL, "partner": Rank.RESTRICTED, "director": Rank.RESTRICTED}


class GrantService:
    """Gives, approves, revokes and shows grants.

    Parameters: `max_days` is the longest life of a grant.
    """

    def __init__(
        self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate, cursors: Cursors, max_days: int
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._cursors, self._max_days = cursors, max_days

    async def give(self, actor: Actor, dossier_id: UUID, data: GrantCreate) -> GrantOut:
        """Grant access; on a sealed dossier it opens nothing until a second person approves.

        Raises PersonUnfit for somebody who can't be given it, Forbidden for oneself.
        """
        async with self._uow.begin(actor) as tx:
            dossier = await find_standing(tx.connection, actor, dossier_id)
            return tx.result(await self.give_within(tx, dossier_id, dossier, data))

    async def give_within(
        self, tx: Transaction, dossier_id: UUID, dossier: Row | None, data: GrantCreate, request_id: UUID | None = None
    ) -> GrantOut:
        """Grant access in a transaction under way; `dossier` as given by `find_standing`."""
        actor = tx.actor
        dossier = await self._gate.judge(
            actor, "grant.give", Subject("dossier", dossier_id, dossier_id=dossier_id), dossier
        )
        subject = Subject("dossier", dossier_id, dossier["number"], dossier_id)
        if data.user_id == actor.user_id:
            await self._gate.forbid(actor, "grant.give", subject, "not_to_oneself")
        self.check_end(data.expires_at, "/body/expires_at")
        level = Rank(dossier["dossier_level"])
        known = await people_for_dossier(tx.connection, [data.user_id], dossier_id)
        person = require_fit(known, data.user_id, level.level, "/body/user_id")
        as_what = capacity(actor, dossier) or ""
        grant = Grant(
            id=new_id(), dossier_id=dossier_id, opened_on=dossier["opened_on"], number=dossier["number"],
            granted_by=actor.id, granted_at=now(), granted_as=as_what, reaches=int(_REACHES[as_what]),
            awaits_approval=level is Rank.SEALED, access_request_id=request_id, **data.model_dump(),
        )  # fmt: skip
        await insert(tx.connection, grant)
        out = grant_out(await repository.reread_grant(tx.connection, grant.id))
        tx.record(
            GRANT_GIVEN, Subject("grant", grant.id, person["display_name"], dossier_id),
            dossier_number=dossier["number"], new=out.model_dump(mode="json", exclude_none=True),
        )  # fmt: skip
        return out

    def check_end(self, moment: datetime, pointer: str) -> None:
        """Raise Invalid at `pointer` for an end of access that has passed or lies too far ahead."""
        if moment <= now():
            raise Invalid.field(pointer, "in_past", "This moment has passed", "该时间已过")
        if moment > now() + timedelta(days=self._max_days):
            raise Invalid.field(
                pointer, "too_far", f"Access is given for at most {self._max_days} days",
                f"授权期限最长 {self._max_days} 天",
            )  # fmt: skip

    async def decide(self, actor: Actor, grant_id: UUID, data: Decision) -> GrantOut:
        """Approve or refuse, as the second person, a grant for a sealed dossier.

        At least one of the two is a partner of the department or the director. Raises AlreadyDecided.
        """
        async with self._uow.begin(actor) as tx:
            row = await repository.lock_grant(tx.connection, actor, grant_id)
            row = await self._gate.judge(actor, "grant.decide", _subject(grant_id, row), row)
            subject, as_what = _subject(grant_id, row), capacity(actor, row)
            if actor.user_id in {row["granted_by_id"], row["user_id"]}:
                await self._gate.forbid(actor, "grant.decide", subject, "second_person")
            if as_what == row["granted_as"] == "lead":
                await self._gate.forbid(actor, "grant.decide", subject, "partner_or_director")
            if row["state"] != "awaiting_approval":
                raise AlreadyDecided("This grant waits for nobody's approval", "该授权无待批事项")
            approved = data.decision == "approve"
            if approved:
                known = await people_for_dossier(tx.connection, [row["user_id"]], row["dossier_id"])
                require_fit(known, row["user_id"], Rank(row["dossier_level"]).level, "/grant/user_id")
                changes = {
                    "awaits_approval": False, "approved_by": actor.id, "approved_at": now(), "reaches": int(Rank.SEALED)
                }  # fmt: skip
            else:
                changes = {"ended_by": actor.id, "ended_at": now(), "end_reason": data.reason}
            await update(tx.connection, Grant, grant_id, changes)
            tx.record(
                GRANT_APPROVED if approved else GRANT_REFUSED, subject, reason=data.reason,
                user_id=str(row["user_id"]), granted_by=str(row["granted_by_id"]),
            )  # fmt: skip
            return tx.result(grant_out(await repository.reread_grant(tx.connection, grant_id)))

    async def revoke(self, actor: Actor, grant_id: UUID, if_match: str | None) -> None:
        """End a grant at once. Raises AlreadyDecided when it has ended before."""
        async with self._uow.begin(actor) as tx:
            row = await repository.lock_grant(tx.connection, actor, grant_id)
            row = await self._gate.judge(actor, "grant.revoke", _subject(grant_id, row), row)
            before = grant_out(row)
            require_match(if_match, before)
            if row["ended_at"] is not None:
                raise AlreadyDecided("This grant has ended", "该授权已终止")
            await update(tx.connection, Grant, grant_id, {"ended_by": actor.id, "ended_at": now()})
            old = before.model_dump(mode="json", exclude_none=True)
            tx.record(GRANT_REVOKED, _subject(grant_id, row), old=old)

    async def get(self, actor: Actor, grant_id: UUID) -> GrantOut:
        """Give a grant to him who has it or who decides on the dossier."""
        row = await repository.grant(self._database, actor, grant_id)
        row = await self._gate.judge(actor, "grant.read", _subject(grant_id, row), row)
        await self._recorder.read(actor, GRANT_VIEWED, _subject(grant_id, row))
        return grant_out(row)

    async def page(self, actor: Actor, dossier_id: UUID, page: PageRequest) -> Page[GrantOut]:
        """List the grants of a dossier that the actor sees: all for those who decide on it, else his own."""
        async with self._database.connection() as connection:
            found = await find_standing(connection, actor, dossier_id, lock=False)
        subject = Subject("dossier", dossier_id, dossier_id=dossier_id)
        dossier = await self._gate.judge(actor, "grant.read", subject, found)
        where = Where()
        where.add("g.dossier_id = {}", dossier_id)
        where.conditions.append(repository.knows_grant(actor, where))
        order = page.apply(self._cursors, where, _ORDER)
        rows, cursor = page.page_of(self._cursors, await repository.grants(self._database, where, order), _ORDER)
        await self._recorder.read(
            actor, GRANT_LISTED, Subject("dossier", dossier_id, dossier["number"], dossier_id),
            returned=[str(row["id"]) for row in rows],
        )  # fmt: skip
        return Page(items=[grant_out(row) for row in rows], next=cursor)


def _subject(grant_id: UUID, row: Row | None) -> Subject:
    if row is None:
        return Subject("grant", grant_id)
    return Subject("grant", grant_id, row["user"]["display_name"], row["dossier_id"])


def grant_out(row: Row) -> GrantOut:
    """Shape a grant for the answer."""
    return GrantOut.model_validate(
        {**{name: row[name] for name in GrantOut.model_fields}, "reaches": Rank(row["reaches"]).level}
    )
