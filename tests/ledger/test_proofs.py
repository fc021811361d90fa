"""Proofs over HTTP: who gets which, what they tell, that others' tools and our own command accept them offline."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from typer.testing import CliRunner

from app.cli import app as cli
from app.config import Settings, StorageSettings
from app.core.actor import Origin
from app.embedded.processes import free_port
from app.factory.resources import make_store
from app.ledger.bucket import Bucket
from app.ledger.event_proofs import ProvenEvent, check
from app.ledger.note import Checkpoint, VerifierKey
from app.ledger.proofs import Proof
from app.ledger.sealer import Sealer
from app.ledger.tiles import CHECKPOINT, ENTRIES, Tile
from app.reports import event_proofs
from tests.access.test_walls import built
from tests.ledger.common import add
from tests.support.checks import everything, pointers, refused
from tests.support.firm import Firm, Person, done
from tests.support.go import at_hand
from tests.support.proofcheck import check_consistency, check_proof, proofcheck_program

TEXT = "text/plain; charset=utf-8"


def keys(firm: Firm) -> list[VerifierKey]:
    return firm.services.resources.ledger_keys.verifiers()


async def an_event(firm: Firm, type_: str, **where: Any) -> str:
    """Give the id of the newest event of a type."""
    condition = "".join(f" AND {name} = ${n}" for n, name in enumerate(where, 2))
    found = await firm.eyes.fetchval(
        f"SELECT id FROM events WHERE type = $1{condition} ORDER BY id DESC LIMIT 1", type_, *where.values()
    )
    return str(found)


async def proven(firm: Firm, person: Person, event_id: str) -> ProvenEvent:
    """Read a proof, hold it to the key alone, and hold what it tells to the event; give what it tells."""
    answer = await person.get(f"/v1/events/{event_id}/proof")
    assert (answer.status_code, answer.headers["content-type"]) == (200, TEXT), answer.text
    assert answer.headers["cache-control"] == "private, no-store"
    assert await firm.events(answer) == done("event.proven")
    found = check(Proof.parse(answer.content), keys(firm))
    recorded = await firm.event(answer)
    assert (str(recorded["subject_id"]), recorded["details"]) == (event_id, {"size": found.checkpoint.size})
    event = (await person.get(f"/v1/events/{event_id}")).json()
    for name in ("id", "recorded_at", "type", "outcome", "dossier_id"):
        assert found.leaf[name] == event[name]
    assert recorded["dossier_id"] is None or str(recorded["dossier_id"]) == event["dossier_id"]
    if found.rest is not None:
        assert not event["masked"]
        assert found.rest["details"] == event["details"]
        assert found.rest["subject_label"] == event["subject"]["label"]
        assert found.rest["actor_name"] == event["actor"]["display_name"]
    return found


async def test_who_reads_an_event_has_its_proof(firm: Firm, sealer: Sealer) -> None:
    lead, auditor, stranger = [await firm.person(role) for role in ("lawyer", "auditor", "lawyer")]
    dossier = await firm.dossier(lead, confidentiality="confidential")
    event_id = await an_event(firm, "dossier.opened")
    path = f"/v1/events/{event_id}/proof"
    await not_sealed(firm, lead, path)
    await sealer.seal_all()
    await firm.entry(lead, dossier["id"])
    await not_sealed(firm, lead, f"/v1/events/{await an_event(firm, 'entry.created')}/proof")
    for person in (lead, auditor):
        found = await proven(firm, person, event_id)
        assert found.rest is not None
        assert found.rest["details"]["new"]["number"] == dossier["number"]
    before = await firm.tables()
    for person, at in ((stranger, path), (auditor, f"/v1/events/{stranger.id}/proof")):
        await refused(firm, before, await person.get(at), 404, "not_found")
    await built(await firm.person("security_admin"), lead, auditor, dossier_ids=[dossier["id"]])
    before = await firm.tables()
    for person in (lead, auditor):
        await refused(firm, before, await person.get(path), 404, "not_found")
    await refused(firm, before, await firm.http.get(path), 401, events=[("auth.rejected", "denied")])


async def not_sealed(firm: Firm, person: Person, path: str) -> None:
    """Tell that what is recorded and not sealed yet is told to be so."""
    before = await firm.tables()
    answer = await person.get(path)
    problem = await refused(firm, before, answer, 409, "event_not_sealed")
    assert "within a second" in problem["detail"]
    assert answer.headers["retry-after"] == "1"


async def test_who_reads_less_gets_the_leaf_alone(firm: Firm, sealer: Sealer) -> None:
    lead, auditor, archivist = [await firm.person(role) for role in ("lawyer", "auditor", "archivist")]
    sealed = await firm.dossier(lead, confidentiality="sealed", cause="保密事由")
    hidden = await an_event(firm, "dossier.opened")
    client = await firm.client(lead)
    contacts: list[Any] = [{"kind": "phone", "value": "010-12345678"}]
    for person, now in ((archivist, contacts), (lead, []), (archivist, contacts), (archivist, [])):
        await person.change(f"/v1/clients/{client['id']}", {"contacts": now})
    by_lead, by_archivist = [await an_event(firm, "client.changed", actor_id=p.id) for p in (lead, archivist)]
    await lead.get("/v1/dossiers")
    listed = await an_event(firm, "dossier.listed", actor_id=lead.id)
    await sealer.seal_all()
    masked = await lead_and_auditor(firm, lead, auditor, hidden)
    assert masked.leaf["dossier_id"] == sealed["id"]
    # What the lead wrote over is covered for him, though he did it himself.
    assert (await proven(firm, lead, by_lead)).rest is None
    assert (await proven(firm, auditor, by_lead)).rest is not None
    assert (await proven(firm, archivist, by_archivist)).rest is not None
    # Of lists nobody: who is kept from something in one would see that by the lack of the rest.
    assert (await proven(firm, lead, listed)).rest is None
    assert (await proven(firm, auditor, listed)).rest is None


async def lead_and_auditor(firm: Firm, lead: Person, auditor: Person, hidden: str) -> ProvenEvent:
    """Tell that the lead reads an event whole, and the auditor only its leaf; give what he gets."""
    assert (await proven(firm, lead, hidden)).rest is not None
    masked = await proven(firm, auditor, hidden)
    assert masked.rest is None
    answer = await auditor.get(f"/v1/events/{hidden}/proof")
    extra = Proof.parse(answer.content).extra or b""
    assert json.loads(extra).keys() == {"leaf"}
    assert "保密事由" not in extra.decode()
    return masked


async def test_an_event_whose_details_were_erased_keeps_its_proof(firm: Firm, sealer: Sealer) -> None:
    lead = await firm.person("lawyer")
    await firm.dossier(lead)
    event_id = await an_event(firm, "dossier.opened")
    await sealer.seal_all()
    assert (await proven(firm, lead, event_id)).rest is not None
    await firm.eyes.execute("UPDATE events SET ip = NULL WHERE id = $1::uuid", event_id)
    assert (await proven(firm, lead, event_id)).rest is None


async def test_without_the_ledger_store_nothing_is_proven(firm: Firm, sealer: Sealer, settings: Settings) -> None:
    lead, auditor = await firm.person("lawyer"), await firm.person("auditor")
    dossier = await firm.dossier(lead)
    event_id = await an_event(firm, "dossier.opened")
    await sealer.seal_all()
    gone = settings.storage.model_dump() | {"s3_endpoint": f"http://127.0.0.1:{free_port()}"}
    bucket = firm.services.resources.ledger
    shelf, bucket._shelf = bucket._shelf, make_store(StorageSettings(**gone), "ledger")
    before = await firm.tables()
    for person, path in (
        (lead, f"/v1/events/{event_id}/proof"), (lead, f"/v1/events/proofs?dossier_id={dossier['id']}"),
        (auditor, "/v1/ledger/consistency?from=1"),
    ):  # fmt: skip
        await refused(firm, before, await person.get(path), 503, "unavailable")
    await bucket._shelf.aclose()
    bucket._shelf = shelf
    assert (await proven(firm, lead, event_id)).rest is not None


async def test_what_was_altered_in_the_bucket_is_not_given_out(firm: Firm, sealer: Sealer, bucket: Bucket) -> None:
    lead, auditor = await firm.person("lawyer"), await firm.person("auditor")
    await add(firm, 300)
    await firm.dossier(lead)
    event_id = await an_event(firm, "dossier.opened")
    await sealer.seal_all()
    size = await firm.eyes.fetchval("SELECT size FROM ledger_head")
    path = f"/v1/events/{event_id}/proof"
    tiles = [Tile(ENTRIES, 1, size - 256), Tile(0, 1, size - 256), Tile(1, 0, 1)]
    for tile in tiles:
        whole = await bucket.read(tile.path)
        assert whole is not None
        for wrong in (whole.swapcase(), whole[:-1], b""):
            await bucket.write(tile.path, wrong)
            before = await firm.tables()
            await refused(firm, before, await lead.get(path), 503, "ledger_not_whole")
        await bucket.write(tile.path, whole)
        assert (await proven(firm, lead, event_id)).rest is not None
        firm.services._prover._tiles._forget(tiles)
    await bucket.write(CHECKPOINT, b"none")
    before = await firm.tables()
    await refused(firm, before, await lead.get(path), 503, "ledger_not_whole")
    await refused(firm, before, await auditor.get("/v1/ledger/consistency?from=1"), 503, "ledger_not_whole")


async def test_all_events_of_a_dossier_under_one_checkpoint(
    firm: Firm, sealer: Sealer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(event_proofs, "_GROUP", 2)
    monkeypatch.setattr(event_proofs, "_PLACES", 3)
    lead, stranger, auditor = [await firm.person(role) for role in ("lawyer", "lawyer", "auditor")]
    dossier = await firm.dossier(lead, confidentiality="confidential")
    path = f"/v1/events/proofs?dossier_id={dossier['id']}"
    await not_sealed(firm, lead, path)
    for title in ("甲", "乙", "丙", "丁"):
        await firm.entry(lead, dossier["id"], title)
    await stranger.get(f"/v1/dossiers/{dossier['id']}")
    await sealer.seal_all()
    await firm.entry(lead, dossier["id"], "未封存")
    size = await firm.eyes.fetchval("SELECT size FROM ledger_head")
    for person in (stranger, lead, auditor):
        listed = await everything(person, f"/v1/events?dossier_id={dossier['id']}")
        answer = await person.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
        assert 'filename="proofs.ndjson"' in answer.headers["content-disposition"]
        assert "content-length" not in answer.headers
        assert await firm.events(answer) == done("event.proofs_exported")
        recorded = await firm.event(answer)
        assert (str(recorded["dossier_id"]), recorded["details"]) == (dossier["id"], {"size": size})
        told = held(firm, answer)
        sealed = await firm.eyes.fetch("SELECT event_id FROM event_leaves ORDER BY leaf_index")
        ids = {item["id"] for item in listed}
        assert [event.leaf["id"] for event in told] == [str(row[0]) for row in sealed if str(row[0]) in ids]
        assert len(told) == (1 if person is stranger else 6)  # his own refusal
        assert {event.checkpoint.size for event in told} == {size}
        assert all(event.rest is not None for event in told)
    (tmp_path / "proofs").write_bytes(answer.content)
    (tmp_path / "key").write_text("".join(f"{key.text}\n" for key in keys(firm)))
    found = CliRunner().invoke(cli, ["check-proof", str(tmp_path / "proofs"), "--key", str(tmp_path / "key")])
    assert (found.exit_code, found.output.splitlines()[-1]) == (0, "6 proofs hold, 0 do not."), found.output
    answer = await (await firm.person("archivist")).get(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert await firm.events(answer) == done("event.proofs_exported")


def held(firm: Firm, answer: Response) -> list[ProvenEvent]:
    """Hold the lines of an answer to the ledger's key; give what they tell."""
    lines = [json.loads(line) for line in answer.content.splitlines()]
    told = [check(Proof.parse(line["proof"].encode()), keys(firm)) for line in lines]
    assert [line["event_id"] for line in lines] == [event.leaf["id"] for event in told]
    return told


async def test_a_wall_bites_in_the_middle_of_a_stream(
    firm: Firm, sealer: Sealer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_proofs, "_GROUP", 2)
    lead, keeper = await firm.person("lawyer"), await firm.person("security_admin")
    dossier = await firm.dossier(lead)
    for title in ("甲", "乙", "丙"):
        await firm.entry(lead, dossier["id"], title)
    await sealer.seal_all()
    actor = await firm.services.auth.identify(lead.token, Origin("r", "GET", "/"))
    stream = await firm.services.event_proofs.of_dossier(actor, UUID(dossier["id"]))
    first = await anext(stream)
    assert first.count(b"\n") == 2
    await built(keeper, lead, dossier_ids=[dossier["id"]])
    assert [piece async for piece in stream] == [b""]
    # That he asked stays his to read: it says no more than the id that he sent.
    own = await everything(lead, f"/v1/events?type=event.proofs_exported&dossier_id={dossier['id']}")
    assert [event["details"].keys() for event in own] == [{"size"}]


async def test_go_accepts_proofs_and_consistency(firm: Firm, sealer: Sealer, bucket: Bucket, tmp_path: Path) -> None:
    at_hand(proofcheck_program)
    lead, auditor = await firm.person("lawyer"), await firm.person("auditor")
    dossier = await firm.dossier(lead)
    old = b""
    for count in (270, 333):
        old = await bucket.read(CHECKPOINT) or b""
        await add(firm, count)
        await sealer.seal_all()
    new = await bucket.read(CHECKPOINT) or b""
    key = keys(firm)[0].text

    def written(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    answer = await lead.get(f"/v1/events/{await an_event(firm, 'dossier.opened')}/proof")
    leaf = json.loads(Proof.parse(answer.content).extra or b"")["leaf"].encode()
    proof = written("proof", answer.content)
    assert check_proof(key, proof, written("leaf", leaf)).returncode == 0
    assert check_proof(key, proof, written("leaf", leaf + b" ")).returncode != 0
    (line,) = (await lead.get(f"/v1/events/proofs?dossier_id={dossier['id']}")).content.splitlines()
    assert check_proof(key, written("proof", json.loads(line)["proof"].encode()), written("leaf", leaf)).returncode == 0
    older, newer = written("older", old), written("newer", new)
    sizes = [Checkpoint.parse(note.decode()).size for note in (old, new)]
    hashes = await consistency(firm, auditor, *sizes)
    assert check_consistency(key, older, newer, written("hashes", hashes)).returncode == 0
    assert check_consistency(key, older, newer, written("hashes", b"")).returncode != 0


async def consistency(firm: Firm, person: Person, old: int, new: int | None = None) -> bytes:
    answer = await person.get(f"/v1/ledger/consistency?from={old}" + ("" if new is None else f"&to={new}"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, TEXT), answer.text
    assert await firm.events(answer) == done("ledger.read")
    event = await firm.event(answer)
    assert event["subject_label"] == f"consistency/{old}/{'' if new is None else new}"
    return answer.content


async def test_consistency_of_any_two_sizes(firm: Firm, sealer: Sealer) -> None:
    auditor = await firm.person("auditor")
    before = await firm.tables()
    await refused(firm, before, await auditor.get("/v1/ledger/consistency?from=0"), 404, "not_found")
    await add(firm, 5)
    await sealer.seal_all()
    size = await firm.eyes.fetchval("SELECT size FROM ledger_head")
    assert await consistency(firm, auditor, 0) == await consistency(firm, auditor, size) == b""
    assert await consistency(firm, auditor, 0, 0) == await consistency(firm, auditor, 3, 3) == b""
    assert await consistency(firm, auditor, 3) == await consistency(firm, auditor, 3, size) != b""
    before = await firm.tables()
    for query, wrong in (
        (f"from={size + 1}", ["/query/from"]), ("from=-1", ["/query/from"]), ("from=3&to=2", ["/query/from"]),
        (f"from=3&to={size + 1}", ["/query/to"]), ("from=0&to=-1", ["/query/to"]),
        (f"from={10**30}&to={10**30}", ["/query/to", "/query/from"]),
    ):  # fmt: skip
        answer = await auditor.get(f"/v1/ledger/consistency?{query}")
        problem = await refused(firm, before, answer, 400, "malformed")
        assert pointers(problem) == [(pointer, "no_such_tree") for pointer in wrong]
    assert f"from 0 to {size}" in problem["errors"][0]["detail"]
    for query in ("from=x", "", "from=1&to=x"):
        await refused(firm, before, await auditor.get(f"/v1/ledger/consistency?{query}"), 422, "invalid")
    lawyer = await firm.person("lawyer")
    before = await firm.tables()
    for query in ("from=1", "from=-1"):
        await refused(firm, before, await lawyer.get(f"/v1/ledger/consistency?{query}"), 403, "forbidden")


async def test_the_command_tells_what_does_not_hold(firm: Firm, sealer: Sealer, tmp_path: Path) -> None:
    lead = await firm.person("lawyer")
    dossier = await firm.dossier(lead)
    await firm.entry(lead, dossier["id"])
    event_id = await an_event(firm, "dossier.opened")
    await sealer.seal_all()
    one = (await lead.get(f"/v1/events/{event_id}/proof")).content
    first, second = (await lead.get(f"/v1/events/proofs?dossier_id={dossier['id']}")).content.splitlines(keepends=True)
    leaf = json.loads(Proof.parse(one).extra or b"")["leaf"].encode()
    key = keys(firm)[0].text
    other = first.replace(event_id.encode(), str(lead.id).encode())
    cases: list[tuple[bytes, str, bytes | None, int, str]] = [
        (one, key, None, 0, "with all details\n1 proofs hold, 0 do not."),
        (one, key, leaf, 0, event_id), (one, key, leaf + b" ", 1, "another leaf"), (b"", key, None, 1, "begins with"),
        (one.replace(b"index 0", b"index 1").replace(b"index 2", b"index 1"), key, None, 1, "1 do not"),
        (one, key.replace("+", "x+", 1), None, 2, "hash is not that"), (one, "", None, 1, "not signed"),
        (first + second, key, None, 0, "2 proofs hold, 0 do not."), (second + first, key, None, 1, "not behind"),
        (first + first, key, None, 1, "line 2: not under"), (first + b"{}\n" + second, key, None, 1, "2 proofs hold, 1 do"),
        (other, key, None, 1, "it is the proof of event"),
    ]  # fmt: skip
    for content, verifier, given, status, word in cases:
        for name, data in (("file", content), ("key", verifier.encode()), ("leaf", given or b"")):
            (tmp_path / name).write_bytes(data)
        more = ["--leaf", str(tmp_path / "leaf")] if given else []
        told = CliRunner().invoke(cli, ["check-proof", str(tmp_path / "file"), "--key", str(tmp_path / "key"), *more])
        assert (told.exit_code, word in told.output + told.stderr) == (status, True), (word, told.output)
