"""The firm's rules of conflict checks: whether one is needed, how long it holds, and what is a conflict of which kind.

Source: domain/rules.md 5.2 (律师执业行为规范, second-hand readings; 律师法 39). `applies_to` names the constellation of
parties that the program recognises; rules that no program can see are for the person who judges (`by_person`).
"""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from app.core.schema import Input
from app.core.text import Code, Title
from app.rulebook.kinds import RuleKind


class Constellation(StrEnum):
    """Who of a new matter stands where in another, or in this one."""

    BOTH_SIDES = "both_sides"
    LAWYER_IS_PARTY = "lawyer_is_party"
    SAME_CASE_OTHER_SIDE = "same_case_other_side"
    OPPONENT_IS_CLIENT = "opponent_is_client"
    OPPONENT_WAS_CLIENT = "opponent_was_client"
    OPPONENT_WAS_CLIENT_LONG_AGO = "opponent_was_client_long_ago"
    CLIENT_IS_OPPONENT = "client_is_opponent"
    CLIENT_WAS_OPPONENT = "client_was_opponent"
    RELATED = "related"
    BY_PERSON = "by_person"


Kind = Literal["absolute", "relative"]


class ConflictRule(Input):
    """What is a conflict of interest, of which kind, and where that is written."""

    code: Code
    kind: Kind = Field(description="absolute: no consent helps; relative: with signed informed consent (知情同意书)")
    applies_to: Constellation
    matter_types: Annotated[list[Code], Field(max_length=20)] = []
    text: Title
    source: Title
    verified: bool


class ConflictRules(Input):
    """How conflicts of interest are looked for before a dossier opens."""

    mode: Literal["required", "advised", "off"] = Field(
        description="required: no dossier without a check; advised: it is marked and the check is due; off: neither"
    )
    validity_days: Annotated[
        int, Field(ge=1, le=3650, description="Days after its conclusion that a check is good for")
    ]
    within_years: Annotated[int, Field(ge=0, le=50, description="Years after a mandate in which its client is guarded")]
    rules: Annotated[list[ConflictRule], Field(max_length=100, description="Of those that apply, the first counts")]

    @model_validator(mode="after")
    def _codes_once(self) -> Self:
        if len({rule.code for rule in self.rules}) != len(self.rules):
            raise ValueError("rules has the same code twice")
        return self

    def rule_for(self, constellation: Constellation, matter_type: str) -> ConflictRule | None:
        """Give the first rule that a constellation in a matter of this type falls under."""
        for rule in self.rules:
            if rule.applies_to is constellation and (not rule.matter_types or matter_type in rule.matter_types):
                return rule
        return None


_CODE = "律师执业行为规范,关于绝对利益冲突的规定(据转载)"
_RELATIVE = "律师执业行为规范 第五十二条(据转载)"
_PRACTICE = "实务做法,无法规出处"


def _rule(code: str, kind: Kind, applies_to: Constellation, text: str, source: str, *types: str) -> ConflictRule:
    return ConflictRule(
        code=code, kind=kind, applies_to=applies_to, matter_types=list(types), text=text, source=source, verified=False
    )


_C = Constellation
# Of each constellation the first rule counts, so what is for one matter type stands before what is for all.
_RULES = [
    _rule(
        "both-sides", "absolute", _C.BOTH_SIDES,
        "同一律师事务所在同一案件中代理双方当事人", f"律师法 第三十九条;{_CODE}",
    ),
    _rule(
        "firm-is-party", "absolute", _C.LAWYER_IS_PARTY,
        "本所或本所人员为一方当事人,或与承办人有利益冲突", _CODE,
    ),
    _rule(
        "victim-and-suspect", "absolute", _C.SAME_CASE_OTHER_SIDE,
        "同一刑事案件中,同所分别代理被害人与犯罪嫌疑人、被告人(只有一家律所的县域且事先征得同意的除外)",
        _CODE, "criminal",
    ),
    _rule(
        "same-case", "absolute", _C.SAME_CASE_OTHER_SIDE,
        "民事、行政、仲裁案件中同所代理双方,或委托终止后在同一案件后续程序中代理对方", _CODE,
    ),
    _rule(
        "against-client", "relative", _C.OPPONENT_IS_CLIENT,
        "代理与本所现有服务客户对立、而该客户未就此委托本所的事务", _RELATIVE,
    ),
    _rule(
        "against-former", "relative", _C.OPPONENT_WAS_CLIENT,
        "委托关系终止后一年内,接受与原委托人有利害冲突一方的委托", _RELATIVE,
    ),
    _rule(
        "opponent-as-client", "relative", _C.CLIENT_IS_OPPONENT,
        "接受正在办理事务中对方当事人委托的其他业务", _RELATIVE,
    ),
    _rule("related-party", "relative", _C.RELATED, "一方的关联人为本所客户或其对方当事人,须由人判断", _PRACTICE),
    _rule(
        "own-or-relatives", "absolute", _C.BY_PERSON,
        "律师本人或近亲属与事务有利益冲突", f"律师法 第三十九条;{_CODE}",
    ),
    _rule("kin-represents", "absolute", _C.BY_PERSON, "律师的近亲属为对方当事人的代理人", _CODE),
    _rule("former-official", "absolute", _C.BY_PERSON, "曾以公职身份办理过该事务", _CODE),
    _rule("both-in-deal", "absolute", _C.BY_PERSON, "非诉讼业务中,除各方共同委托外,同时为各方服务", _CODE),
    _rule("kin-of-opponent", "relative", _C.BY_PERSON, "同所其他律师为对方当事人的近亲属", _RELATIVE),
    _rule("kin-of-victim", "relative", _C.BY_PERSON, "同所其他律师为刑事案件被害人的近亲属", _RELATIVE),
]  # fmt: skip

CONFLICT = RuleKind(
    "conflict", ConflictRules, "Conflict checks: when they are needed, and what is a conflict", "利益冲突审查规则",
    first=ConflictRules(mode="advised", validity_days=30, within_years=1, rules=_RULES),
    source="律师法 第二十三条、第三十九条;律师执业行为规范(据转载);有效天数为本所惯例,无法规出处", verified=False,
)  # fmt: skip
