"""Templates over HTTP: versions by name, added by archivist and director, kept by the dossiers that follow them."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.support.checks import everything, pointers, refused
from tests.support.databases import TestDatabase
from tests.support.firm import Firm, Person, done

SLOTS = [
    {"code": "a-1", "label": "授权委托书", "required": True},
    {"code": "a-2", "label": "阅卷笔录", "required": False},
]
HENAN = "河南律协 民事代理卷"


def body(**fields: Any) -> dict[str, Any]:
    """Give what makes a template of civil matters."""
    return {
        "matter_type": "civil", "name": HENAN, "slots": SLOTS, "stages": ["收案", "结案"], "source": "示范规则",
        "verified": False, **fields,
    }  # fmt: skip


async def made(by: Person, **fields: Any) -> dict[str, Any]:
    """Add a version of a template."""
    answer = await by.post("/v1/templates", body(**fields))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def newest(by: Person, name: str = "statutory") -> dict[str, Any]:
    """Give the newest version of a template of civil matters."""
    (found,) = (await by.get("/v1/templates", params={"matter_type": "civil", "name": name})).json()["items"]
    template: dict[str, Any] = found
    return template


@pytest.mark.parametrize("role", ["archivist", "director"])
async def test_version_is_added_and_the_earlier_one_stays(firm: Firm, role: str) -> None:
    keeper = await firm.person(role)
    first = await newest(keeper)
    assert (first["version"], first["in_use"], len(first["slots"])) == (1, True, 15)
    answer = await keeper.post("/v1/templates", body(name="statutory"))
    assert answer.status_code == 201, answer.text
    second = answer.json()
    assert answer.headers["location"] == f"/v1/templates/{second['id']}"
    assert await firm.events(answer) == done("template.created")
    event = await firm.event(answer)
    assert (str(event["subject_id"]), event["subject_label"]) == (second["id"], "civil/statutory/2")
    assert event["details"] == {"new": second, "in_use": True, "name_in_use": ["statutory", "statutory"]}
    assert {name: second[name] for name in body()} == body(name="statutory")
    # A new version of the name in use is in use at once.
    assert (second["version"], second["in_use"]) == (2, True)
    read = await keeper.get(f"/v1/templates/{first['id']}")
    assert await firm.events(read) == done("template.viewed")
    assert read.json() == first | {"in_use": False}
    again = await keeper.get(f"/v1/templates/{second['id']}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, await firm.events(again)) == (304, done("template.viewed"))


async def test_variant_stands_beside_until_it_is_in_use(firm: Firm) -> None:
    director, lawyer = await firm.person("director"), await firm.person("lawyer")
    variant = await made(director)
    assert (variant["version"], variant["in_use"]) == (1, False)
    statutory = await newest(lawyer)
    before = await firm.dossier(lawyer)
    assert before["template_id"] == statutory["id"]
    answer = await director.post("/v1/templates", body(in_use=True))
    assert (await firm.event(answer))["details"]["name_in_use"] == ["statutory", HENAN]
    assert (answer.json()["version"], answer.json()["in_use"], (await newest(lawyer))["in_use"]) == (2, True, False)
    after = await firm.dossier(lawyer)
    assert after["template_id"] == answer.json()["id"]
    # Another matter type is not touched, and a dossier keeps what it was opened with.
    criminal = await firm.dossier(lawyer, matter_type="criminal")
    assert (await lawyer.get(f"/v1/templates/{criminal['template_id']}")).json()["name"] == "statutory"
    assert (await lawyer.get(f"/v1/dossiers/{before['id']}")).json()["template_id"] == statutory["id"]
    # What an entry may name is what its own dossier's template has.
    await firm.entry(lawyer, after["id"], slot="a-1", stage="收案")
    await firm.entry(lawyer, before["id"], slot="ms-01", stage="庭审")
    unchanged = await firm.tables()
    for dossier, slot in ((after, "ms-01"), (before, "a-1")):
        entry = {"title": "x", "category": "evidence", "original": "copy", "slot": slot}
        problem = await refused(firm, unchanged, await lawyer.post(f"/v1/dossiers/{dossier['id']}/entries", entry), 422)
        assert pointers(problem) == [("/body/slot", "not_in_template")]


async def test_lists_by_name_and_all_versions(firm: Firm) -> None:
    archivist, nobody = await firm.person("archivist"), await firm.person()
    versions = [await made(archivist) for _ in range(3)]
    listed = await nobody.get("/v1/templates?matter_type=civil")
    assert await firm.events(listed) == done("template.listed")
    asked = {"matter_type": "civil", "name": None, "all_versions": False}
    assert (await firm.event(listed))["details"] == {"filter": asked}
    told = {one["name"]: one["version"] for one in listed.json()["items"]}
    assert told == {"statutory": 1, HENAN: 3, "河南律协示范": 1, "法律援助": 1, "法律服务所规范": 1}
    every = await nobody.get("/v1/templates", params={"name": HENAN, "all_versions": "true"})
    assert every.json()["items"] == versions[::-1]
    walked = await everything(nobody, "/v1/templates?all_versions=true&limit=4")
    assert len(walked) == len({one["id"] for one in walked}) == 16
    keys = [(one["matter_type"], -one["version"]) for one in walked if one["name"] == HENAN]
    assert keys == sorted(keys) == [("civil", -3), ("civil", -2), ("civil", -1)]
    unchanged = await firm.tables()
    await refused(firm, unchanged, await nobody.get("/v1/templates?versions=all"), 422, "invalid")
    await refused(firm, unchanged, await nobody.get("/v1/templates?cursor=x"), 400, "invalid_cursor")
    unknown = await nobody.get("/v1/templates/0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11")
    await refused(firm, unchanged, unknown, 404, "not_found")


async def test_several_at_once_get_versions_of_their_own(firm: Firm) -> None:
    keepers = [await firm.person("archivist"), await firm.person("director")]
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    opening = asyncio.gather(*(firm.dossier(lawyer, client_ids=[client["id"]]) for _ in range(3)))
    templates = await asyncio.gather(
        *(made(keepers[number % 2], name="statutory" if number < 5 else HENAN, in_use=True) for number in range(10))
    )
    known = {one["template_id"] for one in await opening}
    assert sorted(one["version"] for one in templates if one["name"] == HENAN) == [1, 2, 3, 4, 5]
    assert sorted(one["version"] for one in templates if one["name"] == "statutory") == [2, 3, 4, 5, 6]
    everywhere = await everything(lawyer, "/v1/templates?matter_type=civil&all_versions=true")
    assert known <= {one["id"] for one in everywhere}
    (in_use,) = [one for one in everywhere if one["in_use"]]
    assert in_use["version"] == {"statutory": 6, HENAN: 5}[in_use["name"]]
    assert (await firm.dossier(lawyer))["template_id"] == in_use["id"]


async def test_repeated_request_adds_one_version(firm: Firm) -> None:
    director = await firm.person("director")
    once = [await director.post("/v1/templates", body(), headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert once[0].json() == once[1].json()
    assert once[1].headers["idempotency-replayed"] == "true"
    assert (await newest(director, HENAN))["version"] == 1


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"slots": []}, "/body/slots"), ({"slots": [SLOTS[0], SLOTS[0]]}, "/body/slots"), ({"stages": ["a", " a"]}, "/body/stages"),
        ({"slots": [{**SLOTS[0], "code": f"a-{number}"} for number in range(61)]}, "/body/slots"),
        ({"slots": [{**SLOTS[0], "code": "A"}]}, "/body/slots/0/code"), ({"slots": [{**SLOTS[0], "code": "a" * 21}]}, "/body/slots/0/code"),
        ({"slots": [{**SLOTS[0], "code": "-a"}]}, "/body/slots/0/code"), ({"slots": [{**SLOTS[0], "code": "a\n"}]}, "/body/slots/0/code"),
        ({"slots": [{**SLOTS[0], "label": "\u202e"}]}, "/body/slots/0/label"), ({"slots": [{"code": "a", "label": "a"}]}, "/body/slots/0/required"),
        ({"name": " "}, "/body/name"), ({"matter_type": "space"}, "/body/matter_type"), ({"version": 7}, "/body/version"),
        ({"source": ""}, "/body/source"), ({"stages": ["\u200b"]}, "/body/stages/0"), ({"stages": list("一二三" * 11)}, "/body/stages"),
    ],
)  # fmt: skip
async def test_templates_that_can_not_be(firm: Firm, fields: dict[str, Any], pointer: str) -> None:
    director = await firm.person("director")
    unchanged = await firm.tables()
    problem = await refused(firm, unchanged, await director.post("/v1/templates", body(**fields)), 422, "invalid")
    assert [where for where, _ in pointers(problem)] == [pointer]


@pytest.mark.parametrize("role", ["lawyer", "assistant", "partner", "finance", "system_admin", "auditor"])
async def test_others_do_not_add_versions(firm: Firm, role: str) -> None:
    person = await firm.person(role)
    unchanged = await firm.tables()
    await refused(firm, unchanged, await person.post("/v1/templates", body()), 403, "forbidden")


async def test_director_who_administers_does_not_either(firm: Firm) -> None:
    both = await firm.person("director", "system_admin")
    unchanged = await firm.tables()
    await refused(firm, unchanged, await both.post("/v1/templates", body()), 403, "forbidden")


async def test_the_service_itself_can_not_change_a_version(firm: Firm, database: TestDatabase) -> None:
    service = await asyncpg.connect(database.app_url)
    unchanged = await firm.tables()
    try:
        for statement in ("UPDATE templates SET version = 9", "DELETE FROM templates", "TRUNCATE templates CASCADE"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await service.execute(statement)
    finally:
        await service.close()
    assert await firm.tables() == unchanged


async def test_dossier_follows_another_template_and_entries_keep_their_places(firm: Firm) -> None:
    director, lawyer = await firm.person("director"), await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    entry = await firm.entry(lawyer, dossier["id"], slot="ms-03", stage="庭审", pages=2)
    old, new = await newest(lawyer), await made(director)
    path = f"/v1/dossiers/{dossier['id']}"
    changed = await lawyer.post(f"{path}/template", {"template_id": new["id"], "reason": "客户要求"})
    assert (changed.status_code, changed.json()["template_id"]) == (200, new["id"])
    assert await firm.events(changed) == done("dossier.template_changed")
    event = await firm.event(changed)
    assert str(event["dossier_id"]) == dossier["id"]
    assert event["details"] == {
        "old": {"id": old["id"], "name": "statutory", "version": 1}, "new": {"id": new["id"], "name": HENAN, "version": 1},
        "reason": "客户要求",
    }  # fmt: skip
    assert changed.json() == (await lawyer.get(path)).json()
    assert (await lawyer.get(f"/v1/entries/{entry['id']}")).json() == entry
    arranged = await lawyer.post(f"{path}/arrangement", {"mode": "template"})
    assert arranged.json()["volumes"][0]["items"][0]["entry_id"] == entry["id"]
    # Back again, by the director.
    back = await director.post(f"{path}/template", {"template_id": old["id"], "reason": "恢复"})
    assert (back.status_code, await firm.events(back)) == (200, done("dossier.template_changed"))


async def test_templates_that_a_dossier_can_not_follow(firm: Firm) -> None:
    director, lawyer = await firm.person("director"), await firm.person("lawyer")
    dossier, new = await firm.dossier(lawyer), await made(director)
    (criminal,) = (await lawyer.get("/v1/templates?matter_type=criminal")).json()["items"]
    path = f"/v1/dossiers/{dossier['id']}/template"
    unchanged = await firm.tables()
    for template_id, code in (
        (criminal["id"], "other_matter_type"), ("0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11", "unknown_template"),
    ):  # fmt: skip
        answer = await lawyer.post(path, {"template_id": template_id, "reason": "误"})
        assert pointers(await refused(firm, unchanged, answer, 422)) == [("/body/template_id", code)]
    unreasoned = await lawyer.post(path, {"template_id": new["id"], "reason": " "})
    assert [where for where, _ in pointers(await refused(firm, unchanged, unreasoned, 422))] == ["/body/reason"]
    same = await lawyer.post(path, {"template_id": dossier["template_id"], "reason": "误"})
    await refused(firm, unchanged, same, 409, "conflict")
    await firm.eyes.execute("UPDATE dossiers SET state = 'submitted'")
    unchanged = await firm.tables()
    late = await lawyer.post(path, {"template_id": new["id"], "reason": "迟"})
    await refused(firm, unchanged, late, 409, "dossier_frozen")


async def test_who_does_not_lead_a_dossier_does_not_change_its_template(firm: Firm) -> None:
    lawyer, member, stranger = [await firm.person("lawyer") for _ in range(3)]
    new = await made(await firm.person("archivist"))
    dossier = await firm.dossier(
        lawyer, confidentiality="confidential", team=[{"user_id": str(member.id), "duty": "lawyer"}]
    )
    unchanged = await firm.tables()
    for person, status in ((member, 403), (stranger, 404), (await firm.person("archivist"), 403)):
        answer = await person.post(f"/v1/dossiers/{dossier['id']}/template", {"template_id": new["id"], "reason": "试"})
        await refused(firm, {**unchanged, **await who(firm)}, answer, status)


async def who(firm: Firm) -> dict[str, str]:
    """Give the digests of the tables that a person who comes leaves traces in."""
    now = await firm.tables()
    return {name: now[name] for name in ("users", "sessions")}
