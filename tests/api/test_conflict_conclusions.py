"""Conclusions of conflict checks: every hit judged by a person, once; consents kept; waivers by a second person."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

from app.core.clock import now
from tests.support.checks import pointers, refused
from tests.support.conflicts import CHECKS, checked, conclude, conclusion, organization, person
from tests.support.firm import Firm, Person, done
from tests.support.papers import PNG, objects

NEW = [person("丙")]
ABSENT = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"


async def relative(firm: Firm, by: Person, name: str = "甲乙丙科技有限公司") -> dict[str, Any]:
    """Make a check with one relative conflict."""
    client = await firm.client(by, name)
    await firm.dossier(by, client_ids=[client["id"]])
    check = await checked(firm, by, NEW, organization(client["name"]))
    assert [hit["rule_kind"] for hit in check["hits"]] == ["relative"]
    return check


async def absolute(firm: Firm, by: Person) -> dict[str, Any]:
    """Make a check with one absolute conflict."""
    return await checked(firm, by, [organization("甲")], organization("甲"))


def consent_to(check: dict[str, Any], hit: int = 0) -> str:
    """Give the path of the consent to a hit."""
    return f"{CHECKS}/{check['id']}/consents/{check['hits'][hit]['id']}"


async def test_nothing_found_is_concluded_by_its_maker(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    check = await checked(firm, lawyer, NEW, organization("丁"))
    answer = await conclude(lawyer, check, "clear")
    assert await firm.events(answer) == done("conflict.concluded")
    told = answer.json()
    assert {**told, "conclusion": None, "valid_until": None} == check
    assert (told["conclusion"]["conclusion"], told["conclusion"]["reason"]) == ("clear", "综合判断")
    assert told["conclusion"]["concluded_by"] == {"id": str(lawyer.id), "display_name": lawyer.name}
    assert told["valid_until"][:10] == (now() + timedelta(days=30)).date().isoformat()
    assert (await lawyer.get(f"{CHECKS}?concluded=true")).json()["items"] == [told]
    before = await firm.tables()
    await refused(firm, before, await conclude(lawyer, check, "conflict"), 409, "check_concluded")


async def test_every_hit_is_judged_and_no_other(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    check = await relative(firm, lawyer)
    path, whole, before = f"{CHECKS}/{check['id']}/conclusion", conclusion(check, "clear"), await firm.tables()
    for hits, pointer, code in (
        ([], "/body/hits", "hits_not_judged"), ([{**whole["hits"][0], "hit_id": ABSENT}], "/body/hits/0/hit_id", "unknown_hit"),
        (whole["hits"] * 2, "/body", "value_error"),
    ):  # fmt: skip
        problem = await refused(firm, before, await lawyer.post(path, {**whole, "hits": hits}), 422, "invalid")
        assert pointers(problem) == [(pointer, code)]
    # That it is somebody else of the same name is for a person to say.
    answer = await lawyer.post(path, whole)
    assert (answer.status_code, answer.json()["hits"][0]["judgement"], answer.json()["hits"][0]["reason"]) == (
        200, "none", "已核对",
    )  # fmt: skip


async def test_an_absolute_conflict_is_not_waived(firm: Firm) -> None:
    lawyer, director = await firm.person("lawyer"), await firm.person("director")
    check, before = await absolute(firm, lawyer), await firm.tables()
    for judgement, outcome, pointer, code in (
        ("absolute", "clear", "/body/conclusion", "absolute_not_waivable"),
        ("absolute", "waived", "/body/conclusion", "absolute_not_waivable"),
        ("relative", "waived", "/body/hits/0/judgement", "absolute_by_rule"),
    ):
        before = await firm.tables()
        problem = await refused(firm, before, await conclude(director, check, outcome, judgement), 422, "invalid")
        assert pointers(problem) == [(pointer, code)]
    await refused(firm, before, await conclude(lawyer, check, "clear"), 403, "forbidden")
    answer = await conclude(lawyer, check, "conflict", "absolute")
    assert (answer.status_code, answer.json()["conclusion"]["conclusion"]) == (200, "conflict")


async def test_an_absolute_conflict_is_denied_by_a_second_person(firm: Firm) -> None:
    partner, other = await firm.person("partner", department="一部"), await firm.person("partner", department="一部")
    check, before = await absolute(firm, partner), await firm.tables()
    await refused(firm, before, await conclude(partner, check, "clear"), 403, "forbidden")
    assert (await conclude(other, check, "clear")).json()["conclusion"]["conclusion"] == "clear"


async def test_a_relative_conflict_is_waived_with_consent_by_a_second_person(firm: Firm) -> None:
    lawyer, partner = await firm.person("lawyer", department="一部"), await firm.person("partner", department="一部")
    check, before = await relative(firm, lawyer), await firm.tables()
    for by, judgement, outcome, code in (
        (partner, "relative", "clear", "relative_needs_waiver"), (partner, "none", "waived", "nothing_to_waive"),
        (partner, "relative", "waived", "consent_missing"),
    ):  # fmt: skip
        before = await firm.tables()
        problem = await refused(firm, before, await conclude(by, check, outcome, judgement), 422, "invalid")
        assert pointers(problem) == [("/body/conclusion", code)]
    put = await lawyer.put(
        consent_to(check), content=PNG, headers={"Content-Disposition": 'attachment; filename="c.png"'}
    )
    assert await firm.events(put) == done("conflict.consent_added")
    digest = hashlib.sha256(PNG).hexdigest()
    assert put.json()["hits"][0]["consent"] == {
        "original_name": "c.png", "media_type": "image/png", "size": len(PNG), "sha256": digest,
    }  # fmt: skip
    before = await firm.tables()
    await refused(firm, before, await conclude(lawyer, check, "waived", "relative"), 403, "forbidden")
    answer = await conclude(partner, check, "waived", "relative")
    assert await firm.events(answer) == done("conflict.concluded")
    assert (answer.json()["wall_advised"], answer.json()["hits"][0]["judgement"]) == (True, "relative")
    read = await partner.get(consent_to(check))
    assert (read.content, read.headers["etag"]) == (PNG, f'"{digest}"')
    assert await firm.events(read) == done("conflict.consent_read")


async def test_its_maker_does_not_waive_what_he_found_himself(firm: Firm) -> None:
    director = await firm.person("director")
    check = await relative(firm, director)
    await director.put(consent_to(check), content=PNG)
    before = await firm.tables()
    await refused(firm, before, await conclude(director, check, "waived", "relative"), 403, "forbidden")


async def test_of_two_conclusions_at_once_one_is_made(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    check = await checked(firm, lawyer, NEW)
    answers = await asyncio.gather(*(conclude(lawyer, check, outcome) for outcome in ("clear", "conflict") * 2))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert await firm.eyes.fetchval("SELECT count(*) FROM conflict_conclusions") == 1


async def test_a_consent_is_kept_once_and_before_the_conclusion(firm: Firm) -> None:
    lawyer, archivist = await firm.person("lawyer"), await firm.person("archivist")
    check, stored = await relative(firm, lawyer), await objects(firm)
    before = await firm.tables()
    await refused(firm, before, await lawyer.get(consent_to(check)), 404, "not_found")
    for path in (f"{CHECKS}/{check['id']}/consents/{ABSENT}", f"{CHECKS}/{ABSENT}/consents/{ABSENT}"):
        await refused(firm, before, await lawyer.put(path, content=PNG), 404, "not_found")
    wrong = await lawyer.put(consent_to(check), content=PNG, headers={"Content-Length": "500"})
    await refused(firm, before, wrong, 400, "body_length_mismatch", events=[("conflict.consent_rejected", "failed")])
    answers = await asyncio.gather(*(lawyer.put(consent_to(check), content=f"{n}".encode()) for n in range(3)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]
    assert len(await objects(firm) - stored) == 1
    before = await firm.tables()
    await refused(firm, before, await archivist.put(consent_to(check), content=PNG), 409, "conflict")
    # The sweep leaves what this knows.
    key = await firm.eyes.fetchval("SELECT key FROM conflict_consents")
    assert await firm.services.conflicts.consents.keeper.known_keys([key, "files/other"]) == {key}
    other = await relative(firm, lawyer, "丁戊己贸易有限公司")
    assert (await conclude(lawyer, other, "conflict", "relative")).status_code == 200
    before = await firm.tables()
    await refused(firm, before, await lawyer.put(consent_to(other), content=PNG), 409, "check_concluded")


async def test_too_many_hits_are_no_clearance(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    await firm.eyes.execute(
        "INSERT INTO party_names (id, side, what, party, key, dossier_id, current, named_at)"
        " SELECT gen_random_uuid(), 'opposing', 'name', '张伟' || n, '张伟', $1, true, now() FROM generate_series(1, 501) n",
        (await firm.dossier(lawyer))["id"],
    )
    check = await checked(firm, lawyer, [person("张伟")])
    assert (check["incomplete"], len(check["hits"])) == (True, 501)
    before = await firm.tables()
    await refused(firm, before, await conclude(lawyer, check, "clear"), 409, "check_incomplete")
    assert (await conclude(lawyer, check, "conflict")).status_code == 200


async def test_what_was_concluded_can_not_be_changed_by_the_service(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    await conclude(lawyer, await checked(firm, lawyer, NEW), "clear")
    held = await firm.eyes.fetch(
        "SELECT table_name FROM information_schema.role_table_grants WHERE grantee = 'anjuan_app'"
        " AND privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE') AND table_name LIKE 'conflict%'"
    )
    assert held == []
    assert await firm.eyes.fetchval("SELECT count(*) FROM conflict_conclusions") == 1
