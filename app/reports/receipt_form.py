"""What stands on a printed receipt (材料收据、送达材料清单、材料退还清单), as plain values.

Never decides who may see a line: masked lines come without their words, and print their number and pages and nothing
else. Source of the columns: domain/rules.md 1.5 (送达材料清单).
"""

from dataclasses import dataclass
from datetime import datetime

from app.collection.places import Capacity, Direction
from app.collection.schemas import ReceiptItemOut, ReceiptOut
from app.core.clock import FIRM_ZONE, day_of, now
from app.dossiers.schemas import DossierOut
from app.entries.schemas import Original
from app.reports.forms import chinese_date, names

TITLES = {
    Direction.RECEIVED: "材料收据", Direction.HANDED_OVER: "送达材料清单", Direction.RETURNED: "材料退还清单",
}  # fmt: skip
_KINDS = {
    Original.ORIGINAL: "原件", Original.COPY: "复印件", Original.SCAN: "扫描件", Original.BORN_DIGITAL: "电子文件",
}  # fmt: skip
_CAPACITIES = {
    Capacity.CLIENT: "委托人", Capacity.COURT: "法院", Capacity.ARBITRATION: "仲裁机构",
    Capacity.AUTHORITY: "行政机关", Capacity.OPPONENT: "对方当事人", Capacity.OTHER: "其他",
}  # fmt: skip
_DAYS = {Direction.RECEIVED: "接收日期", Direction.HANDED_OVER: "送达日期", Direction.RETURNED: "退还日期"}
_SIDES = {
    Direction.RECEIVED: ("交付人", "接收人"), Direction.HANDED_OVER: ("送达人", "接收人"),
    Direction.RETURNED: ("退还人", "领取人"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ReceiptForm:
    """A receipt as it is printed; `number` is the dossier's, `printed_at` has a zone and is printed as it is."""

    firm_name: str
    number: str
    title: str
    serial: int
    heading: tuple[tuple[str, str], ...]
    lines: tuple[tuple[str, ...], ...]
    sides: tuple[tuple[str, str, str], ...]
    remarks: str | None
    cancelled: str | None
    printed_at: datetime


def receipt_form(firm_name: str, dossier: DossierOut, receipt: ReceiptOut) -> ReceiptForm:
    """Give what stands on the paper (pure but for the time of printing)."""
    cancelled = receipt.cancelled
    return ReceiptForm(
        firm_name=firm_name,
        number=receipt.dossier_number,
        title=TITLES[receipt.direction],
        serial=receipt.serial,
        heading=(
            ("案由", dossier.cause),
            ("委托人", names(tuple(client.name for client in dossier.clients))),
            ("对方", f"{receipt.counterparty.name}({_CAPACITIES[receipt.counterparty.capacity]})"),
            (_DAYS[receipt.direction], chinese_date(receipt.on)),
            ("地点", receipt.place or ""),
        ),
        lines=tuple(_cells(item) for item in receipt.items),
        sides=_sides(firm_name, receipt),
        remarks=receipt.remarks,
        cancelled=None if cancelled is None else f"{_day(cancelled.cancelled_at)}作废:{cancelled.reason}",
        printed_at=now().astimezone(FIRM_ZONE),
    )


def _cells(item: ReceiptItemOut) -> tuple[str, ...]:
    kind = "" if item.original is None else _KINDS[item.original]
    return (
        str(item.serial), item.title or "", _number(item.pages), _number(item.copies), kind, item.remarks or "",
    )  # fmt: skip


def _sides(firm_name: str, receipt: ReceiptOut) -> tuple[tuple[str, str, str], ...]:
    """Give (label, name, day) of giver and taker; a day is empty where the pen is to fill it in."""
    giver, taker = _SIDES[receipt.direction]
    signed = (
        receipt.signed_by or receipt.counterparty.name,
        "" if receipt.signed_on is None else chinese_date(receipt.signed_on),
    )
    ours = (f"{firm_name} {receipt.created_by.display_name}", "")
    if receipt.direction is Direction.RECEIVED:
        return ((giver, *signed), (taker, *ours))
    return ((giver, *ours), (taker, *signed))


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _day(moment: datetime) -> str:
    return chinese_date(day_of(moment))
