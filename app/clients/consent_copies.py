"""Scans of signed consents (同意书扫描件): taken once, never replaced, read by those who see what is covered."""

from uuid import UUID

from app.access.gate import Gate
from app.clients import consents_repository, repository
from app.clients.consents import ConsentOut, consent_out
from app.clients.events import CONSENT_COPY_ADDED, CONSENT_COPY_READ, CONSENT_COPY_REJECTED
from app.clients.verifications import CopyDelivery, copy_of, has_copy
from app.core.actor import Actor
from app.core.database import Connection, Database, Row
from app.core.errors import AppError
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject
from app.storage.delivery import Delivery
from app.storage.intake import Incoming, Received, forget, receive
from app.storage.scans import ScanPolicy
from app.storage.segments import Owner, OwnerKind
from app.storage.vault import Vault


class ConsentCopyService:
    """Keeps the scans of consents."""

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

    async def add(self, actor: Actor, consent_id: UUID, incoming: Incoming) -> ConsentOut:
        """Store the scan of a consent; Conflict when it has one, for evidence is not written over."""
        client = await self._client(self._database, actor, "client.inform", consent_id)
        if (await consents_repository.consent(self._database, consent_id))["copy_key"] is not None:
            raise has_copy()
        try:
            received = await receive(self._store, incoming, self._upload_limit, Owner(OwnerKind.CLIENT, client["id"]))
        except AppError as error:
            subject = Subject("consent", consent_id, client["name"])
            await self._recorder.failed(actor, CONSENT_COPY_REJECTED, subject, reason=error.code)
            raise
        try:
            return await self._keep(actor, consent_id, received)
        except AppError as error:
            await forget(self._store, received, error)
            raise

    async def _keep(self, actor: Actor, consent_id: UUID, received: Received) -> ConsentOut:
        async with self._uow.begin(actor) as tx:
            # Anew, for the client may have been merged, or hidden, while the scan came in.
            client = await self._client(tx.connection, actor, "client.inform", consent_id)
            kept = await consents_repository.keep_consent_copy(
                tx.connection, consent_id, received.key, received.original_name, received.media_type, received.size,
                received.sha256,
            )  # fmt: skip
            if not kept:
                raise has_copy()
            await self._scans.expect(tx.connection, received)
            subject = Subject("consent", consent_id, client["name"])
            tx.record(CONSENT_COPY_ADDED, subject, size=received.size, sha256=received.sha256)
            after = await consents_repository.consent(tx.connection, consent_id)
            return tx.result(consent_out(after, whole=client["whole"]))

    async def read(self, actor: Actor, consent_id: UUID) -> CopyDelivery:
        """Record the reading of a scan and give the way to its bytes; only for those who see what it covers."""
        client = await self._client(self._database, actor, "client.read", consent_id)
        subject = Subject("consent", consent_id, client["name"])
        if not client["whole"]:
            await self._gate.forbid(actor, "client.read", subject, "identifiers_masked")
        row = await consents_repository.consent(self._database, consent_id)
        copy = copy_of(row)
        if copy is None:
            await self._gate.hide(actor, "client.read", subject, "no_copy")
        try:
            warning = await self._scans.admit(self._database, row["copy_key"])
        except AppError as error:
            await self._recorder.failed(actor, CONSENT_COPY_READ, subject, reason=error.code)
            raise
        await self._recorder.read(actor, CONSENT_COPY_READ, subject, size=copy.size)
        return CopyDelivery(copy, warning, Delivery(self._store, row["copy_key"], copy.size, copy.sha256).whole())

    async def _client(self, source: Connection | Database, actor: Actor, act: str, consent_id: UUID) -> Row:
        client = await repository.client_of_consent(source, actor, consent_id)
        return await self._gate.judge(actor, act, Subject("consent", consent_id), client)
