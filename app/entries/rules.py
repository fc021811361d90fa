"""The firm's rules of review and physical preparation: why material is kept out, what is alike, what is done to paper.

Sources: domain/rules.md 1.2 (Art. 9, read in full), 1.6 (binding and media), domain/workflow.md section 3. What is no
article of law is marked as custom; thresholds are proposals that a firm sets for itself.
"""

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field, model_validator

from app.core.schema import Input
from app.core.text import ShortText, Title
from app.rulebook.kinds import RuleKind

# The one reason that the service itself gives: material that stands behind its successor.
SUPERSEDED = "superseded"
RuleCode = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,39}$", examples=["duplicate"])]


class CodedRule(Input):
    """A word of the firm's own list: its code for programs, its label for people, and where it comes from."""

    code: RuleCode
    label: Title
    source: Title
    verified: bool = Field(description="Whether the source was read in full")


class DuplicateRules(Input):
    """When two kept entries are proposed as duplicates; the same bytes always are."""

    similarity: Annotated[int, Field(ge=50, le=100, description="Of two titles, 100 for equal ones, from which on")]
    days: Annotated[int, Field(ge=0, le=3660, description="Most days between their dates of forming")]
    numbers_count: bool = Field(description="Titles with different numbers (证据一, 证据二) are never alike")
    ignored: Annotated[
        list[ShortText], Field(max_length=50, description="Words without weight in a title", examples=[["复印件"]])
    ]


class ReviewRules(Input):
    """Reasons to keep material out, and what is proposed as a duplicate."""

    exclusions: Annotated[list[CodedRule], Field(min_length=1, max_length=60)]
    duplicates: DuplicateRules

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _require_different(self.exclusions)
        if SUPERSEDED not in {reason.code for reason in self.exclusions}:
            raise ValueError(f"the reason {SUPERSEDED!r} must stay: supersession is recorded under it")
        return self


class PreparationRules(Input):
    """What is done to paper before it is bound."""

    acts: Annotated[list[CodedRule], Field(min_length=1, max_length=60)]

    @model_validator(mode="after")
    def _fits(self) -> Self:
        _require_different(self.acts)
        return self


def _require_different(rules: Iterable[CodedRule]) -> None:
    known = set[str]()
    for rule in rules:
        if rule.code in known:
            raise ValueError(f"the code {rule.code!r} stands here twice")
        known.add(rule.code)


def _all(source: str, labels: dict[str, str], *, verified: bool) -> list[CodedRule]:
    return [CodedRule(code=code, label=label, source=source, verified=verified) for code, label in labels.items()]


REVIEW = RuleKind(
    "review", ReviewRules, "Reasons to keep material out; what is proposed as a duplicate", "不归档事由与重复材料判定",
    first=ReviewRules(
        exclusions=[
            *_all(
                "律师业务档案立卷归档办法(1991)第九条",
                {
                    "enquiry_before_engagement": "委托前询问如何委托的信函、电报、电话记录及复函",
                    "envelope": "没有参考价值的信封",
                    "certificate_draft": "为外单位代查证明材料的草稿",
                    "draft": "未经签发的文稿与历次修改稿(定稿除外)",
                },
                verified=True,
            ),
            *_all(
                "律师事务所整理惯例",
                {
                    "duplicate": "重复材料",
                    "irrelevant": "与本案无关",
                    "not_authentic": "真实性不能确认",
                    "unlawful": "来源或取得方式不合法",
                    SUPERSEDED: "已被新版本取代",
                },
                verified=False,
            ),
        ],
        duplicates=DuplicateRules(
            similarity=85, days=7, numbers_count=True, ignored=["副本", "复印件", "扫描件", "复件"]
        ),
    ),
    source="律师业务档案立卷归档办法(1991)第九条;其余为律师事务所惯例与本系统建议值", verified=False,
)  # fmt: skip

PREPARATION = RuleKind(
    "preparation", PreparationRules, "Physical preparation of material before binding", "装订前的材料整理",
    first=PreparationRules(
        acts=_all(
            "律师业务档案立卷归档办法(1991)及立卷装订通例,据二手资料",
            {
                "metal_removed": "去除金属物",
                "repaired": "修补破损",
                "mounted": "小于 A4 的材料裱贴",
                "folded": "大于 A4 的材料折叠",
                "copied_illegible": "破损或字迹不清,附复印件",
                "transcript_attached": "字迹不清,附抄件",
                "translation_attached": "外文材料附中文译文",
            },
            verified=False,
        )
    ),
    source="律师业务档案立卷归档办法(1991)及立卷装订通例,据二手资料", verified=False,
)  # fmt: skip
