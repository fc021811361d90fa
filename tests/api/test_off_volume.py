"""Off-volume objects over HTTP: six fields, a photo, and every place they were kept at."""

from typing import Any

import pytest

from tests.support.checks import everything, pointers, refused
from tests.support.firm import Firm, Person, done
from tests.support.papers import PNG

OBJECT = {
    "name": "涉案电机", "quantity": "2 台", "specification": "Y2-132M-4", "features": "外壳有裂纹", "kept_at": "物证室",
    "quality_certificate": "质检报告15号", "kept_since": "2026-03-01",
}  # fmt: skip


async def registered(by: Person, dossier: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Register an object."""
    answer = await by.post(f"/v1/dossiers/{dossier['id']}/off-volume-objects", {**OBJECT, **fields})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_object_with_its_six_fields(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    answer = await lawyer.post(f"/v1/dossiers/{dossier['id']}/off-volume-objects", OBJECT)
    assert (answer.status_code, await firm.events(answer)) == (201, done("object.created"))
    made = answer.json()
    assert answer.headers["location"] == f"/v1/off-volume-objects/{made['id']}"
    assert {name: made[name] for name in OBJECT if name != "kept_since"} == {
        name: value for name, value in OBJECT.items() if name != "kept_since"
    }
    assert made["missing"] == ["photo"]
    read = await lawyer.get(answer.headers["location"])
    assert (read.json(), await firm.events(read)) == (made, done("object.viewed"))
    moves = await lawyer.get(f"{answer.headers['location']}/movements")
    (first,) = moves.json()["items"]
    assert (first["kept_at"], first["moved_on"], first["moved_by"]) == ("物证室", "2026-03-01", lawyer.name)
    assert await firm.events(moves) == done("object.movements_listed")


async def test_what_is_missing_is_listed_until_it_is_there(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    photo = await firm.entry(lawyer, dossier["id"], "电机照片")
    bare = await registered(
        lawyer, dossier, specification=None, features=None, quality_certificate=None, entry_id=photo["id"]
    )
    assert bare["missing"] == ["specification", "features", "quality_certificate", "photo"]
    path = f"/v1/dossiers/{dossier['id']}/off-volume-objects"
    listed = await lawyer.get(f"{path}?photo_missing=true")
    assert (listed.json()["items"], await firm.events(listed)) == ([bare], done("object.listed"))
    await firm.file(lawyer, photo["id"], PNG, "a.png")
    one = f"/v1/off-volume-objects/{bare['id']}"
    changed = await lawyer.change(one, {"specification": "Y2", "features": "旧", "quality_certificate": "无"})
    assert (changed.status_code, await firm.events(changed)) == (200, done("object.changed"))
    assert (await firm.event(changed))["details"]["changed"]["specification"] == [None, "Y2"]
    assert changed.json()["missing"] == []
    assert (await lawyer.get(f"{path}?photo_missing=true")).json()["items"] == []
    more = [await registered(lawyer, dossier) for _ in range(3)]
    assert await everything(lawyer, f"{path}?limit=2") == [changed.json(), *more]


async def test_where_it_is_kept_changes_by_a_movement(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    thing = await registered(lawyer, await firm.dossier(lawyer))
    path = f"/v1/off-volume-objects/{thing['id']}"
    move = {"kept_at": "鉴定中心", "moved_on": "2026-03-05", "moved_by": "李明", "remarks": "送检"}
    moved = await lawyer.post(f"{path}/movements", move)
    assert (moved.status_code, await firm.events(moved)) == (201, done("object.moved"))
    assert {name: moved.json()[name] for name in move} == move
    assert (await firm.event(moved))["details"]["old"] == "物证室"
    assert (await lawyer.get(path)).json()["kept_at"] == "鉴定中心"
    listed = (await lawyer.get(f"{path}/movements?limit=1")).json()
    assert [one["kept_at"] for one in listed["items"]] == ["物证室"]
    assert await everything(lawyer, f"{path}/movements?limit=1") == [*listed["items"], moved.json()]
    before = await firm.tables()
    early = await refused(firm, before, await lawyer.post(f"{path}/movements", {**move, "moved_on": "2026-03-04"}), 422)
    assert pointers(early) == [("/body/moved_on", "before_last_move")]
    late = await refused(firm, before, await lawyer.post(f"{path}/movements", {**move, "moved_on": "2999-01-01"}), 422)
    assert pointers(late) == [("/body/moved_on", "in_future")]
    straight = await lawyer.change(path, {"kept_at": "家里"})
    assert [where for where, _ in pointers(await refused(firm, before, straight, 422))] == ["/body/kept_at"]


async def test_after_the_handing_in_it_is_the_archivist_who_moves_it(firm: Firm) -> None:
    lawyer, archivist = await firm.person("lawyer"), await firm.person("archivist")
    thing = await registered(lawyer, await firm.dossier(lawyer))
    path = f"/v1/off-volume-objects/{thing['id']}/movements"
    move = {"kept_at": "档案库房", "moved_on": "2026-03-05", "moved_by": "王"}
    before = await firm.tables()
    await refused(firm, before, await archivist.post(path, move), 403, "forbidden")
    await firm.eyes.execute("UPDATE dossiers SET state = 'filed'")
    before = await firm.tables()
    await refused(firm, before, await lawyer.post(path, move), 403, "forbidden")
    frozen = await lawyer.change(f"/v1/off-volume-objects/{thing['id']}", {"name": "x"})
    await refused(firm, before, frozen, 409, "dossier_frozen")
    moved = await archivist.post(path, move)
    assert (moved.status_code, await firm.events(moved)) == (201, done("object.moved"))


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"name": None}, "/body/name"), ({"quantity": " "}, "/body/quantity"), ({"kept_at": ""}, "/body/kept_at"),
        ({"kept_since": "2999-01-01"}, "/body/kept_since"), ({"features": ""}, "/body/features"), ({"weight": 1}, "/body/weight"),
        ({"entry_id": "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"}, "/body/entry_id"),
    ],
)  # fmt: skip
async def test_objects_that_can_not_be(firm: Firm, fields: dict[str, Any], where: str) -> None:
    lawyer = await firm.person("lawyer")
    path = f"/v1/dossiers/{(await firm.dossier(lawyer))['id']}/off-volume-objects"
    before = await firm.tables()
    problem = await refused(firm, before, await lawyer.post(path, {**OBJECT, **fields}), 422, "invalid")
    assert [found for found, _ in pointers(problem)] == [where]


async def test_object_of_a_hidden_photo_is_hidden(firm: Firm) -> None:
    lawyer, assistant, finance = [await firm.person(role) for role in ("lawyer", "assistant", "finance")]
    dossier = await firm.dossier(lawyer, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    photo = await firm.entry(lawyer, dossier["id"], "照片", confidentiality="sealed")
    await firm.entry(lawyer, dossier["id"], "发票", category="fee_document")
    hidden, plain = await registered(lawyer, dossier, entry_id=photo["id"]), await registered(lawyer, dossier)
    path = f"/v1/dossiers/{dossier['id']}/off-volume-objects"
    assert (await assistant.get(path)).json()["items"] == [plain]
    # Who sees a dossier for its fees sees no evidence of it.
    assert (await finance.get(path)).json()["items"] == []
    before = await firm.tables()
    for person, thing in ((assistant, hidden), (finance, plain)):
        one = f"/v1/off-volume-objects/{thing['id']}"
        await refused(firm, before, await person.get(one), 404, "not_found")
        await refused(firm, before, await person.get(f"{one}/movements"), 404, "not_found")


async def test_stale_change_is_refused(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    thing = await registered(lawyer, await firm.dossier(lawyer))
    path, before = f"/v1/off-volume-objects/{thing['id']}", await firm.tables()
    await refused(firm, before, await lawyer.patch(path, {"name": "x"}), 428, "precondition_required")
    stale = await lawyer.patch(path, {"name": "x"}, headers={"If-Match": '"old"'})
    await refused(firm, before, stale, 412, "precondition_failed")


async def test_dossier_with_an_object_is_not_empty(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    await registered(lawyer, dossier)
    before = await firm.tables()
    answer = await lawyer.post(f"/v1/dossiers/{dossier['id']}/void", {"reason": "误立"})
    await refused(firm, before, answer, 409, "dossier_not_empty")


async def test_object_that_its_photo_hides_is_shown_by_the_director_only(firm: Firm) -> None:
    lawyer, director = await firm.person("lawyer"), await firm.person("director")
    team = [{"user_id": str(director.id), "duty": "lawyer"}]
    dossier = await firm.dossier(lawyer, team=team)
    hidden, sealed, plain = [
        (await firm.entry(lawyer, dossier["id"], f"照片{level}", confidentiality=level))["id"]
        for level in ("restricted", "sealed", None)
    ]
    path = f"/v1/off-volume-objects/{(await registered(lawyer, dossier, entry_id=hidden))['id']}"
    assert (await lawyer.change(path, {"entry_id": sealed})).status_code == 200
    before = await firm.tables()
    for entry_id in (None, hidden, plain):
        await refused(firm, before, await lawyer.change(path, {"entry_id": entry_id}), 403, "forbidden")
    assert (await director.change(path, {"entry_id": plain})).status_code == 200
    assert (await lawyer.change(path, {"entry_id": None})).status_code == 200
