"""Forms of the trade and the frame of a volume over HTTP: what stands on them, who gets them, what is recorded."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.test_printed import FORMS, XLSX, text_of
from tests.support.checks import pointers, refused
from tests.support.firm import Firm, Person, done

RECORDED = {
    "cover": "cover.viewed", "contents": "contents.viewed", "note": "form.printed", "back": "form.printed",
    "intake-approval": "form.printed", "closing-report": "form.printed",
}  # fmt: skip
WORDS = {
    "cover": ("案卷封面", "起止时间2026年3月1日至2026年3月9日", "册次", "保管期限", "档号"),
    "contents": ("卷内目录", "委托合同", "判决书"),
    "note": ("备考表", "本卷情况说明", "立卷人王丽", "检查人"),
    "back": ("卷底", "装订人", "封签处"),
    "intake-approval": ("收案审批表", "案情简介", "主任审批意见", "甲公司", "乙公司", "2026年3月1日"),
    "closing-report": ("结案报告表", "结案小结", "应退业务费", "甲诉乙案"),
}


def squeezed(content: bytes) -> str:
    """Give what stands on a paper without blanks and ends of lines, as how a line is set is the paper's affair."""
    return "".join(text_of("pdf", content).split())


async def two_volumes(firm: Firm, **fields: Any) -> tuple[Person, dict[str, Any]]:
    """Open a dossier whose three papers fill two volumes: 120 pages, then 90 and 3."""
    lawyer = await firm.person("lawyer", name="王丽")
    client = await firm.client(lawyer, "甲公司")
    dossier = await firm.dossier(
        lawyer, client_ids=[client["id"]], title="甲诉乙案", opened_on="2026-03-01",
        opposing_parties=[{"name": "乙公司", "kind": "organization"}], **fields,
    )  # fmt: skip
    for title, pages, day in (("委托合同", 120, 1), ("证据", 90, 5), ("判决书", 3, 9)):
        await firm.entry(lawyer, dossier["id"], title, pages=pages, formed_on=f"2026-03-0{day}")
    return lawyer, dossier


@pytest.mark.parametrize("name", RECORDED)
async def test_each_form(firm: Firm, name: str) -> None:
    lawyer, dossier = await two_volumes(firm)
    before = await firm.tables()
    answer = await lawyer.get(f"/v1/dossiers/{dossier['id']}/forms/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.headers["cache-control"] == "private, no-store"
    assert await firm.events(answer) == done(RECORDED[name])
    details = (await firm.event(answer))["details"]
    assert (details["form"], details["volume"]) == ("pdf", None)
    assert details.get("name", name) == name
    text = squeezed(answer.content)
    for word in (dossier["number"], "示例律师事务所", *WORDS[name]):
        assert word in text, (word, text)
    assert await firm.tables() == before


@pytest.mark.parametrize("name", ["cover", "contents", "intake-approval", "closing-report"])
async def test_form_as_spreadsheet(firm: Firm, name: str) -> None:
    lawyer, dossier = await two_volumes(firm)
    answer = await lawyer.get(f"/v1/dossiers/{dossier['id']}/forms/{name}", headers={"Accept": XLSX})
    assert (answer.status_code, answer.headers["content-type"]) == (200, XLSX)
    assert await firm.events(answer) == done(RECORDED[name])
    assert (await firm.event(answer))["details"]["form"] == "xlsx"
    assert WORDS[name][0] in text_of("xlsx", answer.content)


async def test_one_volume(firm: Firm) -> None:
    lawyer, dossier = await two_volumes(firm)
    path = f"/v1/dossiers/{dossier['id']}/forms"
    cover = await lawyer.get(f"{path}/cover?volume=2")
    assert (await firm.event(cover))["details"] == {"form": "pdf", "volume": 2}
    text = squeezed(cover.content)
    for word in ("第2册(共2册)", "93页", "起止时间2026年3月5日至2026年3月9日"):
        assert word in text.replace("（", "(").replace("）", ")"), (word, text)
    contents = squeezed((await lawyer.get(f"{path}/contents?volume=2")).content)
    assert "判决书" in contents
    assert "委托合同" not in contents
    notes = squeezed((await lawyer.get(f"{path}/note")).content)
    assert "本册共1件120页" in notes
    assert "本册共2件93页" in notes
    assert "本册共1件120页" not in squeezed((await lawyer.get(f"{path}/note?volume=2")).content)


async def test_frame_of_a_volume(firm: Firm) -> None:
    lawyer, dossier = await two_volumes(firm)
    before = await firm.tables()
    answer = await lawyer.get(f"/v1/dossiers/{dossier['id']}/volumes/2/frame")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert await firm.events(answer) == done("volume.frame_printed")
    digest = (await lawyer.get(f"/v1/dossiers/{dossier['id']}/contents")).json()["digest"]
    assert (await firm.event(answer))["details"] == {"volume": 2, "digest": digest}
    text = squeezed(answer.content)
    places = [text.index(word) for word in ("案卷封面", "卷内目录", "备考表", "卷底")]
    assert places == sorted(places)
    assert "目录第1页共1页" in text
    assert "委托合同" not in text
    assert await firm.tables() == before


async def test_hidden_lines_stay_hidden(firm: Firm) -> None:
    assistant = await firm.person("assistant")
    lawyer, dossier = await two_volumes(firm, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    await firm.entry(lawyer, dossier["id"], "举报线索", pages=2, formed_on="2026-02-02", confidentiality="sealed")
    base = f"/v1/dossiers/{dossier['id']}"
    for path in (f"{base}/forms/contents", f"{base}/volumes/1/frame", f"{base}/forms/cover?volume=1"):
        whole, masked = await lawyer.get(path), await assistant.get(path)
        assert (whole.status_code, masked.status_code) == (200, 200)
        text = squeezed(masked.content)
        assert "举报线索" not in text
        assert "2026年2月2日" not in text
        assert "2026-02-02" not in text
        assert (await firm.event(masked))["details"].get("digest") is None
    assert "2026年2月2日至2026年3月1日" in squeezed((await lawyer.get(f"{base}/forms/cover?volume=1")).content)
    # A span of the lines he sees would be wrong, and the true one would tell of the hidden one.
    assert "起止时间审理法院" in squeezed((await assistant.get(f"{base}/forms/cover?volume=1")).content)


async def test_filed_dossier_bears_its_stamp(firm: Firm) -> None:
    lawyer, dossier = await two_volumes(firm)
    path = f"/v1/dossiers/{dossier['id']}/forms/cover"
    assert "归档归档日期" not in (open_ := squeezed((await lawyer.get(path)).content))
    await firm.eyes.execute("UPDATE dossiers SET state = 'filed'")
    filed = squeezed((await lawyer.get(path)).content)
    assert filed.count("归档") == open_.count("归档") + 1
    assert "归档" in text_of("xlsx", (await lawyer.get(f"{path}?format=xlsx")).content).splitlines()[0]


async def test_what_is_not_given(firm: Firm) -> None:
    lawyer, dossier = await two_volumes(firm)
    base, before = f"/v1/dossiers/{dossier['id']}", await firm.tables()
    for path in (f"{base}/forms/cover?volume=3", f"{base}/forms/note?volume=3", f"{base}/volumes/3/frame"):
        await refused(firm, before, await lawyer.get(path), 404, "not_found")
    for name in ("note", "back"):
        answer = await lawyer.get(f"{base}/forms/{name}", headers={"Accept": XLSX})
        await refused(firm, before, answer, 406, "not_acceptable")
        invalid = await refused(firm, before, await lawyer.get(f"{base}/forms/{name}?format=xlsx"), 406)
        assert "application/pdf" in invalid["detail"]
    for path, pointer in (
        (f"{base}/forms/cover?volume=0", "/query/volume"), (f"{base}/forms/cover?format=csv", "/query/format"),
        (f"{base}/forms/closing-report?volume=1", "/query/volume"), (f"{base}/forms/invoice", "/path/form"),
        (f"{base}/volumes/0/frame", "/path/volume"),
    ):  # fmt: skip
        problem = await refused(firm, before, await lawyer.get(path), 422, "invalid")
        assert [where for where, _ in pointers(problem)] == [pointer]


@pytest.mark.parametrize("path", ["forms/cover", "forms/note", "forms/intake-approval", "volumes/1/frame"])
async def test_nobody_else_learns_of_it(firm: Firm, path: str) -> None:
    lawyer, dossier = await two_volumes(firm, confidentiality="sealed")
    before = await firm.tables()
    strangers: list[Callable[[], Any]] = [lambda: firm.person("lawyer"), lambda: firm.person("director")]
    for bring in strangers:
        stranger = await bring()
        before = await firm.tables()
        await refused(firm, before, await stranger.get(f"/v1/dossiers/{dossier['id']}/{path}"), 404, "not_found")
    assert (await lawyer.get(f"/v1/dossiers/{dossier['id']}/{path}")).status_code == 200
    assert set(FORMS) == {"csv", "xlsx", "pdf"}
