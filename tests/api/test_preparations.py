"""Physical preparation over HTTP: noted by the team while the dossier is in work, by the firm's words, for good."""

from typing import Any

import asyncpg
import pytest

from tests.api.test_entries import ABSENT
from tests.support.checks import everything, pointers, refused
from tests.support.databases import TestDatabase
from tests.support.firm import Firm, Person, done


async def papers(firm: Firm, lawyer: Person, **fields: Any) -> tuple[dict[str, Any], str]:
    """Open a dossier with one entry; give it and the path of the entry's notes."""
    dossier = await firm.dossier(lawyer, **fields)
    entry = await firm.entry(lawyer, dossier["id"], "图纸")
    return dossier, f"/v1/entries/{entry['id']}/preparations"


async def test_note_comes_back_as_it_was_given(firm: Firm) -> None:
    assistant, lawyer = await firm.person("assistant"), await firm.person("lawyer")
    dossier, path = await papers(firm, lawyer, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    given = {"acts": ["folded", "metal_removed"], "note": "A3 图纸折叠", "on": "2026-03-02"}
    made = await assistant.post(path, given)
    assert (made.status_code, await firm.events(made)) == (201, done("entry.prepared"))
    note = made.json()
    assert made.headers["location"] == f"{path}/{note['id']}"
    assert {name: note[name] for name in given} == given
    assert (note["rules_version"], note["noted_by"]) == (1, {"id": str(assistant.id), "display_name": assistant.name})
    event = await firm.event(made)
    assert (str(event["dossier_id"]), str(event["entry_id"])) == (dossier["id"], note["entry_id"])
    assert event["details"] == {"new": {name: value for name, value in note.items() if name != "noted_by"}}
    read = await lawyer.get(made.headers["location"])
    assert (read.json(), read.headers["etag"]) == (note, made.headers["etag"])
    assert await firm.events(read) == done("entry.preparation_viewed")
    # Without a day it is today's; notes stand beside each other, oldest first.
    today = (await lawyer.post(path, {"acts": ["repaired"]})).json()
    assert (today["note"], today["on"] >= "2026-01-01") == (None, True)
    assert await everything(lawyer, f"{path}?limit=1") == [note, today]
    listed = await lawyer.get(path)
    assert await firm.events(listed) == done("entry.preparations_listed")
    assert (await firm.event(listed))["details"] == {"returned": [note["id"], today["id"]]}


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"acts": []}, "/body/acts", "too_short"), ({"acts": ["folded", "folded"]}, "/body/acts", "value_error"),
        ({"acts": ["folded", "burnt"]}, "/body/acts/1", "unknown_act"), ({}, "/body/acts", "missing"),
        ({"acts": ["folded"], "on": "2999-01-01"}, "/body/on", "in_future"),
        ({"acts": ["folded"], "note": "a\x00"}, "/body/note", "value_error"),
        ({"acts": ["folded"], "by": "me"}, "/body/by", "extra_forbidden"),
    ],
)  # fmt: skip
async def test_notes_that_can_not_be(firm: Firm, body: dict[str, Any], pointer: str, code: str) -> None:
    lawyer = await firm.person("lawyer")
    _, path = await papers(firm, lawyer)
    before = await firm.tables()
    assert pointers(await refused(firm, before, await lawyer.post(path, body), 422)) == [(pointer, code)]


async def test_words_are_the_firms_in_the_version_then_in_force(firm: Firm) -> None:
    lawyer, director = await firm.person("lawyer"), await firm.person("director")
    _, path = await papers(firm, lawyer)
    first = (await lawyer.post(path, {"acts": ["folded"]})).json()
    told = (await director.get("/v1/rules/preparation")).json()
    own = [{"code": "deacidified", "label": "脱酸", "source": "本所规定", "verified": True}]
    body = {"body": {"acts": own}, "source": "本所规定", "verified": True}
    assert (await director.change("/v1/rules/preparation", body, "PUT")).json()["version"] == told["version"] + 1
    before = await firm.tables()
    problem = await refused(firm, before, await lawyer.post(path, {"acts": ["folded"]}), 422)
    assert pointers(problem) == [("/body/acts/0", "unknown_act")]
    second = (await lawyer.post(path, {"acts": ["deacidified"]})).json()
    assert second["rules_version"] == 2
    assert (await lawyer.get(path)).json()["items"] == [first, second]
    twice = body | {"body": {"acts": own * 2}}
    before = await firm.tables()
    await refused(firm, before, await director.change("/v1/rules/preparation", twice, "PUT"), 422, "invalid")


async def test_preparation_is_for_the_team_and_hidden_from_strangers(firm: Firm) -> None:
    lawyer, stranger, director = [await firm.person(role) for role in ("lawyer", "lawyer", "director")]
    dossier, path = await papers(firm, lawyer, confidentiality="confidential")
    made = await lawyer.post(path, {"acts": ["mounted"]})
    _, other = await papers(firm, lawyer)
    before = await firm.tables()
    await refused(firm, before, await director.post(path, {"acts": ["folded"]}), 403, "forbidden")
    await refused(firm, before, await stranger.post(path, {"acts": ["folded"]}), 404, "not_found")
    for target in (path, made.headers["location"]):
        await refused(firm, before, await stranger.get(target), 404, "not_found")
    # A note is found under its own entry only.
    for target in (f"{path}/{ABSENT}", f"{other}/{made.json()['id']}"):
        await refused(firm, before, await lawyer.get(target), 404, "not_found")
    assert (await director.get(path)).json()["items"] == [made.json()]
    await firm.eyes.execute("UPDATE dossiers SET state = 'filed' WHERE id = $1", dossier["id"])
    before = await firm.tables()
    await refused(firm, before, await lawyer.post(path, {"acts": ["folded"]}), 409, "dossier_frozen")


async def test_the_service_itself_can_not_change_what_was_noted(database: TestDatabase) -> None:
    service = await asyncpg.connect(database.app_url)
    try:
        for table in ("entry_preparations", "duplicate_dismissals", "entry_reviews"):
            for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id", f"TRUNCATE {table}"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await service.execute(statement)
    finally:
        await service.close()
