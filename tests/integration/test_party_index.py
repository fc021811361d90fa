"""The index of parties: filled by its migration with everybody who was there, as the services would have done."""

import asyncio

import asyncpg

from alembic import command
from app.core import migrations
from app.factory import ROOT, migrate
from tests.support.databases import TestDatabase
from tests.support.firm import Firm, done

BEFORE = "2026_11_24_rulebook"
LINES = (
    "SELECT side, what, party, key, core, grams, digest, client_id, dossier_id, current FROM party_names"
    " ORDER BY side, what, party, key, digest, client_id, dossier_id"
)


async def test_the_migration_makes_the_lines_that_the_services_make(firm: Firm, database: TestDatabase) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(
        lawyer, "北京甲科技有限公司", legal_representative="張三", former_names=["旧名商行"],
        identifiers=[{"scheme": "other", "value": "A-1"}],
    )  # fmt: skip
    await firm.client(lawyer, "李四", kind="person")
    for opponent in ({"name": "乙貿易有限公司", "kind": "organization"}, {"name": "王五", "kind": "person"}):
        await firm.dossier(lawyer, client_ids=[client["id"]], opposing_parties=[opponent])
    made = [tuple(row) for row in await firm.eyes.fetch(LINES)]
    assert len(made) == 4 + 1 + 2 + 2
    await asyncio.to_thread(command.downgrade, migrations.configuration(ROOT, database.owner_url), BEFORE)
    await asyncio.to_thread(migrate, database.owner_url, "anjuan_app")
    eyes = await asyncpg.connect(database.owner_url)
    assert [tuple(row) for row in await eyes.fetch(LINES)] == made
    await eyes.close()


async def test_lines_follow_a_client_and_a_dossier_and_are_never_lost(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer, "甲公司", identifiers=[{"scheme": "other", "value": "A-1"}])
    dossier = await firm.dossier(
        lawyer, client_ids=[client["id"]], opposing_parties=[{"name": "乙公司", "kind": "organization"}]
    )
    changed = await lawyer.change(f"/v1/clients/{client['id']}", {"name": "丙公司", "identifiers": []})
    assert await firm.events(changed) == done("client.changed")
    path = f"/v1/dossiers/{dossier['id']}"
    await lawyer.change(path, {"opposing_parties": [], "related_parties": [{"name": "丁公司", "kind": "organization"}]})
    kept = "SELECT what, party, current FROM party_names ORDER BY named_at, what, party"
    before = [tuple(row) for row in await firm.eyes.fetch(kept)]
    assert sorted(before) == [
        ("identifier", "甲公司", False), ("mandate", "", True), ("name", "丁公司", True), ("name", "丙公司", True),
        ("name", "乙公司", False), ("name", "甲公司", False),
    ]  # fmt: skip
    # What comes back is current again, and no second line.
    await lawyer.change(f"/v1/clients/{client['id']}", {"name": "甲公司"})
    await lawyer.change(path, {"opposing_parties": [{"name": "乙公司", "kind": "organization"}], "title": "x"})
    after = [tuple(row) for row in await firm.eyes.fetch(kept)]
    assert sorted(row[:2] for row in after) == sorted(row[:2] for row in before)
    assert sorted(row[:2] for row in after if not row[2]) == [("identifier", "甲公司"), ("name", "丙公司")]


async def test_the_service_can_not_remove_a_line(database: TestDatabase) -> None:
    connection = await asyncpg.connect(database.app_url)
    for statement in ("DELETE FROM party_names", "TRUNCATE party_names", "DELETE FROM conflict_checks"):
        try:
            await connection.execute(statement)
        except asyncpg.InsufficientPrivilegeError:
            continue
        raise AssertionError(statement)
    await connection.close()
