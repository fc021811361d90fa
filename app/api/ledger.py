"""The ledger as C2SP tlog-tiles serves it, so that tools of others can check it."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from app.access.events import ACCESS_DENIED
from app.api import describe
from app.api.context import App, Caller
from app.api.examples.prints import BINARY
from app.api.straight import StraightRoute
from app.reports.events import LEDGER_READ

router = APIRouter(prefix="/v1/ledger", tags=["ledger"], route_class=StraightRoute)

_TEXT, _BYTES = "text/plain; charset=utf-8", "application/octet-stream"
_CHECKPOINT = (
    "records.firm.example/ledger\n1\nXm7oNY2fD8cxrHlfRqUtqhNt0jR8Z9yRkFN0bCL4FGo=\n\n"
    "— records.firm.example/ledger x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngot\n"
)
_VERIFIER = "records.firm.example/ledger+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n"
_HASHES = "fBjWQ3EKr1hNYQQMBSmC5bE1DpXOTCq2kuh20lyLGb8=\nfYJiwLr9nE0UNF4ZcL4o5RSM2kvoJ8Ej/cLVyi6Tz6I=\n"


def _described(what: str, content: dict[str, Any], also: tuple[int, ...] = ()) -> dict[str, Any]:
    described = describe.paper("ledger.read", LEDGER_READ, ACCESS_DENIED, content=content, also=also, what=what)
    return {**described, "response_class": Response}


def _text(example: str) -> dict[str, Any]:
    return {"text/plain": {"schema": {"type": "string"}, "example": example}}


def _answer(content: bytes | str, media_type: str) -> Response:
    return Response(content, media_type=media_type, headers={"Cache-Control": "private, no-store"})


@router.get("/checkpoint", **_described("The checkpoint", _text(_CHECKPOINT)))
async def read_checkpoint(app: App, actor: Caller) -> Response:
    """Give the newest checkpoint: a signed note (C2SP tlog-checkpoint)."""
    return _answer(await app.ledger.checkpoint(actor), _TEXT)


@router.get("/witnessed", **_described("The cosigned checkpoint", _text(_CHECKPOINT)))
async def read_witnessed(app: App, actor: Caller) -> Response:
    """Give the newest checkpoint that a witness has cosigned; under load it is some seconds behind the newest."""
    return _answer(await app.ledger.witnessed(actor), _TEXT)


@router.get("/key", **_described("The keys", _text(_VERIFIER)))
async def read_ledger_key(app: App, actor: Caller) -> Response:
    """Give the verifier keys of the ledger, one a line, the newest first; keep a copy somewhere else."""
    return _answer(await app.ledger.key(actor), _TEXT)


@router.get("/consistency", **_described("The hashes, one a line", _text(_HASHES), also=(400,)))
async def prove_consistency(
    app: App,
    actor: Caller,
    old: Annotated[int, Query(alias="from", description="Size of the older tree", examples=[7])],
    new: Annotated[
        int | None, Query(alias="to", description="Size of the newer tree; the published one by default")
    ] = None,
) -> Response:
    """Prove that the tree of one checkpoint is the beginning of another's (RFC 6962): hashes in base64, one a line."""
    return _answer(await app.ledger.consistency(actor, old, new), _TEXT)


@router.get("/tile/{path:path}", **_described("The tile", {_BYTES: BINARY}, also=(400,)))
async def read_tile(
    app: App,
    actor: Caller,
    path: Annotated[str, Path(max_length=100, examples=["0/000"], description="`<L>/<N>[.p/<W>]` or `entries/<N>…`")],
) -> Response:
    """Give a tile of hashes, or a bundle of entries (C2SP tlog-tiles)."""
    return _answer(await app.ledger.tile(actor, f"tile/{path}"), _BYTES)
