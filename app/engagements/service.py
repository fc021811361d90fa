"""Engagements: recorded, read, listed, filled in. What is signed is never written over: the mandate is changed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.clock import now, today
from app.core.database import Database, Row
from app.core.etag import require_match
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey
from app.core.sql import Where, insert, update
from app.dossiers.service import DossierService
from app.dossiers.state import require_changeable
from app.engagements import repository
from app.engagements.errors import EngagementEnded, EngagementSigned
from app.engagements.events import ENGAGEMENT_CREATED, ENGAGEMENT_FILLED, ENGAGEMENT_LISTED, ENGAGEMENT_VIEWED
from app.engagements.models import Engagement
from app.engagements.named import named_attorneys, require_clients, require_entries, require_powers
from app.engagements.rules import ENGAGEMENT, EngagementKind
from app.engagements.schemas import EngagementCreate, EngagementOut, EngagementPatch, MaskedEngagement, Terms
from app.engagements.terms import Changed, difference, merged, more_than_filled, require_whole, signed, without_fee
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject
from app.rulebook.kinds import in_force

# By serial, which says no more than what is listed anyway: a cursor can be read by who holds it.
_ORDER = (SortKey("g.serial", "serial", int),)
# Of these JSON is kept; dates and the rest have columns of their own type.
_AS_JSON = ("parties", "signers", "attorneys", "fee")


class EngagementService:
    """What people do with engagements."""

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        recorder: Recorder,
        gate: Gate,
        dossiers: DossierService,
        cursors: Cursors,
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._dossiers, self._cursors = dossiers, cursors

    async def create(self, actor: Actor, dossier_id: UUID, data: EngagementCreate) -> EngagementOut:
        """Record an engagement, be it unsigned or incomplete. Raises DossierFrozen after submission."""
        async with self._uow.begin(actor) as tx:
            dossier = await self._dossiers.stand(
                actor, "engagement.create", dossier_id, inside=tx.connection, lock=True
            )
            require_changeable(dossier["state"])
            terms = Terms.model_validate(data.model_dump(exclude={"kind"}))
            terms, version = await checked(tx, dossier_id, data.kind, None, terms)
            moment = now()
            engagement = Engagement(
                id=new_id(), dossier_id=dossier_id, serial=await repository.next_serial(tx.connection, dossier_id),
                kind=data.kind.value, rules_version=version, state="in_force", created_by=actor.id, created_at=moment,
                updated_at=moment, bound_at=moment if signed(terms) else None, **columns(terms),
            )  # fmt: skip
            await insert(tx.connection, engagement)
            row = await repository.reread(tx.connection, actor, engagement.id)
            new = terms.model_dump(mode="json", exclude={"fee"}) | {"kind": data.kind, "fee": terms.fee and "stated"}
            tx.record(ENGAGEMENT_CREATED, subject_of(row), new=new, dossier_number=dossier["number"])
            return tx.result(engagement_out(row))

    async def get(self, actor: Actor, engagement_id: UUID) -> EngagementOut:
        """Give an engagement that the actor sees."""
        row = await self.seen(actor, engagement_id)
        await self._recorder.read(actor, ENGAGEMENT_VIEWED, subject_of(row))
        return engagement_out(row)

    async def page(self, actor: Actor, dossier_id: UUID, page: PageRequest) -> Page[EngagementOut | MaskedEngagement]:
        """List the engagements of a dossier; of one whose entry the actor does not see only that it is there."""
        dossier = await self._dossiers.stand(actor, "engagement.read", dossier_id)
        where = Where()
        where.add("g.dossier_id = {}", dossier_id)
        order = page.apply(self._cursors, where, _ORDER)
        rows, cursor = page.page_of(self._cursors, await repository.page(self._database, actor, where, order), _ORDER)
        await self._recorder.read(
            actor, ENGAGEMENT_LISTED, Subject("dossier", dossier_id, dossier["number"], dossier_id),
            returned=[str(row["id"]) for row in rows if row["sees"]],
        )  # fmt: skip
        return Page(items=[_line(row) for row in rows], next=cursor)

    async def change(
        self, actor: Actor, engagement_id: UUID, data: EngagementPatch, if_match: str | None
    ) -> EngagementOut:
        """Change what is recorded; EngagementSigned when something that was signed would be written over."""
        async with self._uow.begin(actor) as tx:
            row = await self.locked(tx, engagement_id)
            require_match(if_match, engagement_out(row))
            require_going(row)
            before = terms_of(row)
            given = merged(before, data.model_dump(mode="json", exclude_unset=True))
            after, version = await checked(tx, row["dossier_id"], EngagementKind(row["kind"]), before, given)
            changed = difference(before, after)
            if row["bound_at"] is not None:
                _require_filled(changed)
            # The version that names the powers: others stand by the one that they were taken from.
            powers = {"rules_version": version} if "special_powers" in changed else {}
            await self.write(tx, row, after, powers)
            again = await repository.reread(tx.connection, actor, engagement_id)
            tx.record(ENGAGEMENT_FILLED, subject_of(again), changed=without_fee(changed))
            return tx.result(engagement_out(again))

    async def seen(self, actor: Actor, engagement_id: UUID) -> Row:
        """Give the row of an engagement that the actor sees."""
        row = await repository.find(self._database, actor, engagement_id)
        return await self._judge(actor, "engagement.read", engagement_id, row)

    async def locked(self, tx: Transaction, engagement_id: UUID) -> Row:
        """Give the row of an engagement that the actor may change, its dossier held."""
        row = await repository.lock(tx.connection, tx.actor, engagement_id)
        return await self._judge(tx.actor, "engagement.change", engagement_id, row)

    async def _judge(self, actor: Actor, act: str, engagement_id: UUID, row: Row | None) -> Row:
        subject = subject_of(row) if row is not None else Subject("engagement", engagement_id)
        return await self._gate.judge(actor, act, subject, row)

    @staticmethod
    async def write(tx: Transaction, row: Row, terms: Terms, more: Mapping[str, object]) -> None:
        """Write the terms as they are now; whoever signs first binds the parties, for good."""
        moment = now()
        bound = row["bound_at"] or (moment if signed(terms) else None)
        changes = {**columns(terms), "bound_at": bound, "updated_at": moment, **more}
        await update(tx.connection, Engagement, row["id"], changes)


def require_going(row: Row) -> None:
    """Raise DossierFrozen or EngagementEnded unless the engagement may still be changed."""
    require_changeable(row["dossier_state"])
    if row["state"] == "ended":
        raise EngagementEnded("This engagement has ended: record a new one", "该委托已终止,请另行登记新的委托手续")


def _require_filled(changed: Changed) -> None:
    names = more_than_filled(changed)
    if names:
        raise EngagementSigned(
            "It is signed: only what is empty can be filled in, all else is a change of the mandate with a reason",
            "文件已签署,只能补充空缺内容;其他修改须登记委托变更并说明理由",
            extra={"fields": names},
        )


async def checked(
    tx: Transaction, dossier_id: UUID, kind: EngagementKind, before: Terms | None, terms: Terms, at: str = "/body"
) -> tuple[Terms, int]:
    """Give terms that hang together and name what is there, with the version of the rules that they were held to.

    Raises Invalid, pointing below `at`. What stood in them before is not looked up again.
    """
    require_whole(kind, terms, today(), at)
    rules = await in_force(tx.connection, ENGAGEMENT)
    require_powers(rules.body, before.special_powers if before else [], terms.special_powers, f"{at}/special_powers")
    if before is None or terms.parties != before.parties:
        await require_clients(tx.connection, dossier_id, terms, at)
    if before is None or terms.entry_id != before.entry_id:
        await require_entries(tx.connection, tx.actor, dossier_id, [(f"{at}/entry_id", terms.entry_id)])
    if before is None or terms.attorneys != before.attorneys:
        known = before.attorneys if before else []
        attorneys = await named_attorneys(tx.connection, known, terms.attorneys, f"{at}/attorneys")
        terms = terms.model_copy(update={"attorneys": attorneys})
    return terms, rules.version


def columns(terms: Terms) -> dict[str, Any]:
    """Lay terms out in the columns of the table."""
    as_json = terms.model_dump(mode="json", include=set(_AS_JSON))
    return {**terms.model_dump(exclude=set(_AS_JSON)), "scope": terms.scope and terms.scope.value, **as_json}


def terms_of(row: Row) -> Terms:
    """Read the terms of an engagement back."""
    return Terms.model_validate({name: row[name] for name in Terms.model_fields})


def subject_of(row: Row) -> Subject:
    """Give the subject of an event about this engagement, as high as the highest entry that it names."""
    return Subject("engagement", row["id"], row["kind"], row["dossier_id"], row["named_entry_id"])


def engagement_out(row: Row) -> EngagementOut:
    """Shape an engagement for the answer: fee terms and the entry only as far as the caller may know them."""
    plain = EngagementOut.model_fields.keys() - {
        "masked", "entry_id", "fee", "fee_hidden", "bound_since", "created_by",
    }  # fmt: skip
    return EngagementOut.model_validate(
        {
            **{name: row[name] for name in plain},
            "entry_id": row["entry_id"] if row["sees_entry"] else None,
            "fee": row["fee"] if row["reads_fee"] else None,
            "fee_hidden": not row["reads_fee"],
            "bound_since": row["bound_at"],
            "created_by": {"id": row["created_by"], "display_name": row["author_name"]},
        }
    )


def _line(row: Row) -> EngagementOut | MaskedEngagement:
    if row["sees"]:
        return engagement_out(row)
    return MaskedEngagement(dossier_id=row["dossier_id"], serial=row["serial"])
