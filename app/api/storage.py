"""The store of the files' bytes, for those who keep it."""

from fastapi import APIRouter, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe
from app.api.answers import shown
from app.api.context import App, Caller
from app.api.examples.storage import STORE_LOCKS
from app.api.straight import StraightRoute
from app.reports.events import LOCKS_VIEWED
from app.reports.store_locks import StoreLocksOut

router = APIRouter(prefix="/v1/storage", tags=["storage"], route_class=StraightRoute)


@router.get(
    "/locks",
    response_model=StoreLocksOut,
    **describe.read("store_locks.read", LOCKS_VIEWED, ACCESS_DENIED, example=STORE_LOCKS),
)
async def report_store_locks(request: Request, app: App, actor: Caller) -> Response:
    """Tell whether the store keeps locked files, as the daily probe found it, with the last 30 looks."""
    return shown(request, await app.store_locks.report(actor))
