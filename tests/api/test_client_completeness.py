"""What a client lacks, over HTTP and for the calendar of who works on his dossiers."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from app.clients.completeness import ClientDuty, DutyKind
from app.clients.models import Client
from app.core.actor import Actor, Origin
from app.core.clock import now, today
from app.core.ids import new_id
from app.core.sql import insert
from tests.access.test_walls import built
from tests.support.checks import refused
from tests.support.firm import Firm, Person, done
from tests.support.papers import PNG

RULES = "/v1/rules/client_data"
WHOLE = {
    "identifiers": [{"scheme": "other", "value": "证-1"}], "contacts": [{"kind": "phone", "value": "010-12345678"}],
    "legal_representative": "张三", "registration": {"address": "北京"},
}  # fmt: skip


def day(days: int) -> str:
    """Give the date so many days from today."""
    return (today() + timedelta(days=days)).isoformat()


async def seen(by: Person, client: dict[str, Any], document_type: str, *, scan: bool = True, **fields: Any) -> str:
    """Record that an original was seen; give the verification's id."""
    body = {"document_type": document_type, "original_seen": True, "verified_on": "2026-03-01", **fields}
    made = await by.post(f"/v1/clients/{client['id']}/verifications", body)
    assert made.status_code == 201, made.text
    if scan:
        path = f"/v1/clients/{client['id']}/verifications/{made.json()['id']}/copy"
        assert (await by.put(path, content=PNG)).status_code == 200
    found: str = made.json()["id"]
    return found


async def lacking(by: Person, client: dict[str, Any]) -> dict[str, Any]:
    """Give what a client lacks."""
    answer = await by.get(f"/v1/clients/{client['id']}/completeness")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def actor_of(firm: Firm, person: Person) -> Actor:
    """Give somebody as the services know him."""
    return await firm.services.auth.identify(person.token, Origin("test", "TEST", "test"))


async def test_what_is_missing_is_told_until_it_is_there(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(lawyer)
    answer = await lawyer.get(f"/v1/clients/{client['id']}/completeness")
    assert await firm.events(answer) == done("client.completeness_viewed")
    assert (await firm.event(answer))["details"] == {"rules_version": 1}
    licence = {"any_of": ["营业执照", "事业单位法人证书", "社会团体法人登记证书", "民办非企业单位登记证书"]}
    representative = {"any_of": ["法定代表人身份证明", "居民身份证", "护照"]}
    assert answer.json() == {
        "client_id": client["id"], "kind": "organization", "rules_version": 1, "complete": False,
        "missing_fields": ["identifiers", "contacts", "legal_representative", "registration"],
        "missing_originals": [licence, representative], "without_scan": [], "expired": [], "expiring": [],
    }  # fmt: skip
    assert (await lawyer.change(f"/v1/clients/{client['id']}", WHOLE)).status_code == 200
    unscanned = await seen(lawyer, client, "营业执照", scan=False, valid_until=day(31))
    await seen(lawyer, client, "护照", valid_until=day(30))
    told = await lacking(lawyer, client)
    assert (told["complete"], told["missing_fields"], told["missing_originals"]) == (False, [], [])
    assert [one["verification_id"] for one in told["without_scan"]] == [unscanned]
    assert [(one["document_type"], one["valid_until"]) for one in told["expiring"]] == [("护照", day(30))]
    path = f"/v1/clients/{client['id']}/verifications/{unscanned}/copy"
    assert (await lawyer.put(path, content=PNG)).status_code == 200
    assert (await lacking(lawyer, client))["complete"] is True


async def test_a_renewed_document_puts_the_old_one_at_rest(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    client = await firm.client(
        lawyer, "张三", kind="person", **{name: WHOLE[name] for name in ("identifiers", "contacts")}
    )
    old = await seen(lawyer, client, "居民身份证", valid_until=day(-1))
    told = await lacking(lawyer, client)
    assert [one["verification_id"] for one in told["expired"]] == [old]
    assert [one["any_of"][0] for one in told["missing_originals"]] == ["居民身份证"]
    # Of two that were seen on one day the one recorded later counts.
    await seen(lawyer, client, "居民身份证", valid_until=day(4000))
    told = await lacking(lawyer, client)
    assert (told["complete"], told["expired"], told["expiring"]) == (True, [], [])
    # An older sight that is entered late does not.
    await seen(lawyer, client, "居民身份证", verified_on="2025-01-01", valid_until=day(-100))
    assert (await lacking(lawyer, client))["expired"] == []
    listed = (await lawyer.get(f"/v1/clients/{client['id']}/verifications")).json()["items"]
    assert [item["valid_until"] for item in listed] == [day(-1), day(4000), day(-100)]


async def test_the_firm_says_what_is_asked_for(firm: Firm) -> None:
    archivist = await firm.person("archivist")
    client = await firm.client(archivist)
    rules = (await archivist.get(RULES)).json()
    asked = {"fields": ["contacts"], "originals": [{"any_of": ["介绍信"], "scan": False}]}
    body = {
        "body": rules["body"] | {"organization": asked, "expiring_days": 5}, "source": "本所决定", "verified": True,
    }  # fmt: skip
    assert (await archivist.change(RULES, body, "PUT")).json()["version"] == 2
    await seen(archivist, client, "介绍信", scan=False, valid_until=day(6))
    told = await lacking(archivist, client)
    assert (told["rules_version"], told["missing_fields"]) == (2, ["contacts"])
    assert (told["missing_originals"], told["without_scan"], told["expiring"]) == ([], [], [])
    before = await firm.tables()
    wrong = body["body"] | {"person": {"fields": ["registration"], "originals": []}}
    answer = await archivist.change(RULES, body | {"body": wrong}, "PUT")
    await refused(firm, before, answer, 422, "invalid")


async def test_hidden_client_lacks_nothing_for_who_may_not_know_of_him(firm: Firm) -> None:
    lawyer, other, finance = [await firm.person(role) for role in ("lawyer", "lawyer", "finance")]
    client = await firm.client(lawyer)
    await firm.dossier(lawyer, client_ids=[client["id"]], confidentiality="confidential")
    before = await firm.tables()
    for person in (other, finance):
        await refused(firm, before, await person.get(f"/v1/clients/{client['id']}/completeness"), 404)


async def test_calendar_names_clients_of_dossiers_that_one_works_on(firm: Firm) -> None:
    lawyer, colleague, walled = [await firm.person("lawyer") for _ in range(3)]
    keeper = await firm.person("security_admin")
    client, other = await firm.client(lawyer, "甲公司", **WHOLE), await firm.client(lawyer, "乙公司")
    team = [{"user_id": str(person.id), "duty": "lawyer"} for person in (colleague, walled)]
    dossiers = [await firm.dossier(lawyer, client_ids=[client["id"]], team=team) for _ in range(2)]
    void = await firm.dossier(colleague, client_ids=[other["id"]])
    assert (await colleague.post(f"/v1/dossiers/{void['id']}/void", {"reason": "重复"})).status_code == 200
    await seen(lawyer, client, "营业执照", valid_until=day(10))
    await seen(lawyer, client, "居民身份证", valid_until=day(-2))
    await built(keeper, walled, client_ids=[client["id"]])
    service = firm.services.client_completeness
    ids = tuple(sorted(UUID(dossier["id"]) for dossier in dossiers))
    about = (UUID(client["id"]), "甲公司", ids)
    expected = [
        ClientDuty(DutyKind.EXPIRED, *about, due_on=date.fromisoformat(day(-2)), document_type="居民身份证"),
        ClientDuty(DutyKind.EXPIRING, *about, due_on=date.fromisoformat(day(10)), document_type="营业执照"),
        ClientDuty(DutyKind.INCOMPLETE, *about, missing=("法定代表人身份证明/居民身份证/护照",)),
    ]
    assert await service.due(await actor_of(firm, colleague)) == expected
    assert await service.due(await actor_of(firm, colleague), limit=1) == expected[:1]
    assert await service.due(await actor_of(firm, walled)) == []
    assert await service.due(await actor_of(firm, await firm.person("lawyer"))) == []


async def test_calendar_goes_through_all_clients_in_batches(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    moment = now()
    clients = [
        Client(
            id=new_id(), kind="person", name=f"客户{number}", former_names=[], contacts=[], created_by=lawyer.id,
            created_at=moment, updated_at=moment,
        )
        for number in range(450)
    ]  # fmt: skip
    async with firm.services.resources.database.connection() as connection:
        await insert(connection, *clients)
        await connection.executemany(
            "INSERT INTO dossier_clients (dossier_id, client_id, position) VALUES ($1, $2, 9)",
            [(UUID(dossier["id"]), client.id) for client in clients],
        )
    found = await firm.services.client_completeness.due(await actor_of(firm, lawyer), limit=1000)
    assert len(found) == 451
    assert {duty.client_id for duty in found} >= {client.id for client in clients}
