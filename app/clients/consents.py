"""What clients are told of the use of their personal data (告知) and what they agree to (同意).

Source: 个人信息保护法 Arts. 13, 15, 17, 23, 28 to 31, 39 (domain/rules.md 5.1). Only ever added; a consent is withdrawn
once. What a consent covers, and who signed as guardian, is shown to those who see the client's identifiers whole.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from app.access.gate import Gate
from app.auth.schemas import PersonRef
from app.clients import consents_repository, repository
from app.clients.errors import ConsentWithdrawn
from app.clients.events import CONSENT_GIVEN, CONSENT_WITHDRAWN, CONSENTS_LISTED, NOTICE_GIVEN, NOTICES_LISTED
from app.clients.intake_schemas import PastDay
from app.clients.models import ClientConsent, ClientNotice
from app.clients.schemas import CopyOut
from app.clients.service import require_living
from app.clients.verifications import copy_of
from app.core.actor import Actor
from app.core.clock import now, today
from app.core.database import Database, Row
from app.core.errors import Invalid
from app.core.ids import new_id
from app.core.schema import Input, Output, Timestamp
from app.core.sql import insert
from app.core.text import Name, Reason, Remarks, ShortText, Title
from app.events.recorder import Recorder
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject


class NoticeForm(StrEnum):
    """How a client was told: 书面、电子、口头."""

    WRITTEN = "written"
    ELECTRONIC = "electronic"
    ORAL = "oral"


class NoticeCreate(Input):
    """A client was told how his personal data are used (PIPL Art. 17)."""

    given_on: PastDay
    form: NoticeForm
    text_reference: Title = Field(description="Which text in which version", examples=["个人信息处理告知书 2026-01 版"])
    retention_told: Name | None = Field(None, description="The retention period that he was told (保存期限)")
    contact_told: Name | None = Field(None, description="Whom he was told to turn to (联系方式)")
    remarks: Remarks | None = None


class NoticeOut(Output):
    """What a client was told; `lacks` names what the law wants told and was not."""

    id: UUID
    client_id: UUID
    given_on: date
    form: NoticeForm
    text_reference: str
    retention_told: str | None
    contact_told: str | None
    lacks: list[Literal["retention", "contact"]]
    remarks: str | None
    recorded_by: PersonRef
    created_at: Timestamp


class ConsentKind(StrEnum):
    """What for: 处理、敏感个人信息、向他人提供、出境、其他."""

    PROCESSING = "processing"
    SENSITIVE = "sensitive"
    GIVING_TO_OTHERS = "giving_to_others"
    EXPORT = "export"
    OTHER = "other"


class SensitiveCategory(StrEnum):
    """Sensitive personal data (PIPL Art. 28).

    生物识别、宗教信仰、特定身份、医疗健康、金融账户、行踪轨迹、不满十四周岁未成年人.
    """

    BIOMETRIC = "biometric"
    RELIGION = "religion"
    SPECIFIC_IDENTITY = "specific_identity"
    MEDICAL = "medical"
    FINANCIAL_ACCOUNT = "financial_account"
    WHEREABOUTS = "whereabouts"
    UNDER_14 = "under_14"


class Covers(Input):
    """What a consent covers: in words, and purpose by purpose."""

    text: Reason
    purposes: Annotated[list[ShortText], Field(min_length=1, max_length=30)]


class ConsentCreate(Input):
    """A client agreed; who records it is the caller."""

    kind: ConsentKind
    covers: Covers
    sensitive_categories: Annotated[list[SensitiveCategory], Field(max_length=10)] = []
    given_on: PastDay
    given_by: Literal["self", "guardian"] = Field(description="For somebody under 14 a guardian (监护人) agrees")
    guardian_name: Name | None = None
    valid_until: date | None = Field(None, description="The last day on which it holds; null until withdrawn")
    paper_reference: ShortText | None = Field(None, description="Where the signed paper is")
    remarks: Remarks | None = None

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if (self.given_by == "guardian") != (self.guardian_name is not None):
            raise ValueError("guardian_name stands with given_by guardian, and only there")
        if len(set(self.sensitive_categories)) != len(self.sensitive_categories):
            raise ValueError("sensitive_categories names the same one twice")
        if self.kind is ConsentKind.SENSITIVE and not self.sensitive_categories:
            raise ValueError("a consent to sensitive data names its sensitive_categories")
        if SensitiveCategory.UNDER_14 in self.sensitive_categories and self.given_by != "guardian":
            raise ValueError("for somebody under 14 the guardian agrees")
        if self.valid_until is not None and self.valid_until < self.given_on:
            raise ValueError("valid_until can't lie before given_on")
        return self


class ConsentWithdrawal(Input):
    """From when on a consent holds no more."""

    on: PastDay
    reason: Reason | None = None


class ConsentOut(Output):
    """A consent; `in_force` when it is neither withdrawn nor past its end.

    `masked` when text, categories, guardian and remarks are not shown to the reader.
    """

    id: UUID
    client_id: UUID
    kind: ConsentKind
    covers: Covers | None
    sensitive_categories: list[SensitiveCategory] | None
    given_on: date
    given_by: Literal["self", "guardian"]
    guardian_name: str | None
    valid_until: date | None
    paper_reference: str | None
    scan: CopyOut | None
    remarks: str | None
    in_force: bool
    withdrawn_on: date | None
    withdrawal_reason: str | None
    withdrawn_by: PersonRef | None
    recorded_by: PersonRef
    created_at: Timestamp
    masked: bool


class ConsentService:
    """Records notices and consents of clients, and their withdrawal."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate

    async def inform(self, actor: Actor, client_id: UUID, data: NoticeCreate) -> NoticeOut:
        """Record what a client was told. Raises ClientMerged for a record that was merged."""
        async with self._uow.begin(actor) as tx:
            client = await self._held(tx, client_id)
            row = ClientNotice(
                id=new_id(), client_id=client_id, created_by=actor.id, created_at=now(), **data.model_dump()
            )
            await insert(tx.connection, row)
            out = _notice_out(await consents_repository.notice(tx.connection, row.id))
            tx.record(NOTICE_GIVEN, Subject("client", client_id, client["name"]), new=out.model_dump(mode="json"))
            return tx.result(out)

    async def notices(self, actor: Actor, client_id: UUID) -> list[NoticeOut]:
        """Give what a client, whom the actor sees, was told, oldest first."""
        client = await self._client(actor, client_id)
        rows = await consents_repository.notices(self._database, client_id)
        await self._recorder.read(
            actor, NOTICES_LISTED, Subject("client", client_id, client["name"]),
            returned=[str(row["id"]) for row in rows],
        )  # fmt: skip
        return [_notice_out(row) for row in rows]

    async def give(self, actor: Actor, client_id: UUID, data: ConsentCreate) -> ConsentOut:
        """Record a consent. Raises ClientMerged for a record that was merged."""
        async with self._uow.begin(actor) as tx:
            client = await self._held(tx, client_id)
            plain = data.model_dump(exclude={"covers"})
            row = ClientConsent(
                id=new_id(), client_id=client_id, covers=data.covers.text, purposes=data.covers.purposes,
                created_by=actor.id, created_at=now(), **plain,
            )  # fmt: skip
            await insert(tx.connection, row)
            kept = await consents_repository.consent(tx.connection, row.id)
            new = consent_out(kept, whole=True).model_dump(mode="json", exclude={"in_force", "masked"})
            tx.record(CONSENT_GIVEN, Subject("client", client_id, client["name"]), new=new)
            return tx.result(consent_out(kept, whole=client["whole"]))

    async def consents(self, actor: Actor, client_id: UUID) -> list[ConsentOut]:
        """Give the consents of a client whom the actor sees, oldest first."""
        client = await self._client(actor, client_id)
        rows = await consents_repository.consents(self._database, client_id)
        await self._recorder.read(
            actor, CONSENTS_LISTED, Subject("client", client_id, client["name"]),
            whole=client["whole"], returned=[str(row["id"]) for row in rows],
        )  # fmt: skip
        return [consent_out(row, whole=client["whole"]) for row in rows]

    async def withdraw(self, actor: Actor, consent_id: UUID, data: ConsentWithdrawal) -> ConsentOut:
        """Withdraw a consent, once. Raises ConsentWithdrawn, Invalid for a day before it was given."""
        async with self._uow.begin(actor) as tx:
            client = await repository.client_of_consent(tx.connection, actor, consent_id)
            client = await self._gate.judge(actor, "client.inform", Subject("consent", consent_id), client)
            given_on = (await consents_repository.consent(tx.connection, consent_id))["given_on"]
            if data.on < given_on:
                raise Invalid.field("/body/on", "too_early", f"It was given on {given_on}", f"同意于 {given_on} 作出")
            if not await consents_repository.withdraw(tx.connection, consent_id, data.on, data.reason, actor.id):
                raise ConsentWithdrawn("This consent was withdrawn before", "该同意已撤回")
            tx.record(
                CONSENT_WITHDRAWN, Subject("client", client["id"], client["name"]), consent_id=str(consent_id),
                **data.model_dump(mode="json"),
            )  # fmt: skip
            return tx.result(
                consent_out(await consents_repository.consent(tx.connection, consent_id), whole=client["whole"])
            )

    async def _held(self, tx: Transaction, client_id: UUID) -> Row:
        client = await repository.lock(tx.connection, tx.actor, client_id)
        client = await self._gate.judge(tx.actor, "client.inform", Subject("client", client_id), client)
        require_living(client)
        return client

    async def _client(self, actor: Actor, client_id: UUID) -> Row:
        client = await repository.find(self._database, actor, client_id)
        return await self._gate.judge(actor, "client.read", Subject("client", client_id), client)


def _notice_out(row: Row) -> NoticeOut:
    lacks = [name for name in ("retention", "contact") if row[f"{name}_told"] is None]
    plain = NoticeOut.model_fields.keys() - {"lacks", "recorded_by"}
    recorder = {"id": row["created_by"], "display_name": row["recorder_name"]}
    return NoticeOut.model_validate({**{name: row[name] for name in plain}, "lacks": lacks, "recorded_by": recorder})


def consent_out(row: Row, *, whole: bool) -> ConsentOut:
    """Shape a consent for the answer."""
    plain = (
        "id", "client_id", "kind", "given_on", "given_by", "valid_until", "paper_reference", "withdrawn_on",
        "created_at",
    )  # fmt: skip
    ended = row["valid_until"] is not None and row["valid_until"] < today()
    withdrawer = row["withdrawn_by"] and {"id": row["withdrawn_by"], "display_name": row["withdrawer_name"]}
    return ConsentOut.model_validate(
        {
            **{name: row[name] for name in plain},
            "covers": {"text": row["covers"], "purposes": row["purposes"]} if whole else None,
            **{
                name: row[name] if whole else None
                for name in ("sensitive_categories", "guardian_name", "remarks", "withdrawal_reason")
            },
            "scan": copy_of(row),
            "in_force": row["withdrawn_on"] is None and not ended,
            "withdrawn_by": withdrawer,
            "recorded_by": {"id": row["created_by"], "display_name": row["recorder_name"]},
            "masked": not whole,
        }
    )
