"""The main job as a story: from the client to the printed contents list, and every act an event."""

import hashlib
import io

import pypdfium2
import pytest
import rfc8785

from app.embedded.s3 import EmbeddedS3
from tests.support.firm import Firm, Refusal, done
from tests.support.minio import RealMinio


@pytest.fixture(params=["s3", "minio"])
def s3(request: pytest.FixtureRequest) -> EmbeddedS3 | RealMinio:
    """Every store that the story must work on."""
    found: EmbeddedS3 | RealMinio = request.getfixturevalue({"s3": "embedded_s3", "minio": "minio"}[request.param])
    return found


def _pdf(pages: int) -> bytes:
    document = pypdfium2.PdfDocument.new()
    for _ in range(pages):
        document.new_page(595, 842)
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


async def test_from_client_to_printed_contents_list(firm: Firm) -> None:
    lead = await firm.person("lawyer", name="王丽", department="诉讼一部")
    assistant = await firm.person("assistant", name="李明", department="诉讼一部")
    partner = await firm.person("partner", name="陈静", department="诉讼一部")
    stranger = await firm.person("lawyer", name="周强", department="非诉部")
    archivist = await firm.person("archivist", name="孙梅")
    auditor = await firm.person("auditor", name="吴平")

    # The assistant takes the client in: his business licence is checked against the original, and its scan kept.
    client = await firm.client(assistant, identifiers=[{"scheme": "other", "value": "示例-0001"}])
    seen = await assistant.post(
        f"/v1/clients/{client['id']}/verifications",
        {"document_type": "营业执照", "original_seen": True, "verified_on": "2026-03-01"},
    )
    assert await firm.events(seen) == done("client.verified")
    scan = await assistant.put(
        f"/v1/clients/{client['id']}/verifications/{seen.json()['id']}/copy", content=b"\x89PNG\r\n\x1a\nscan"
    )
    assert scan.status_code == 200, scan.text
    assert await firm.events(scan) == done("client.copy_added")

    # He opens a confidential dossier for the lead lawyer and joins its team.
    dossier = await firm.dossier(
        assistant, lead, client_ids=[client["id"]], confidentiality="confidential", opened_on="2026-03-01"
    )
    assert dossier["number"] == "2026-MS-L01-0001"

    # He files the material, each piece with its file in one act; a part of it is not in the order of the statute.
    papers = [
        ("民事判决书", "court_document", "ms-14", "2026-09-01", 7), ("委托代理合同", "client_information", "ms-03", "2026-03-01", 4),
        ("民事起诉状", "legal_instrument", "ms-04", "2026-03-10", 3),
    ]  # fmt: skip
    files = {}
    for title, category, slot, formed_on, pages in papers:
        content = _pdf(pages)
        filed = await assistant.post(
            f"/v1/dossiers/{dossier['id']}/documents",
            files=[
                ("entry", (None, _entry(title, category, slot, formed_on), "application/json")),
                ("file", (f"{title}.pdf", content, "application/pdf")),
            ],
        )
        assert filed.status_code == 201, filed.text
        assert await firm.events(filed) == done("entry.created", "file.added")
        assert filed.json()["entry"]["pages"] == pages
        files[title] = (filed.json()["file"], content)

    # The contents list follows the order of the statute; anyone can recompute its digest.
    arranged = await assistant.post(f"/v1/dossiers/{dossier['id']}/arrangement", {"mode": "template"})
    assert await firm.events(arranged) == done("dossier.arranged")
    read = await partner.get(f"/v1/dossiers/{dossier['id']}/contents")
    assert await firm.events(read) == done("contents.viewed")
    contents = read.json()
    lines = [
        (line["serial"], line["title"], line["page_from"], line["page_to"])
        for volume in contents["volumes"]
        for line in volume["items"]
    ]
    assert lines == [(1, "委托代理合同", 1, 4), (2, "民事起诉状", 5, 7), (3, "民事判决书", 8, 14)]
    canonical = rfc8785.dumps({"number": contents["number"], "volumes": contents["volumes"]})
    assert contents["digest"] == "sha-256:" + hashlib.sha256(canonical).hexdigest()
    printed = await lead.get(f"/v1/dossiers/{dossier['id']}/contents?format=pdf")
    assert printed.headers["content-type"] == "application/pdf"
    text = "".join(page.get_textpage().get_text_bounded() for page in pypdfium2.PdfDocument(printed.content))
    assert all(title in text for title, *_ in papers)

    # A colleague with the right relation reads a file; one without cannot; the archivist sees, but does not read yet.
    file, content = files["民事判决书"]
    got = await partner.get(f"/v1/files/{file['id']}/content")
    assert got.content == content
    assert hashlib.sha256(got.content).hexdigest() == file["sha256"]
    assert await firm.events(got) == done("file.read")
    before = await firm.tables()
    for person, status in ((stranger, 404), (archivist, 403), (auditor, 404)):
        refused = await person.get(f"/v1/files/{file['id']}/content")
        assert refused.status_code == status
        assert await firm.events(refused) == [Refusal]
    assert await firm.tables() == before

    # The auditor finds every one of these acts, without seeing the dossier itself.
    types: list[str] = []
    path = f"/v1/events?dossier_id={dossier['id']}&limit=5"
    while path:
        page = await auditor.get(path)
        assert page.status_code == 200
        types += [event["type"] for event in page.json()["items"]]
        path = page.headers["link"].partition(">")[0].lstrip("<") if page.json()["next"] else ""
    filing = ["entry.created", "file.added"]
    assert types == [
        *3 * ["access.denied"], "file.read", *2 * ["contents.viewed"], "dossier.arranged", *3 * filing[::-1],
        "dossier.opened",
    ]  # fmt: skip


def _entry(title: str, category: str, slot: str, formed_on: str) -> str:
    return (
        f'{{"title": "{title}", "category": "{category}", "slot": "{slot}", "formed_on": "{formed_on}",'
        ' "original": "original"}'
    )
