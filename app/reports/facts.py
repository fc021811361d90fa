"""What stands on forms beside the dossier's own data: facts that are made at closing and filing, and notes to file.

A seam: whoever keeps these facts gives a `FactSource`. Nothing is guessed here; what is None is written by hand.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

from app.core.actor import Actor
from app.core.database import Database
from app.dossiers.schemas import DossierOut
from app.reports.trade_forms import NoteLine


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of a dossier's end and care.

    `notes` and `condition` (本卷情况说明) stand on the note to file of each volume; `intake`
    and `closing` are further fields of `IntakeApprovalForm` and `ClosingReportForm` by name.
    """

    closed_on: date | None = None
    result: str | None = None
    filed_on: date | None = None
    archive_number: str | None = None
    retention: str | None = None
    compiler: str | None = None
    checker: str | None = None
    compiled_on: date | None = None
    checked_on: date | None = None
    parties: tuple[str, ...] = ()
    condition: str | None = None
    notes: tuple[NoteLine, ...] = ()
    intake: dict[str, Any] = field(default_factory=dict)
    closing: dict[str, Any] = field(default_factory=dict)


class FactSource(Protocol):
    """Knows the facts of a dossier whose heading the actor has been shown."""

    async def of(self, actor: Actor, heading: DossierOut) -> Facts:
        """Give the facts as far as they are known and the actor may see them."""
        ...


async def matter_label(database: Database, heading: DossierOut) -> str:
    """Give the firm's own word for the dossier's matter type."""
    label: str = await database.fetchval(
        "SELECT label_zh FROM matter_types WHERE matter_type = $1", heading.matter_type.value
    )
    return label
