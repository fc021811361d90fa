"""E-mail (.eml): kept byte for byte as the file of a correspondence entry, its attachments as entries beside it.

All in one act or nothing. A message that can't be read in full is kept as a file and not opened, and the answer says
so. Names and texts of the sender are cleaned before they become titles; the bytes stay as they came.
Source: domain/workflow.md 2 (函件、邮件).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from mimetypes import guess_extension
from typing import Literal
from uuid import UUID

from pydantic import Field

from app.auth.roles import Level
from app.collection import repository
from app.collection.events import MAIL_OPENED
from app.collection.mail_reader import Heads, MailReader, OpenedMail, PartTold, Problem, Told
from app.collection.models import Mail, MailAttachment
from app.core.actor import Actor
from app.core.clock import day_of
from app.core.errors import AppError
from app.core.idempotency import Replay
from app.core.schema import Output, Timestamp
from app.core.sql import insert
from app.core.text import UNNAMED, check_file_name, readable
from app.entries.files import FileService, Stored, with_body
from app.entries.schemas import Category, DocumentOut, EntryCreate, Original
from app.events.unit_of_work import Transaction, UnitOfWork
from app.events.vocabulary import Subject
from app.storage.intake import Incoming

TYPE = "message/rfc822"
_TITLE, _PARTY, _REMARKS, _NAME = 500, 200, 4000, 255
_QUOTES = re.compile(r'"([^"]*)"')


class LeftInMail(Output):
    """A part that stays in the message only: a picture within the text, a signature, another form of the text."""

    name: str | None
    why: Literal["inline_image", "signature", "alternative"]


class MailOut(Output):
    """A mail and the entries that were made of it; `duplicate_of` names entries that hold a mail of this Message-ID."""

    mail: DocumentOut
    message_id: str | None
    sent_at: Timestamp | None
    attachments: list[DocumentOut]
    left_in_mail: list[LeftInMail]
    problem: Problem | None = Field(description="Why the message was not opened, only kept")
    duplicate_of: list[UUID]


@dataclass(frozen=True, slots=True)
class MailOptions:
    """What a person says of a mail that he files."""

    attachment_category: Category = Category.CORRESPONDENCE
    confidentiality: Level | None = None


class MailService:
    """Files mail."""

    def __init__(self, uow: UnitOfWork, files: FileService, reader: MailReader, limit: int) -> None:
        self._uow, self._files, self._reader, self._limit = uow, files, reader, limit

    async def take(self, actor: Actor, dossier_id: UUID, incoming: Incoming, options: MailOptions) -> MailOut:
        """Keep a message and open it into entries; returned means safe, raised means that nothing was kept."""
        incoming = replace(incoming, declared_type=TYPE)
        stored = [await self._files.store(actor, dossier_id, incoming, self._limit)]
        actor = with_body(actor, stored[0], b"")
        try:
            source, size = self._files.read_back(stored[0]), stored[0].received.size
            async with self._reader.open(source, size) as opened:
                await self._store_parts(actor, dossier_id, opened, stored)
            async with self._uow.begin(actor) as tx:
                return tx.result(await self._keep(tx, dossier_id, opened.told, stored, options))
        except (AppError, Replay) as error:
            await self._files.forget(stored, error)
            raise

    async def _store_parts(self, actor: Actor, dossier_id: UUID, opened: OpenedMail, stored: list[Stored]) -> None:
        for number, part in enumerate(opened.told.parts, start=1):
            name = file_name(part, number)
            incoming = Incoming(opened.chunks(part), name, part.type, part.size)
            stored.append(await self._files.store(actor, dossier_id, incoming))

    async def _keep(
        self, tx: Transaction, dossier_id: UUID, told: Told, stored: Sequence[Stored], options: MailOptions
    ) -> MailOut:
        heads, level = told.heads, options.confidentiality
        message_id = _line(heads.message_id, 998) or None
        same = [] if message_id is None else await repository.same_mail(tx.connection, tx.actor, dossier_id, message_id)
        sent_at, day = _sent(heads)
        message = _named(stored[0], heads)
        entry = mail_entry(heads, message.received.original_name, day, level)
        mail = await self._files.document_within(tx, dossier_id, entry, message)
        row = Mail(
            entry_id=mail.entry.id, dossier_id=dossier_id, message_id=message_id, sent_at=sent_at,
            problem=told.problem,
        )  # fmt: skip
        await insert(tx.connection, row)
        attachments = list[DocumentOut]()
        for number, part in enumerate(stored[1:], start=1):
            made = attachment_entry(part.received.original_name, entry, f"{number}/{len(stored) - 1}", options)
            attachments.append(await self._files.document_within(tx, dossier_id, made, part))
        await insert(
            tx.connection,
            *(
                MailAttachment(entry_id=made.entry.id, mail_entry_id=mail.entry.id, position=number)
                for number, made in enumerate(attachments, start=1)
            ),
        )
        left = [LeftInMail(name=_line(part.name, _NAME) or None, why=part.why) for part in told.left]
        subject = Subject("entry", mail.entry.id, entry.title, dossier_id, mail.entry.id)
        tx.record(
            MAIL_OPENED, subject, message_id=message_id, problem=told.problem, left_in_mail=len(left),
            attachments=[str(made.entry.id) for made in attachments],
        )  # fmt: skip
        return MailOut(
            mail=mail, message_id=message_id, sent_at=sent_at, attachments=attachments, left_in_mail=left,
            problem=told.problem, duplicate_of=same,
        )  # fmt: skip


def mail_entry(heads: Heads, name: str, formed_on: date | None, level: Level | None) -> EntryCreate:
    """Give the entry of a message (pure); `name` is that of its file, for one without a subject."""
    to = [f"{label}:{_people(value)}" for label, value in (("收件人", heads.to), ("抄送", heads.cc)) if value]
    return EntryCreate(
        title=_line(heads.subject, _TITLE) or _line(name, _TITLE), category=Category.CORRESPONDENCE,
        responsible_party=_people(heads.sender)[:_PARTY].strip() or None, formed_on=formed_on,
        original=Original.BORN_DIGITAL, confidentiality=level, remarks="\n".join(to)[:_REMARKS] or None,
    )  # fmt: skip


def attachment_entry(name: str, mail: EntryCreate, place: str, options: MailOptions) -> EntryCreate:
    """Give the entry of an attachment (pure); when it was formed is not known from the mail."""
    return EntryCreate(
        title=name, category=options.attachment_category, original=Original.BORN_DIGITAL,
        confidentiality=options.confidentiality, remarks=f"邮件《{mail.title}》的附件 {place}",
    )  # fmt: skip


def file_name(part: PartTold, number: int) -> str:
    """Give the name of an attachment as it may stand in a file system: the last piece of a path, cut at its stem."""
    last = re.split(r"[/\\]", readable(part.name or ""))[-1].strip()
    stem, dot, extension = last.rpartition(".")
    if part.type == TYPE and extension.lower() != "eml":
        last = f"{last or f'附件{number}'}.eml"
    elif not (stem if dot else last).strip(". "):
        guessed = f".{extension}" if extension.isalnum() else guess_extension(part.type) or ".bin"
        last = f"附件{number}{guessed}"
    if len(last) > _NAME:
        stem, dot, extension = last.rpartition(".")
        end = f"{dot}{extension}"[:20]
        last = (stem or last)[: _NAME - len(end)] + end
    return check_file_name(last)


def _sent(heads: Heads) -> tuple[datetime | None, date | None]:
    """Give when a message says it was sent, and the calendar date of that at the firm."""
    try:
        moment = datetime.fromisoformat(heads.sent_at or "")
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment, day_of(moment)
    except (ValueError, OverflowError):
        return None, None


def _named(stored: Stored, heads: Heads) -> Stored:
    """Call a message that came without a name of its own by its subject."""
    if stored.received.original_name != UNNAMED:
        return stored
    subject = re.sub(r"[/\\]", "_", _line(heads.subject, _TITLE)) or "无主题邮件"
    name = file_name(PartTold(name=f"{subject}.eml", type=TYPE, size=0), 0)
    return replace(stored, received=replace(stored.received, original_name=name))


def _line(value: str | None, length: int) -> str:
    return readable(value or "")[:length].strip()


def _people(value: str | None) -> str:
    return _QUOTES.sub(r"\1", readable(value or ""))
