"""What can go wrong with conflict checks."""

from app.core.errors import Conflict, FieldError, Invalid


class CheckConcluded(Conflict):
    """A check is concluded once and stays as it is; a new one is made instead."""

    code, title_en, title_zh = "check_concluded", "Check is concluded", "审查已有结论"


class ReferralNeeded(Conflict):
    """Something that the person may not know of has to be judged by somebody who may."""

    code, title_en, title_zh = "referral_needed", "Referral must be judged first", "须先由有权人员判断"


class ReferralJudged(Conflict):
    """What was referred has been judged, or there is nothing to refer."""

    code, title_en, title_zh = "referral_judged", "Nothing to judge here", "没有待判断的转交事项"


class CheckIncomplete(Conflict):
    """A name was found too often: nobody can say that there is no conflict."""

    code, title_en, title_zh = "check_incomplete", "Too much was found", "命中过多,无法得出无冲突结论"


class CheckUsed(Conflict):
    """A check serves one dossier."""

    code, title_en, title_zh = "check_used", "Check was used", "审查已用于其他案卷"


class CheckRequired(Invalid):
    """The firm opens no dossier without a conflict check."""

    code = "conflict_check_required"
    title_en, title_zh = "Conflict check needed", "须先完成利益冲突审查"


class CheckUnfit(Invalid):
    """The check can't carry this dossier."""

    code, title_en, title_zh = "conflict_check_unfit", "Check does not fit", "该审查不适用"


POINTER = "/body/conflict_check_id"


def unfit(code: str, en: str, zh: str) -> CheckUnfit:
    """Make the error that says why a check can't carry a dossier."""
    return CheckUnfit(en, zh, errors=[FieldError(POINTER, code, en, zh)])


def required() -> CheckRequired:
    """Make the error of a dossier without the check that the firm requires."""
    en, zh = "The firm opens no dossier without a concluded conflict check", "本所要求先完成利益冲突审查,再行立卷"
    return CheckRequired(en, zh, errors=[FieldError(POINTER, "conflict_check_required", en, zh)])
