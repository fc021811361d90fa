"""Templates: what dossiers of a matter type hold; which one a dossier follows, and what it lacks of it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from app.access.events import ACCESS_DENIED
from app.api import describe, examples
from app.api.answers import act, answer, listed, shown
from app.api.context import App, Caller, ListQuery, Writer, page_request
from app.api.straight import StraightRoute
from app.core.pagination import Page
from app.core.text import ShortText
from app.dossiers.events import DOSSIER_TEMPLATE_CHANGED, TEMPLATE_CREATED, TEMPLATE_VIEWED, TEMPLATES_LISTED
from app.dossiers.schemas import DossierOut, MatterTypeName
from app.dossiers.templates import TemplateChoice, TemplateCreate, TemplateFilter, TemplateOut
from app.entries.completeness import CompletenessOut
from app.entries.events import COMPLETENESS_VIEWED

router = APIRouter(prefix="/v1", tags=["templates"], route_class=StraightRoute)


class TemplateQuery(ListQuery):
    """Narrows the list of templates."""

    matter_type: MatterTypeName | None = None
    name: Annotated[ShortText | None, Field(description="The exact name")] = None
    all_versions: Annotated[bool, Field(description="Earlier versions too, not only the newest of each name")] = False


@router.post(
    "/templates",
    response_model=TemplateOut,
    **describe.create(
        "template.create", TEMPLATE_CREATED, ACCESS_DENIED, example=examples.TEMPLATE, request=examples.TEMPLATE_NEW
    ),
)
async def create_template(app: App, actor: Writer, data: TemplateCreate) -> Response:
    """Add the next version of a template; earlier versions and the dossiers that follow them stay as they are."""
    template, headers = await act(TemplateOut, app.templates.create(actor, data))
    return answer(template, status=201, location=f"/v1/templates/{template.id}", headers=headers)


@router.get(
    "/templates",
    response_model=Page[TemplateOut],
    **describe.read("template.read", TEMPLATES_LISTED, example=examples.page_of(examples.TEMPLATE), also=(400,)),
)
async def list_templates(
    request: Request, app: App, actor: Caller, query: Annotated[TemplateQuery, Query()]
) -> Response:
    """List the newest version of each template, or all versions: slots in their order, and stages."""
    filter_ = TemplateFilter(matter_type=query.matter_type, name=query.name, all_versions=query.all_versions)
    return listed(request, await app.templates.page(actor, filter_, page_request(request, actor, query)))


@router.get(
    "/templates/{template_id}",
    response_model=TemplateOut,
    **describe.read("template.read", TEMPLATE_VIEWED, ACCESS_DENIED, example=examples.TEMPLATE),
)
async def read_template(request: Request, app: App, actor: Caller, template_id: UUID) -> Response:
    """Read one version of a template."""
    return shown(request, await app.templates.get(actor, template_id))


@router.post(
    "/dossiers/{dossier_id}/template",
    response_model=DossierOut,
    **describe.create(
        "dossier.change", DOSSIER_TEMPLATE_CHANGED, ACCESS_DENIED,
        example=examples.DOSSIER, request=examples.TEMPLATE_CHOICE, success=200,
    ),
)  # fmt: skip
async def change_dossier_template(app: App, actor: Writer, dossier_id: UUID, data: TemplateChoice) -> Response:
    """Let a dossier follow another template of its matter type; its entries keep their slots and stages."""
    dossier, headers = await act(DossierOut, app.dossier_changes.change_template(actor, dossier_id, data))
    return answer(dossier, headers=headers)


@router.get(
    "/dossiers/{dossier_id}/completeness",
    response_model=CompletenessOut,
    **describe.read("dossier.read", COMPLETENESS_VIEWED, ACCESS_DENIED, example=examples.COMPLETENESS),
)
async def read_completeness(request: Request, app: App, actor: Caller, dossier_id: UUID) -> Response:
    """Tell which slots of its template a dossier lacks, as far as one sees its entries."""
    return shown(request, await app.completeness.get(actor, dossier_id))
