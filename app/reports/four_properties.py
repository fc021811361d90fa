"""The report of the four-property test (四性检测报告) as a paper, for those who may see the checks of a dossier.

What stands in it is the report as it was recorded to be read; nothing is tested or decided here.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.core.actor import Actor
from app.core.clock import FIRM_ZONE, now
from app.core.database import Database
from app.dossiers.rules import in_force
from app.dossiers.schemas import DossierOut
from app.dossiers.service import DossierService
from app.filing.check_schemas import CheckReport, Property, PropertyItem, Result
from app.filing.check_service import FilingChecks
from app.reports.forms import names
from app.reports.pdf import compiled
from app.reports.press import Printed

PROPERTIES = {
    Property.AUTHENTICITY: "真实性", Property.COMPLETENESS: "完整性", Property.USABILITY: "可用性",
    Property.SECURITY: "安全性",
}  # fmt: skip
RESULTS = {Result.PASSED: "合格", Result.FAILED: "不合格", Result.NOT_APPLICABLE: "不适用"}
_UNFIT_FOR_NAMES = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_"))
# Rendering takes a processor; the rest of the service is to keep one.
_AT_ONCE = 1


@dataclass(frozen=True, slots=True)
class FourPropertyForm:
    """The report as it is printed: heading as label and value, and the items in their order."""

    firm_name: str
    number: str
    printed_at: datetime
    heading: tuple[tuple[str, str], ...]
    items: tuple[PropertyItem, ...]


class FourPropertyReport:
    """Prints reports of the four-property test."""

    def __init__(self, database: Database, checks: FilingChecks, dossiers: DossierService) -> None:
        self._database, self._checks, self._dossiers = database, checks, dossiers
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def pdf(self, actor: Actor, dossier_id: UUID, *, deep: bool) -> Printed:
        """Check a dossier and print the report; recorded once, as read in this form."""
        report = await self._checks.get(actor, dossier_id, deep=deep, form="pdf")
        dossier = await self._dossiers.heading(actor, dossier_id)
        firm_name: str = (await in_force(self._database))["firm_name"]
        form = four_property_form(firm_name, dossier, report)
        async with self._turns:
            content = await asyncio.to_thread(four_properties_pdf, form)
        return Printed(f"{report.number} 四性检测报告.pdf".translate(_UNFIT_FOR_NAMES), content)


def four_property_form(firm_name: str, dossier: DossierOut, report: CheckReport) -> FourPropertyForm:
    """Lay a report out for printing."""
    moment = report.computed_at.astimezone(FIRM_ZONE)
    return FourPropertyForm(
        firm_name=firm_name,
        number=report.number,
        printed_at=now().astimezone(FIRM_ZONE),
        heading=(
            ("案卷题名", dossier.title or dossier.cause),
            ("委托人", names(tuple(client.name for client in dossier.clients))),
            ("承办律师", dossier.lead_lawyer.display_name),
            ("检测环节", "归档环节(GD),参照 DA/T 70-2018"),
            ("检测方式", "重新读取全部存储内容" if report.deep else "未重新读取存储内容"),
            ("检测时间", f"{moment:%Y-%m-%d %H:%M}(规则第 {report.rules_version} 版)"),
        ),
        items=tuple(report.four_properties),
    )


def four_properties_pdf(form: FourPropertyForm) -> bytes:
    """Render the report: 编号、检测项目、方法、结果、说明, by property, and how many came out how."""
    groups = [
        {"name": name, "rows": [_cells(item) for item in form.items if item.property is property_]}
        for property_, name in PROPERTIES.items()
    ]
    counted = Counter(item.result for item in form.items)
    data = {
        "firm_name": form.firm_name,
        "heading": [[name, value] for name, value in form.heading if value],
        "groups": groups,
        "counted": [[word, str(counted[result])] for result, word in RESULTS.items()],
    }
    return compiled("four_properties.typ", data, form)


def _cells(item: PropertyItem) -> list[str]:
    return [item.number, item.name_zh, item.method_zh, RESULTS[item.result], item.zh]
