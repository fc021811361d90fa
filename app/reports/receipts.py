"""Printing of receipts for those who may see them: recorded once, with its form, before the paper leaves."""

import asyncio
from uuid import UUID

from app.collection.receipts import ReceiptService
from app.core.actor import Actor
from app.core.database import Database
from app.dossiers.rules import in_force
from app.dossiers.service import DossierService
from app.reports.pdf import receipt_pdf
from app.reports.press import Printed
from app.reports.receipt_form import receipt_form

_UNFIT_FOR_NAMES = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_"))
# Rendering takes a processor; the rest of the service is to keep one.
_AT_ONCE = 1


class ReceiptPapers:
    """Prints receipts."""

    def __init__(self, database: Database, receipts: ReceiptService, dossiers: DossierService) -> None:
        self._database, self._receipts, self._dossiers = database, receipts, dossiers
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def receipt(self, actor: Actor, receipt_id: UUID) -> Printed:
        """Print a receipt; the reading is recorded with its form."""
        receipt = await self._receipts.get(actor, receipt_id, "pdf")
        heading = await self._dossiers.heading(actor, receipt.dossier_id)
        firm_name: str = (await in_force(self._database))["firm_name"]
        form = receipt_form(firm_name, heading, receipt)
        async with self._turns:
            content = await asyncio.to_thread(receipt_pdf, form)
        name = f"{receipt.dossier_number} {form.title} {receipt.serial}.pdf"
        return Printed(name.translate(_UNFIT_FOR_NAMES), content)
