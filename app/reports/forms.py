"""What stands on the printed forms: the contents list (卷内目录) and the cover (案卷封面), as plain values.

Renderers take these and nothing else. Never decides who may see a line: whoever fills a form marks masked lines, and
they then print their serial and pages and nothing else, whatever else they hold.
Sources: domain/rules.md section 1.5 (fields of both forms), 1.6 (密卷 stamp at the right top of the cover).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

CONTENTS_COLUMNS = (
    "册号", "顺序号", "文号", "责任者", "材料名称", "形成日期", "起页", "止页", "页数", "备注",
)  # fmt: skip
Cell = str | int | date | None


@dataclass(frozen=True, slots=True)
class FormLine:
    """A line of the contents list; pages are None where they are not known."""

    serial: int
    title: str | None
    document_number: str | None = None
    responsible_party: str | None = None
    formed_on: date | None = None
    page_from: int | None = None
    page_to: int | None = None
    pages: int | None = None
    remarks: str | None = None
    masked: bool = False

    def cells(self) -> tuple[Cell, ...]:
        """Give the line's cells in the order of the columns after 册号."""
        pages = (self.page_from, self.page_to, self.pages)
        if self.masked:
            return (self.serial, None, None, None, None, *pages, None)
        texts = (self.document_number, self.responsible_party, self.title)
        return (self.serial, *texts, self.formed_on, *pages, self.remarks)


@dataclass(frozen=True, slots=True)
class FormVolume:
    """A volume (册) of the contents list and the sum of its pages."""

    volume: int
    pages: int
    lines: tuple[FormLine, ...]


@dataclass(frozen=True, slots=True)
class ContentsForm:
    """The contents list (卷内目录) as it is printed.

    `incomplete` holds titles of entries whose pages are not known; `digest` is None when lines are masked;
    `printed_at` has a zone and is printed as it is; `volume_count` is how many volumes there are, when not all are
    printed.
    """

    firm_name: str
    number: str
    cause: str
    client_names: tuple[str, ...]
    lead_lawyer: str
    volumes: tuple[FormVolume, ...]
    printed_at: datetime
    title: str | None = None
    incomplete: tuple[str, ...] = ()
    digest: str | None = None
    volume_count: int | None = None

    def rows(self) -> Iterator[tuple[Cell, ...]]:
        """Give all lines in the order of `CONTENTS_COLUMNS`."""
        for volume in self.volumes:
            for line in volume.lines:
                yield (volume.volume, *line.cells())

    def heading(self) -> tuple[tuple[str, str], ...]:
        """Give what stands above the table, as label and value."""
        return (
            ("档案号", self.number),
            ("案卷题名", self.title or ""),
            ("案由", self.cause),
            ("委托人", names(self.client_names)),
            ("承办律师", self.lead_lawyer),
        )


@dataclass(frozen=True, slots=True)
class CoverForm:
    """The cover (案卷封面) as it is printed; what is None is left as an empty line to be written by hand.

    `confidentiality` is the level's code: `sealed` prints the 密卷 stamp, `filed` that of 归档. `parties` (当事人) may
    differ from the clients (委托人), who may instruct for somebody else. `number` is drawn at opening (收案号),
    `archive_number` (档号) at filing. With `volume` it is the cover of one volume (册), and `pages` are of that volume;
    `span` is the time from its first to its last material (起止时间).
    """

    firm_name: str
    number: str
    matter_type: str
    cause: str
    client_names: tuple[str, ...]
    lead_lawyer: str
    confidentiality: str
    printed_at: datetime
    title: str | None = None
    parties: tuple[str, ...] = ()
    opposing_parties: tuple[str, ...] = ()
    contract_number: str | None = None
    opened_on: date | None = None
    closed_on: date | None = None
    court: str | None = None
    instance: str | None = None
    court_case_number: str | None = None
    result: str | None = None
    filed_on: date | None = None
    compiler: str | None = None
    volumes: int | None = None
    pages: int | None = None
    retention: str | None = None
    remarks: str | None = None
    archive_number: str | None = None
    filed: bool = False
    volume: int | None = None
    span: tuple[date, date] | None = None

    @property
    def sealed(self) -> bool:
        """Whether the dossier is a 密卷."""
        return self.confidentiality == "sealed"

    def fields(self) -> tuple[tuple[str, Cell], ...]:
        """Give all fields as label and value, in the order of the form; unknown ones are None."""
        return (
            ("案件类别", self.matter_type),
            ("合同号", self.contract_number),
            ("委托人", names(self.client_names) or None),
            ("当事人", names(self.parties) or None),
            ("对方当事人", names(self.opposing_parties) or None),
            ("案由", self.cause),
            ("案卷题名", self.title),
            ("承办律师", self.lead_lawyer),
            ("立卷人", self.compiler),
            ("收案日期", self.opened_on),
            ("结案日期", self.closed_on),
            ("起止时间", self.span and f"{chinese_date(self.span[0])}至{chinese_date(self.span[1])}"),
            ("审理法院", self.court),
            ("审级", self.instance),
            ("法院收案号", self.court_case_number),
            ("审(办)结果", self.result),
            ("归档日期", self.filed_on),
            ("保管期限", self.retention),
            ("卷内页数", self.pages),
            ("册数", self.volumes),
            ("册次", self.volume and volume_words(self.volume, self.volumes)),
            ("档案号", self.number),
            ("档号", self.archive_number),
            ("备注", self.remarks),
        )


def names(several: tuple[str, ...]) -> str:
    """Join names as Chinese forms do."""
    return "、".join(several)


def volume_words(volume: int, volumes: int | None) -> str:
    """Write which volume of how many, as forms do."""
    return f"第 {volume} 册" if volumes is None else f"第 {volume} 册(共 {volumes} 册)"


def chinese_date(day: date) -> str:
    """Write a date as forms do: 2026年3月1日."""
    return f"{day.year}年{day.month}月{day.day}日"
