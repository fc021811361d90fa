"""The firm's own rules: numbers and volumes, matter types."""

from fastapi import APIRouter, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import answer, listed, shown
from app.api.context import App, Caller, Changer, IfMatch
from app.api.straight import StraightRoute
from app.core.pagination import Page
from app.dossiers.events import FIRM_RULES_CHANGED, FIRM_RULES_VIEWED, MATTER_TYPE_CHANGED, MATTER_TYPES_LISTED
from app.dossiers.rules import FirmRulesIn, FirmRulesOut, MatterTypeIn, MatterTypeOut
from app.dossiers.schemas import MatterTypeName

router = APIRouter(prefix="/v1", tags=["firm rules"], route_class=StraightRoute)


@router.get(
    "/firm-rules",
    response_model=FirmRulesOut,
    **describe.read("firm_rules.read", FIRM_RULES_VIEWED, example=examples.FIRM_RULES),
)
async def read_firm_rules(request: Request, app: App, actor: Caller) -> Response:
    """Read the rules in force."""
    return shown(request, await app.rules.get(actor))


@router.put(
    "/firm-rules",
    response_model=FirmRulesOut,
    **describe.change(
        "firm_rules.change", FIRM_RULES_CHANGED, ACCESS_DENIED,
        example=examples.FIRM_RULES, request=examples.FIRM_RULES_NEW,
    ),
)  # fmt: skip
async def change_firm_rules(app: App, actor: Changer, data: FirmRulesIn, if_match: IfMatch = None) -> Response:
    """Put new rules into force; what was numbered before stays as it is."""
    return answer(await app.rules.change(actor, data, if_match))


@router.get(
    "/matter-types",
    response_model=Page[MatterTypeOut],
    **describe.read("matter_type.read", MATTER_TYPES_LISTED, example=examples.page_of(examples.MATTER_TYPE)),
)
async def list_matter_types(request: Request, app: App, actor: Caller) -> Response:
    """List matter types (业务类别) and their codes."""
    return listed(request, await app.rules.matter_types(actor))


@router.get(
    "/matter-types/{matter_type}",
    response_model=MatterTypeOut,
    **describe.read("matter_type.read", MATTER_TYPES_LISTED, example=examples.MATTER_TYPE),
)
async def read_matter_type(request: Request, app: App, actor: Caller, matter_type: MatterTypeName) -> Response:
    """Read a matter type."""
    return shown(request, await app.rules.matter_type(actor, matter_type))


@router.put(
    "/matter-types/{matter_type}",
    response_model=MatterTypeOut,
    **describe.change(
        "matter_type.change", MATTER_TYPE_CHANGED, ACCESS_DENIED,
        example=examples.MATTER_TYPE, request=examples.MATTER_TYPE_NEW,
    ),
)  # fmt: skip
async def change_matter_type(
    app: App, actor: Changer, matter_type: MatterTypeName, data: MatterTypeIn, if_match: IfMatch = None
) -> Response:
    """Change the code or the words of a matter type."""
    return answer(await app.rules.change_matter_type(actor, matter_type, data, if_match))
