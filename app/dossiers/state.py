"""The life of a dossier (pure), in one table: which act may be done in which state, and where it leads.

Who may do an act stands in `access/acts.py` under the same name; the table of `docs/workflow.md` and a test are
made from both.
Sources: domain/workflow.md sections 1 to 4, domain/rules.md 1.7.
"""

from dataclasses import dataclass

from app.core.errors import Conflict
from app.dossiers.errors import DossierFrozen
from app.dossiers.schemas import DossierState

_OPEN, _SUBMITTED, _RETURNED, _FILED = (
    DossierState.OPEN,
    DossierState.SUBMITTED,
    DossierState.RETURNED,
    DossierState.FILED,
)
# Content is frozen from submission on; a returned dossier is being mended by its compiler.
CHANGEABLE = frozenset({_OPEN, _RETURNED})


class WrongState(Conflict):
    """The act does not belong into the dossier's present state."""

    code, title_en, title_zh = "wrong_state", "Not in this state of the dossier", "案卷当前状态不可执行此操作"


@dataclass(frozen=True, slots=True)
class Step:
    """An act in a dossier's life: in which states, to which it leads (None: it stays), what else must hold."""

    act: str
    zh: str
    before: frozenset[DossierState]
    after: DossierState | None
    guard: str = ""
    guard_zh: str = ""


_HANDED_IN, _ARCHIVED = frozenset({_SUBMITTED}), frozenset({_FILED})
LIFE: dict[str, Step] = {
    step.act: step
    for step in (
        Step(
            "dossier.open", "立卷", frozenset(), _OPEN,
            "a conflict check, where the firm's rules require one", "本所规则要求时须先作利益冲突审查",
        ),
        Step("dossier.change", "修改封面、团队、模板", CHANGEABLE, None),
        Step(
            "entry.create", "收集、审查、整理材料", CHANGEABLE, None,
            "once filed: only into an approved supplement", "归档后只能在获批的补充中增加",
        ),
        Step("dossier.void", "作废", CHANGEABLE, DossierState.VOID, "nothing was put into it", "卷内从未有材料"),
        Step("dossier.close", "结案", CHANGEABLE, None, "the matter is not closed yet", "尚未结案"),
        Step("dossier.reopen", "撤销结案", CHANGEABLE, None, "the matter is closed", "已结案"),
        Step(
            "dossier.submit", "提交归档", CHANGEABLE, _SUBMITTED,
            "the matter is closed; the checks find nothing that blocks; late: a reason",
            "已结案;程序检查无阻断项;超期须说明原因",
        ),
        Step(
            "dossier.decide_late", "超期归档审批", _HANDED_IN, None,
            "late; not by the submitter", "确已超期;不得由提交人审批",
        ),
        Step(
            "dossier.confirm_retention", "审定保管期限", _HANDED_IN, None,
            "not by who proposed it", "不得由拟定人审定",
        ),
        Step("dossier.return", "退回立卷人", _HANDED_IN, _RETURNED, "reasons", "须写明原因"),
        Step(
            "dossier.accept", "验收归档", _HANDED_IN, _FILED,
            "retention confirmed; late filing approved; nothing blocks; not by compiler or submitter",
            "保管期限已审定;超期已获批;无阻断项;立卷人、提交人不得验收",
        ),
        Step("note.add", "填写备考表", _ARCHIVED, None),
        Step(
            "supplement.propose", "申请补充或更正", _ARCHIVED, None,
            "no other supplement is under way", "没有其他补充或更正正在办理",
        ),
        Step(
            "supplement.decide", "审批补充或更正", _ARCHIVED, None,
            "proposed; not by who proposed it", "待审批;不得由申请人审批",
        ),
        Step(
            "supplement.withdraw", "撤回补充申请", _ARCHIVED, None,
            "nothing was put into it yet", "尚未补充任何材料",
        ),
        Step(
            "supplement.accept", "接收补充材料", _ARCHIVED, None,
            "approved; not by who proposed it; not empty", "已获批;不得由申请人接收;已有材料",
        ),
    )
}  # fmt: skip


def require_state(act: str, state: str) -> Step:
    """Give the step of an act; WrongState unless it belongs into this state."""
    step = LIFE[act]
    if DossierState(state) not in step.before:
        allowed = ", ".join(sorted(step.before))
        raise WrongState(
            f"The dossier is {state}: {act} is for the states {allowed}",
            f"案卷状态为 {state},{step.zh}只适用于 {allowed}",
        )
    return step


def require_changeable(state: str) -> None:
    """Raise DossierFrozen unless material and cover may be changed."""
    if DossierState(state) not in CHANGEABLE:
        raise DossierFrozen(
            f"The dossier is {state}: it can be changed only while open or returned",
            f"案卷状态为 {state},只有在办或退回时可以修改",
        )


def require_taking(state: str, open_supplement: object | None, supplement: object | None) -> None:
    """Raise DossierFrozen unless material of this supplement (None: the dossier's own) may be added or changed.

    A filed dossier takes material into the one supplement that is approved and not yet accepted.
    """
    if DossierState(state) is _FILED and open_supplement is not None and supplement == open_supplement:
        return
    require_changeable(state)
