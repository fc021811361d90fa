"""Contents lists and covers as papers over HTTP: CSV, XLSX and PDF by `Accept` or `?format=`, masked like the list."""

import csv
import io
from typing import Any

import openpyxl
import pypdfium2
import pytest

from tests.support.checks import pointers, refused
from tests.support.firm import Firm, Person, done

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMS = {"csv": "text/csv; charset=utf-8", "xlsx": XLSX, "pdf": "application/pdf"}


def text_of(form: str, content: bytes) -> str:
    """Give what a reader of the paper sees."""
    if form == "csv":
        return "\n".join("|".join(row) for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    if form == "xlsx":
        sheets = openpyxl.load_workbook(io.BytesIO(content)).worksheets
        return "\n".join(
            "|".join("" if cell is None else str(cell) for cell in row)
            for sheet in sheets
            for row in sheet.iter_rows(values_only=True)
        )
    document = pypdfium2.PdfDocument(content)
    found = "\n".join(page.get_textpage().get_text_bounded() for page in document)
    document.close()
    return found


async def a_dossier(firm: Firm, **fields: Any) -> tuple[Person, Person, dict[str, Any]]:
    """Open a dossier with two papers, of which the assistant may see one."""
    lawyer, assistant = await firm.person("lawyer", name="王丽"), await firm.person("assistant", name="李明")
    client = await firm.client(lawyer, "甲公司")
    dossier = await firm.dossier(
        lawyer, client_ids=[client["id"]], title="甲诉乙案", court="海淀法院", opened_on="2026-03-01",
        opposing_parties=[{"name": "乙公司", "kind": "organization"}],
        team=[{"user_id": str(assistant.id), "duty": "assistant"}], **fields,
    )  # fmt: skip
    await firm.entry(lawyer, dossier["id"], "委托合同", pages=4, formed_on="2026-03-01", document_number="民代字12号")
    await firm.entry(
        lawyer, dossier["id"], "举报线索", pages=2, formed_on="2026-03-02", confidentiality="sealed", remarks="线人提供"
    )
    return lawyer, assistant, dossier


@pytest.mark.parametrize("form", FORMS)
async def test_contents_list_as_paper(firm: Firm, form: str) -> None:
    lawyer, assistant, dossier = await a_dossier(firm)
    path = f"/v1/dossiers/{dossier['id']}/contents"
    by_query, by_accept = (
        await lawyer.get(f"{path}?format={form}"),
        await lawyer.get(path, headers={"Accept": FORMS[form]}),
    )
    for answer in (by_query, by_accept):
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == FORMS[form]
        assert answer.headers["cache-control"] == "private, no-store"
        assert f"%E5%8D%B7%E5%86%85%E7%9B%AE%E5%BD%95.{form}" in answer.headers["content-disposition"]
        assert await firm.events(answer) == done("contents.viewed")
        assert (await firm.event(answer))["details"]["form"] == form
    text = text_of(form, by_query.content)
    for word in ("委托合同", "举报线索", "民代字12号", "线人提供"):
        assert word in text
    masked = await assistant.get(f"{path}?format={form}")
    assert (await firm.event(masked))["details"] == {"form": form, "digest": None}
    assert "委托合同" in text_of(form, masked.content)
    for word in ("举报线索", "线人提供"):
        assert word not in text_of(form, masked.content)


@pytest.mark.parametrize("form", FORMS)
async def test_cover_as_paper(firm: Firm, form: str) -> None:
    lawyer, _, dossier = await a_dossier(firm, confidentiality="restricted")
    answer = await lawyer.get(f"/v1/dossiers/{dossier['id']}/cover?format={form}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, FORMS[form])
    assert await firm.events(answer) == done("cover.viewed")
    assert (await firm.event(answer))["details"]["form"] == form
    text = text_of(form, answer.content)
    for word in (dossier["number"], "甲公司", "乙公司", "王丽", "海淀法院", "甲诉乙案", "示例律师事务所"):
        assert word in text.replace("\r\n", "").replace("\n", ""), word


async def test_cover_as_json(firm: Firm) -> None:
    lawyer, _, dossier = await a_dossier(firm)
    answer = await lawyer.get(f"/v1/dossiers/{dossier['id']}/cover")
    assert await firm.events(answer) == done("cover.viewed")
    cover = answer.json()
    expected = {
        "dossier_id": dossier["id"], "number": dossier["number"], "matter_type": "民事", "lead_lawyer": "王丽", "clients": ["甲公司"],
        "opposing_parties": ["乙公司"], "volumes": 1, "pages": 6, "opened_on": "2026-03-01", "confidentiality": "internal",
    }  # fmt: skip
    assert {name: cover[name] for name in expected} == expected
    again = await lawyer.get(f"/v1/dossiers/{dossier['id']}/cover", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert await firm.events(again) == done("cover.viewed")


async def test_sealed_dossier_bears_the_stamp(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer, confidentiality="sealed")
    for form in FORMS:
        cover = await lawyer.get(f"/v1/dossiers/{dossier['id']}/cover?format={form}")
        assert "密卷" in text_of(form, cover.content).replace(" ", ""), form


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"), ("", "application/json"), ("text/*", FORMS["csv"]), ("application/*", "application/json"),
        ("application/pdf;q=0.5, text/csv;q=0.9", FORMS["csv"]), ("text/csv;q=0, */*;q=0.1", "application/json"),
        ("text/html, application/pdf;q=0.1", FORMS["pdf"]), ("TEXT/CSV", FORMS["csv"]), ("text/csv;q=x, application/pdf", FORMS["pdf"]),
    ],
)  # fmt: skip
async def test_form_by_accept(firm: Firm, accept: str, kind: str) -> None:
    lawyer, _, dossier = await a_dossier(firm)
    answer = await lawyer.get(f"/v1/dossiers/{dossier['id']}/contents", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, kind)


async def test_form_that_is_not_given(firm: Firm) -> None:
    lawyer, _, dossier = await a_dossier(firm)
    before = await firm.tables()
    for name in ("contents", "cover"):
        path = f"/v1/dossiers/{dossier['id']}/{name}"
        await refused(firm, before, await lawyer.get(path, headers={"Accept": "text/html"}), 406, "not_acceptable")
        problem = await refused(firm, before, await lawyer.get(f"{path}?format=docx"), 422, "invalid")
        assert [where for where, _ in pointers(problem)] == ["/query/format"]


async def test_title_that_looks_like_a_formula_stays_text(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    await firm.entry(lawyer, dossier["id"], '=HYPERLINK("http://evil.example","看")', pages=1)
    path = f"/v1/dossiers/{dossier['id']}/contents"
    assert "'=HYPERLINK" in text_of("csv", (await lawyer.get(f"{path}?format=csv")).content)
    sheet = openpyxl.load_workbook(io.BytesIO((await lawyer.get(f"{path}?format=xlsx")).content)).worksheets[0]
    cells = [cell for row in sheet.iter_rows() for cell in row if "HYPERLINK" in str(cell.value)]
    assert [cell.data_type for cell in cells] == ["s"]
