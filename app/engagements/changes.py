"""Changes of the mandate (委托变更): each stays with its reason, and the engagement shows what came of them."""

from uuid import UUID

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.clock import now, today
from app.core.database import Database, Row
from app.core.errors import Conflict, Invalid
from app.core.etag import require_match
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey
from app.core.sql import Where, insert
from app.engagements import repository
from app.engagements.events import MANDATE_CHANGE_VIEWED, MANDATE_CHANGED, MANDATE_CHANGES_LISTED
from app.engagements.models import EngagementChange
from app.engagements.named import require_entries
from app.engagements.rules import EngagementKind
from app.engagements.schemas import (
    MandateChangeCreate,
    MandateChangedField,
    MandateChangeKind,
    MandateChangeOut,
    MandateSide,
    Terms,
)
from app.engagements.service import EngagementService, checked, engagement_out, require_going, subject_of, terms_of
from app.engagements.terms import Changed, changed_terms, difference, without_fee
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject

_ORDER = (SortKey("c.serial", "serial", int),)


class MandateChangeService:
    """Records and shows changes of mandates."""

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        recorder: Recorder,
        gate: Gate,
        engagements: EngagementService,
        cursors: Cursors,
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._engagements, self._cursors = engagements, cursors

    async def make(
        self, actor: Actor, engagement_id: UUID, data: MandateChangeCreate, if_match: str | None = None
    ) -> MandateChangeOut:
        """Change or end a mandate. Raises EngagementEnded after its end, Invalid for a change that says nothing new.

        With `if_match` the change is refused when the engagement is no longer what the caller has read.
        """
        async with self._uow.begin(actor) as tx:
            row = await self._engagements.locked(tx, engagement_id)
            if if_match is not None:
                require_match(if_match, engagement_out(row))
            require_going(row)
            await _check(tx, row, data)
            before, kind = terms_of(row), EngagementKind(row["kind"])
            at = "/body/values" if data.kind is MandateChangeKind.AMENDMENT else "/body"
            given = changed_terms(before, data)
            after, version = await checked(tx, row["dossier_id"], kind, before, given, at)
            changed = difference(before, after)
            more: dict[str, object] = {"rules_version": version} if "special_powers" in changed else {}
            if data.kind is MandateChangeKind.TERMINATION:
                more |= {"state": "ended", "ended_on": data.on}
            elif not changed:
                raise Conflict("This changes nothing of the engagement", "该变更未改变任何内容")
            change = await _insert(tx, row, data, changed)
            await self._engagements.write(tx, row, after, more)
            again = await repository.reread(tx.connection, actor, engagement_id)
            tx.record(
                MANDATE_CHANGED, subject_of(again), change_id=str(change.id), serial=change.serial,
                changed=without_fee(changed), **data.model_dump(mode="json", include=_TOLD, exclude_none=True),
            )  # fmt: skip
            where = Where()
            where.add("c.id = {}", change.id)
            return tx.result(change_out((await repository.changes(tx.connection, actor, where, ""))[0], again))

    async def get(self, actor: Actor, engagement_id: UUID, change_id: UUID) -> MandateChangeOut:
        """Give a change of an engagement that the actor sees."""
        engagement = await self._engagements.seen(actor, engagement_id)
        where = Where()
        where.add("c.engagement_id = {} AND c.id = {}", engagement_id, change_id)
        rows = await repository.changes(self._database, actor, where, "")
        if not rows:
            await self._gate.hide(actor, "engagement.read", Subject("engagement_change", change_id))
        await self._recorder.read(actor, MANDATE_CHANGE_VIEWED, subject_of(engagement), change_id=str(change_id))
        return change_out(rows[0], engagement)

    async def page(self, actor: Actor, engagement_id: UUID, page: PageRequest) -> Page[MandateChangeOut]:
        """List the changes of an engagement that the actor sees, in the order of recording."""
        engagement = await self._engagements.seen(actor, engagement_id)
        where = Where()
        where.add("c.engagement_id = {}", engagement_id)
        order = page.apply(self._cursors, where, _ORDER)
        found = await repository.changes(self._database, actor, where, order)
        rows, cursor = page.page_of(self._cursors, found, _ORDER)
        await self._recorder.read(
            actor, MANDATE_CHANGES_LISTED, subject_of(engagement), returned=[str(row["id"]) for row in rows]
        )
        return Page(items=[change_out(row, engagement) for row in rows], next=cursor)


# What the event tells beside the fields; the values themselves stand there without fee terms.
_TOLD = {"kind", "on", "reason", "by", "entry_id", "consent_entry_id", "urgent_reason"}
_CONSENTING = frozenset({MandateSide.CLIENT, MandateSide.AGREEMENT})
_NAMING = frozenset({EngagementKind.POWER_OF_ATTORNEY, EngagementKind.APPOINTMENT})


async def _check(tx: Transaction, row: Row, data: MandateChangeCreate) -> None:
    """Raise Invalid for an impossible day, an unknown entry, a substitution without consent (转委托须经同意)."""
    if data.on > today():
        raise Invalid.field("/body/on", "in_future", "This day has not come yet", "日期不能晚于今天")
    if row["dated_on"] is not None and data.on < row["dated_on"]:
        raise Invalid.field(
            "/body/on", "before_engagement", "The engagement is dated later than this day", "日期早于委托文件的签订日期"
        )
    if data.kind is MandateChangeKind.SUBSTITUTION:
        _check_substitution(EngagementKind(row["kind"]), data)
    if data.values is not None and data.values.attorneys is not None and data.by not in _CONSENTING:
        raise Invalid.field(
            "/body/by", "substitution", "Without the client's will this is a substitution: record it as one",
            "未经委托人更换受托律师属于转委托,请按转委托登记",
        )  # fmt: skip
    named = [("/body/entry_id", data.entry_id), ("/body/consent_entry_id", data.consent_entry_id)]
    await require_entries(tx.connection, tx.actor, row["dossier_id"], named)


def _check_substitution(kind: EngagementKind, data: MandateChangeCreate) -> None:
    if kind not in _NAMING:
        raise Invalid.field(
            "/body/kind", "not_of_this_kind", "Only a power or an appointment names attorneys",
            "只有授权委托书和指派手续可以转委托",
        )  # fmt: skip
    if data.consent_entry_id is None and data.urgent_reason is None:
        raise Invalid.field(
            "/body/consent_entry_id", "consent_needed",
            "A substitution needs the client's consent, or the reason why it could not wait",
            "转委托须经委托人同意,或说明紧急情况",
        )  # fmt: skip


async def _insert(tx: Transaction, row: Row, data: MandateChangeCreate, changed: Changed) -> EngagementChange:
    change = EngagementChange(
        id=new_id(), engagement_id=row["id"], serial=await repository.next_change(tx.connection, row["id"]),
        kind=data.kind.value, effective_on=data.on, reason=data.reason, by_whom=data.by.value, entry_id=data.entry_id,
        consent_entry_id=data.consent_entry_id, urgent_reason=data.urgent_reason, changed=changed,
        recorded_by=tx.actor.id, recorded_at=now(),
    )  # fmt: skip
    await insert(tx.connection, change)
    return change


def change_out(row: Row, engagement: Row) -> MandateChangeOut:
    """Shape a change for the answer; `engagement` tells whether the caller reads fee terms."""
    fields = []
    for name in sorted(row["changed"], key=[*Terms.model_fields].index):
        old, new = row["changed"][name]
        hidden = name == "fee" and not engagement["reads_fee"]
        fields.append(
            MandateChangedField(field=name, hidden=hidden, old=None if hidden else old, new=None if hidden else new)
        )
    return MandateChangeOut(
        id=row["id"], engagement_id=row["engagement_id"], serial=row["serial"], kind=row["kind"],
        on=row["effective_on"], reason=row["reason"], by=row["by_whom"],
        entry_id=row["entry_id"] if row["sees_entry"] else None,
        consent_entry_id=row["consent_entry_id"] if row["sees_consent"] else None,
        urgent_reason=row["urgent_reason"], changed=fields,
        recorded_by={"id": row["recorded_by"], "display_name": row["recorder_name"]}, recorded_at=row["recorded_at"],
    )  # fmt: skip
