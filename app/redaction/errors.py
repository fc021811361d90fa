"""What can go wrong when personal data are to be erased."""

from app.core.errors import Conflict, Forbidden, Invalid


class OwnTraces(Forbidden):
    """Nobody takes part in erasing what is told of himself."""

    code, title_en, title_zh = "own_traces", "These events are about you", "事件涉及您本人"


class NotSealedYet(Conflict):
    """An event that is not in the ledger yet can't be proven once its data are gone."""

    code, title_en, title_zh = "event_not_sealed", "Event is not sealed yet", "事件尚未封入账本"


class RedactionExpired(Conflict):
    """Nobody decided in time; what was asked for then may be asked for anew."""

    code, title_en, title_zh = "redaction_expired", "Request has expired", "申请已过期"


def repeats_erased() -> Invalid:
    """Say that a reason, which stays for ever, holds what is to be erased."""
    return Invalid.field(
        "/body/reason", "repeats_erased", "The reason stays for ever and holds what is to be erased: name nobody in it",
        "理由将永久保留,不得包含拟清除的内容",
    )  # fmt: skip
