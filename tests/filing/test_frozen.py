"""What lies around the sealed list of a filed dossier is as frozen as the list: mandates, receipts, objects, decisions."""

from typing import Any

import asyncpg
import pytest

from app.core.clock import today
from tests.support.checks import refused
from tests.support.databases import TestDatabase
from tests.support.firm import Firm, done
from tests.support.matter import CONTRACT, NOTE, Matter, matter

TODAY = "2026-11-20"
RECEIVED = {
    "direction": "received", "counterparty": {"name": "张三", "capacity": "other"}, "on": TODAY,
    "items": [{"title": "借条", "category": "evidence", "original": "original", "pages": 1}],
}  # fmt: skip
HANDED_OVER = (
    "INSERT INTO receipts SELECT gen_random_uuid(), dossier_id, serial + 1, 'handed_over', counterparty, capacity,"
    " client_id, passed_on, place, signed_by, signed_on, signature_entry_id, remarks, created_by, created_at"
    " FROM receipts WHERE dossier_id = $1"
)
ENTRIES = "(SELECT id FROM entries WHERE dossier_id = $1)"
# Statements that come past the service, each about a table of what a dossier holds.
PAST = [
    "UPDATE engagements SET state = 'ended' WHERE dossier_id = $1",
    "UPDATE engagements SET fee = '{}' WHERE dossier_id = $1",
    "DELETE FROM engagement_changes WHERE engagement_id = (SELECT id FROM engagements WHERE dossier_id = $1)",
    "UPDATE receipts SET counterparty = '李四' WHERE dossier_id = $1",
    HANDED_OVER,
    f"UPDATE receipt_items SET title = 'x' WHERE entry_id IN {ENTRIES}",
    "UPDATE off_volume_objects SET quantity = '9 台' WHERE dossier_id = $1",
    "DELETE FROM off_volume_objects WHERE dossier_id = $1",
    f"UPDATE entry_preparations SET note = 'x' WHERE entry_id IN {ENTRIES}",
    "UPDATE duplicate_dismissals SET reason = 'x' WHERE dossier_id = $1",
    "UPDATE mails SET message_id = 'x' WHERE dossier_id = $1",
    f"DELETE FROM mail_attachments WHERE entry_id IN {ENTRIES}",
    'UPDATE dossiers SET related_parties = \'[{"name": "x"}]\' WHERE id = $1',
    "UPDATE submissions SET confirmed_retention = 'Y' WHERE dossier_id = $1",
    "DELETE FROM submissions WHERE dossier_id = $1",
]


async def held(firm: Firm) -> tuple[Matter, dict[str, str]]:
    """Give a matter with one of everything that a dossier may hold, and the paths of its parts."""
    case = await matter(firm, filled=False)
    entry, other = await case.entry("判决书"), await case.entry("判决书副本")
    sent: dict[str, tuple[str, dict[str, Any]]] = {
        "engagement": (f"{case.path}/engagements", CONTRACT),
        "receipt": (f"{case.path}/receipts", RECEIVED),
        "object": (f"{case.path}/off-volume-objects", {"name": "样机", "quantity": "1 台", "kept_at": "三号柜"}),
        "preparation": (f"/v1/entries/{entry['id']}/preparations", {"acts": ["repaired"]}),
        "dismissal": (f"{case.path}/duplicates/dismissal", {"entry_ids": [entry["id"], other["id"]], "reason": "x"}),
    }
    paths = {"entry": f"/v1/entries/{entry['id']}", "other": other["id"]}
    for name, (path, body) in sent.items():
        made = await case.lead.post(path, body)
        assert made.status_code in {200, 201}, (name, made.text)
        paths[name] = made.headers.get("location", "")
    ending = {"kind": "amendment", "on": TODAY, "reason": "x", "by": "client", "values": {"contract_number": "1"}}
    changed = await case.lead.post(f"{paths['engagement']}/changes", ending)
    assert changed.status_code == 201, changed.text
    await firm.eyes.execute("INSERT INTO mails (entry_id, dossier_id) SELECT $1, $2", entry["id"], case.dossier["id"])
    await firm.eyes.execute("INSERT INTO mail_attachments VALUES ($1, $2, 1)", other["id"], entry["id"])
    return case, paths


async def test_the_database_freezes_all_that_a_filed_dossier_holds(firm: Firm, database: TestDatabase) -> None:
    case, _ = await held(firm)
    await case.file()
    before = await firm.tables()
    owner = await asyncpg.connect(database.owner_url)
    try:
        for statement in PAST:
            with pytest.raises(asyncpg.PostgresError, match="frozen"):
                await owner.execute(statement, case.dossier["id"])
    finally:
        await owner.close()
    assert await firm.tables() == before


@pytest.mark.parametrize("state", ["submitted", "filed", "supplement"])
async def test_no_route_changes_what_was_handed_in(firm: Firm, state: str) -> None:
    """Not even while a supplement is open, which lets in material of its own and nothing else."""
    case, paths = await held(firm)
    await (case.close() if state == "submitted" else case.file())
    if state == "submitted":
        assert (await case.submit()).status_code == 201
    if state == "supplement":
        await case.lead.post(f"{case.path}/supplements", {"kind": "addition", "reason": "补充"})
        await case.director.post(f"{case.path}/supplements/1/decision", {"decision": "approve", "reason": "同意"})
        assert (await case.lead.post(f"{case.path}/entries", ADDED)).status_code == 201
    before = await firm.tables()
    star = {"headers": {"If-Match": "*"}}
    passed = {"authenticity": "pass", "relevance": "pass", "legality": "pass", "decision": "keep"}
    termination = {"kind": "termination", "on": TODAY, "reason": "x", "by": "client"}
    members = {"members": [{"user_id": str(case.archivist.id), "duty": "assistant"}]}
    for method, path, body in (
        ("POST", f"{case.path}/engagements", CONTRACT),
        ("PATCH", paths["engagement"], {"stages": ["二审"]}),
        ("POST", f"{paths['engagement']}/changes", termination),
        ("POST", f"{case.path}/receipts", RECEIVED),
        ("POST", f"{case.path}/off-volume-objects", {"name": "x", "quantity": "1", "kept_at": "x"}),
        ("PATCH", paths["object"], {"quantity": "2 台"}),
        ("POST", f"{paths['entry']}/preparations", {"acts": ["repaired"]}),
        ("POST", f"{paths['entry']}/review", passed),
        ("POST", f"{paths['entry']}/supersession", {"by_entry_id": paths["other"], "reason": "x"}),
        ("PATCH", paths["entry"], {"confidentiality": "sealed"}),
        ("PATCH", case.path, {"confidentiality": "restricted"}),
        ("PUT", f"{case.path}/team", members),
    ):
        answer = await case.lead.request(method, path, json=body, **star)
        await refused(firm, before, answer, 409, "dossier_frozen")


ADDED = {"title": "生效证明", "category": "court_document", "original": "original", "pages": 1}


async def test_what_comes_back_and_its_signature_may_still_be_written_down(firm: Firm) -> None:
    """The freeze is not blind: an object goes on being kept somewhere, a receipt is signed after it was printed."""
    case, paths = await held(firm)
    await case.file()
    move = {"kept_at": "档案库", "moved_on": today().isoformat(), "moved_by": "档案员"}
    moved = await case.archivist.post(f"{paths['object']}/movements", move)
    assert (moved.status_code, await firm.events(moved)) == (201, done("object.moved"))
    signed = await case.lead.post(f"{paths['receipt']}/signature", {"signed_by": "张三", "signed_on": TODAY})
    assert (signed.status_code, await firm.events(signed)) == (200, done("receipt.signed"))
    assert (await case.archivist.get(f"{case.path}/seal-check")).json()["intact"] is True


async def test_a_decided_round_and_supplement_stay_as_they_were_decided(firm: Firm, database: TestDatabase) -> None:
    case = await matter(firm, filled=False)
    await case.entry("判决书")
    await case.file()
    await case.lead.post(f"{case.path}/supplements", {"kind": "addition", "reason": "补充"})
    owner = await asyncpg.connect(database.owner_url)
    try:
        await owner.execute("UPDATE supplements SET reason = '写错了,改正'")
        await case.lead.post(f"{case.path}/supplements/1/withdrawal", {"reason": "x"})
        for statement in ("UPDATE supplements SET reason = 'y'", "UPDATE submissions SET compiler_id = submitted_by"):
            with pytest.raises(asyncpg.PostgresError, match="what was decided is frozen"):
                await owner.execute(statement)
    finally:
        await owner.close()


async def test_a_dossier_with_a_mandate_is_not_made_void(firm: Firm) -> None:
    case = await matter(firm, filled=False)
    assert (await case.lead.post(f"{case.path}/engagements", CONTRACT)).status_code == 201
    before = await firm.tables()
    await refused(firm, before, await case.lead.post(f"{case.path}/void", {"reason": "x"}), 409, "dossier_not_empty")


async def test_parties_and_reasons_of_exclusion_are_under_the_seal(firm: Firm, database: TestDatabase) -> None:
    case = await matter(firm, filled=False, opposing_parties=[{"kind": "organization", "name": "上海某某公司"}])
    await case.entry("判决书")
    entry = await case.entry("无关材料")
    out = {"authenticity": "pass", "relevance": "fail", "legality": "pass", "decision": "exclude", "reason": "x"}
    kept_out = await case.lead.post(f"/v1/entries/{entry['id']}/review", {**out, "exclusion": "irrelevant"})
    assert kept_out.status_code == 200, kept_out.text
    await case.file()
    owner = await asyncpg.connect(database.owner_url)
    try:
        for table in ("dossiers", "entry_reviews"):
            await owner.execute(f"ALTER TABLE {table} DISABLE TRIGGER frozen")
        await owner.execute('UPDATE dossiers SET opposing_parties = \'[{"name": "别的公司"}]\'')
        await owner.execute("UPDATE entry_reviews SET exclusion = 'duplicate' WHERE exclusion = 'irrelevant'")
    finally:
        await owner.close()
    told = (await case.archivist.get(f"{case.path}/seal-check")).json()
    assert [one["what"] for one in told["differences"]] == ["cover/opposing_parties", "entry/reviews"]


async def test_new_material_of_a_filed_dossier_is_looked_at_like_the_first(firm: Firm) -> None:
    """Nobody has reviewed it: it does not come into the sealed list, whatever the archivist says."""
    case = await matter(firm)
    await case.file()
    await case.lead.post(f"{case.path}/supplements", {"kind": "addition", "reason": "补充"})
    path = f"{case.path}/supplements/1"
    await case.director.post(f"{path}/decision", {"decision": "approve", "reason": "同意"})
    entry = (await case.lead.post(f"{case.path}/entries", ADDED)).json()
    before = await firm.tables()
    answer = await case.archivist.post(f"{path}/acceptance", NOTE)
    problem = await refused(firm, before, answer, 409, "filing_incomplete")
    assert {error["code"] for error in problem["errors"]} == {"entry_unreviewed"}
    passed = {"authenticity": "pass", "relevance": "pass", "legality": "pass", "decision": "keep"}
    assert (await case.lead.post(f"/v1/entries/{entry['id']}/review", passed)).status_code == 200
    assert (await case.archivist.post(f"{path}/acceptance", NOTE)).json()["state"] == "completed"
