"""Who might have seen a dossier before it was handed in, returned and filed: states are taken back with the events."""

from datetime import UTC, datetime

from tests.access.test_reports import rules
from tests.support.firm import Firm
from tests.support.matter import matter


async def test_states_are_taken_back(firm: Firm) -> None:
    case = await matter(firm, filled=False, confidentiality="confidential")
    await case.entry("判决书")
    auditor = await firm.person("auditor")
    name = case.archivist.name
    moments = []

    async def note(reads: str | None) -> None:
        assert (await rules(auditor, case.dossier))[name] == ("role", reads)
        moments.append((datetime.now(UTC), reads))

    await note(None)
    await case.close()
    await case.submit()
    await note("archivist")
    await case.archivist.post(f"{case.path}/return", {"reasons": [{"text": "x"}]})
    await note(None)
    await case.submit()
    await case.confirm()
    await case.accept()
    await note("archivist")
    for moment, reads in moments:
        assert (await rules(auditor, case.dossier, moment))[name] == ("role", reads)
