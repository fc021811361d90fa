"""Templates: what a dossier of a matter type holds, in order, and the stages it passes; versions that the firm adds.

A version is never changed and never taken away: dossiers keep the one that they were opened with.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import Field, field_validator

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Database, Row, present
from app.core.ids import new_id
from app.core.pagination import Cursors, Page, PageRequest, SortKey
from app.core.schema import Input, Output, Timestamp
from app.core.sql import Where, insert
from app.core.text import Name, Reason, ShortText, Title
from app.dossiers import repository
from app.dossiers.categories import LABELS, Category
from app.dossiers.events import TEMPLATE_CREATED, TEMPLATE_VIEWED, TEMPLATES_LISTED
from app.dossiers.models import Template
from app.dossiers.schemas import MatterTypeName
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject

_MOST_SLOTS, _MOST_STAGES = 60, 30
# The newest version of a name comes first.
_ORDER = (
    SortKey("t.matter_type", "matter_type", str),
    SortKey("t.name", "name", str),
    SortKey("t.version", "version", int, descending=True),
)


class SlotIn(Input):
    """A place in the order of a volume."""

    code: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,19}$", examples=["ms-01"])]
    label: Name
    required: bool


class CategoryIn(Input):
    """A class of material that the template has, and what the firm calls it."""

    code: Category
    label: Name


def _every_category() -> list[CategoryIn]:
    return [CategoryIn(code=code, label=label) for code, label in LABELS.items()]


class TemplateCreate(Input):
    """The next version of a template; `name` tells variants of a matter type apart."""

    matter_type: MatterTypeName
    name: ShortText = Field(description="`statutory`, or the firm's name for a variant", examples=["statutory"])
    slots: Annotated[list[SlotIn], Field(min_length=1, max_length=_MOST_SLOTS, description="In their order")]
    stages: Annotated[list[ShortText], Field(max_length=_MOST_STAGES, description="In their order")]
    categories: Annotated[list[CategoryIn], Field(min_length=1, description="In their order; all when left out")] = (
        Field(default_factory=_every_category)
    )
    source: Title = Field(description="The rule or model that the order follows")
    verified: bool = Field(description="Whether the source was read in full")
    in_use: bool = Field(
        False,
        description="Open dossiers of the matter type with this name from now on. A new version of the name that is in"
        " use already is in use whatever this says",
    )

    @field_validator("slots")
    @classmethod
    def _codes_differ(cls, slots: list[SlotIn]) -> list[SlotIn]:
        _require_different((slot.code for slot in slots), "slot code")
        return slots

    @field_validator("stages")
    @classmethod
    def _stages_differ(cls, stages: list[str]) -> list[str]:
        _require_different(stages, "stage")
        return stages

    @field_validator("categories")
    @classmethod
    def _categories_differ(cls, categories: list[CategoryIn]) -> list[CategoryIn]:
        _require_different((category.code.value for category in categories), "category")
        return categories


def _require_different(values: Iterable[str], what: str) -> None:
    known = set[str]()
    for value in values:
        if value in known:
            raise ValueError(f"the {what} {value!r} stands here twice")
        known.add(value)


class TemplateChoice(Input):
    """Which template a dossier follows from now on, and why."""

    template_id: UUID
    reason: Reason


class Slot(Output):
    """A place in the order of a volume."""

    code: str
    label: str
    required: bool


class CategoryOut(Output):
    """A class of material of the template, as the firm calls it."""

    code: Category
    label: str


class TemplateOut(Output):
    """The order of material, the stages and the classes of material of a matter type.

    `verified` when its source was read in full, `in_use` when new dossiers of the matter type are opened with it.
    """

    id: UUID
    matter_type: MatterTypeName
    name: str
    version: int
    slots: list[Slot]
    stages: list[str]
    categories: list[CategoryOut]
    source: str
    verified: bool
    in_use: bool
    created_at: Timestamp


@dataclass(frozen=True, slots=True)
class TemplateFilter:
    """What a list of templates is narrowed to; only the newest version of each name unless all are asked for."""

    matter_type: MatterTypeName | None = None
    name: str | None = None
    all_versions: bool = False


class TemplateService:
    """Reads templates and adds versions of them."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate, cursors: Cursors) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate
        self._cursors = cursors

    async def create(self, actor: Actor, data: TemplateCreate) -> TemplateOut:
        """Add the next version of a name; with `in_use` new dossiers are opened with that name from now on."""
        await self._gate.require(actor, "template.create", Subject("template", label=data.name))
        async with self._uow.begin(actor) as tx:
            # Held until the end, so that two at once get two versions.
            before = await repository.lock_template_name(tx.connection, data.matter_type)
            template_id = new_id()
            await insert(
                tx.connection,
                Template(
                    id=template_id, matter_type=data.matter_type.value, name=data.name, created_at=now(),
                    version=await repository.next_template_version(tx.connection, data.matter_type, data.name),
                    slots=[slot.model_dump() for slot in data.slots],
                    categories=[category.model_dump(mode="json") for category in data.categories],
                    **data.model_dump(include={"stages", "source", "verified"}),
                ),
            )  # fmt: skip
            name_in_use = data.name if data.in_use else before
            if name_in_use != before:
                await repository.use_template_name(tx.connection, data.matter_type, name_in_use)
            out = template_out(present(await repository.template(tx.connection, template_id)))
            tx.record(
                TEMPLATE_CREATED, subject_of_template(out), new=out.model_dump(mode="json"), in_use=out.in_use,
                name_in_use=[before, name_in_use],
            )  # fmt: skip
            return tx.result(out)

    async def get(self, actor: Actor, template_id: UUID) -> TemplateOut:
        """Give one version of a template."""
        row = await repository.template(self._database, template_id)
        out = template_out(await self._gate.judge(actor, "template.read", Subject("template", template_id), row))
        await self._recorder.read(actor, TEMPLATE_VIEWED, subject_of_template(out))
        return out

    async def page(self, actor: Actor, filter_: TemplateFilter, page: PageRequest) -> Page[TemplateOut]:
        """List templates by matter type and name, the newest version of a name first."""
        where = Where()
        where.optional("t.matter_type = {}", filter_.matter_type)
        where.optional("t.name = {}", filter_.name)
        if not filter_.all_versions:
            where.conditions.append(repository.NEWEST_TEMPLATE)
        order = page.apply(self._cursors, where, _ORDER)
        rows, cursor = page.page_of(self._cursors, await repository.templates(self._database, where, order), _ORDER)
        await self._recorder.read(
            actor, TEMPLATES_LISTED, Subject("template"),
            filter={"matter_type": filter_.matter_type, "name": filter_.name, "all_versions": filter_.all_versions},
        )  # fmt: skip
        return Page(items=[template_out(row) for row in rows], next=cursor)


def subject_of_template(out: TemplateOut) -> Subject:
    """Give the subject of an event about this version."""
    return Subject("template", out.id, f"{out.matter_type}/{out.name}/{out.version}")


def template_out(row: Row) -> TemplateOut:
    """Shape a template for the answer."""
    return TemplateOut.model_validate(dict(row))
