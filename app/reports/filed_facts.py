"""Facts of a dossier's end and of its care, from the records of filing, for the forms that print them.

Asked only for dossiers whose heading the actor was shown; nothing here is about a single entry.
"""

from app.core.actor import Actor
from app.core.clock import day_of
from app.core.database import Database, Row
from app.dossiers.schemas import DossierOut
from app.filing.rules import FILING, FilingRules
from app.reports.facts import Facts
from app.reports.trade_forms import NoteLine
from app.rulebook.kinds import of_version

_ROUND = """
SELECT s.state, s.rules_version, s.submitted_at, s.decided_at, c.display_name AS compiler, i.display_name AS checker
FROM submissions s JOIN users c ON c.id = s.compiler_id LEFT JOIN users i ON i.id = s.decided_by
WHERE s.dossier_id = $1 AND s.state <> 'returned' ORDER BY s.round DESC LIMIT 1
"""
_NOTES = """
SELECT n.kind, n.text, n.noted_on, u.display_name AS noted_by FROM notes_to_file n JOIN users u ON u.id = n.noted_by
WHERE n.dossier_id = $1 ORDER BY n.id
"""


class FiledFacts:
    """Knows what closing and filing have fixed; before that, that the lead lawyer compiles (domain/rules.md 1.1)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, actor: Actor, heading: DossierOut) -> Facts:
        """Give the facts of a dossier as far as they are known."""
        del actor
        row = await self._database.fetchrow(_ROUND, heading.id)
        notes = await self._database.fetch(_NOTES, heading.id)
        first = next((note["text"] for note in notes if note["kind"] == "filing"), None)
        accepted = row is not None and row["state"] == "accepted"
        return Facts(
            closed_on=heading.closed_on, result=heading.result, filed_on=heading.filed_on,
            archive_number=heading.archive_number, retention=await self._retention(heading, row),
            compiler=row["compiler"] if row else heading.lead_lawyer.display_name,
            checker=row["checker"] if row and accepted else None,
            compiled_on=day_of(row["submitted_at"]) if row else None,
            checked_on=day_of(row["decided_at"]) if row and accepted else None,
            condition=first,
            notes=tuple(
                NoteLine(note["noted_on"], note["text"], note["noted_by"]) for note in notes if note["kind"] != "filing"
            ),
        )  # fmt: skip

    async def _retention(self, heading: DossierOut, submission: Row | None) -> str | None:
        """Give the firm's word for the retention class, by the rules that it was chosen from."""
        if heading.retention_code is None or submission is None:
            return heading.retention_code
        rules: FilingRules = (await of_version(self._database, FILING, submission["rules_version"])).body
        words = {one.code: one.label for one in rules.retention_classes}
        return words.get(heading.retention_code, heading.retention_code)
