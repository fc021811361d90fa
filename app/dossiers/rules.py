"""The firm's own rules as versioned data: numbers, volumes, matter types; and drawing a number by them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from app.access.gate import Gate
from app.core.actor import Actor
from app.core.clock import now
from app.core.database import Connection, Database, Row, present
from app.core.errors import Conflict, Invalid
from app.core.etag import require_match
from app.core.pagination import Page
from app.core.schema import Input, Output, Timestamp
from app.core.sql import insert
from app.core.text import Code, Name, ShortText
from app.dossiers import repository
from app.dossiers.events import (
    FIRM_RULES_CHANGED,
    FIRM_RULES_VIEWED,
    MATTER_TYPE_CHANGED,
    MATTER_TYPES_LISTED,
)
from app.dossiers.models import FirmRules
from app.dossiers.numbering import NumberingError, NumberRule
from app.dossiers.schemas import MatterTypeName
from app.events.recorder import Recorder
from app.events.unit_of_work import UnitOfWork
from app.events.vocabulary import Subject

_RULES = "SELECT * FROM firm_rules ORDER BY version DESC LIMIT 1"
_MOST_SKIPS = 10_000


class FirmRulesIn(Input):
    """The firm's rules; all of them, for they hang together."""

    firm_name: Name = Field(description="As printed on covers and lists")
    number_rule: Annotated[str, Field(min_length=3, max_length=100, examples=["{year}-{type}-{lawyer}-{serial:04d}"])]
    sealed_number_rule: Annotated[str, Field(min_length=3, max_length=100)]
    serial_scope: Annotated[list[str], Field(max_length=3, examples=[["year", "type"]])]
    volume_page_limit: Annotated[
        int, Field(ge=1, le=10000, description="Pages of a volume (册) before the next begins")
    ]

    @field_validator("serial_scope")
    @classmethod
    def _known_scope(cls, scope: list[str]) -> list[str]:
        if unknown := set(scope) - {"year", "type", "lawyer"}:
            raise ValueError(f"the scope of the serial is made of year, type and lawyer, not {min(unknown)!r}")
        return sorted(set(scope))

    @model_validator(mode="after")
    def _rules_hold(self) -> "FirmRulesIn":
        for rule in (self.number_rule, self.sealed_number_rule):
            try:
                _number_rule(rule, self.serial_scope).check()
            except NumberingError as error:
                raise ValueError(error.en) from None
        if self.number_rule == self.sealed_number_rule:
            raise ValueError("sealed dossiers need a rule of their own, or two series would give the same numbers")
        return self


class FirmRulesOut(FirmRulesIn, Output):
    """The rules in force."""

    version: int
    changed_at: Timestamp


class MatterTypeIn(Input):
    """What the firm calls a matter type and its code in numbers."""

    number_code: Code
    label_zh: ShortText
    label_en: ShortText


class MatterTypeOut(Output):
    """A matter type; `template_name` is the name of templates that its dossiers are opened with.

    Another name comes into use with a version of it that says so (`POST /v1/templates`, `in_use`).
    """

    matter_type: MatterTypeName
    number_code: str
    label_zh: str
    label_en: str
    template_name: str


@dataclass(frozen=True, slots=True)
class Draw:
    """A number just drawn."""

    number: str
    series_key: str
    serial: int


async def in_force(source: Connection | Database) -> Row:
    """Give the firm's rules in force."""
    row = await source.fetchrow(_RULES)
    if row is None:
        raise RuntimeError("the migration that brings the first rules has not run")
    return row


async def draw_number(
    connection: Connection, *, matter_type: str, lawyer_code: str | None, opened_on: date, sealed: bool
) -> Draw:
    """Draw the next number by the rules in force, in the caller's transaction: unique, and without a gap.

    Raises Invalid when the rule needs a lawyer's code and the lead lawyer has none.
    """
    rules = await in_force(connection)
    rule = _number_rule(rules["sealed_number_rule"] if sealed else rules["number_rule"], rules["serial_scope"])
    code = await connection.fetchval("SELECT number_code FROM matter_types WHERE matter_type = $1", matter_type)
    if lawyer_code is None and rule.has("lawyer"):
        raise Invalid.field(
            "/body/lead_lawyer_id", "lawyer_code_missing", "The lead lawyer has no code for numbers: set lawyer_code",
            "承办律师尚无编号代码,请先设置 lawyer_code",
        )  # fmt: skip
    values = {"year": f"{opened_on.year:04d}", "type": code, "lawyer": lawyer_code or ""}
    return await draw(connection, rule, "sealed" if sealed else "ordinary", values, repository.number_taken)


def _number_rule(rule: str, scope: list[str]) -> NumberRule:
    return NumberRule(rule, frozenset({"year", "type", "lawyer"}), frozenset(scope))


async def draw(
    connection: Connection,
    rule: NumberRule,
    kind: str,
    values: Mapping[str, str],
    taken: Callable[[Connection, str], Awaitable[bool]],
) -> Draw:
    """Draw the next number of a series in the caller's transaction; nobody else draws from it until that ends.

    `kind` keeps kinds of numbers apart, `taken` tells whether the register of the kind has a number already.
    """
    series = rule.series_key(kind, values)
    for _ in range(_MOST_SKIPS):
        serial = await repository.draw_serial(connection, series)
        number = rule.render(serial, values)
        # A changed rule may run into numbers of an earlier one: those stand in the register, so nothing is skipped
        # that is not explained there.
        if not await taken(connection, number):
            return Draw(number, series, serial)
    raise Conflict("All numbers of this series are taken: change the firm's rules", "该序列号码已用尽,请修改编号规则")


class RulesService:
    """Reads and changes the firm's rules."""

    def __init__(self, database: Database, uow: UnitOfWork, recorder: Recorder, gate: Gate) -> None:
        self._database, self._uow, self._recorder, self._gate = database, uow, recorder, gate

    async def get(self, actor: Actor) -> FirmRulesOut:
        """Give the rules in force."""
        rules = _rules_out(await in_force(self._database))
        await self._recorder.read(actor, FIRM_RULES_VIEWED, Subject("firm_rules", label=str(rules.version)))
        return rules

    async def change(self, actor: Actor, data: FirmRulesIn, if_match: str | None) -> FirmRulesOut:
        """Put a new version into force; what was numbered before stays as it is."""
        await self._gate.require(actor, "firm_rules.change", Subject("firm_rules"))
        async with self._uow.begin(actor) as tx:
            await tx.connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('firm_rules', 13))")
            before = _rules_out(await in_force(tx.connection))
            require_match(if_match, before)
            moment = now()
            await insert(
                tx.connection,
                FirmRules(version=before.version + 1, changed_by=actor.id, changed_at=moment, **data.model_dump()),
            )
            after = FirmRulesOut(version=before.version + 1, changed_at=moment, **data.model_dump())
            tx.record(
                FIRM_RULES_CHANGED, Subject("firm_rules", label=str(after.version)),
                old=before.model_dump(mode="json"), new=after.model_dump(mode="json"),
            )  # fmt: skip
            return tx.result(after)

    async def matter_types(self, actor: Actor) -> Page[MatterTypeOut]:
        """Give all matter types."""
        rows = await self._database.fetch("SELECT * FROM matter_types ORDER BY matter_type")
        await self._recorder.read(actor, MATTER_TYPES_LISTED, Subject("matter_type"))
        return Page(items=[_matter_type_out(row) for row in rows])

    async def matter_type(self, actor: Actor, name: MatterTypeName) -> MatterTypeOut:
        """Give one matter type."""
        row = present(await self._database.fetchrow("SELECT * FROM matter_types WHERE matter_type = $1", name.value))
        await self._recorder.read(actor, MATTER_TYPES_LISTED, Subject("matter_type", label=name.value))
        return _matter_type_out(row)

    async def change_matter_type(
        self, actor: Actor, name: MatterTypeName, data: MatterTypeIn, if_match: str | None
    ) -> MatterTypeOut:
        """Change the code or the words of a matter type; Conflict when another has the code."""
        subject = Subject("matter_type", label=name.value)
        await self._gate.require(actor, "matter_type.change", subject)
        async with self._uow.begin(actor) as tx:
            row = present(
                await tx.connection.fetchrow("SELECT * FROM matter_types WHERE matter_type = $1 FOR UPDATE", name.value)
            )
            require_match(if_match, _matter_type_out(row))
            if await tx.connection.fetchval(
                "SELECT EXISTS (SELECT 1 FROM matter_types WHERE number_code = $1 AND matter_type <> $2)",
                data.number_code,
                name.value,
            ):
                raise Conflict("Another matter type has this code", "其他业务类别已使用该代码")
            await tx.connection.execute(
                "UPDATE matter_types SET number_code = $2, label_zh = $3, label_en = $4, updated_at = now()"
                " WHERE matter_type = $1",
                name.value, data.number_code, data.label_zh, data.label_en,
            )  # fmt: skip
            after = MatterTypeOut(matter_type=name, template_name=row["template_name"], **data.model_dump())
            tx.record(
                MATTER_TYPE_CHANGED, subject,
                old=_matter_type_out(row).model_dump(mode="json"), new=after.model_dump(mode="json"),
            )  # fmt: skip
            return tx.result(after)


def _rules_out(row: Row) -> FirmRulesOut:
    return FirmRulesOut.model_validate({name: row[name] for name in FirmRulesOut.model_fields})


def _matter_type_out(row: Row) -> MatterTypeOut:
    return MatterTypeOut.model_validate({name: row[name] for name in MatterTypeOut.model_fields})
