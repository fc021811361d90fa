"""What can go wrong in filing."""

from app.core.errors import Conflict, Forbidden


class FilingIncomplete(Conflict):
    """The checks by program found what blocks; each finding is named in `errors`."""

    code, title_en, title_zh = "filing_incomplete", "Not complete enough to be filed", "案卷尚不符合归档要求"


class NotClosed(Conflict):
    """The matter is not closed, or is closed already."""

    code, title_en, title_zh = "closure", "The matter's closing does not fit", "结案状态不符"


class DecisionMissing(Conflict):
    """Something must be decided first: retention, or late filing."""

    code, title_en, title_zh = "decision_missing", "A decision is missing", "尚缺审批"


class SamePerson(Forbidden):
    """Two acts that need two people (立卷人 ≠ 检查人, proposer ≠ approver)."""

    code, title_en, title_zh = "same_person", "Another person must do this", "须由他人办理"
