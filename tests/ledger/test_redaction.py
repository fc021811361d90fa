"""Erasing personal data in sealed events: two people, every proof stays valid, and nothing of the old is left."""

from pathlib import Path
from typing import Any

import asyncpg

from app.embedded.postgres import EmbeddedPostgres
from app.jobs.redaction import erase_personal_data
from app.ledger.bucket import Bucket
from app.ledger.leaf import details_digest
from app.ledger.sealer import Sealer
from app.redaction.fields import ERASED, HOLE
from tests.access.test_walls import built
from tests.ledger.redactions import AGENT, URL, asked, body, decided, erased, rows, told
from tests.ledger.test_sealing import published, raw
from tests.support.databases import TestDatabase, at_database
from tests.support.firm import Firm, Person, Refusal, done


async def acting(firm: Firm) -> tuple[Person, Person, Person]:
    """Give a director, an auditor, and a lawyer who did three things."""
    director, auditor, lawyer = [await firm.person(role) for role in ("director", "auditor", "lawyer")]
    for path in ("/v1/auth/me", "/v1/clients?q=MARK-7f3a", "/v1/dossiers"):
        assert (await lawyer.get(path, headers=AGENT)).status_code == 200
    return director, auditor, lawyer


async def test_two_people_erase_and_every_proof_stays(firm: Firm, sealer: Sealer, bucket: Bucket) -> None:
    director, auditor, lawyer = await acting(firm)
    await sealer.seal_all()
    before, size = await rows(firm), (await published(firm, bucket)).size
    leaves = await raw(bucket, size)

    answer = await director.post(URL, body(filter={"actor_id": str(lawyer.id)}))
    assert (answer.status_code, await firm.events(answer)) == (201, done("event.redaction_requested"))
    request = answer.json()
    mine = [id_ for id_, row in before.items() if row["actor_id"] == lawyer.id]
    assert (request["state"], request["event_count"], request["decided_by"]) == ("pending", len(mine), None)
    assert len(mine) == 3
    asked_for = await firm.event(answer)
    assert asked_for["details"] == {
        "fields": ["actor_name", "user_agent"], "filter": {"actor_id": str(lawyer.id)}, "event_count": 3,
        "reason": "依本人申请删除",
    }  # fmt: skip
    assert await erase_personal_data(firm.services) == 0
    approved = await decided(auditor, request)
    assert await firm.events(approved) == done("event.redaction_decided")
    assert (approved.json()["state"], approved.json()["decided_by"]["id"]) == ("approved", str(auditor.id))
    assert (await firm.event(approved))["details"] == {
        "decision": "approve", "reason": "已核对", "requested_by": str(director.id),
    }  # fmt: skip
    assert await rows(firm, list(before)) == before

    assert await erase_personal_data(firm.services) == 3
    after = await rows(firm, list(before))
    for id_, row in before.items():
        if id_ in mine:
            marks = {"actor_name": ERASED, "user_agent": ERASED, "salt": after[id_]["salt"]}
            assert after[id_] == row | marks
            assert after[id_]["salt"] != row["salt"]
            assert len(after[id_]["salt"]) == 16
        else:
            assert after[id_] == row
    events = await told(firm)
    assert [event["subject_id"] for event in events] == mine
    for event in events:
        row = after[event["subject_id"]]
        assert event["details"] == {
            "digest": details_digest(row, row["salt"]), "fields": ["actor_name", "user_agent"], "reason": "依本人申请删除",
            "requested_by": str(director.id), "approved_by": str(auditor.id), "redaction_id": request["id"],
        }  # fmt: skip
        assert (event["subject_type"], event["outcome"], event["actor_id"]) == ("event", "success", None)
        assert (event["dossier_id"], event["route"]) == (row["dossier_id"], "erase_personal_data")
    finished = await firm.eyes.fetch("SELECT subject_id FROM events WHERE type = 'event.redaction_finished'")
    assert [str(row["subject_id"]) for row in finished] == [request["id"]]
    assert await erase_personal_data(firm.services) == 0

    await sealer.seal_all()
    assert (await published(firm, bucket)).size > size
    assert (await raw(bucket, size))[:size] == leaves
    shown = (await auditor.get(f"/v1/events/{mine[0]}")).json()
    assert (shown["actor"], shown["user_agent"]) == (
        {"id": str(lawyer.id), "display_name": ERASED, "roles": ["lawyer"]}, ERASED,
    )  # fmt: skip


async def test_requests_are_read_and_listed(firm: Firm, sealer: Sealer) -> None:
    director, auditor, lawyer = await acting(firm)
    await sealer.seal_all()
    first = await erased(firm, director, auditor, filter={"actor_id": str(lawyer.id)}, fields=["user_agent"])
    second = await asked(auditor, filter={"actor_id": str(lawyer.id)}, fields=["actor_name"])
    for person in (director, auditor):
        read = await person.get(f"{URL}/{first['id']}")
        assert (read.json(), await firm.events(read)) == (first, done("event.redaction_viewed"))
        listed = await person.get(URL)
        assert await firm.events(listed) == done("event.redactions_listed")
        assert listed.json()["items"] == [second, first]
        assert (await person.get(f"{URL}?state=pending")).json()["items"] == [second]
    page = await director.get(f"{URL}/{first['id']}/events?limit=2")
    assert await firm.events(page) == done("event.redaction_events_listed")
    rest = (await director.get(page.headers["link"].partition(">")[0].lstrip("<"))).json()["items"]
    items = [*page.json()["items"], *rest]
    assert [item["event_id"] for item in items] == [str(event["subject_id"]) for event in await told(firm)]
    assert all(item["fields"] == ["user_agent"] and item["erased_at"] for item in items)
    assert first["finished_at"]


async def test_nothing_of_the_old_is_left(
    firm: Firm, sealer: Sealer, postgres: EmbeddedPostgres, database: TestDatabase
) -> None:
    """Not in any column of any table, nor in the files of the database once they are written anew."""
    director, auditor, lawyer = await acting(firm)
    await sealer.seal_all()

    async def columns() -> list[str]:
        names = await firm.eyes.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
        return [
            name for (name,) in names if await firm.eyes.fetchval(f"SELECT count(*) FROM {name} t WHERE t::text LIKE '%MARK-7f3a%'")
        ]  # fmt: skip

    admin = await asyncpg.connect(at_database(postgres.superuser_url, database.owner_url.rpartition("/")[2]))
    try:
        place = Path(await admin.fetchval("SHOW data_directory")) / "base" / str(
            await admin.fetchval("SELECT oid FROM pg_database WHERE datname = current_database()")
        )  # fmt: skip

        def files() -> list[str]:
            return [path.name for path in place.iterdir() if b"MARK-7f3a" in path.read_bytes()]

        partition = await firm.eyes.fetchval("SELECT tableoid::regclass::text FROM events LIMIT 1")
        await admin.execute("CHECKPOINT")
        assert (await columns(), len(files())) == (["events", partition], 1)
        salts = [row["salt"] for row in (await rows(firm)).values() if row["actor_id"] == lawyer.id]
        await erased(
            firm, director, auditor, filter={"actor_id": str(lawyer.id)}, fields=["user_agent", "details/filter/q"]
        )
        assert await columns() == []
        for table in (partition, "event_leaves"):
            await admin.execute(f"VACUUM FULL {table}")
        await admin.execute("CHECKPOINT")
        assert files() == []
        content = b"".join(path.read_bytes() for path in place.iterdir())
        assert [salt for salt in salts if salt in content] == []
    finally:
        await admin.close()


async def test_what_changes_nothing(firm: Firm, sealer: Sealer) -> None:
    director, auditor, lawyer = await acting(firm)
    second = await firm.person("auditor")
    await sealer.seal_all()
    chosen = {"filter": {"actor_id": str(lawyer.id)}}
    events = await rows(firm)
    refused, late, own = (
        await asked(director, **chosen),
        await asked(director, **chosen),
        await asked(auditor, **chosen),
    )
    assert (await decided(auditor, refused, "refuse")).json()["state"] == "refused"
    await firm.eyes.execute("ALTER TABLE event_redactions DISABLE TRIGGER USER")
    await firm.eyes.execute("UPDATE event_redactions SET expires_at = now() WHERE id = $1", late["id"])
    await firm.eyes.execute("ALTER TABLE event_redactions ENABLE TRIGGER USER")
    assert (await director.get(f"{URL}/{late['id']}")).json()["state"] == "expired"
    assert [item["id"] for item in (await director.get(f"{URL}?state=expired")).json()["items"]] == [late["id"]]
    before = await firm.tables()
    for redaction, person, status, code in (
        (refused, auditor, 409, "already_decided"), (late, auditor, 409, "redaction_expired"),
    ):  # fmt: skip
        answer = await decided(person, redaction)
        assert (answer.status_code, answer.json()["code"], await firm.events(answer)) == (status, code, [])
    for redaction, person in ((own, auditor), (own, director), (refused, director)):
        answer = await decided(person, redaction)
        assert (answer.status_code, await firm.events(answer)) == (403, [Refusal])
    assert await firm.tables() == before
    assert await erase_personal_data(firm.services) == 0
    assert await rows(firm, list(events)) == events
    assert (await decided(second, own)).json()["state"] == "approved"


async def test_nobody_erases_his_own_traces(firm: Firm, sealer: Sealer) -> None:
    director, auditor, _ = await acting(firm)
    other = await firm.person("auditor")
    await director.get("/v1/dossiers", headers=AGENT)
    await auditor.get("/v1/events", headers=AGENT)
    about = await firm.eyes.fetchval("SELECT id FROM events WHERE type = 'event.listed'")
    await firm.eyes.execute(
        "UPDATE events SET subject_type = 'user', subject_id = $1 WHERE type = 'dossier.listed' AND actor_id <> $2",
        auditor.id, director.id,
    )  # fmt: skip
    subject = await firm.eyes.fetchval("SELECT id FROM events WHERE subject_id = $1", auditor.id)
    await sealer.seal_all()
    before = await firm.tables()
    for person, fields in (
        (director, {"filter": {"actor_id": str(director.id)}}), (auditor, {"event_ids": [str(about)]}),
        (auditor, {"event_ids": [str(subject)]}),
    ):  # fmt: skip
        answer = await person.post(URL, body(**fields))
        assert (answer.status_code, answer.json()["code"]) == (403, "own_traces")
        assert await firm.events(answer) == [Refusal]
        assert (await firm.event(answer))["details"] == {"act": "event.redact", "rule": "own_traces"}
    assert await firm.tables() == before
    request = await asked(director, event_ids=[str(about)])
    before = await firm.tables()
    answer = await decided(auditor, request)
    assert (answer.status_code, answer.json()["code"], await firm.events(answer)) == (403, "own_traces", [Refusal])
    assert await firm.tables() == before
    assert (await decided(other, request)).json()["state"] == "approved"
    assert await erase_personal_data(firm.services) == 1


async def test_what_can_not_be_asked_for(firm: Firm, sealer: Sealer) -> None:
    director, auditor, lawyer = await acting(firm)
    client = await firm.client(lawyer)
    dossier = await firm.dossier(lawyer, client_ids=[client["id"]])
    await sealer.seal_all()
    await erased(firm, director, auditor, filter={"actor_id": str(lawyer.id)}, fields=["user_agent"])
    await sealer.seal_all()
    await lawyer.get("/v1/auth/me")

    async def one(type_: str) -> str:
        return str(await firm.eyes.fetchval("SELECT id FROM events WHERE type = $1 ORDER BY id DESC LIMIT 1", type_))

    opened, seen = await one("dossier.opened"), await one("dossier.listed")
    before = await firm.tables()
    cases: list[tuple[dict[str, Any], int, str]] = [
        ({"event_ids": [client["id"]]}, 422, "unknown_event"),
        ({"event_ids": [await one("event.redacted")], "fields": ["actor_name"]}, 422, "tells_of_erasure"),
        ({"event_ids": [await one("auth.identity_viewed")]}, 409, "event_not_sealed"),
        ({"event_ids": [seen], "fields": ["details"]}, 422, "read_back"),
        ({"event_ids": [seen], "fields": ["user_agent"]}, 422, "nothing_to_erase"),
        ({"event_ids": [opened], "fields": ["details/none", "via_name"]}, 422, "nothing_to_erase"),
        ({"filter": {"actor_id": client["id"]}}, 422, "nothing_to_erase"),
        ({"filter": {"actor_id": str(lawyer.id)}, "reason": f"应{lawyer.name}要求"}, 422, "repeats_erased"),
        ({"filter": {"type": "client.listed"}}, 422, ""),
        ({"filter": {"actor_id": str(lawyer.id)}, "event_ids": [opened]}, 422, ""),
        ({"event_ids": [opened], "fields": ["actor_id"]}, 422, ""),
        ({"event_ids": [opened], "fields": ["details/a~2"]}, 422, ""),
        ({"event_ids": [opened, opened]}, 422, ""),
        ({}, 422, ""),
    ]  # fmt: skip
    for fields, status, code in cases:
        answer = await director.post(URL, body(**fields))
        problem = answer.json()
        told_code = problem["errors"][0]["code"] if status == 422 else problem["code"]
        assert answer.status_code == status, (fields, problem)
        assert not code or told_code == code, (fields, problem)
        assert await firm.events(answer) == []
    assert await firm.tables() == before
    assert (await asked(director, event_ids=[opened], fields=["details/new/cause"]))["event_count"] == 1
    assert (await asked(director, filter={"dossier_id": dossier["id"]}, fields=["subject_label"]))["event_count"] == 1


async def test_details_are_erased_by_pointer_and_again(firm: Firm, sealer: Sealer) -> None:
    director, auditor, lawyer = await acting(firm)
    listed = next(id_ for id_, row in (await rows(firm)).items() if row["type"] == "client.listed")
    await firm.eyes.execute(
        "UPDATE events SET details = $2 WHERE id = $1", listed, {"a/b": {"~": ["x", "y"]}, "returned": [], "n": 1}
    )
    await sealer.seal_all()
    await erased(firm, director, auditor, event_ids=[str(listed)], fields=["details/a~1b/~0/1", "details/none", "ip"])
    first = (await rows(firm, [listed]))[listed]
    assert (first["details"], first["ip"]) == ({"a/b": {"~": ["x", HOLE]}, "returned": [], "n": 1}, ERASED)
    await erased(firm, director, auditor, event_ids=[str(listed)], fields=["ip", "details"])
    second = (await rows(firm, [listed]))[listed]
    assert second == first | {"details": HOLE, "salt": second["salt"]}
    assert [event["details"]["fields"] for event in await told(firm)] == [["details/a~1b/~0/1", "ip"], ["details"]]
    digests = [event["details"]["digest"] for event in await told(firm)]
    assert digests == [details_digest(first, first["salt"]), details_digest(second, second["salt"])]
    for person in (lawyer, auditor):
        assert (await person.get(f"/v1/events/{listed}")).json()["details"] == HOLE
        assert (await person.get(f"/v1/events?actor_id={lawyer.id}")).status_code == 200


async def test_nobody_behind_a_wall_knows_of_it(firm: Firm, sealer: Sealer) -> None:
    director, _, lawyer = await acting(firm)
    keeper, walled = await firm.person("security_admin"), await firm.person("director")
    dossier = await firm.dossier(lawyer)
    await built(keeper, walled, dossier_ids=[dossier["id"]])
    await sealer.seal_all()
    request = await asked(director, filter={"dossier_id": dossier["id"]})
    before = await firm.tables()
    for path in (f"{URL}/{request['id']}", f"{URL}/{request['id']}/events"):
        hidden = await walled.get(path)
        assert (hidden.status_code, await firm.events(hidden)) == (404, [Refusal])
    assert (await walled.get(URL)).json()["items"] == []
    opened = await firm.eyes.fetchval("SELECT id FROM events WHERE type = 'dossier.opened'")
    for fields, code in (({"event_ids": [str(opened)]}, "unknown_event"), ({"filter": {"dossier_id": dossier["id"]}}, "nothing_to_erase")):  # fmt: skip
        answer = await walled.post(URL, body(**fields))
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    assert await firm.tables() == before
    # Nor by what others were shown of it.
    wide = await asked(director, filter={"actor_id": str(lawyer.id)})
    of_dossier = {str(id_) for id_, row in (await rows(firm)).items() if str(row["dossier_id"]) == dossier["id"]}
    lists = [await director.get(URL), await director.get(f"{URL}/{wide['id']}/events")]
    for answer, out in zip(lists, ({request["id"], wide["id"]}, of_dossier), strict=True):
        event = await firm.event(answer)
        returned = event["details"]["returned"]
        assert set(returned) & out
        for reader, left in ((director, returned), (walled, [id_ for id_ in returned if id_ not in out])):
            shown = await reader.get(f"/v1/events/{event['id']}")
            assert shown.json()["details"]["returned"] == left
    one = await firm.event(await director.get(f"{URL}/{request['id']}/events"))
    assert (await walled.get(f"/v1/events/{one['id']}")).status_code == 404


async def test_a_request_is_made_once(firm: Firm, sealer: Sealer) -> None:
    director, auditor, lawyer = await acting(firm)
    await sealer.seal_all()
    wish, key = body(filter={"actor_id": str(lawyer.id)}), {"Idempotency-Key": "k1"}
    first, again = await director.post(URL, wish, headers=key), await director.post(URL, wish, headers=key)
    assert (first.json(), again.headers["idempotency-replayed"]) == (again.json(), "true")
    assert await firm.events(again) == []
    path = f"{URL}/{first.json()['id']}/decision"
    decision = {"decision": "approve", "reason": "已核对"}
    one, two = await auditor.post(path, decision, headers=key), await auditor.post(path, decision, headers=key)
    assert (one.json(), two.headers["idempotency-replayed"]) == (two.json(), "true")
    assert await firm.eyes.fetchval("SELECT count(*) FROM event_redactions") == 1
