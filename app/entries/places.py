"""The places that a dossier has for its entries: stages, slots and categories of its template."""

from uuid import UUID

from app.core.database import Connection, Database, Row
from app.core.errors import Invalid
from app.entries import repository


class Templates:
    """The templates of dossiers, each read once: what is changed of one becomes a version with an id of its own."""

    def __init__(self) -> None:
        self._known: dict[UUID, Row] = {}

    async def of(self, source: Connection | Database, template_id: UUID) -> Row:
        """Give slots, stages and categories of a dossier's template."""
        found = self._known.get(template_id)
        if found is None:
            found = self._known[template_id] = await repository.template(source, template_id)
        return found

    async def require_place(
        self, connection: Connection, template_id: UUID, stage: str | None, slot: str | None, category: str | None
    ) -> None:
        """Raise Invalid for a stage, slot or category that the dossier's template does not have."""
        if stage is None and slot is None and category is None:
            return
        template = await self.of(connection, template_id)
        slots, categories = ([item["code"] for item in template[name]] for name in ("slots", "categories"))
        for pointer, value, known in (
            ("/body/stage", stage, template["stages"]), ("/body/slot", slot, slots),
            ("/body/category", category, categories),
        ):  # fmt: skip
            if value is not None and value not in known:
                choice = ", ".join(known) or "none"
                raise Invalid.field(
                    pointer, "not_in_template", f"The dossier's template has: {choice}", f"案卷模板中可用的值:{choice}"
                )
