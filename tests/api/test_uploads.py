"""Resumable uploads over HTTP: the file is like any other, only its maker knows of it, what is refused changes nothing."""

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from tests.support import tus
from tests.support.checks import pointers, refused
from tests.support.firm import Firm, done
from tests.support.papers import objects, pdf
from tests.support.tus import an_entry, checksum, content_of

ABSENT = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"
LIMIT = 32 * 1024 * 1024
FINISHED = done("file.added", "upload.finished")
REJECTED = [("upload.rejected", "failed")]
ENDED = done("upload.ended")


def repr_digest(content: bytes) -> str:
    """Announce the SHA-256 of the whole file."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


async def test_file_comes_in_pieces_and_is_like_any_other(firm: Firm) -> None:
    lawyer, dossier, entry_id = await an_entry(firm)
    content, before = pdf(3), await tus.pieces(firm)
    third = len(content) // 3
    made = await tus.begin(lawyer, entry_id, len(content), filename="庭审笔录.pdf", filetype="text/plain")
    assert made.status_code == 201, made.text
    assert await firm.events(made) == done("upload.begun")
    path, told = made.headers["location"], made.json()
    assert path == f"/v1/uploads/{told['id']}"
    assert (told["state"], told["offset"], told["length"], told["file_id"]) == ("open", 0, len(content), None)
    for number, end in ((0, third), (1, 2 * third)):
        answer = await tus.send(lawyer, path, number * third, content[number * third : end])
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(end)), answer.text
        assert await firm.events(answer) == done("upload.continued")
        event = await firm.event(answer)
        assert event["details"] == {"start": number * third, "end": end}
        assert (str(event["dossier_id"]), str(event["entry_id"])) == (dossier["id"], entry_id)
    assert len(await tus.pieces(firm) - before) == 2
    assert await firm.eyes.fetchval("SELECT count(*) FROM files") == 0
    last = await tus.send(lawyer, path, 2 * third, content[2 * third :])
    assert (last.status_code, last.headers["upload-offset"]) == (204, str(len(content))), last.text
    assert await firm.events(last) == FINISHED
    file = (await lawyer.get(f"/v1/files/{last.headers['anjuan-file-id']}")).json()
    assert {name: file[name] for name in ("entry_id", "version", "original_name", "media_type", "pages", "sha256")} == {
        "entry_id": entry_id, "version": 1, "original_name": "庭审笔录.pdf", "media_type": "application/pdf", "pages": 3,
        "sha256": hashlib.sha256(content).hexdigest(),
    }  # fmt: skip
    assert file["created_by"]["id"] == str(lawyer.id)
    assert await content_of(lawyer, file["id"]) == content
    assert await tus.pieces(firm) == before
    assert await tus.kept(firm) == []
    head = await lawyer.request("HEAD", path, headers=tus.TUS)
    assert (head.headers["upload-offset"], head.headers["anjuan-file-id"]) == (str(len(content)), file["id"])
    assert "upload-expires" not in head.headers
    read = await lawyer.get(path)
    assert (read.json()["state"], read.json()["file_id"]) == ("finished", file["id"])
    assert await firm.events(read) == await firm.events(head) == done("upload.viewed")


async def test_head_tells_what_a_client_needs(firm: Firm) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    began = datetime.now(UTC)
    made = await tus.begin(lawyer, entry_id, 10, filename="a.txt", relativePath="x")
    await tus.send(lawyer, made.headers["location"], 0, b"1234")
    head = await lawyer.request("HEAD", made.headers["location"], headers=tus.TUS)
    assert (head.status_code, head.content, head.headers["cache-control"]) == (200, b"", "no-store")
    assert (head.headers["upload-offset"], head.headers["upload-length"]) == ("4", "10")
    assert head.headers["upload-metadata"] == tus.encoded(entry_id=entry_id, filename="a.txt", relativePath="x")
    for answer in (made, head):
        assert answer.headers["tus-resumable"] == "1.0.0"
        left = parsedate_to_datetime(answer.headers["upload-expires"]) - began
        assert timedelta(days=7, seconds=-1) <= left < timedelta(days=7, minutes=5)


async def test_options_tell_what_is_spoken(firm: Firm) -> None:
    answer = await firm.http.options("/v1/uploads")
    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in answer.headers if name.startswith("tus-")} == {
        "tus-resumable": "1.0.0", "tus-version": "1.0.0", "tus-max-size": str(LIMIT),
        "tus-extension": "creation,checksum,expiration,termination", "tus-checksum-algorithm": "sha256,sha1,md5",
    }  # fmt: skip
    assert await firm.events(answer) == []


async def test_other_versions_are_refused(firm: Firm) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    path = await tus.begun(lawyer, entry_id, 4)
    before = await firm.tables()
    headers = {
        "Upload-Length": "4", "Upload-Metadata": tus.encoded(entry_id=entry_id), "Upload-Offset": "0",
        "Content-Type": tus.BYTES,
    }  # fmt: skip
    for method, target, content in (("POST", "/v1/uploads", None), ("PATCH", path, b"1234"), ("DELETE", path, None)):
        for version in ({}, {"Tus-Resumable": "0.2.2"}, {"Tus-Resumable": "1.0.1"}, {"Tus-Resumable": ""}):
            answer = await lawyer.request(method, target, content=content, headers=headers | version)
            await refused(firm, before, answer, 412, "tus_version")
            assert answer.headers["tus-version"] == "1.0.0"


async def test_empty_file_is_there_at_once(firm: Firm) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    made = await tus.begin(lawyer, entry_id, 0, filename="empty.txt")
    assert (made.status_code, made.json()["state"], made.headers["upload-offset"]) == (201, "finished", "0")
    assert await firm.events(made) == done("upload.begun", "file.added", "upload.finished")
    assert await content_of(lawyer, made.headers["anjuan-file-id"]) == b""
    before = await tus.pieces(firm), await objects(firm), await firm.tables()
    digest = {"Repr-Digest": repr_digest(b"x")}
    answer = await tus.begin(lawyer, entry_id, 0, digest)
    await refused(firm, before[2], answer, 422, "digest_mismatch", events=[("file.rejected", "failed")])
    assert (await tus.pieces(firm), await objects(firm)) == before[:2]


UNREADABLE = (
    ("", 422, "missing"), ("filename YQ==", 422, "missing"), ("entry_id eA==", 422, "uuid_parsing"),
    ("entry_id", 422, "uuid_parsing"), ("entry_id !", 400, None), ("entry_id /w==", 400, None),
    ("entry_id eA==,entry_id eA==", 400, None), (",", 400, None), ("é eA==", 400, None),
    ("{},filename Li4vYQ==", 422, "file_name"), ("{},filename YQBi", 422, "file_name"),
    ("{},filetype YQBi", 422, "media_type"), ("{},digest c2hhLTI1Nj14", 400, None),
)  # fmt: skip


async def test_metadata_that_can_not_be_read(firm: Firm) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    before = await firm.tables()
    known: list[tuple[str, Any]] = [("Authorization", f"Bearer {lawyer.token}"), *tus.TUS.items()]
    for metadata, status, code in UNREADABLE:
        said = metadata.format(tus.encoded(entry_id=entry_id)).encode("latin-1")
        headers: Any = [*known, ("Upload-Length", "4"), ("Upload-Metadata", said)]
        problem = await refused(firm, before, await lawyer.http.post("/v1/uploads", headers=headers), status)
        assert code is None or pointers(problem) == [("/header/upload-metadata", code)], metadata


async def test_beginning_needs_a_length_within_the_limit_and_no_body(firm: Firm) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    before = await firm.tables()
    answer = await tus.begin(lawyer, entry_id, LIMIT + 1)
    await refused(firm, before, answer, 413, "too_large", events=REJECTED)
    for length in ("-1", "x", "9" * 40):
        await refused(firm, before, await tus.begin(lawyer, entry_id, 1, {"Upload-Length": length}), 422, "invalid")
    said = {**tus.TUS, "Upload-Metadata": tus.encoded(entry_id=entry_id)}
    deferred = await lawyer.post("/v1/uploads", headers={**said, "Upload-Defer-Length": "1"})
    await refused(firm, before, deferred, 422, "invalid")
    body = await lawyer.post("/v1/uploads", content=b"1234", headers={**said, "Upload-Length": "4"})
    await refused(firm, before, body, 400, "malformed")


async def test_beginning_twice_under_one_key_begins_once(firm: Firm) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    key = {"Idempotency-Key": "upload-1"}
    first, again = [await tus.begin(lawyer, entry_id, 4, key) for _ in range(2)]
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.headers["location"] == first.headers["location"]
    assert await firm.events(again) == []
    before = await firm.tables()
    await refused(firm, before, await tus.begin(lawyer, entry_id, 5, key), 422, "idempotency_key_reused")


async def test_bytes_go_on_from_where_the_upload_stands(firm: Firm) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    path = await tus.begun(lawyer, entry_id, 10)
    await tus.send(lawyer, path, 0, b"1234")
    before, stored = await firm.tables(), await tus.pieces(firm)
    for offset in (0, 3, 5, 10):
        await refused(firm, before, await tus.send(lawyer, path, offset, b"5"), 409, "offset_conflict")
    await refused(firm, before, await tus.send(lawyer, path, -1, b"5"), 422, "invalid")
    answer = await tus.send(lawyer, path, 4, b"5", **{"Content-Type": "application/octet-stream"})
    await refused(firm, before, answer, 415, "unsupported_media_type")
    await refused(firm, before, await tus.send(lawyer, path, 4, b"5678901"), 413, "too_large")

    async def longer() -> AsyncIterator[bytes]:
        yield b"567890"
        yield b"1"

    await refused(firm, before, await tus.send(lawyer, path, 4, longer()), 413, "too_large", events=REJECTED)
    nothing = await tus.send(lawyer, path, 4, b"")
    assert (nothing.status_code, nothing.headers["upload-offset"]) == (204, "4")
    assert await firm.events(nothing) == done("upload.viewed")
    assert (await firm.tables(), await tus.pieces(firm)) == (before, stored)
    last = await tus.send(lawyer, path, 4, b"567890")
    file_id = last.headers["anjuan-file-id"]
    before = await firm.tables()
    again = await tus.send(lawyer, path, 10, b"")  # the answer was lost, so the client asks again
    assert (again.status_code, again.headers["anjuan-file-id"]) == (204, file_id)
    await refused(firm, before, await tus.send(lawyer, path, 4, b"567890"), 409, "offset_conflict")
    await refused(firm, before, await tus.send(lawyer, path, 10, b"1"), 413, "too_large")


async def test_checksum_is_held_against_the_bytes_of_its_request(firm: Firm) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    stored = await tus.pieces(firm)
    for algorithm in ("sha256", "sha1", "md5"):
        path = await tus.begun(lawyer, entry_id, 8)
        before = await firm.tables()
        for content in (b"1234", b"12345678"):
            answer = await tus.send(lawyer, path, 0, content, **checksum(b"else", algorithm))
            await refused(firm, before, answer, 460, "checksum_mismatch", events=REJECTED)
            assert await tus.pieces(firm) == stored
        answer = await tus.send(lawyer, path, 0, b"1234", **checksum(b"1234", algorithm))
        assert (answer.status_code, await firm.events(answer)) == (204, done("upload.continued"))
        answer = await tus.send(lawyer, path, 4, b"5678", **checksum(b"5678", algorithm))
        assert (answer.status_code, await firm.events(answer)) == (204, FINISHED)
        assert await content_of(lawyer, answer.headers["anjuan-file-id"]) == b"12345678"


async def test_checksum_that_can_not_be_read(firm: Firm) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    path = await tus.begun(lawyer, entry_id, 8)
    before = await firm.tables()
    for header in ("", "sha256", "crc32 eA==", "sha256 eA==", "sha256 !", "SHA256 eA=="):
        answer = await tus.send(lawyer, path, 0, b"1234", **{"Upload-Checksum": header})
        await refused(firm, before, answer, 400, "malformed")


async def test_digest_of_the_whole_file_is_held_against_it(firm: Firm) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    stored, before = await objects(firm), await tus.pieces(firm)
    right, wrong = repr_digest(b"12345678"), repr_digest(b"x")
    for said, pairs, status in (
        ({"Repr-Digest": right}, {}, 204), ({}, {"digest": right}, 204), ({}, {"digest": wrong}, 422),
        ({"Repr-Digest": wrong}, {}, 422),
    ):  # fmt: skip
        path = (await tus.begin(lawyer, entry_id, 8, said, **pairs)).headers["location"]
        await tus.send(lawyer, path, 0, b"1234")
        answer = await tus.send(lawyer, path, 4, b"5678")
        assert answer.status_code == status, answer.text
    assert answer.json()["code"] == "digest_mismatch"
    assert await firm.events(answer) == [("file.rejected", "failed"), *ENDED]
    assert await firm.eyes.fetchval("SELECT count(*) FROM files") == 2
    assert (len(await objects(firm) - stored), await tus.pieces(firm)) == (2, before)
    told = (await lawyer.get(path)).json()
    assert (told["state"], told["end_reason"], told["file_id"]) == ("ended", "digest_mismatch", None)
    tables = await firm.tables()
    head = await lawyer.request("HEAD", path, headers=tus.TUS)
    assert (head.status_code, await firm.events(head)) == (410, done("upload.viewed"))
    await refused(firm, tables, await tus.send(lawyer, path, 4, b"5678"), 410, "upload_gone")
    await refused(firm, tables, await lawyer.request("DELETE", path, headers=tus.TUS), 410, "upload_gone")


async def test_only_its_maker_knows_an_upload(firm: Firm) -> None:
    lawyer, dossier, entry_id = await an_entry(firm)
    colleague, director = await firm.person("lawyer"), await firm.person("director")
    team = {"members": [{"user_id": str(colleague.id), "duty": "assistant"}]}
    assert (await lawyer.change(f"/v1/dossiers/{dossier['id']}/team", team, "PUT")).status_code == 200
    path, stranger = await tus.begun(lawyer, entry_id, 8), await firm.person("assistant")
    finance, other = await firm.person("finance"), await firm.person("lawyer")
    before = await firm.tables()
    for person in (colleague, director, stranger):
        for target in (path, f"/v1/uploads/{ABSENT}"):
            await refused(firm, before, await person.get(target), 404)
            await refused(firm, before, await tus.send(person, target, 0, b"1234"), 404)
            await refused(firm, before, await person.request("DELETE", target, headers=tus.TUS), 404)
            head = await person.request("HEAD", target, headers=tus.TUS)
            assert (head.status_code, await firm.events(head)) == (404, [("access.denied", "denied")])
    await refused(firm, before, await tus.begin(finance, entry_id, 8), 404)
    await refused(firm, before, await tus.begin(other, entry_id, 8), 403)
    await refused(firm, before, await tus.begin(lawyer, ABSENT, 8), 404)


async def test_who_may_not_add_files_any_more_does_not_go_on(firm: Firm) -> None:
    lead, dossier, entry_id = await an_entry(firm, confidentiality="confidential")
    assistant = await firm.person("assistant")
    members = {"members": [{"user_id": str(assistant.id), "duty": "assistant"}]}
    await lead.change(f"/v1/dossiers/{dossier['id']}/team", members, "PUT")
    path = await tus.begun(assistant, entry_id, 8)
    await tus.send(assistant, path, 0, b"1234")
    await lead.change(f"/v1/dossiers/{dossier['id']}/team", {"members": []}, "PUT")
    before = await firm.tables()
    for answer in (await tus.send(assistant, path, 4, b"5678"), await assistant.get(path)):
        await refused(firm, before, answer, 404)
        event = await firm.event(answer)  # it says no more than he had asked by
        assert (event["subject_type"], str(event["subject_id"])) == ("upload", path.rpartition("/")[2])
        assert (event["subject_label"], event["dossier_id"], event["entry_id"]) == (None, None, None)
    await lead.change(f"/v1/dossiers/{dossier['id']}/team", members, "PUT")
    assert (await tus.send(assistant, path, 4, b"5678")).status_code == 204


async def test_state_secret_mark_refuses_electronic_content(firm: Firm) -> None:
    lawyer, _, entry_id = await an_entry(firm, state_secret_level="机密")
    before = await firm.tables()
    await refused(firm, before, await tus.begin(lawyer, entry_id, 8), 409, "electronic_content_refused")
    await refused(firm, before, await tus.begin(lawyer, entry_id, 0), 409, "electronic_content_refused")


async def test_upload_that_is_ended_leaves_nothing(firm: Firm) -> None:
    lawyer, _, entry_id = await an_entry(firm)
    before = await tus.pieces(firm)
    path = await tus.begun(lawyer, entry_id, 8)
    await tus.send(lawyer, path, 0, b"1234")
    answer = await lawyer.request("DELETE", path, headers=tus.TUS)
    assert (answer.status_code, answer.content, await firm.events(answer)) == (204, b"", ENDED)
    assert (await firm.event(answer))["details"] == {"reason": "terminated"}
    assert (await tus.pieces(firm), await tus.kept(firm)) == (before, [])
    tables = await firm.tables()
    await refused(firm, tables, await tus.send(lawyer, path, 4, b"5678"), 410, "upload_gone")
    finished = await tus.begun(lawyer, entry_id, 4)
    file_id = (await tus.send(lawyer, finished, 0, b"1234")).headers["anjuan-file-id"]
    tables = await firm.tables()
    await refused(firm, tables, await lawyer.request("DELETE", finished, headers=tus.TUS), 409, "upload_over")
    assert await content_of(lawyer, file_id) == b"1234"
