"""Whether what is kept is whole: the report on checks of stored files."""

from fastapi import APIRouter, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe
from app.api.answers import shown
from app.api.context import App, Caller
from app.api.examples.integrity import INTEGRITY
from app.api.straight import StraightRoute
from app.care.events import INTEGRITY_VIEWED
from app.care.schemas import IntegrityOut

router = APIRouter(prefix="/v1", tags=["integrity"], route_class=StraightRoute)


@router.get(
    "/integrity",
    response_model=IntegrityOut,
    **describe.read("integrity.read", INTEGRITY_VIEWED, ACCESS_DENIED, example=INTEGRITY),
)
async def read_integrity(request: Request, app: App, actor: Caller) -> Response:
    """Tell what checks of stored files found that is not yet mended, how much was checked, and the last runs."""
    return shown(request, await app.care.report.get(actor))
