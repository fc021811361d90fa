"""How a judgement of an entry is written down, whatever it follows from: the review, the state, the counts."""

from uuid import UUID

from app.core.clock import now
from app.core.database import Row
from app.core.errors import Invalid
from app.core.ids import new_id
from app.core.sql import insert, update
from app.entries import repository
from app.entries.models import Entry, EntryReview
from app.entries.rules import REVIEW
from app.entries.schemas import ReviewCreate
from app.events.unit_of_work import Transaction
from app.rulebook.kinds import in_force


async def judge_entry(tx: Transaction, row: Row, data: ReviewCreate, superseded_by: UUID | None = None) -> int:
    """Write down a judgement of the entry `row`, whose dossier is held; give the version of the rules that it follows.

    Raises Invalid for a reason of exclusion that the rules in force do not have.
    """
    rules = await in_force(tx.connection, REVIEW)
    known = [reason.code for reason in rules.body.exclusions]
    if data.exclusion is not None and data.exclusion not in known:
        raise Invalid.field(
            "/body/exclusion", "unknown_exclusion", f"The rules in force have: {', '.join(known)}",
            f"现行规则中可用的事由:{'、'.join(known)}",
        )  # fmt: skip
    moment = now()
    await insert(
        tx.connection,
        EntryReview(
            id=new_id(), entry_id=row["id"], reviewed_by=tx.actor.id, reviewed_at=moment, superseded_by=superseded_by,
            rules_version=rules.version, **data.model_dump(mode="json"),
        ),
    )  # fmt: skip
    state = "excluded" if data.decision == "exclude" else "kept"
    moved = (row["review"] == "excluded") - (state == "excluded")
    await repository.count(tx.connection, row["dossier_id"], entries=moved, pages=moved * (row["pages"] or 0))
    await update(tx.connection, Entry, row["id"], {"review": state, "updated_at": moment})
    return rules.version
