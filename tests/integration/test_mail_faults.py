"""PostgreSQL or the object store gone while a mail is taken apart: 503, and nothing of it is kept."""

from typing import Any

import pytest

from tests.api.test_mail import TYPE, letter
from tests.integration import test_faults
from tests.integration.test_faults import a_file, unavailable, well
from tests.support.firm import Firm
from tests.support.papers import objects
from tests.support.ways import Way

# Fixtures of this module too: the service reaches its stores over ways that can be shut.
settings, to_database, to_store = test_faults.settings, test_faults.to_database, test_faults.to_store


@pytest.mark.parametrize("gone", ["database", "store"])
async def test_store_or_database_gone_while_a_mail_is_taken_apart(
    firm: Firm, to_database: Way, to_store: Way, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    lawyer, paths = await a_file(firm)
    mail, way = firm.services.collection.mail, to_store if gone == "store" else to_database
    stored, before, store_parts = await objects(firm), await firm.tables(), mail._store_parts

    async def shutting(*args: Any) -> None:
        if gone == "store":
            await way.shut()
        await store_parts(*args)
        await way.shut()

    monkeypatch.setattr(mail, "_store_parts", shutting)
    answer = await lawyer.post(f"{paths['dossier']}/mail", content=letter(("a.bin", "a/b", b"x")), headers=TYPE)
    await unavailable(firm, before, answer, events=[("file.rejected", "failed")] if gone == "store" else [])
    await way.open()
    # What could not be removed from a store that is gone is left for the sweep: the message, and no more.
    assert len(await objects(firm) - stored) == (1 if gone == "store" else 0)
    await well(firm, lawyer, paths)
