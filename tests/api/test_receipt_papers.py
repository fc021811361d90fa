"""Receipts as papers, and as they are masked: 送达材料清单 with a line for each signature, the mark of a wrong one."""

from typing import Any

import pytest

from app.reports.receipt_form import TITLES
from tests.api.test_printed import text_of
from tests.api.test_receipts import NEW, SIGNED, body, made
from tests.support.checks import pointers, refused
from tests.support.firm import Firm, done


def told(content: bytes) -> str:
    """Give the words of a paper without their line ends."""
    return text_of("pdf", content).replace("\r\n", "").replace("\n", "")


@pytest.mark.parametrize(
    ("direction", "words"),
    [
        ("received", ("材料收据", "接收日期", "交付人:张三")), ("handed_over", ("送达材料清单", "送达日期", "接收人:海淀法院")),
        ("returned", ("材料退还清单", "退还日期", "领取人:张三", "2026年3月9日")),
    ],
)  # fmt: skip
async def test_paper_of_each_direction(firm: Firm, direction: str, words: tuple[str, ...]) -> None:
    lawyer = await firm.person("lawyer", name="王丽")
    dossier = await firm.dossier(lawyer)
    fields: dict[str, Any] = SIGNED if direction == "returned" else {}
    item = {**NEW, "copies": 3, "remarks": "有折痕"}
    if direction != "received":
        entry = await firm.entry(lawyer, dossier["id"], "买卖合同", pages=3)
        await firm.file(lawyer, entry["id"])
        item = {"entry_id": entry["id"], "copies": 3, "remarks": "有折痕"}
    receipt = await made(lawyer, dossier, direction, item, place="立案大厅", remarks="核对无误", **fields)
    path = f"/v1/receipts/{receipt['id']}"
    by_query, by_accept = (
        await lawyer.get(f"{path}?format=pdf"),
        await lawyer.get(path, headers={"Accept": "application/pdf"}),
    )
    for answer in (by_query, by_accept):
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
        assert await firm.events(answer) == done("receipt.viewed")
        assert (await firm.event(answer))["details"] == {"form": "pdf"}
        assert answer.headers["cache-control"] == "private, no-store"
    text = told(by_query.content)
    head = ("序号", "材料名称", "页数", "份数", "原件/复印件", "备注", "签名(盖章)", "第 1 号", "共 1 项")
    line = (
        "买卖合同",
        "原件",
        "有折痕",
        "立案大厅",
        "核对无误",
        "买卖合同纠纷",
        "示例律师事务所 王丽",
        dossier["number"],
    )
    for word in (*head, *line, *words):
        assert word in text, word
    assert "作废" not in text


async def test_paper_masks_and_marks(firm: Firm) -> None:
    lawyer, assistant = await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(lawyer, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    receipt = await made(
        lawyer, dossier, "received", NEW, {**NEW, "title": "举报线索", "confidentiality": "sealed"}, remarks="线人交来"
    )
    path = f"/v1/receipts/{receipt['id']}"
    whole, masked = [told((await person.get(f"{path}?format=pdf")).content) for person in (lawyer, assistant)]
    for word in ("举报线索", "线人交来"):
        assert word in whole
        assert word not in masked
    assert "共 2 项" in masked
    assert (await lawyer.post(f"{path}/cancellation", {"reason": "份数有误"})).status_code == 200
    cancelled = told((await lawyer.get(f"{path}?format=pdf")).content)
    assert "作废:份数有误" in cancelled


async def test_form_that_is_not_given(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    receipt = await made(lawyer, await firm.dossier(lawyer), "received", NEW)
    path, before = f"/v1/receipts/{receipt['id']}", await firm.tables()
    await refused(firm, before, await lawyer.get(path, headers={"Accept": "text/csv"}), 406, "not_acceptable")
    problem = await refused(firm, before, await lawyer.get(f"{path}?format=docx"), 422, "invalid")
    assert [where for where, _ in pointers(problem)] == ["/query/format"]
    assert len(set(TITLES.values())) == 3


async def test_lines_of_hidden_entries_are_masked(firm: Firm) -> None:
    lawyer, assistant = await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(lawyer, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    receipt = await made(
        lawyer,
        dossier,
        "received",
        NEW,
        {**NEW, "title": "举报线索", "confidentiality": "sealed", "remarks": "线人"},
        remarks="线人当面交来",
    )
    hidden = receipt["items"][1]
    path = f"/v1/receipts/{receipt['id']}"
    for seen in (
        (await assistant.get(path)).json(),
        (await assistant.get(f"/v1/dossiers/{dossier['id']}/receipts")).json()["items"][0],
    ):
        assert seen["items"][0] == receipt["items"][0]
        assert seen["items"][1] == {**dict.fromkeys(hidden), "serial": 2, "pages": 3, "masked": True}
        assert seen["remarks"] is None
    paper = await assistant.get(f"{path}?format=pdf")
    assert paper.status_code == 200
    assert pointers((await assistant.post(f"/v1/dossiers/{dossier['id']}/receipts", body("handed_over", {"entry_id": hidden["entry_id"]}))).json()) == [
        ("/body/items/0/entry_id", "unknown_entry")
    ]  # fmt: skip
    unseen = await assistant.get(f"/v1/entries/{hidden['entry_id']}/receipts")
    assert (unseen.status_code, await firm.events(unseen)) == (404, [("access.denied", "denied")])
    # The event of the receipt names no line.
    details = await firm.eyes.fetchval("SELECT details::text FROM events WHERE type = 'receipt.created'")
    assert "线索" not in details
    assert hidden["entry_id"] not in details
