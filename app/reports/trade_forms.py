"""Further forms: note to file (备考表), back (卷底), intake approval (收案审批表), closing report (结案报告表).

Plain values; what is None stays an empty field for the pen. Never asks who may see what, and invents nothing: opinions
and judgements are written by the people who have them.
Source: domain/rules.md section 1.5 (fields of each form).
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar

from app.reports.forms import Cell, names, volume_words


@dataclass(frozen=True, slots=True)
class NoteLine:
    """Something that was noted of a volume (缺损、修改、补充、移出、销毁): when, what, and by whom."""

    made_on: date
    text: str
    made_by: str | None = None


@dataclass(frozen=True, slots=True)
class NoteForm:
    """The note to file (备考表) of a volume: its condition (本卷情况说明), dated notes, who compiled and checked it."""

    title: ClassVar[str] = "备考表"

    firm_name: str
    number: str
    printed_at: datetime
    volume: int
    volumes: int
    condition: str
    notes: tuple[NoteLine, ...] = ()
    compiler: str | None = None
    checker: str | None = None
    compiled_on: date | None = None
    checked_on: date | None = None

    def signs(self) -> tuple[tuple[str, Cell], ...]:
        """Give who signs, and when."""
        return (
            ("立卷人", self.compiler),
            ("检查人", self.checker),
            ("立卷时间", self.compiled_on),
            ("检查时间", self.checked_on),
        )


@dataclass(frozen=True, slots=True)
class BackForm:
    """The last sheet of a volume (卷底), where the thread is knotted and sealed."""

    title: ClassVar[str] = "卷底"

    firm_name: str
    number: str
    printed_at: datetime
    volume: int
    volumes: int
    pages: int
    bound_by: str | None = None
    bound_on: date | None = None

    def fields(self) -> tuple[tuple[str, Cell], ...]:
        """Give what stands at its foot."""
        return (
            ("档案号", self.number),
            ("册次", volume_words(self.volume, self.volumes)),
            ("卷内页数", self.pages),
            ("装订人", self.bound_by),
            ("装订日期", self.bound_on),
        )


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row of a sheet: one or two fields, and its least height in millimetres, for what is written by hand."""

    names: tuple[str, ...]
    height: float = 10


@dataclass(frozen=True, slots=True)
class IntakeApprovalForm:
    """The approval of a new matter (收案审批表)."""

    title: ClassVar[str] = "收案审批表"
    rows: ClassVar[tuple[SheetRow, ...]] = (
        SheetRow(("案件类别", "合同号")),
        SheetRow(("委托人",)),
        SheetRow(("委托人电话", "传真")),
        SheetRow(("地址",)),
        SheetRow(("当事人",)),
        SheetRow(("对方当事人",)),
        SheetRow(("案由", "收费标准"), 13),
        SheetRow(("案情简介",), 44),
        SheetRow(("承办律师意见",), 32),
        SheetRow(("主任审批意见",), 32),
        SheetRow(("承办律师", "立案日期")),
        SheetRow(("备注",), 16),
    )

    firm_name: str
    number: str
    printed_at: datetime
    matter_type: str
    client_names: tuple[str, ...]
    opposing_parties: tuple[str, ...]
    cause: str
    lead_lawyer: str
    opened_on: date | None = None
    contract_number: str | None = None
    parties: tuple[str, ...] = ()
    phone: str | None = None
    fax: str | None = None
    address: str | None = None
    fee: str | None = None
    summary: str | None = None
    opinion: str | None = None
    decision: str | None = None
    remarks: str | None = None

    def fields(self) -> tuple[tuple[str, Cell], ...]:
        """Give all fields as label and value, in the order of the form."""
        return (
            ("案件类别", self.matter_type),
            ("合同号", self.contract_number),
            ("委托人", names(self.client_names) or None),
            ("委托人电话", self.phone),
            ("传真", self.fax),
            ("地址", self.address),
            ("当事人", names(self.parties) or None),
            ("对方当事人", names(self.opposing_parties) or None),
            ("案由", self.cause),
            ("收费标准", self.fee),
            ("案情简介", self.summary),
            ("承办律师意见", self.opinion),
            ("主任审批意见", self.decision),
            ("承办律师", self.lead_lawyer),
            ("立案日期", self.opened_on),
            ("备注", self.remarks),
        )


@dataclass(frozen=True, slots=True)
class ClosingReportForm:
    """The report at the end of a matter (结案报告表); money in yuan, as text."""

    title: ClassVar[str] = "结案报告表"
    rows: ClassVar[tuple[SheetRow, ...]] = (
        SheetRow(("案件类别", "承办律师")),
        SheetRow(("委托人名称",)),
        SheetRow(("案件或项目名称",)),
        SheetRow(("结案小结",), 52),
        SheetRow(("委托人对服务质量意见",), 24),
        SheetRow(("应收业务费", "已收业务费")),
        SheetRow(("尚欠业务费", "应退业务费")),
        SheetRow(("承办律师意见",), 30),
        SheetRow(("主任审批意见",), 30),
        SheetRow(("收案日期", "结案日期")),
        SheetRow(("备注",), 16),
    )

    firm_name: str
    number: str
    printed_at: datetime
    matter_type: str
    client_names: tuple[str, ...]
    project: str
    lead_lawyer: str
    opened_on: date | None = None
    closed_on: date | None = None
    summary: str | None = None
    client_opinion: str | None = None
    fees: dict[str, str] = field(default_factory=dict)
    opinion: str | None = None
    decision: str | None = None
    remarks: str | None = None

    def fields(self) -> tuple[tuple[str, Cell], ...]:
        """Give all fields as label and value, in the order of the form."""
        return (
            ("案件类别", self.matter_type),
            ("承办律师", self.lead_lawyer),
            ("委托人名称", names(self.client_names) or None),
            ("案件或项目名称", self.project),
            ("结案小结", self.summary),
            ("委托人对服务质量意见", self.client_opinion),
            *((f"{name}业务费", self.fees.get(name)) for name in ("应收", "已收", "尚欠", "应退")),
            ("承办律师意见", self.opinion),
            ("主任审批意见", self.decision),
            ("收案日期", self.opened_on),
            ("结案日期", self.closed_on),
            ("备注", self.remarks),
        )


@dataclass(frozen=True, slots=True)
class StandIn:
    """A sheet of a reading copy that stands for pages which are not in it; an empty title tells nothing of them."""

    range: str
    reason: str
    title: str = ""


Sheet = IntakeApprovalForm | ClosingReportForm
