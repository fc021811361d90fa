"""E-mail into a dossier: one message as body, its entries as answer."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.access.events import ACCESS_DENIED
from app.api import describe
from app.api.answers import act, answer
from app.api.context import App, Uploader
from app.api.examples.collection import MAIL
from app.api.straight import StraightRoute
from app.api.transfer import form_of, incoming_of, incoming_part, is_form, part_named
from app.auth.roles import Level
from app.collection.events import MAIL_OPENED
from app.collection.mail import MailOptions, MailOut
from app.core.errors import UnsupportedMediaType
from app.entries.events import ENTRY_CREATED, FILE_ADDED, FILE_REJECTED
from app.entries.schemas import Category
from app.storage.intake import Incoming

router = APIRouter(prefix="/v1", tags=["collection"], route_class=StraightRoute)

_TAKEN = frozenset({"", "message/rfc822", "application/octet-stream"})


class MailQuery(BaseModel):
    """What is said of a mail that is filed."""

    model_config = ConfigDict(extra="forbid")

    attachment_category: Annotated[Category, Field(description="Category of the attachments' entries")] = (
        Category.CORRESPONDENCE
    )
    confidentiality: Annotated[Level | None, Field(description="Level of all entries, where above the dossier's")] = (
        None
    )


def _described() -> dict[str, Any]:
    described = describe.upload(
        "entry.create", MAIL_OPENED, ENTRY_CREATED, FILE_ADDED, FILE_REJECTED, ACCESS_DENIED, example=MAIL, form={}
    )
    content = described["openapi_extra"]["requestBody"]["content"]
    content["message/rfc822"] = content.pop("application/octet-stream")
    return described


async def _incoming(request: Request) -> Incoming:
    if is_form(request):
        return incoming_part(await part_named(await form_of(request), "file"))
    essence = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if essence not in _TAKEN:
        raise UnsupportedMediaType(
            "Send a message as message/rfc822, or as a form", "请以 message/rfc822 或表单发送邮件"
        )
    return incoming_of(request)


@router.post("/dossiers/{dossier_id}/mail", response_model=MailOut, **_described())
async def file_mail(
    request: Request, app: App, actor: Uploader, dossier_id: UUID, query: Annotated[MailQuery, Query()]
) -> Response:
    """File an e-mail: the message as the file of a correspondence entry, each attachment as an entry with its file.

    The body is the message as it is, or one part `file` of a form. What can't be read in full is kept and not opened:
    `problem` says why. A mail that is in the dossier already is named in `duplicate_of`; what follows is a person's
    decision.
    """
    options = MailOptions(query.attachment_category, query.confidentiality)
    filed, headers = await act(MailOut, app.collection.mail.take(actor, dossier_id, await _incoming(request), options))
    return answer(filed, status=201, location=f"/v1/entries/{filed.mail.entry.id}", headers=headers)
