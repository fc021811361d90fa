"""What is missing of a client's data by the firm's rules, and which of his documents have expired or soon will.

A function of what is recorded, never stored. Of several verifications of one type of document the newest counts: a
renewed document puts the old one at rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from uuid import UUID

from app.access.acts import ACTS, powers
from app.access.gate import Gate
from app.clients import repository
from app.clients.events import CLIENT_COMPLETENESS_VIEWED
from app.clients.rules import CLIENT_DATA, ClientDataRules, ClientField
from app.clients.schemas import ClientKind
from app.clients.service import require_living
from app.core.actor import Actor
from app.core.clock import today
from app.core.database import Database, Row
from app.core.schema import Output
from app.events.recorder import Recorder
from app.events.vocabulary import Subject
from app.rulebook.kinds import in_force

_BATCH = 200


class SeenDocument(Output):
    """The newest verification of a type of document."""

    verification_id: UUID
    document_type: str
    valid_until: date | None
    scanned: bool


class MissingOriginal(Output):
    """An original of which none of these documents was seen, or none that is still good."""

    any_of: list[str]


class Findings(Output):
    """What is missing, and what has come or soon comes to its end."""

    missing_fields: list[ClientField]
    missing_originals: list[MissingOriginal]
    without_scan: list[SeenDocument]
    expired: list[SeenDocument]
    expiring: list[SeenDocument]


class ClientCompletenessOut(Findings):
    """What a client lacks by the rules in this version; `expired` and `expiring` documents are told beside."""

    client_id: UUID
    kind: ClientKind
    rules_version: int
    complete: bool


class DutyKind(StrEnum):
    """What there is to do about a client."""

    EXPIRED = "expired"
    EXPIRING = "expiring"
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class ClientDuty:
    """Something to do about a client of dossiers that somebody works on.

    `due_on` is the last good day of the document; `missing` are fields and originals; at most 20 dossiers are named.
    """

    kind: DutyKind
    client_id: UUID
    client_name: str
    dossier_ids: tuple[UUID, ...]
    due_on: date | None = None
    document_type: str | None = None
    missing: tuple[str, ...] = ()


def assess(
    rules: ClientDataRules, kind: ClientKind, fields: Sequence[str], documents: Sequence[SeenDocument], day: date
) -> Findings:
    """Tell what a client lacks on a day; `documents` are the newest of each type, `fields` those that are filled."""
    asked = rules.organization if kind is ClientKind.ORGANIZATION else rules.person
    soon = day + timedelta(days=rules.expiring_days)
    good = [one for one in documents if one.valid_until is None or one.valid_until >= day]
    missing, without_scan = list[MissingOriginal](), list[SeenDocument]()
    for original in asked.originals:
        seen = [one for one in good if one.document_type in original.any_of]
        if not seen:
            missing.append(MissingOriginal(any_of=original.any_of))
        elif original.scan and not any(one.scanned for one in seen):
            without_scan += [one for one in seen if one not in without_scan]
    return Findings(
        missing_fields=[field for field in asked.fields if field not in fields],
        missing_originals=missing,
        without_scan=without_scan,
        expired=[one for one in documents if one.valid_until is not None and one.valid_until < day],
        expiring=[one for one in good if one.valid_until is not None and one.valid_until <= soon],
    )


def complete(found: Findings) -> bool:
    """Tell whether everything is there that the rules ask for."""
    return not (found.missing_fields or found.missing_originals or found.without_scan)


class ClientCompletenessService:
    """Tells what clients lack: of one, and for the calendar of one who works on dossiers."""

    def __init__(self, database: Database, recorder: Recorder, gate: Gate) -> None:
        self._database, self._recorder, self._gate = database, recorder, gate

    async def get(self, actor: Actor, client_id: UUID) -> ClientCompletenessOut:
        """Tell what a client lacks whom the actor sees; ClientMerged for a record that was merged."""
        row = await repository.facts(self._database, actor, client_id)
        row = await self._gate.judge(actor, "client.read", Subject("client", client_id), row)
        require_living(row)
        rules = await in_force(self._database, CLIENT_DATA)
        found = _findings(rules.body, row)
        await self._recorder.read(
            actor, CLIENT_COMPLETENESS_VIEWED, Subject("client", client_id, row["name"]), rules_version=rules.version
        )
        return ClientCompletenessOut(
            client_id=client_id, kind=row["kind"], rules_version=rules.version, complete=complete(found),
            **found.model_dump(),
        )  # fmt: skip

    async def due(self, actor: Actor, limit: int = _BATCH) -> list[ClientDuty]:
        """Give at most `limit` duties about the clients of open dossiers whose team the actor is on, by client.

        For a calendar: the caller records the reading. Clients are looked at in batches, so memory stays bounded.
        """
        if not powers(actor.roles) & (ACTS["client.read"].roles or frozenset()):
            return []
        rules = await in_force(self._database, CLIENT_DATA)
        duties, after = list[ClientDuty](), UUID(int=0)
        while len(duties) < limit:
            rows = await repository.facts_of_team(self._database, actor, after, _BATCH)
            for row in rows:
                duties += _duties(row, _findings(rules.body, row))
            if len(rows) < _BATCH:
                break
            after = rows[-1]["id"]
        return duties[:limit]


def _findings(rules: ClientDataRules, row: Row) -> Findings:
    documents = [SeenDocument.model_validate(one) for one in row["documents"]]
    return assess(rules, ClientKind(row["kind"]), row["fields"], documents, today())


def _duties(row: Row, found: Findings) -> list[ClientDuty]:
    client = (row["id"], row["name"], tuple(row["dossier_ids"]))
    duties = [
        ClientDuty(kind, *client, due_on=one.valid_until, document_type=one.document_type)
        for kind, documents in ((DutyKind.EXPIRED, found.expired), (DutyKind.EXPIRING, found.expiring))
        for one in documents
    ]
    if not complete(found):
        originals = ["/".join(one.any_of) for one in found.missing_originals]
        scans = [one.document_type for one in found.without_scan]
        duties.append(ClientDuty(DutyKind.INCOMPLETE, *client, missing=(*found.missing_fields, *originals, *scans)))
    return duties
