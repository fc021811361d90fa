"""Access requests (查阅申请): somebody who knows of a dossier asks for more; who may grant decides."""

from uuid import UUID

from app.access import repository
from app.access.errors import AccessAlready, AlreadyDecided, AlreadyRequested
from app.access.events import ACCESS_DECIDED, ACCESS_REQUEST_LISTED, ACCESS_REQUEST_VIEWED, ACCESS_REQUESTED
from app.access.gate import Gate
from app.access.grants import GrantService
from app.access.models import AccessRequest
from app.access.schemas import AccessRequestCreate, AccessRequestOut, Decision, GrantCreate, Scope
from app.access.standing import find_standing
from app.access.visibility import reads_dossier
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Database, Row
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_uuid
from app.core.sql import Where, insert, update
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject

_ORDER = (SortKey("r.id", "id", parse_uuid, descending=True),)


class AccessRequestService:
    """Takes, decides and shows requests for access."""

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        recorder: Recorder,
        gate: Gate,
        cursors: Cursors,
        grants: GrantService,
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._cursors, self._grants = cursors, grants

    async def make(self, actor: Actor, dossier_id: UUID, data: AccessRequestCreate) -> AccessRequestOut:
        """Ask for access to a dossier whose metadata one sees.

        Raises AccessAlready for what one has, AlreadyRequested while an earlier request waits.
        """
        async with self._uow.begin(actor) as tx:
            dossier = await find_standing(tx.connection, actor, dossier_id)
            subject = Subject("dossier", dossier_id, dossier_id=dossier_id)
            dossier = await self._gate.judge(actor, "access.request", subject, dossier)
            self._grants.check_end(data.until, "/body/until")
            await self._refuse_needless(tx, dossier_id, data)
            request = AccessRequest(
                id=new_id(), dossier_id=dossier_id, requested_by=actor.id, requested_at=now(), state="pending",
                **data.model_dump(),
            )  # fmt: skip
            await insert(tx.connection, request)
            tx.record(
                ACCESS_REQUESTED, Subject("access_request", request.id, dossier["number"], dossier_id),
                new=data.model_dump(mode="json"),
            )  # fmt: skip
            return tx.result(request_out(await repository.reread_request(tx.connection, request.id)))

    @staticmethod
    async def _refuse_needless(tx: Transaction, dossier_id: UUID, data: AccessRequestCreate) -> None:
        where = Where(dossier_id, tx.actor.user_id)
        row = await tx.connection.fetchrow(
            f"SELECT {reads_dossier(tx.actor, where)} AS reads, EXISTS (SELECT 1 FROM access_requests r"
            " WHERE r.dossier_id = d.id AND r.requested_by = $2 AND r.state = 'pending') AS waits"
            " FROM dossiers d WHERE d.id = $1",
            *where.args,
        )
        if row is not None and row["waits"]:
            raise AlreadyRequested("Your earlier request for this dossier still waits", "您对该案卷的申请仍待审批")
        if data.scope is Scope.METADATA or (row is not None and row["reads"]):
            raise AccessAlready("You have this access already", "您已有相应权限")

    async def decide(self, actor: Actor, request_id: UUID, data: Decision) -> AccessRequestOut:
        """Approve a request, which gives a grant with its scope and end, or refuse it.

        Raises AlreadyDecided, and what giving the grant raises; then the request still waits.
        """
        async with self._uow.begin(actor) as tx:
            row = await repository.lock_request(tx.connection, actor, request_id)
            row = await self._gate.judge(actor, "access.decide", _subject(request_id, row), row)
            subject = _subject(request_id, row)
            if row["requested_by_id"] == actor.user_id:
                await self._gate.forbid(actor, "access.decide", subject, "not_ones_own")
            if row["state"] != "pending":
                raise AlreadyDecided("This request has been decided", "该申请已有决定")
            await update(
                tx.connection, AccessRequest, request_id,
                {
                    "state": "approved" if data.decision == "approve" else "refused", "decided_by": actor.id,
                    "decided_at": now(), "decision_reason": data.reason,
                },
            )  # fmt: skip
            tx.record(ACCESS_DECIDED, subject, **data.model_dump(), requested_by=str(row["requested_by_id"]))
            if data.decision == "approve":
                grant = GrantCreate(
                    user_id=row["requested_by_id"], scope=row["scope"], reason=row["reason"], expires_at=row["until"]
                )
                dossier = await find_standing(tx.connection, actor, row["dossier_id"])
                await self._grants.give_within(tx, row["dossier_id"], dossier, grant, request_id)
            return tx.result(request_out(await repository.reread_request(tx.connection, request_id)))

    async def get(self, actor: Actor, request_id: UUID) -> AccessRequestOut:
        """Give a request to him who made it or who decides on the dossier."""
        row = await repository.request(self._database, actor, request_id)
        row = await self._gate.judge(actor, "access.read_request", _subject(request_id, row), row)
        await self._recorder.read(actor, ACCESS_REQUEST_VIEWED, _subject(request_id, row))
        return request_out(row)

    async def page(
        self, actor: Actor, dossier_id: UUID | None, state: str | None, page: PageRequest
    ) -> Page[AccessRequestOut]:
        """List one's own requests and those that one decides on, newest first."""
        where = Where()
        where.optional("r.dossier_id = {}", dossier_id)
        where.optional("r.state = {}", state)
        where.conditions.append(repository.knows_request(actor, where))
        order = page.apply(self._cursors, where, _ORDER)
        rows, cursor = page.page_of(self._cursors, await repository.requests(self._database, where, order), _ORDER)
        await self._recorder.read(
            actor, ACCESS_REQUEST_LISTED, Subject("access_request", dossier_id=dossier_id),
            filter={"state": state}, returned=[str(row["id"]) for row in rows],
        )  # fmt: skip
        return Page(items=[request_out(row) for row in rows], next=cursor)


def _subject(request_id: UUID, row: Row | None) -> Subject:
    if row is None:
        return Subject("access_request", request_id)
    return Subject("access_request", request_id, row["number"], row["dossier_id"])


def request_out(row: Row) -> AccessRequestOut:
    """Shape a request for the answer."""
    return AccessRequestOut.model_validate({name: row[name] for name in AccessRequestOut.model_fields})
