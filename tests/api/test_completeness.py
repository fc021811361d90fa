"""What is missing in a dossier, over HTTP: by the slots of its template, and as far as the caller sees its entries."""

from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.dossiers.templates import Slot
from app.entries.completeness import Place, slot_states, unplaced
from tests.api.test_contents import EXCLUDE
from tests.api.test_templates import made
from tests.support.checks import refused
from tests.support.firm import Firm, Person, done

REQUIRED = [f"ms-{number:02d}" for number in (1, 2, 3, 4, 11, 12, 13, 14, 15)]


def filled(answer: dict[str, Any]) -> dict[str, bool | None]:
    """Give what is told of each slot."""
    return {slot["code"]: slot["filled"] for slot in answer["slots"]}


async def completeness(by: Person, dossier: dict[str, Any]) -> dict[str, Any]:
    """Ask what a dossier lacks."""
    answer = await by.get(f"/v1/dossiers/{dossier['id']}/completeness")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_missing_is_told_from_the_first_day(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    answer = await lawyer.get(f"/v1/dossiers/{dossier['id']}/completeness")
    assert await firm.events(answer) == done("dossier.completeness_viewed")
    event = await firm.event(answer)
    assert (str(event["dossier_id"]), event["subject_label"]) == (dossier["id"], dossier["number"])
    assert event["details"] == {"template_id": dossier["template_id"], "missing": REQUIRED}
    told = answer.json()
    template = (await lawyer.get(f"/v1/templates/{dossier['template_id']}")).json()
    assert told == {
        "dossier_id": dossier["id"], "template_id": dossier["template_id"],
        "slots": [{**slot, "filled": False} for slot in template["slots"]], "missing": REQUIRED, "unplaced": [],
    }  # fmt: skip
    again = await lawyer.get(
        f"/v1/dossiers/{dossier['id']}/completeness", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, await firm.events(again)) == (304, done("dossier.completeness_viewed"))


async def test_entries_fill_slots_and_excluded_ones_do_not(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    one = await firm.entry(lawyer, dossier["id"], slot="ms-03")
    two = await firm.entry(lawyer, dossier["id"], slot="ms-05")
    loose = await firm.entry(lawyer, dossier["id"])
    told = await completeness(lawyer, dossier)
    assert {code for code, full in filled(told).items() if full} == {"ms-03", "ms-05"}
    assert told["missing"] == [code for code in REQUIRED if code != "ms-03"]
    assert told["unplaced"] == [loose["id"]]
    for entry in (one, two, loose):
        assert (await lawyer.post(f"/v1/entries/{entry['id']}/review", EXCLUDE)).status_code == 200
    told = await completeness(lawyer, dossier)
    assert (set(filled(told).values()), told["missing"], told["unplaced"]) == ({False}, REQUIRED, [])
    # Put aside by mistake, and kept after all.
    kept = {"authenticity": "pass", "relevance": "pass", "legality": "pass", "decision": "keep"}
    assert (await lawyer.post(f"/v1/entries/{one['id']}/review", kept)).status_code == 200
    assert filled(await completeness(lawyer, dossier))["ms-03"] is True


async def test_another_template_has_other_slots(firm: Firm) -> None:
    lawyer, director = await firm.person("lawyer"), await firm.person("director")
    dossier = await firm.dossier(lawyer)
    entry = await firm.entry(lawyer, dossier["id"], slot="ms-03")
    new = await made(director)
    changed = await lawyer.post(f"/v1/dossiers/{dossier['id']}/template", {"template_id": new["id"], "reason": "换"})
    assert changed.status_code == 200
    told = await completeness(lawyer, dossier)
    assert (told["template_id"], filled(told)) == (new["id"], {"a-1": False, "a-2": False})
    assert (told["missing"], told["unplaced"]) == (["a-1"], [entry["id"]])
    await lawyer.change(f"/v1/entries/{entry['id']}", {"slot": "a-1"})
    told = await completeness(lawyer, dossier)
    assert (filled(told), told["missing"], told["unplaced"]) == ({"a-1": True, "a-2": False}, [], [])


async def test_matter_type_without_slots_lacks_nothing(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer, matter_type="consulting")
    entry = await firm.entry(lawyer, dossier["id"])
    told = await completeness(lawyer, dossier)
    assert (told["slots"], told["missing"], told["unplaced"]) == ([], [], [entry["id"]])


async def test_what_is_hidden_does_not_show(firm: Firm) -> None:
    lawyer, assistant = await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(lawyer, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    await firm.entry(lawyer, dossier["id"], slot="ms-02")
    loose = await firm.entry(lawyer, dossier["id"])
    assert await completeness(assistant, dossier) == await completeness(lawyer, dossier)
    answers = []
    hidden = await firm.entry(lawyer, dossier["id"], confidentiality="sealed")
    for slot in ("ms-03", "ms-05", "ms-02", None):
        await lawyer.change(f"/v1/entries/{hidden['id']}", {"slot": slot})
        answers.append(await completeness(assistant, dossier))
        lead = await completeness(lawyer, dossier)
        assert filled(lead) == {code: code in {"ms-02", slot} for code in filled(lead)}
        assert lead["unplaced"] == [loose["id"], *([hidden["id"]] if slot is None else [])]
    # Wherever the hidden one stands, he is told the same: what he sees, and of the rest that it can't be told.
    assert answers == answers[:1] * 4
    told = answers[0]
    assert filled(told) == {code: True if code == "ms-02" else None for code in filled(told)}
    assert (told["missing"], told["unplaced"], hidden["id"] in str(told)) == ([], [loose["id"]], False)
    event = await firm.event(await assistant.get(f"/v1/dossiers/{dossier['id']}/completeness"))
    assert event["details"] == {"template_id": dossier["template_id"], "missing": []}
    # Once it is excluded it fills nothing, so all can be told again.
    assert (await lawyer.post(f"/v1/entries/{hidden['id']}/review", EXCLUDE)).status_code == 200
    assert await completeness(assistant, dossier) == await completeness(lawyer, dossier)
    assert None not in filled(await completeness(assistant, dossier)).values()


async def test_finance_is_told_by_fee_documents_alone(firm: Firm) -> None:
    lawyer, finance = await firm.person("lawyer"), await firm.person("finance")
    dossier = await firm.dossier(lawyer)
    await firm.entry(lawyer, dossier["id"], "票据", category="fee_document", slot="ms-02")
    told = await completeness(finance, dossier)
    assert filled(told) == {code: code == "ms-02" for code in filled(told)}
    await firm.entry(lawyer, dossier["id"], slot="ms-03")
    told = await completeness(finance, dossier)
    assert filled(told) == {code: True if code == "ms-02" else None for code in filled(told)}
    assert (told["missing"], told["unplaced"]) == ([], [])


async def test_who_does_not_see_the_dossier_is_told_nothing(firm: Firm) -> None:
    lawyer, stranger = await firm.person("lawyer"), await firm.person("lawyer")
    auditor = await firm.person("director", "auditor")
    dossier = await firm.dossier(lawyer, confidentiality="confidential")
    unchanged = await firm.tables()
    for person in (stranger, auditor):
        for dossier_id in (dossier["id"], "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"):
            answer = await person.get(f"/v1/dossiers/{dossier_id}/completeness")
            await refused(firm, unchanged, answer, 404, "not_found")


CODES = [f"s-{number}" for number in range(4)]
PLACES = st.lists(st.tuples(st.sampled_from([*CODES, "other", None]), st.booleans()), max_size=8)


@given(st.lists(st.tuples(st.sampled_from(CODES), st.booleans()), unique_by=lambda slot: slot[0]), PLACES, st.data())
def test_nothing_told_depends_on_where_hidden_entries_stand(
    template: list[tuple[str, bool]], drawn: list[tuple[str | None, bool]], data: st.DataObject
) -> None:
    slots = [Slot(code=code, label=code, required=required) for code, required in template]
    places = [Place(UUID(int=number), slot, sees) for number, (slot, sees) in enumerate(drawn)]
    moved = [
        place if place.sees else Place(place.entry_id, data.draw(st.sampled_from([*CODES, None])), sees=False)
        for place in places
    ]
    codes = {slot.code for slot in slots}
    states = slot_states(slots, places)
    assert states == slot_states(slots, moved)
    assert unplaced(codes, places) == unplaced(codes, moved)
    assert [(state.code, state.required) for state in states] == template
    hidden = any(not place.sees for place in places)
    for state in states:
        seen = any(place.slot == state.code for place in places if place.sees)
        assert state.filled is (True if seen else None if hidden else False)
    stray = {place.entry_id for place in places if place.sees and place.slot not in codes}
    assert set(unplaced(codes, places)) == stray
