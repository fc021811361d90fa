"""The firm's rules of filing: deadlines, the archive number (档号), retention classes (保管期限).

Sources: domain/rules.md 1.7 (three months after closing; stricter firms and legal aid less), 2.2 (terms), 3.1
(elements of the number, DA/T 13-2022: set once, never changed), 4 (a series for sealed dossiers; the year of closing).
"""

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from app.core.schema import Input
from app.core.text import Code, ShortText
from app.dossiers.numbering import NumberingError, NumberRule
from app.rulebook.kinds import RuleKind

_SCOPE = frozenset({"year", "decade", "type", "retention"})


class RetentionClass(Input):
    """A class of retention: its code in archive numbers, its words, its years; without years: for ever (永久)."""

    code: Code
    label: ShortText
    years: Annotated[int, Field(ge=1, le=200)] | None = None


class FilingRules(Input):
    """By when a closed matter is handed in, when that is called to mind, and what its archive number is made of."""

    deadline_months: Annotated[int, Field(ge=0, le=120, description="Calendar months after the day of closing")]
    deadline_days: Annotated[int, Field(ge=0, le=366, description="Days on top of the months")]
    reminder_days: Annotated[
        list[Annotated[int, Field(ge=0, le=366)]],
        Field(max_length=10, description="Days before the deadline on which it is called to mind"),
    ]
    retention_classes: Annotated[list[RetentionClass], Field(min_length=1, max_length=20)]
    archive_number_rule: Annotated[
        str, Field(min_length=3, max_length=100, examples=["{year}-{type}-{retention}-{serial:04d}"])
    ]
    sealed_archive_number_rule: Annotated[str, Field(min_length=3, max_length=100)]
    archive_serial_scope: Annotated[list[str], Field(max_length=4, examples=[["retention", "type", "year"]])]

    @field_validator("retention_classes")
    @classmethod
    def _codes_differ(cls, classes: list[RetentionClass]) -> list[RetentionClass]:
        if len({one.code for one in classes}) != len(classes):
            raise ValueError("two retention classes have the same code")
        return classes

    @field_validator("archive_serial_scope")
    @classmethod
    def _known_scope(cls, scope: list[str]) -> list[str]:
        if unknown := set(scope) - _SCOPE:
            raise ValueError(
                f"the scope of the serial is made of year, decade, type and retention, not {min(unknown)!r}"
            )
        return sorted(set(scope))

    @model_validator(mode="after")
    def _numbers_differ(self) -> Self:
        for rule in (self.archive_number_rule, self.sealed_archive_number_rule):
            try:
                self.numbers(rule).check()
            except NumberingError as error:
                raise ValueError(error.en) from None
        if self.archive_number_rule == self.sealed_archive_number_rule:
            raise ValueError("sealed dossiers need a rule of their own, or two series would give the same numbers")
        return self

    def numbers(self, rule: str) -> NumberRule:
        """Give a rule for archive numbers with its fields and the scope of its serial."""
        return NumberRule(rule, frozenset({"year", "type", "retention"}), frozenset(self.archive_serial_scope))


FILING = RuleKind(
    "filing", FilingRules, "Deadline of filing, archive number and retention classes", "归档期限、档号与保管期限",
    first=FilingRules(
        deadline_months=3, deadline_days=0, reminder_days=[30, 7, 0],
        retention_classes=[
            RetentionClass(code="Y", label="永久", years=None),
            RetentionClass(code="D30", label="长期(30年)", years=30),
            RetentionClass(code="D10", label="短期(10年)", years=10),
        ],
        archive_number_rule="{year}-{type}-{retention}-{serial:04d}",
        sealed_archive_number_rule="{year}-{type}-{retention}-M{serial:04d}",
        archive_serial_scope=["retention", "type", "year"],
    ),
    source="律师业务档案立卷归档办法(1991),办结后三个月内;保管期限代码参照 DA/T 13-2022", verified=False,
)  # fmt: skip
