"""What somebody has to do (待办): to file, to mend, to review, to decide, and by when; gathered from all rooms.

Each duty is computed from what stands open, so it ends with the act that settles it and with nothing else. Every source
stands under the visibility predicate: a duty on a dossier that is walled off from its owner is not told to him.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal
from uuid import UUID

from app.access.gate import Gate
from app.auth.schemas import PersonRef
from app.clients.schemas import ClientRef
from app.core.actor import Actor
from app.core.clock import today
from app.core.database import Database, Row
from app.core.pagination import Cursors, Page, PageRequest, SortKey, parse_date
from app.core.schema import Output, Timestamp
from app.core.sql import Where
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.reports.duty_gathered import GatheredDuties
from app.reports.duty_sources import SOURCES, Scope, gathered
from app.reports.events import DUTIES_LISTED

_ORDER = (SortKey("x.due", "due", parse_date), SortKey("x.key", "key", str))
# Duties without a day come after all that have one. Not the last of all dates, which the driver takes for infinity.
_NEVER = date(9999, 12, 30)


class DutyKind(StrEnum):
    """Kinds of duties."""

    FILE = "file"
    MEND = "mend"
    INFECTED_FILE = "infected_file"
    CONFLICT_CHECK = "conflict_check"
    ENGAGEMENT = "engagement"
    CLIENT_DATA = "client_data"
    CLIENT_DOCUMENT = "client_document"
    COLLECT = "collect"
    FETCH_BACK = "fetch_back"
    REVIEW = "review"
    ACCEPT = "accept"
    CONFIRM_RETENTION = "confirm_retention"
    DECIDE_LATE = "decide_late"
    DECIDE_SUPPLEMENT = "decide_supplement"
    FILL_SUPPLEMENT = "fill_supplement"
    ACCEPT_SUPPLEMENT = "accept_supplement"
    DECIDE_ACCESS = "decide_access"
    APPROVE_GRANT = "approve_grant"


WORDS: dict[DutyKind, tuple[str, str]] = {
    DutyKind.FILE: ("Hand the dossier in for filing", "提交归档"),
    DutyKind.MEND: ("Mend what the archivist returned, and hand it in again", "按退回意见补正后重新提交"),
    DutyKind.INFECTED_FILE: ("Get clean versions of files that hold a virus", "更换感染病毒的文件"),
    DutyKind.CONFLICT_CHECK: ("Have the parties checked for conflicts of interest", "补作利益冲突审查"),
    DutyKind.ENGAGEMENT: ("Mend what is unsigned or missing of the engagement", "补齐委托手续"),
    DutyKind.CLIENT_DATA: ("Complete the client's data", "补全客户资料"),
    DutyKind.CLIENT_DOCUMENT: ("See a document of the client that is in force", "核对客户的有效证件"),
    DutyKind.COLLECT: ("Nothing has come for long: file what there is", "长期无新材料,请及时归档"),
    DutyKind.FETCH_BACK: ("Fetch back an original that was handed over", "取回已交出的原件"),
    DutyKind.REVIEW: ("Review the material", "审查材料"),
    DutyKind.ACCEPT: ("Check the dossier: accept or return it", "验收或退回案卷"),
    DutyKind.CONFIRM_RETENTION: ("Confirm the retention class", "审定保管期限"),
    DutyKind.DECIDE_LATE: ("Decide on the late filing", "审批超期归档"),
    DutyKind.DECIDE_SUPPLEMENT: ("Decide on the supplement or correction", "审批补充或更正"),
    DutyKind.FILL_SUPPLEMENT: ("Put the approved material into the supplement", "补充已获批的材料"),
    DutyKind.ACCEPT_SUPPLEMENT: ("Take the supplement into the sealed list", "接收补充材料"),
    DutyKind.DECIDE_ACCESS: ("Decide on the request for access", "审批查阅申请"),
    DutyKind.APPROVE_GRANT: ("Approve the grant as the second person", "复核密卷授权"),
}


COMPUTED = frozenset(
    {
        DutyKind.ENGAGEMENT, DutyKind.CLIENT_DATA, DutyKind.CLIENT_DOCUMENT, DutyKind.COLLECT, DutyKind.FETCH_BACK,
    }
)  # fmt: skip


class DutyDossier(Output):
    """The dossier that a duty is about."""

    id: UUID
    number: str


class DutyOut(Output):
    """Something to do: `due_on` null has no day, `count` is how many things it is about where there are several."""

    kind: DutyKind
    en: str
    zh: str
    dossier: DutyDossier | None
    client: ClientRef | None
    owner: PersonRef
    since: Timestamp
    due_on: date | None
    overdue: bool
    count: int | None


@dataclass(frozen=True, slots=True)
class DutyFilter:
    """Whose duties, and which; `scope` firm are those of all whose dossiers one answers for."""

    scope: Scope = "own"
    kinds: tuple[DutyKind, ...] = ()
    overdue: bool = False
    until: date | None = None


class DutyService:
    """Tells duties."""

    def __init__(
        self, database: Database, recorder: Recorder, gate: Gate, cursors: Cursors, computed: GatheredDuties
    ) -> None:
        self._database, self._recorder, self._gate, self._cursors = database, recorder, gate, cursors
        self._computed = computed

    async def page(self, actor: Actor, filter_: DutyFilter, page: PageRequest) -> Page[DutyOut]:
        """List duties, the most urgent first, those without a day last."""
        act: Literal["duty.read", "duty.read_firm"] = "duty.read" if filter_.scope == "own" else "duty.read_firm"
        await self._gate.require(actor, act, Subject("duty"))
        where, day = Where(), today()
        parts = [part for source in SOURCES if (part := source(actor, where, filter_.scope)) is not None]
        if filter_.scope == "own" and (not filter_.kinds or COMPUTED & set(filter_.kinds)):
            parts.append(gathered(where.bind(await self._computed.of(actor))))
        if filter_.kinds:
            where.add("x.kind = ANY({})", [kind.value for kind in filter_.kinds])
        if filter_.overdue:
            where.add("x.due < {}", day)
        where.optional("x.due <= {}", filter_.until)
        order = page.apply(self._cursors, where, _ORDER)
        found: list[Row] = []
        if parts:
            united = " UNION ALL ".join(f"({part})" for part in parts)
            found = await self._database.fetch(
                f"SELECT x.*, u.display_name AS owner_name FROM (SELECT s.*, coalesce(s.due_on, '{_NEVER}') AS due,"
                f" s.kind || ':' || s.subject_id AS key FROM ({united}) s) x JOIN users u ON u.id = x.owner_id"
                f" WHERE {where.text} {order}",
                *where.args,
            )
        rows, cursor = page.page_of(self._cursors, found, _ORDER)
        await self._recorder.read(
            actor, DUTIES_LISTED, Subject("duty"), scope=filter_.scope, kinds=sorted(filter_.kinds),
            returned=sorted({str(row["dossier_id"]) for row in rows if row["dossier_id"]}),
        )  # fmt: skip
        return Page(items=[_out(row, day) for row in rows], next=cursor)


def _out(row: Row, day: date) -> DutyOut:
    kind = DutyKind(row["kind"])
    en, zh = WORDS[kind]
    dossier = None if row["dossier_id"] is None else DutyDossier(id=row["dossier_id"], number=row["number"])
    client = None if row["client_id"] is None else ClientRef(id=row["client_id"], name=row["client_name"])
    return DutyOut(
        kind=kind, en=en, zh=zh, dossier=dossier, client=client,
        owner=PersonRef(id=row["owner_id"], display_name=row["owner_name"]), since=row["since"],
        due_on=row["due_on"], overdue=row["due_on"] is not None and row["due_on"] < day, count=row["count"],
    )  # fmt: skip
