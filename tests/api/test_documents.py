"""Entry and file in one act over HTTP, as a browser's form sends them: both or neither."""

from typing import Any

import pytest

from tests.support.checks import pointers, refused
from tests.support.firm import Firm, Person, done
from tests.support.papers import objects, pdf

ENTRY = '{"title": "证据", "category": "evidence", "original": "scan", "formed_on": "2026-03-01"}'


async def a_dossier(firm: Firm) -> tuple[Person, str]:
    """Give a lawyer and the path of his dossier's documents."""
    lawyer = await firm.person("lawyer")
    return lawyer, f"/v1/dossiers/{(await firm.dossier(lawyer))['id']}/documents"


def form(entry: str = ENTRY, content: bytes = b"x", name: str = "a.pdf") -> list[tuple[str, Any]]:
    """Give the two parts."""
    return [("entry", (None, entry, "application/json")), ("file", (name, content, "application/pdf"))]


async def test_entry_and_file_are_one_act(firm: Firm) -> None:
    lawyer, path = await a_dossier(firm)
    made = await lawyer.post(path, files=form(content=pdf(4)))
    assert made.status_code == 201, made.text
    entry, file = made.json()["entry"], made.json()["file"]
    assert made.headers["location"] == f"/v1/entries/{entry['id']}"
    assert (entry["title"], entry["pages"], entry["file_count"]) == ("证据", 4, 1)
    assert (file["entry_id"], file["version"], file["pages"]) == (entry["id"], 1, 4)
    assert await firm.events(made) == done("entry.created", "file.added")
    assert (await lawyer.get(made.headers["location"])).json() == entry
    assert (await lawyer.get(path.removesuffix("/documents"))).json()["page_count"] == 4


@pytest.mark.parametrize(
    ("entry", "pointer"),
    [
        ('{"category": "evidence", "original": "scan"}', "/body/entry/title"), (ENTRY.replace("evidence", "x"), "/body/entry/category"),
        (ENTRY.replace("{", '{"x": 1, ', 1), "/body/entry/x"), ("[]", "/body/entry"), ("null", "/body/entry"),
        (ENTRY.replace("2026-03-01", "2026-02-30"), "/body/entry/formed_on"),
        (ENTRY.replace("{", '{"slot": "no", ', 1), "/body/slot"),
    ],
)  # fmt: skip
async def test_entry_that_can_not_be_keeps_no_file(firm: Firm, entry: str, pointer: str) -> None:
    lawyer, path = await a_dossier(firm)
    stored, before = await objects(firm), await firm.tables()
    problem = await refused(firm, before, await lawyer.post(path, files=form(entry)), 422)
    assert [where for where, _ in pointers(problem)] == [pointer]
    assert await objects(firm) == stored


FILE = ("file", ("a.pdf", b"x", "application/pdf"))
MULTIPART = "multipart/form-data; boundary=b"


@pytest.mark.parametrize(
    "options",
    [
        {"files": [form()[1], form()[0]]}, {"files": [form()[0]]}, {"files": [FILE]}, {"files": [("other", (None, "x")), *form()]},
        {"files": form("not JSON")}, {"files": form("{")}, {"content": b"", "headers": {"Content-Type": MULTIPART}},
        {"content": b"--b--\r\n", "headers": {"Content-Type": MULTIPART}}, {"content": b"junk", "headers": {"Content-Type": MULTIPART}},
        {"content": b'--b\r\nContent-Disposition: form-data; name="entry"\r\n\r\n' + ENTRY.encode(), "headers": {"Content-Type": MULTIPART}},
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
    ],
)  # fmt: skip
async def test_form_that_can_not_be_read(firm: Firm, options: dict[str, Any]) -> None:
    lawyer, path = await a_dossier(firm)
    stored, before = await objects(firm), await firm.tables()
    await refused(firm, before, await lawyer.post(path, **options), 400, "malformed")
    assert await objects(firm) == stored


async def test_body_that_is_no_form(firm: Firm) -> None:
    lawyer, path = await a_dossier(firm)
    before = await firm.tables()
    for options in (
        {"json": {"title": "x"}},
        {"content": b"x"},
        {"content": b"x", "headers": {"Content-Type": "text/plain"}},
    ):
        await refused(firm, before, await lawyer.post(path, **options), 415, "unsupported_media_type")


async def test_form_whose_file_breaks_off(firm: Firm) -> None:
    lawyer, path = await a_dossier(firm)
    stored, before = await objects(firm), await firm.tables()
    body = (
        b'--b\r\nContent-Disposition: form-data; name="entry"\r\n\r\n' + ENTRY.encode()
        + b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf of it'
    )  # fmt: skip
    answer = await lawyer.post(path, content=body, headers={"Content-Type": MULTIPART})
    await refused(firm, before, answer, 400, "malformed", events=[("file.rejected", "failed")])
    assert await objects(firm) == stored


async def test_name_that_deceives(firm: Firm) -> None:
    lawyer, path = await a_dossier(firm)
    stored, before = await objects(firm), await firm.tables()
    problem = await refused(firm, before, await lawyer.post(path, files=form(name="a\u202efdp.exe")), 422)
    assert pointers(problem) == [("/header/content-disposition", "file_name")]
    assert await objects(firm) == stored
