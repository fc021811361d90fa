"""Changes of the mandate over HTTP: each stays with its reason, the engagement shows what came of them, an end is an end."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.api.test_engagements import ABSENT, CONTRACT, EXTENDED, FEE, POWER, SIGNED, made
from tests.support.checks import everything, pointers, refused
from tests.support.databases import TestDatabase
from tests.support.firm import Firm, Person, done

SAID = {"on": "2026-06-30", "reason": "情况变化", "by": "agreement"}
ENDED = SAID | {"kind": "termination", "by": "client", "reason": "委托人解除委托"}


def path_of(engagement: dict[str, Any]) -> str:
    """Give the path of the changes of an engagement."""
    return f"/v1/engagements/{engagement['id']}/changes"


async def changed(person: Person, engagement: dict[str, Any], **said: Any) -> dict[str, Any]:
    """Change a mandate as somebody; give the engagement as it stands then."""
    answer = await person.post(path_of(engagement), SAID | said)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = (await person.get(f"/v1/engagements/{engagement['id']}")).json()
    return found


async def test_extension_is_kept_with_its_reason(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    engagement = await made(lawyer, dossier)
    paper = await firm.entry(lawyer, dossier["id"], "补充协议")
    answer = await lawyer.post(path_of(engagement), EXTENDED | {"entry_id": paper["id"]})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert answer.headers["location"] == f"{path_of(engagement)}/{told['id']}"
    assert told == {
        "id": told["id"], "engagement_id": engagement["id"], "serial": 1, "kind": "extension", "on": "2026-06-30",
        "reason": "二审", "by": "agreement", "entry_id": paper["id"], "consent_entry_id": None, "urgent_reason": None,
        "changed": [{"field": "ends_on", "hidden": False, "old": "2097-03-01", "new": "2098-12-31"}],
        "recorded_by": {"id": str(lawyer.id), "display_name": lawyer.name}, "recorded_at": told["recorded_at"],
    }  # fmt: skip
    assert await firm.events(answer) == done("engagement.mandate_changed")
    event = await firm.event(answer)
    assert (str(event["subject_id"]), str(event["dossier_id"]), str(event["entry_id"])) == (
        engagement["id"], dossier["id"], paper["id"],
    )  # fmt: skip
    assert event["details"] == {
        "change_id": told["id"], "serial": 1, "changed": {"ends_on": ["2097-03-01", "2098-12-31"]}, "kind": "extension",
        "on": "2026-06-30", "reason": "二审", "by": "agreement", "entry_id": paper["id"],
    }  # fmt: skip
    read = await lawyer.get(answer.headers["location"])
    assert (read.json(), await firm.events(read)) == (told, done("engagement.change_viewed"))
    now = (await lawyer.get(f"/v1/engagements/{engagement['id']}")).json()
    assert (now["ends_on"], now["change_count"], now["state"]) == ("2098-12-31", 1, "in_force")


async def test_engagement_shows_what_came_of_all_changes(firm: Firm) -> None:
    lawyer, colleague = await firm.person("lawyer"), await firm.person("lawyer", name="李明")
    dossier = await firm.dossier(lawyer)
    power = await made(lawyer, dossier, POWER)
    consent = await firm.entry(lawyer, dossier["id"], "转委托同意书")
    now = await changed(
        lawyer, power, kind="substitution", by="firm", attorneys=[{"user_id": str(colleague.id)}],
        consent_entry_id=consent["id"],
    )  # fmt: skip
    assert now["attorneys"] == [{"user_id": str(colleague.id), "name": "李明"}]
    now = await changed(
        lawyer, power, kind="partial_withdrawal", withdrawn_powers=["settle"], withdrawn_stages=["二审"]
    )
    assert (now["special_powers"], now["stages"]) == (["appeal"], ["一审"])
    now = await changed(lawyer, power, kind="amendment", values={"special_powers": ["appeal", "counterclaim"]})
    assert now["special_powers"] == ["appeal", "counterclaim"]
    now = await changed(lawyer, power, kind="termination", by="client", on="2026-07-01")
    assert (now["state"], now["ended_on"], now["change_count"]) == ("ended", "2026-07-01", 4)
    items = await everything(lawyer, f"{path_of(power)}?limit=3")
    assert [(item["serial"], item["kind"]) for item in items] == [
        (1, "substitution"), (2, "partial_withdrawal"), (3, "amendment"), (4, "termination"),
    ]  # fmt: skip
    assert items[0]["consent_entry_id"] == consent["id"]
    assert [one["field"] for one in items[1]["changed"]] == ["special_powers", "stages"]
    assert items[3]["changed"] == []
    listed = await lawyer.get(path_of(power))
    assert await firm.events(listed) == done("engagement.changes_listed")


async def test_what_has_ended_can_not_be_changed(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    engagement = await made(lawyer, await firm.dossier(lawyer), contract_number=None)
    await changed(lawyer, engagement, kind="termination")
    before = await firm.tables()
    for said in (EXTENDED, ENDED):
        await refused(firm, before, await lawyer.post(path_of(engagement), said), 409, "engagement_ended")
    patched = await lawyer.change(f"/v1/engagements/{engagement['id']}", {"contract_number": "1"})
    await refused(firm, before, patched, 409, "engagement_ended")


async def test_a_signature_that_an_amendment_takes_away_still_binds(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    engagement = await made(lawyer, await firm.dossier(lawyer))
    now = await changed(lawyer, engagement, kind="amendment", values={"signers": [], "fee": FEE | {"amount": "9"}})
    assert (now["signers"], now["fee"]["amount"], now["bound_since"]) == ([], "9", engagement["bound_since"])
    before = await firm.tables()
    patched = await lawyer.change(f"/v1/engagements/{engagement['id']}", {"dated_on": "2026-04-01"})
    await refused(firm, before, patched, 409, "engagement_signed")


async def test_a_first_signature_by_amendment_binds(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    engagement = await made(lawyer, await firm.dossier(lawyer), signers=[])
    assert engagement["bound_since"] is None
    now = await changed(lawyer, engagement, kind="amendment", values={"signers": SIGNED})
    assert now["bound_since"] == now["updated_at"]


async def test_substitution_needs_the_clients_will(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    power, contract = await made(lawyer, dossier, POWER), await made(lawyer, dossier)
    said = SAID | {"kind": "substitution", "by": "firm", "attorneys": [{"name": "李明"}]}
    before = await firm.tables()
    problem = await refused(firm, before, await lawyer.post(path_of(power), said), 422, "invalid")
    assert pointers(problem) == [("/body/consent_entry_id", "consent_needed")]
    unknown = await lawyer.post(path_of(power), said | {"consent_entry_id": ABSENT})
    assert pointers(await refused(firm, before, unknown, 422)) == [("/body/consent_entry_id", "unknown_entry")]
    # Nor by another name.
    other = SAID | {"kind": "amendment", "by": "firm", "values": {"attorneys": [{"name": "李明"}]}}
    problem = await refused(firm, before, await lawyer.post(path_of(power), other), 422, "invalid")
    assert pointers(problem) == [("/body/by", "substitution")]
    foreign = await lawyer.post(path_of(contract), said | {"urgent_reason": "开庭在即"})
    assert pointers(await refused(firm, before, foreign, 422)) == [("/body/kind", "not_of_this_kind")]
    urgent = await lawyer.post(path_of(power), said | {"urgent_reason": "开庭在即,联系不上委托人"})
    assert (urgent.status_code, urgent.json()["urgent_reason"]) == (201, "开庭在即,联系不上委托人")


async def test_what_does_not_hang_together_is_refused(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    power, contract = await made(lawyer, dossier, POWER), await made(lawyer, dossier)
    before = await firm.tables()
    wrong: list[tuple[dict[str, Any], dict[str, Any], tuple[str, str]]] = [
        (contract, EXTENDED | {"ends_on": "2097-03-01"}, ("/body/ends_on", "not_later")),
        (contract, EXTENDED | {"on": "2999-01-01"}, ("/body/on", "in_future")),
        (contract, EXTENDED | {"on": "2026-03-01"}, ("/body/on", "before_engagement")),
        (contract, EXTENDED | {"entry_id": ABSENT}, ("/body/entry_id", "unknown_entry")),
        (contract, SAID | {"kind": "amendment", "values": {"scope": "general"}}, ("/body/values/scope", "not_of_this_kind")),
        (power, SAID | {"kind": "amendment", "values": {"scope": "general"}},
         ("/body/values/special_powers", "needs_special_scope")),
        (power, SAID | {"kind": "amendment", "values": {"special_powers": ["sell"]}},
         ("/body/values/special_powers/0", "unknown_power")),
        (power, SAID | {"kind": "partial_withdrawal", "withdrawn_powers": ["counterclaim"]},
         ("/body/withdrawn_powers/0", "not_given")),
    ]  # fmt: skip
    for engagement, said, expected in wrong:
        problem = await refused(firm, before, await lawyer.post(path_of(engagement), said), 422, "invalid")
        assert pointers(problem) == [expected], said
    for said in (SAID | {"kind": "amendment", "values": {"entry_id": ABSENT}}, SAID | {"kind": "extension"}):
        await refused(firm, before, await lawyer.post(path_of(contract), said), 422, "invalid")
    same = SAID | {"kind": "amendment", "values": {"contract_number": CONTRACT["contract_number"]}}
    await refused(firm, before, await lawyer.post(path_of(contract), same), 409, "conflict")
    await refused(firm, before, await lawyer.get(f"{path_of(contract)}/{ABSENT}"), 404, "not_found")
    there = await lawyer.post(path_of(power), ENDED)
    before = await firm.tables()
    await refused(firm, before, await lawyer.get(f"{path_of(contract)}/{there.json()['id']}"), 404, "not_found")


async def test_of_two_who_end_it_at_once_one_does(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    engagement = await made(lawyer, await firm.dossier(lawyer))
    answers = await asyncio.gather(*(lawyer.post(path_of(engagement), ENDED) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"engagement_ended"}
    assert await firm.eyes.fetchval("SELECT count(*) FROM engagement_changes") == 1


async def test_who_names_what_he_read_does_not_change_what_others_made_of_it(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    engagement = await made(lawyer, await firm.dossier(lawyer))
    tag = {"If-Match": (await lawyer.get(f"/v1/engagements/{engagement['id']}")).headers["etag"]}
    said = [EXTENDED | {"ends_on": f"209{year}-12-31"} for year in (7, 8, 9)]
    answers = await asyncio.gather(*(lawyer.post(path_of(engagement), one, headers=tag) for one in said))
    assert sorted(answer.status_code for answer in answers) == [201, 412, 412]
    # Without it they stand one behind the other, each with what it found.
    engagement = await made(lawyer, await firm.dossier(lawyer))
    amended = [SAID | {"kind": "amendment", "values": {"contract_number": f"第{number}号"}} for number in range(3)]
    answers = await asyncio.gather(*(lawyer.post(path_of(engagement), one) for one in amended))
    assert [answer.status_code for answer in answers] == [201] * 3
    items = await everything(lawyer, path_of(engagement))
    values = [item["changed"][0] for item in items]
    assert [value["old"] for value in values] == [CONTRACT["contract_number"], *(value["new"] for value in values[:-1])]
    assert (await lawyer.get(f"/v1/engagements/{engagement['id']}")).json()["contract_number"] == values[-1]["new"]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE engagement_changes SET reason = 'x'", "DELETE FROM engagement_changes", "DELETE FROM engagements"],
)
async def test_history_can_not_be_rewritten(database: TestDatabase, statement: str) -> None:
    connection = await asyncpg.connect(database.app_url)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()
