"""Files going in over HTTP: raw or as a form, in versions, checked; what is not kept leaves neither row nor object."""

import asyncio
import base64
import hashlib
import zipfile
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.checks import pointers, refused
from tests.support.firm import Firm, Person, done
from tests.support.papers import PNG, objects, pdf
from tests.support.raw import called

ABSENT = "0199c0de-7b1e-7cc0-8000-3f0e5d3a9a11"
LIMIT = 32 * 1024 * 1024
REJECTED = [("file.rejected", "failed")]
ENTRY = '{"title": "证据", "category": "evidence", "original": "scan"}'


async def an_entry(firm: Firm, **fields: Any) -> tuple[Person, str, dict[str, Any]]:
    """Give a lawyer, the path of an entry's files, and its dossier."""
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer, **fields)
    entry = await firm.entry(lawyer, dossier["id"])
    return lawyer, f"/v1/entries/{entry['id']}/files", dossier


def repr_digest(content: bytes) -> str:
    """Announce a SHA-256."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"


async def pieces(total: int, step: int = 1024 * 1024) -> AsyncIterator[bytes]:
    """Give a body piece by piece, its length not told."""
    for start in range(0, total, step):
        yield b"x" * min(step, total - start)


async def test_raw_bytes_are_kept_with_all_that_is_known_of_them(firm: Firm) -> None:
    lawyer, path, dossier = await an_entry(firm)
    content, stored = pdf(3), await objects(firm)
    made = await lawyer.post(path, content=content, headers={
        "Content-Type": "application/pdf", "Repr-Digest": repr_digest(content), "Content-Disposition": "attachment; filename*=UTF-8''%E5%90%88%E5%90%8C.pdf",
    })  # fmt: skip
    assert made.status_code == 201, made.text
    file = made.json()
    assert made.headers["location"] == f"/v1/files/{file['id']}"
    expected = {
        "entry_id": path.split("/")[3], "version": 1, "original_name": "合同.pdf", "media_type": "application/pdf", "pages": 3,
        "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "scan": "off", "duplicate_of": [],
        "created_by": {"id": str(lawyer.id), "display_name": lawyer.name},
    }  # fmt: skip
    assert {name: file[name] for name in expected} == expected
    assert await firm.events(made) == done("file.added")
    event = await firm.event(made)
    assert (str(event["subject_id"]), str(event["dossier_id"]), str(event["entry_id"])) == (
        file["id"],
        dossier["id"],
        file["entry_id"],
    )
    assert event["details"]["new"]["sha256"] == file["sha256"]
    assert len(await objects(firm) - stored) == 1
    read = await lawyer.get(made.headers["location"])
    assert read.json() == file
    assert await firm.events(read) == done("file.viewed")


async def test_versions_are_numbered_and_all_stay(firm: Firm) -> None:
    lawyer, path, _ = await an_entry(firm)
    answers = await asyncio.gather(*(lawyer.post(path, content=f"第{n}稿".encode()) for n in range(6)))
    assert {answer.status_code for answer in answers} == {201}
    assert sorted(answer.json()["version"] for answer in answers) == [1, 2, 3, 4, 5, 6]
    listed = await lawyer.get(path)
    assert await firm.events(listed) == done("file.listed")
    files = listed.json()["items"]
    assert [file["version"] for file in files] == [1, 2, 3, 4, 5, 6]
    assert (await firm.event(listed))["details"]["returned"] == [file["id"] for file in files]
    for answer, n in zip(answers, range(6), strict=True):
        got = await lawyer.get(f"/v1/files/{answer.json()['id']}/content")
        assert got.content == f"第{n}稿".encode()
    assert (await lawyer.get(path.removesuffix("/files"))).json()["file_count"] == 6


async def test_same_bytes_in_the_dossier_are_pointed_out_to_those_who_see_them(firm: Firm) -> None:
    lawyer, assistant = await firm.person("lawyer"), await firm.person("assistant")
    team = [{"user_id": str(assistant.id), "duty": "assistant"}]
    dossier, elsewhere = await firm.dossier(lawyer, team=team), await firm.dossier(lawyer)
    entries = [await firm.entry(lawyer, dossier["id"], confidentiality=level) for level in (None, "sealed", None)]
    foreign = await firm.file(lawyer, (await firm.entry(lawyer, elsewhere["id"]))["id"], PNG)
    first, second = [await firm.file(lawyer, entry["id"], PNG) for entry in entries[:2]]
    assert (foreign["duplicate_of"], first["duplicate_of"], second["duplicate_of"]) == ([], [], [first["id"]])
    third = await firm.file(assistant, entries[2]["id"], PNG)
    assert third["duplicate_of"] == [first["id"]]  # the sealed one he may not know of
    assert (await lawyer.get(f"/v1/files/{third['id']}")).json()["duplicate_of"] == [first["id"], second["id"]]


@pytest.mark.parametrize(
    "name",
    [
        "合同(终稿)第2版.pdf", "a b.pdf", 'quo"te.pdf', "per%20cent.pdf", "-rf", "CON", "..hidden", "e\u0301clair.txt", "\u00e9clair.txt",
        "semi;colon=.pdf", "𠮷野家.pdf", "x" * 255, "<script>.html", "'; DROP TABLE files; --.pdf", "café’s.pdf", "~$tmp.docx",
    ],
)  # fmt: skip
async def test_names_survive_byte_for_byte(firm: Firm, name: str) -> None:
    lawyer, path, _ = await an_entry(firm)
    raw = await lawyer.post(
        path, content=b"x", headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    )
    form = await lawyer.post(path, files={"file": (name, b"x", "text/plain")})
    for made in (raw, form):
        assert made.status_code == 201, made.text
        got = await lawyer.get(f"/v1/files/{made.json()['id']}/content")
        header = got.headers["content-disposition"]
        assert header.isascii()
        assert header.startswith("attachment; ")
        assert header.endswith("filename*=UTF-8''" + quote(made.json()["original_name"], safe="!#$&+-.^_`|~"))
    assert raw.json()["original_name"] == name
    # httpx writes a quote in a form's name as %22, as browsers do.
    assert form.json()["original_name"] == name.replace('"', "%22")


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a/b",
        "a\\b",
        "..",
        ".",
        "x" * 256,
        "a\x00b",
        "a\nb",
        "a\u202efdp.exe",
        "a\u200bb",
        "\ufeffa",
    ],
)
async def test_names_that_deceive_are_refused_before_a_byte_is_stored(firm: Firm, name: str) -> None:
    lawyer, path, _ = await an_entry(firm)
    stored, before = await objects(firm), await firm.tables()
    header = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    answer = await lawyer.post(path, content=b"x", headers=header)
    assert pointers(await refused(firm, before, answer, 422)) == [("/header/content-disposition", "file_name")]
    assert await objects(firm) == stored


async def test_file_without_a_name_is_called_unnamed(firm: Firm) -> None:
    lawyer, path, _ = await an_entry(firm)
    for headers in ({}, {"Content-Disposition": "attachment"}, {"Content-Disposition": 'attachment; filename=""'}):
        made = await lawyer.post(path, content=b"x", headers=headers)
        assert made.json()["original_name"] == "unnamed"
    assert (await lawyer.post(path, content=b"")).json()["size"] == 0


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


def archive(*names: str) -> bytes:
    """Make an archive whose members unpack to a thousand times their size."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in names:
            packed.writestr(name, bytes(8 * 1024 * 1024))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "declared", "media_type"),
    [
        (archive("[Content_Types].xml", "word/document.xml"), "application/zip", DOCX), (archive("a.txt"), DOCX, "application/zip"),
        (PNG, "text/plain", "image/png"), (b"%PDF-1.7", "", "application/pdf"), (b"hello", "text/plain; charset=gbk", "text/plain"),
        (b"<script>", "text/html", "application/octet-stream"), (b"<svg>", "image/svg+xml", "application/octet-stream"),
        (b"MZ", "application/pdf", "application/octet-stream"), (b"x", "no type", "application/octet-stream"), (b"x", "", "application/octet-stream"),
    ],
)  # fmt: skip
async def test_media_type_is_what_the_bytes_allow(firm: Firm, content: bytes, declared: str, media_type: str) -> None:
    lawyer, path, _ = await an_entry(firm)
    made = await lawyer.post(path, content=content, headers={"Content-Type": declared} if declared else {})
    assert made.json()["media_type"] == media_type
    got = await lawyer.get(f"/v1/files/{made.json()['id']}/content")
    assert (got.headers["content-type"], got.headers["x-content-type-options"]) == (media_type, "nosniff")
    assert got.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Repr-Digest": repr_digest(b"other")}, 422, "digest_mismatch"), ({"Content-Length": "4"}, 400, "body_length_mismatch"),
        ({"Content-Length": "400"}, 400, "body_length_mismatch"), ({"Content-Length": str(LIMIT + 1)}, 413, "too_large"),
        ({"Content-Length": "9" * 5000}, 413, "too_large"), ({"Content-Length": "0" * 5000 + "4"}, 400, "body_length_mismatch"),
    ],
)  # fmt: skip
async def test_body_that_is_not_what_was_announced_is_not_kept(
    firm: Firm, headers: dict[str, str], status: int, code: str
) -> None:
    lawyer, path, dossier = await an_entry(firm)
    stored, before = await objects(firm), await firm.tables()
    answer = await lawyer.post(path, content=b"some bytes", headers=headers)
    await refused(firm, before, answer, status, code, events=REJECTED)
    assert (await firm.event(answer))["details"] == {"reason": code}
    assert str((await firm.event(answer))["dossier_id"]) == dossier["id"]
    assert await objects(firm) == stored


@pytest.mark.parametrize("digest", ["sha-256=:short:", "sha-256=:AAAA:", "sha-256=abc", "sha-256", ",", "sha-256=::"])
async def test_digest_that_can_not_be_read(firm: Firm, digest: str) -> None:
    lawyer, path, _ = await an_entry(firm)
    stored, before = await objects(firm), await firm.tables()
    await refused(
        firm, before, await lawyer.post(path, content=b"x", headers={"Repr-Digest": digest}), 400, "malformed"
    )
    assert await objects(firm) == stored


@pytest.mark.parametrize("form", [False, True])
async def test_too_large_is_told_as_soon_as_the_limit_is_passed(firm: Firm, form: bool) -> None:
    lawyer, path, _ = await an_entry(firm)
    stored, before = await objects(firm), await firm.tables()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        if form:
            yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        while sent < 8 * LIMIT:
            sent += 1024 * 1024
            yield b"x" * 1024 * 1024

    headers = {"Content-Type": "multipart/form-data; boundary=b"} if form else {}
    answer = await lawyer.post(path, content=endless(), headers=headers)
    await refused(firm, before, answer, 413, "too_large", events=REJECTED)
    assert sent <= LIMIT + 2 * 1024 * 1024
    assert await objects(firm) == stored


async def test_largest_file_is_taken(firm: Firm) -> None:
    lawyer, path, _ = await an_entry(firm)
    made = await lawyer.post(path, content=pieces(LIMIT))
    assert (made.status_code, made.json()["size"]) == (201, LIMIT)
    assert made.json()["sha256"] == hashlib.sha256(b"x" * LIMIT).hexdigest()


async def test_body_that_breaks_off_is_not_kept(firm: Firm) -> None:
    lawyer, path, _ = await an_entry(firm)
    stored, before = await objects(firm), await firm.tables()
    # What a server says of a client who went away in the middle.
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"x" * 100_000, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if len(messages) > 1 else messages[0]

    sent = await called(firm, lawyer, "POST", path, receive, "broken-off")
    assert sent[0]["status"] == 400
    rows = await firm.eyes.fetch("SELECT type, outcome, details FROM events WHERE request_id = 'broken-off'")
    assert [tuple(row) for row in rows] == [("file.rejected", "failed", {"reason": "upload_aborted"})]
    assert await firm.tables() == before
    assert await objects(firm) == stored


async def test_state_secret_mark_refuses_electronic_content(firm: Firm) -> None:
    lawyer, path, dossier = await an_entry(firm, state_secret_level="机密")
    stored, before = await objects(firm), await firm.tables()
    await refused(firm, before, await lawyer.post(path, content=b"x"), 409, "electronic_content_refused")
    form = {"entry": (None, ENTRY, "application/json"), "file": ("a.pdf", b"x", "application/pdf")}
    answer = await lawyer.post(f"/v1/dossiers/{dossier['id']}/documents", files=form)
    await refused(firm, before, answer, 409, "electronic_content_refused")
    assert await objects(firm) == stored


async def test_filing_into_what_one_does_not_work_on(firm: Firm) -> None:
    lawyer, path, dossier = await an_entry(firm)
    stranger, finance = await firm.person("lawyer"), await firm.person("finance")
    stored, before = await objects(firm), await firm.tables()
    form = {"entry": (None, ENTRY, "application/json"), "file": ("a.pdf", b"x", "application/pdf")}
    for person, status in ((stranger, 403), (finance, 404)):
        await refused(firm, before, await person.post(path, content=b"x"), status)
        await refused(firm, before, await person.post(f"/v1/dossiers/{dossier['id']}/documents", files=form), status)
    await refused(firm, before, await lawyer.post(f"/v1/entries/{ABSENT}/files", content=b"x"), 404)
    await refused(firm, before, await lawyer.post(f"/v1/dossiers/{ABSENT}/documents", files=form), 404)
    assert await objects(firm) == stored
