"""Verification of originals (核对原件): who saw which document, when, and its scan."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from uuid import UUID

from app.access.gate import Gate
from app.clients import repository
from app.clients.events import (
    CLIENT_VERIFIED,
    VERIFICATION_COPY_ADDED,
    VERIFICATION_COPY_READ,
    VERIFICATION_COPY_REJECTED,
    VERIFICATION_LISTED,
)
from app.clients.identifiers import mask
from app.clients.models import ClientVerification
from app.clients.schemas import CopyOut, VerificationCreate, VerificationOut
from app.clients.service import require_living
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Database, Row, present
from app.core.errors import AppError, Conflict
from app.core.ids import new_id
from app.core.sql import insert
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject
from app.storage.delivery import Delivery
from app.storage.intake import Incoming, Received, forget, receive
from app.storage.keeping import KeptRows
from app.storage.scans import ScanPolicy
from app.storage.segments import Owner, OwnerKind
from app.storage.vault import Vault


class VerificationService:
    """Records verified originals and keeps their scans."""

    def __init__(
        self,
        database: Database,
        uow: UnitOfWork,
        recorder: Recorder,
        gate: Gate,
        store: Vault,
        upload_limit: int,
        scans: ScanPolicy,
    ) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._store, self._upload_limit, self._scans = store, upload_limit, scans
        self.keeper = KeptRows(database, repository.KEPT)

    async def record(self, actor: Actor, client_id: UUID, data: VerificationCreate) -> VerificationOut:
        """Record that the actor checked an original."""
        async with self._uow.begin(actor) as tx:
            client = await repository.lock(tx.connection, actor, client_id)
            client = await self._gate.judge(actor, "client.verify", Subject("client", client_id), client)
            require_living(client)
            row = ClientVerification(
                id=new_id(), client_id=client_id, document_type=data.document_type,
                document_number=data.document_number, verified_on=data.verified_on, verified_by=actor.id,
                remarks=data.remarks, created_at=now(), valid_until=data.valid_until,
            )  # fmt: skip
            await insert(tx.connection, row)
            tx.record(CLIENT_VERIFIED, Subject("client", client_id, client["name"]), new=row.model_dump(mode="json"))
            kept = present(await repository.verification(tx.connection, client_id, row.id))
            return tx.result(_out(kept, whole=client["whole"]))

    async def all_of(self, actor: Actor, client_id: UUID) -> list[VerificationOut]:
        """Give the verifications of a client that the actor sees, oldest first."""
        client = await self._client(actor, "client.read", client_id)
        rows = await repository.verifications(self._database, client_id)
        await self._recorder.read(
            actor, VERIFICATION_LISTED, Subject("client", client_id, client["name"]),
            returned=[str(row["id"]) for row in rows],
        )  # fmt: skip
        return [_out(row, whole=client["whole"]) for row in rows]

    async def add_copy(
        self, actor: Actor, client_id: UUID, verification_id: UUID, incoming: Incoming
    ) -> VerificationOut:
        """Store the scan of a verified original; Conflict when it has one, for evidence is not written over."""
        client = await self._client(actor, "client.verify", client_id)
        row = await self._verification(actor, "client.verify", client_id, verification_id)
        subject = Subject("verification", verification_id, client["name"])
        if row["copy_key"] is not None:
            raise has_copy()
        try:
            received = await receive(self._store, incoming, self._upload_limit, Owner(OwnerKind.CLIENT, client_id))
        except AppError as error:
            await self._recorder.failed(actor, VERIFICATION_COPY_REJECTED, subject, reason=error.code)
            raise
        try:
            async with self._uow.begin(actor) as tx:
                # Anew, for the record may have been merged while the scan came in.
                client = await self._gate.judge(
                    actor, "client.verify", Subject("client", client_id),
                    await repository.lock(tx.connection, actor, client_id),
                )  # fmt: skip
                require_living(client)
                return tx.result(await self._keep_copy(tx, verification_id, received, client))
        except AppError as error:
            await forget(self._store, received, error)
            raise

    async def _keep_copy(
        self, tx: Transaction, verification_id: UUID, received: Received, client: Row
    ) -> VerificationOut:
        kept = await repository.keep_copy(
            tx.connection, verification_id, received.key, received.original_name, received.media_type,
            received.size, received.sha256,
        )  # fmt: skip
        if not kept:
            raise has_copy()
        await self._scans.expect(tx.connection, received)
        subject = Subject("verification", verification_id, client["name"])
        tx.record(VERIFICATION_COPY_ADDED, subject, size=received.size, sha256=received.sha256)
        after = present(await repository.verification(tx.connection, client["id"], verification_id))
        return _out(after, whole=client["whole"])

    async def read_copy(self, actor: Actor, client_id: UUID, verification_id: UUID) -> "CopyDelivery":
        """Record the reading of a scan and give the way to its bytes; only for those who see identifiers whole."""
        client = await self._client(actor, "client.read", client_id)
        subject = Subject("verification", verification_id, client["name"])
        if not client["whole"]:
            await self._gate.forbid(actor, "client.read", subject, "identifiers_masked")
        row = await self._verification(actor, "client.read", client_id, verification_id)
        copy = copy_of(row)
        if copy is None:
            await self._gate.hide(actor, "client.read", subject, "no_copy")
        try:
            warning = await self._scans.admit(self._database, row["copy_key"])
        except AppError as error:
            await self._recorder.failed(actor, VERIFICATION_COPY_READ, subject, reason=error.code)
            raise
        await self._recorder.read(actor, VERIFICATION_COPY_READ, subject, size=copy.size)
        return CopyDelivery(copy, warning, Delivery(self._store, row["copy_key"], copy.size, copy.sha256).whole())

    async def _client(self, actor: Actor, act: str, client_id: UUID) -> Row:
        client = await repository.find(self._database, actor, client_id)
        return await self._gate.judge(actor, act, Subject("client", client_id), client)

    async def _verification(self, actor: Actor, act: str, client_id: UUID, verification_id: UUID) -> Row:
        row = await repository.verification(self._database, client_id, verification_id)
        if row is None:
            await self._gate.hide(actor, act, Subject("verification", verification_id))
        return row


@dataclass(frozen=True, slots=True)
class CopyDelivery:
    """A scan on its way out; `warning` as in `ScanPolicy.judge`."""

    copy: CopyOut
    warning: str | None
    chunks: AbstractAsyncContextManager[AsyncIterator[bytes]]


def has_copy() -> Conflict:
    """Make the error of a second scan, where one is kept already."""
    return Conflict(
        "There is a scan already; make a new record instead of replacing it",
        "已有扫描件,请新建记录,不要替换",
    )


def copy_of(row: Row) -> CopyOut | None:
    """Shape the scan of a verification or consent for the answer."""
    if row["copy_key"] is None:
        return None
    return CopyOut(
        original_name=row["copy_name"], media_type=row["copy_media_type"], size=row["copy_size"],
        sha256=row["copy_sha256"],
    )  # fmt: skip


def _out(row: Row, *, whole: bool) -> VerificationOut:
    number = row["document_number"]
    return VerificationOut.model_validate(
        {
            **{
                name: row[name]
                for name in (
                    "id",
                    "client_id",
                    "document_type",
                    "verified_on",
                    "valid_until",
                    "remarks",
                    "created_at",
                )
            },
            "document_number": number if whole or number is None else mask(number),
            "verified_by": {"id": row["verified_by"], "display_name": row["verifier_name"]},
            "scan": copy_of(row),
        }
    )
