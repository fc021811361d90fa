"""The firm's rules of engagements: what each matter type needs, what makes each paper complete, the special powers.

Source: domain/workflow.md 1.3; domain/rules.md 1.4 (slots 委托书 or 指定书, 聘书, 聘请法律顾问协议) and 5.1 (律师法).
"""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.core.schema import Input
from app.core.text import ShortText
from app.dossiers.schemas import MatterTypeName
from app.rulebook.kinds import RuleKind


class EngagementKind(StrEnum):
    """Papers by which a mandate comes about: 委托代理合同, 授权委托书, 指定或指派通知书, 聘书."""

    CONTRACT = "contract"
    POWER_OF_ATTORNEY = "power_of_attorney"
    APPOINTMENT = "appointment"
    RETAINER_LETTER = "retainer_letter"


class EngagementCheck(StrEnum):
    """What can be asked of an engagement; `special_powers` only where its scope is special (特别授权)."""

    CLIENT_SIGNED = "client_signed"
    FIRM_SIGNED = "firm_signed"
    DATED = "dated"
    ATTORNEYS = "attorneys"
    SCOPE = "scope"
    SPECIAL_POWERS = "special_powers"
    FEE = "fee"
    TERM = "term"
    NOT_EXPIRED = "not_expired"
    CONTRACT_NUMBER = "contract_number"
    ENTRY = "entry"
    FILE = "file"


PowerCode = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")]
Needed = Annotated[list[EngagementKind], Field(min_length=1, max_length=len(EngagementKind))]


class SpecialPower(Input):
    """An act for which the attorney needs the client's special authority (特别授权)."""

    code: PowerCode
    en: ShortText
    zh: ShortText


class EngagementRules(Input):
    """What a mandate needs to be complete; what is not named here is not asked for."""

    needs: dict[MatterTypeName, Annotated[list[Needed], Field(max_length=10)]] = Field(
        description="For each matter type: of each group one kind must be in force"
    )
    checks: dict[EngagementKind, Annotated[list[EngagementCheck], Field(max_length=len(EngagementCheck))]] = Field(
        description="For each kind: what makes it complete"
    )
    special_powers: Annotated[list[SpecialPower], Field(max_length=50)]

    @model_validator(mode="after")
    def _codes_once(self) -> Self:
        if len({power.code for power in self.special_powers}) != len(self.special_powers):
            raise ValueError("special_powers has a code twice")
        return self


def _needs() -> dict[MatterTypeName, list[list[EngagementKind]]]:
    contract, power = [EngagementKind.CONTRACT], [EngagementKind.POWER_OF_ATTORNEY]
    # Who is appointed by legal aid or by a court (指派、指定) has no contract with the client.
    instructed = [EngagementKind.CONTRACT, EngagementKind.APPOINTMENT]
    before_a_tribunal = (
        MatterTypeName.CIVIL, MatterTypeName.ADMINISTRATIVE, MatterTypeName.ARBITRATION, MatterTypeName.ENFORCEMENT,
        MatterTypeName.INTELLECTUAL_PROPERTY,
    )  # fmt: skip
    return {
        MatterTypeName.CRIMINAL: [instructed, [*power, EngagementKind.APPOINTMENT]],
        **{matter: [instructed, power] for matter in before_a_tribunal},
        MatterTypeName.NON_LITIGATION: [contract],
        MatterTypeName.CONSULTING: [contract],
        MatterTypeName.FOREIGN: [contract],
        MatterTypeName.RETAINER: [contract, [EngagementKind.RETAINER_LETTER]],
    }


def _checks() -> dict[EngagementKind, list[EngagementCheck]]:
    one = EngagementCheck
    paper = [one.DATED, one.ENTRY, one.FILE]
    return {
        EngagementKind.CONTRACT: [one.CLIENT_SIGNED, one.FIRM_SIGNED, one.FEE, one.NOT_EXPIRED, *paper],
        EngagementKind.POWER_OF_ATTORNEY: [
            one.CLIENT_SIGNED, one.ATTORNEYS, one.SCOPE, one.SPECIAL_POWERS, one.NOT_EXPIRED, *paper,
        ],
        EngagementKind.APPOINTMENT: [one.ATTORNEYS, *paper],
        EngagementKind.RETAINER_LETTER: [one.CLIENT_SIGNED, *paper],
    }  # fmt: skip


_POWERS = (
    ("admit_claims", "Admit claims", "承认诉讼请求"),
    ("change_claims", "Change claims", "变更诉讼请求"),
    ("waive_claims", "Waive claims", "放弃诉讼请求"),
    ("settle", "Settle", "进行和解"),
    ("counterclaim", "Bring a counterclaim", "提起反诉"),
    ("appeal", "Appeal", "提起上诉"),
)

ENGAGEMENT = RuleKind(
    "engagement", EngagementRules, "What engagements need to be complete, and special powers",
    "委托手续的要求与特别授权事项",
    first=EngagementRules(
        needs=_needs(),
        checks=_checks(),
        special_powers=[SpecialPower(code=code, en=en, zh=zh) for code, en, zh in _POWERS],
    ),
    source="律师法第二十五条;律师业务档案立卷归档办法(1991)第十二条;民事诉讼法关于特别授权的规定", verified=False,
)  # fmt: skip
