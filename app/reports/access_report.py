"""Who may see a dossier and by which rule, today or on a past day; and who did.

For the director, the security administrator and the auditor. Tells of people only: neither number nor title.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from app.access.acts import powers
from app.access.events import ACCESS_REPORTED, READERS_REPORTED
from app.access.gate import Gate
from app.access.rules import DossierFacts, Person, Rule, grants_of, rule_for
from app.access.visibility import sees_dossier
from app.auth.roles import Role
from app.auth.schemas import PersonRef
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Database, Row
from app.core.errors import Invalid
from app.core.ids import first_id_at
from app.core.schema import Output, Timestamp
from app.core.sql import Where
from app.dossiers.events import DOSSIER_LISTED, NUMBERS_LISTED
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.reports.events import EVENT_EXPORTED, EVENT_LISTED, EVENT_VIEWED
from app.reports.past import dossier_facts, facts_at, person_of

_KEEPERS = frozenset({Role.SECURITY_ADMIN, Role.AUDITOR})
# Who looks into the record of a dossier has not looked into the dossier.
_NO_SIGHT = [one.name for one in (ACCESS_REPORTED, READERS_REPORTED, EVENT_LISTED, EVENT_VIEWED, EVENT_EXPORTED)]


class AccessLine(Output):
    """Somebody who may see the dossier: the rule for its metadata, and for its content if he may read that.

    `until` is the end of the grant when nothing else lets him.
    """

    user: PersonRef
    kind: str
    roles: list[str]
    sees: Rule
    reads: Rule | None
    until: Timestamp | None


class AccessReportOut(Output):
    """Who may see the dossier at a moment; `reconstructed` when that lies in the past."""

    dossier_id: UUID
    at: Timestamp
    reconstructed: bool
    people: list[AccessLine]


class ReaderLine(Output):
    """Somebody who saw the dossier: when first and last, and how often in which way."""

    user: PersonRef
    via: PersonRef | None
    first_at: Timestamp
    last_at: Timestamp
    acts: dict[str, int]


class ReadersOut(Output):
    """Who saw the dossier between two moments (`since` inclusive, `until` not)."""

    dossier_id: UUID
    since: Timestamp
    until: Timestamp
    people: list[ReaderLine]


class AccessReport:
    """Tells who may see dossiers and who did."""

    def __init__(self, database: Database, recorder: Recorder, gate: Gate) -> None:
        self._database, self._recorder, self._gate = database, recorder, gate

    async def access(self, actor: Actor, dossier_id: UUID, at: datetime | None) -> AccessReportOut:
        """Tell who may, or at a past moment might have, see the dossier."""
        dossier = await self._allowed(actor, dossier_id)
        moment = at or now()
        if moment > now():
            raise Invalid.field("/query/at", "in_future", "Nobody knows who will see it", "不能查询将来的时间")
        async with (
            self._database.connection() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            facts = await facts_at(connection, dossier_id, moment, past=at is not None)
        people = []
        if dossier["created_at"] <= moment:
            about = dossier_facts(facts, moment)
            users = [(user, person_of(user, facts.clearances)) for user in facts.users.values() if user["active"]]
            people = [line for user, person in users for line in _lines(user, person, about)]
        subject = Subject("dossier", dossier_id, dossier_id=dossier_id)
        await self._recorder.read(actor, ACCESS_REPORTED, subject, at=str(moment), people=len(people))
        people.sort(key=lambda line: (line.user.display_name, line.user.id))
        return AccessReportOut(dossier_id=dossier_id, at=moment, reconstructed=at is not None, people=people)

    async def readers(
        self, actor: Actor, dossier_id: UUID, since: datetime | None, until: datetime | None
    ) -> ReadersOut:
        """Tell who saw the dossier, in itself or in a list."""
        dossier = await self._allowed(actor, dossier_id)
        begin, end = max(since or dossier["created_at"], dossier["created_at"]), min(until or now(), now())
        found: dict[tuple[UUID, UUID | None], dict[str, Any]] = {}
        for start, stop in _months(begin, end):
            rows = await self._database.fetch(
                _READERS, dossier_id, start, stop, first_id_at(start), first_id_at(stop), _NO_SIGHT,
                str(dossier_id), dossier["number"],
            )  # fmt: skip
            for row in rows:
                _add(found, row)
        subject = Subject("dossier", dossier_id, dossier_id=dossier_id)
        await self._recorder.read(actor, READERS_REPORTED, subject, since=str(begin), until=str(end), people=len(found))
        people = sorted((ReaderLine.model_validate(line) for line in found.values()), key=lambda line: line.first_at)
        return ReadersOut(dossier_id=dossier_id, since=begin, until=end, people=people)

    async def _allowed(self, actor: Actor, dossier_id: UUID) -> Row:
        where = Where(dossier_id)
        # Keepers know of every dossier that it is there, and nothing of what it is.
        known = "TRUE" if powers(actor.roles) & _KEEPERS else sees_dossier(actor, where)
        row = await self._database.fetchrow(
            f"SELECT d.id, d.number, d.created_at FROM dossiers d WHERE d.id = $1 AND {known}", *where.args
        )
        subject = Subject("dossier", dossier_id, dossier_id=dossier_id)
        return await self._gate.judge(actor, "access.report", subject, row)


def _lines(user: dict[str, Any], person: Person, about: DossierFacts) -> Iterator[AccessLine]:
    sees = rule_for(person, about, content=False)
    if sees is None:
        return
    grants = grants_of(person, about)
    yield AccessLine(
        user=PersonRef(id=user["id"], display_name=user["display_name"]), kind=user["kind"],
        roles=sorted(user["roles"]), sees=sees, reads=rule_for(person, about, content=True),
        until=max(grant.expires_at for grant in grants) if sees is Rule.GRANT else None,
    )  # fmt: skip


# A list shows a dossier whole, so it is a sight too. Month by month, so that no statement runs long.
_READERS = f"""
SELECT v.actor_id, v.via_id, max(v.via_name) AS via_name, v.type, count(*) AS times, min(v.recorded_at) AS first_at,
 max(v.recorded_at) AS last_at, (array_agg(v.actor_name ORDER BY v.id DESC))[1] AS name
FROM events v
WHERE v.recorded_at >= $2 AND v.recorded_at < $3 AND v.id >= $4 AND v.outcome = 'success' AND v.actor_id IS NOT NULL
 AND v.id <= $5 AND NOT v.type = ANY($6)
 AND (v.dossier_id = $1
   OR (v.type = '{DOSSIER_LISTED.name}' AND v.details -> 'returned' ? $7)
   OR (v.type = '{NUMBERS_LISTED.name}' AND v.details -> 'returned' ? $8))
GROUP BY v.actor_id, v.via_id, v.type
"""


def _add(found: dict[tuple[UUID, UUID | None], dict[str, Any]], row: Row) -> None:
    via = {"id": row["via_id"], "display_name": row["via_name"]} if row["via_id"] else None
    line = found.setdefault(
        (row["actor_id"], row["via_id"]),
        {"via": via, "first_at": row["first_at"], "acts": {}, "last_at": row["last_at"]},
    )
    line["user"] = {"id": row["actor_id"], "display_name": row["name"]}
    line["first_at"], line["last_at"] = min(line["first_at"], row["first_at"]), max(line["last_at"], row["last_at"])
    line["acts"][row["type"]] = line["acts"].get(row["type"], 0) + row["times"]


def _months(begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Cut a time into months, so that each part lies in few partitions."""
    while begin < end:
        year, month = divmod(begin.year * 12 + begin.month, 12)
        following = begin.replace(year=year, month=month + 1, day=1, hour=0, minute=0, second=0, microsecond=0)
        yield begin, min(following, end)
        begin = following
