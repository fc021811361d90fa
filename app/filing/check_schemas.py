"""Findings of the checks before filing and items of the four-property test (四性检测) as they go out."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from app.core.schema import Output, Timestamp
from app.filing.check_model import FindingCode
from app.filing.check_rules import ItemNumber


class Severity(StrEnum):
    """Whether a finding keeps the dossier from being filed."""

    BLOCKING = "blocking"
    WARNING = "warning"


class Property(StrEnum):
    """The four properties (四性): 真实性、完整性、可用性、安全性."""

    AUTHENTICITY = "authenticity"
    COMPLETENESS = "completeness"
    USABILITY = "usability"
    SECURITY = "security"


class Result(StrEnum):
    """How an item came out (合格、不合格、不适用)."""

    PASSED = "pass"
    FAILED = "fail"
    NOT_APPLICABLE = "not_applicable"


Measured = dict[str, int | str | list[str]]


class Finding(Output):
    """Something that was found, and where."""

    code: FindingCode
    severity: Severity
    entry_id: UUID | None = None
    file_id: UUID | None = None
    slot: str | None = None
    item: ItemNumber | None = Field(None, description="The failed item of the four-property test")
    en: str
    zh: str


class PropertyItem(Output):
    """An item of the four-property test (检测项目): what was looked at how, what was measured, what came out."""

    number: ItemNumber
    property: Property
    name_en: str
    name_zh: str
    method_en: str
    method_zh: str
    result: Result
    en: str = Field(description="Why it came out so")
    zh: str
    measured: Measured = Field(description="Numbers and ids behind the result; of offenders the first few")


class NotChecked(Output):
    """A check that could not be made, and why."""

    code: FindingCode
    en: str
    zh: str


class CheckReport(Output):
    """The checks of a dossier before filing (归档前检查)."""

    dossier_id: UUID
    number: str
    deep: bool = Field(description="Whether all stored bytes were read again")
    rules_version: int = Field(description="Version of the rules `filing_check` that it was checked by")
    computed_at: Timestamp
    blocking: int = Field(description="How many findings keep the dossier from being filed")
    findings: list[Finding]
    not_checked: list[NotChecked]
    four_properties: list[PropertyItem]
