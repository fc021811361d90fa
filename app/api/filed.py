"""What comes after filing: seals and their check, the note to file, supplements and corrections."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, Writer
from app.api.examples import filing as given
from app.api.straight import StraightRoute
from app.core.pagination import Page
from app.filing.events import (
    NOTE_ADDED,
    NOTES_LISTED,
    SEAL_CHECKED,
    SEAL_VIEWED,
    SEALS_LISTED,
    SUPPLEMENT_COMPLETED,
    SUPPLEMENT_DECIDED,
    SUPPLEMENT_PROPOSED,
    SUPPLEMENT_WITHDRAWN,
    SUPPLEMENTS_LISTED,
)
from app.filing.schemas import (
    Acceptance,
    NoteCreate,
    NoteOut,
    SealCheckOut,
    SealedContentsOut,
    SealOut,
    SupplementCreate,
    SupplementDecision,
    SupplementOut,
    SupplementWithdrawal,
)

router = APIRouter(prefix="/v1/dossiers/{dossier_id}", tags=["filed dossiers"], route_class=StraightRoute)
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get(
    "/seals",
    response_model=Page[SealOut],
    **describe.read("dossier.read", SEALS_LISTED, ACCESS_DENIED, example=examples.page_of(given.SEAL)),
)
async def list_seals(request: Request, app: App, actor: Caller, dossier_id: UUID) -> Response:
    """Give all seals of the contents list, oldest first."""
    return listed(request, await app.filing.seals.all_of(actor, dossier_id))


@router.get(
    "/seals/{version}",
    response_model=SealedContentsOut,
    **describe.read("dossier.read", SEAL_VIEWED, ACCESS_DENIED, example=given.SEALED_CONTENTS),
)
async def read_seal(request: Request, app: App, actor: Caller, dossier_id: UUID, version: Number) -> Response:
    """Give a contents list as it was sealed."""
    return shown(request, await app.filing.seals.get(actor, dossier_id, version))


@router.get(
    "/seal-check",
    response_model=SealCheckOut,
    **describe.read("seal.check", SEAL_CHECKED, ACCESS_DENIED, example=given.SEAL_CHECK, also=(409,)),
)
async def check_seal(request: Request, app: App, actor: Caller, dossier_id: UUID) -> Response:
    """Check the seal in force against its event and all records behind it."""
    return shown(request, await app.filing.seals.check(actor, dossier_id))


@router.get(
    "/note-to-file",
    response_model=Page[NoteOut],
    **describe.read("dossier.read", NOTES_LISTED, ACCESS_DENIED, example=examples.page_of(given.NOTE)),
)
async def read_note_to_file(request: Request, app: App, actor: Caller, dossier_id: UUID) -> Response:
    """Give the note to file (备考表), oldest line first."""
    return listed(request, await app.filing.notes.all_of(actor, dossier_id))


@router.post(
    "/note-to-file",
    response_model=NoteOut,
    **describe.create("note.add", NOTE_ADDED, ACCESS_DENIED, example=given.NOTE, request=given.NOTE_NEW),
)
async def add_note_to_file(app: App, actor: Writer, dossier_id: UUID, data: NoteCreate) -> Response:
    """Add a line to the note to file of a filed dossier; lines never change."""
    note, headers = await act(NoteOut, app.filing.notes.add(actor, dossier_id, data))
    return answer(note, status=201, location=f"/v1/dossiers/{dossier_id}/note-to-file", headers=headers)


@router.get(
    "/supplements",
    response_model=Page[SupplementOut],
    **describe.read("dossier.read", SUPPLEMENTS_LISTED, ACCESS_DENIED, example=examples.page_of(given.SUPPLEMENT)),
)
async def list_supplements(request: Request, app: App, actor: Caller, dossier_id: UUID) -> Response:
    """Give all supplements and corrections of a filed dossier, oldest first."""
    return listed(request, await app.filing.supplements.all_of(actor, dossier_id))


@router.post(
    "/supplements",
    response_model=SupplementOut,
    **describe.create(
        "supplement.propose", SUPPLEMENT_PROPOSED, ACCESS_DENIED,
        example=given.SUPPLEMENT, request=given.SUPPLEMENT_NEW,
    ),
)  # fmt: skip
async def propose_supplement(app: App, actor: Writer, dossier_id: UUID, data: SupplementCreate) -> Response:
    """Propose to add material to a filed dossier, or to correct lines of its sealed list."""
    supplement, headers = await act(SupplementOut, app.filing.supplements.propose(actor, dossier_id, data))
    location = f"/v1/dossiers/{dossier_id}/supplements/{supplement.serial}"
    return answer(supplement, status=201, location=location, headers=headers)


@router.get(
    "/supplements/{serial}",
    response_model=SupplementOut,
    **describe.read("dossier.read", SUPPLEMENTS_LISTED, ACCESS_DENIED, example=given.SUPPLEMENT),
)
async def read_supplement(request: Request, app: App, actor: Caller, dossier_id: UUID, serial: Number) -> Response:
    """Give one supplement or correction."""
    return shown(request, await app.filing.supplements.get(actor, dossier_id, serial))


@router.post(
    "/supplements/{serial}/decision",
    response_model=SupplementOut,
    **describe.create(
        "supplement.decide", SUPPLEMENT_DECIDED, ACCESS_DENIED,
        example=given.SUPPLEMENT, request=given.SUPPLEMENT_DECISION, success=200,
    ),
)  # fmt: skip
async def decide_supplement(
    app: App, actor: Writer, dossier_id: UUID, serial: Number, data: SupplementDecision
) -> Response:
    """Approve or refuse; a correction is sealed at once, an addition waits for its material."""
    supplement, headers = await act(SupplementOut, app.filing.supplements.decide(actor, dossier_id, serial, data))
    return answer(supplement, headers=headers)


@router.post(
    "/supplements/{serial}/acceptance",
    response_model=SupplementOut,
    **describe.create(
        "supplement.accept", SUPPLEMENT_COMPLETED, ACCESS_DENIED,
        example=given.SUPPLEMENT, request=given.ACCEPTANCE, success=200,
    ),
)  # fmt: skip
async def accept_supplement(app: App, actor: Writer, dossier_id: UUID, serial: Number, data: Acceptance) -> Response:
    """Take the material of an approved supplement into the sealed list."""
    supplement, headers = await act(SupplementOut, app.filing.supplements.accept(actor, dossier_id, serial, data))
    return answer(supplement, headers=headers)


@router.post(
    "/supplements/{serial}/withdrawal",
    response_model=SupplementOut,
    **describe.create(
        "supplement.withdraw", SUPPLEMENT_WITHDRAWN, ACCESS_DENIED,
        example=given.SUPPLEMENT, request=given.SUPPLEMENT_WITHDRAWAL, success=200,
    ),
)  # fmt: skip
async def withdraw_supplement(
    app: App, actor: Writer, dossier_id: UUID, serial: Number, data: SupplementWithdrawal
) -> Response:
    """Withdraw a supplement that nothing was put into yet."""
    supplement, headers = await act(SupplementOut, app.filing.supplements.withdraw(actor, dossier_id, serial, data))
    return answer(supplement, headers=headers)
