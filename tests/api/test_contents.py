"""The contents list (卷内目录) over HTTP: every order, volumes, masked lines, a digest that anyone can recompute."""

import hashlib
from typing import Any

import pytest
import rfc8785

from tests.api.test_numbers import set_rules
from tests.support.checks import pointers, refused
from tests.support.firm import Firm, Person, done
from tests.support.papers import pdf

EXCLUDE = {"authenticity": "fail", "relevance": "pass", "legality": "pass", "decision": "exclude", "reason": "伪造"}
# title, category, stage, slot, formed_on, pages
PAPERS: tuple[tuple[str, str, str | None, str | None, str | None, int], ...] = (
    ("判决书", "court_document", "判决", "ms-14", "2026-09-01", 7), ("合同", "client_information", "收案", "ms-03", "2026-03-01", 4),
    ("票据", "fee_document", "收案", "ms-02", "2026-03-02", 1), ("照片", "evidence", None, None, None, 2),
    ("起诉状", "legal_instrument", "立案", "ms-04", "2026-03-10", 3),
)  # fmt: skip
ORDERS = {
    "time": ["合同", "票据", "起诉状", "判决书", "照片"], "stage": ["合同", "票据", "起诉状", "判决书", "照片"],
    "category": ["合同", "照片", "起诉状", "判决书", "票据"], "template": ["票据", "合同", "起诉状", "判决书", "照片"],
}  # fmt: skip


async def filed(firm: Firm, by: Person, dossier: dict[str, Any]) -> dict[str, str]:
    """File some papers; give entry ids by title."""
    return {
        title: (await firm.entry(by, dossier["id"], title, category=category, stage=stage, slot=slot, formed_on=day, pages=pages))["id"]
        for title, category, stage, slot, day, pages in PAPERS
    }  # fmt: skip


def lines(contents: dict[str, Any]) -> list[tuple[int, int, str | None, int | None, int | None]]:
    """Give volume, serial, title and pages of all lines."""
    return [
        (volume["volume"], line["serial"], line["title"], line["page_from"], line["page_to"])
        for volume in contents["volumes"] for line in volume["items"]
    ]  # fmt: skip


def digest_of(contents: dict[str, Any]) -> str:
    """Compute the digest from the answer alone."""
    return (
        "sha-256:" + hashlib.sha256(rfc8785.dumps({name: contents[name] for name in ("number", "volumes")})).hexdigest()
    )


@pytest.mark.parametrize("mode", ORDERS)
async def test_every_order(firm: Firm, mode: str) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    await filed(firm, lawyer, dossier)
    path = f"/v1/dossiers/{dossier['id']}"
    arranged = await lawyer.post(f"{path}/arrangement", {"mode": mode})
    assert arranged.status_code == 200, arranged.text
    assert await firm.events(arranged) == done("dossier.arranged")
    details = (await firm.event(arranged))["details"]
    assert details == {"old": "time", "new": {"mode": mode, "order": None}, "digest": arranged.json()["digest"]}
    read = await lawyer.get(f"{path}/contents")
    assert await firm.events(read) == done("contents.viewed")
    assert (await firm.event(read))["details"] == {"form": "json", "digest": read.json()["digest"]}
    assert read.json() == arranged.json()
    pages, expected, at = {title: count for title, *_, count in PAPERS}, [], 1
    for serial, title in enumerate(ORDERS[mode], 1):
        expected.append((1, serial, title, at, at + pages[title] - 1))
        at += pages[title]
    assert lines(read.json()) == expected
    assert (read.json()["arrangement_mode"], read.json()["incomplete"], read.json()["sealed"]) == (mode, [], False)
    assert read.json()["digest"] == digest_of(read.json())
    assert (await lawyer.get(path)).json()["arrangement_mode"] == mode


async def test_order_by_hand_and_what_comes_later(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    ids = await filed(firm, lawyer, dossier)
    path = f"/v1/dossiers/{dossier['id']}"
    by_hand = [ids["照片"], ids["判决书"], ids["合同"]]
    arranged = await lawyer.post(f"{path}/arrangement", {"mode": "manual", "order": by_hand})
    assert (await firm.event(arranged))["details"]["new"] == {"mode": "manual", "order": by_hand}
    # What has no place by hand follows in the order of time.
    assert [line[2] for line in lines(arranged.json())] == ["照片", "判决书", "合同", "票据", "起诉状"]
    await firm.entry(lawyer, dossier["id"], "新证据", formed_on="2020-01-01", pages=1)
    contents = (await lawyer.get(f"{path}/contents")).json()
    assert [line[2] for line in lines(contents)] == ["照片", "判决书", "合同", "新证据", "票据", "起诉状"]
    # Another mode and back: the order by hand must be given again.
    await lawyer.post(f"{path}/arrangement", {"mode": "time"})
    again = await lawyer.post(f"{path}/arrangement", {"mode": "manual", "order": [ids["起诉状"]]})
    assert [line[2] for line in lines(again.json())] == ["起诉状", "新证据", "合同", "票据", "判决书", "照片"]


async def test_arrangement_that_can_not_be(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier, other = await firm.dossier(lawyer), await firm.dossier(lawyer)
    ids = await filed(firm, lawyer, dossier)
    foreign = (await firm.entry(lawyer, other["id"]))["id"]
    out = await lawyer.post(f"/v1/entries/{ids['照片']}/review", EXCLUDE)
    assert out.status_code == 200
    before = await firm.tables()
    for body, pointer in (
        ({"mode": "colour"}, "/body/mode"), ({"mode": "manual"}, "/body"), ({"mode": "time", "order": []}, "/body"),
        ({"mode": "manual", "order": [ids["合同"]] * 2}, "/body"), ({"mode": "manual", "order": [ids["合同"], foreign]}, "/body/order/1"),
        ({"mode": "manual", "order": [ids["照片"]]}, "/body/order/0"), ({"mode": "manual", "order": ["x"]}, "/body/order/0"),
    ):  # fmt: skip
        answer = await lawyer.post(f"/v1/dossiers/{dossier['id']}/arrangement", body)
        assert [where for where, _ in pointers(await refused(firm, before, answer, 422))] == [pointer], body


async def test_volumes_begin_anew_before_the_limit_is_passed(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    for title, pages in (("甲", 120), ("乙", 80), ("丙", 1), ("丁", 450), ("戊", 199), ("己", 1)):
        await firm.entry(lawyer, dossier["id"], title, pages=pages)
    path = f"/v1/dossiers/{dossier['id']}/contents"
    contents = (await lawyer.get(path)).json()
    assert lines(contents) == [
        (1, 1, "甲", 1, 120), (1, 2, "乙", 121, 200), (2, 1, "丙", 1, 1), (3, 1, "丁", 1, 450), (4, 1, "戊", 1, 199), (4, 2, "己", 200, 200),
    ]  # fmt: skip
    assert [volume["pages"] for volume in contents["volumes"]] == [200, 1, 450, 200]
    assert (await set_rules(firm, volume_page_limit=120)).status_code == 200
    assert [line[:3] for line in lines((await lawyer.get(path)).json())] == [
        (1, 1, "甲"), (2, 1, "乙"), (2, 2, "丙"), (3, 1, "丁"), (4, 1, "戊"), (5, 1, "己"),
    ]  # fmt: skip


async def test_same_entries_give_the_same_digest_and_a_change_another(firm: Firm) -> None:
    lawyer, partner = await firm.person("lawyer", department="一部"), await firm.person("partner", department="一部")
    dossier = await firm.dossier(lawyer)
    ids = await filed(firm, lawyer, dossier)
    path = f"/v1/dossiers/{dossier['id']}/contents"
    first, second, other = [await person.get(path) for person in (lawyer, lawyer, partner)]
    assert first.content == second.content == other.content
    assert first.json()["digest"] == digest_of(first.json())
    await lawyer.change(f"/v1/entries/{ids['照片']}", {"remarks": "补"})
    changed = (await lawyer.get(path)).json()
    assert changed["digest"] == digest_of(changed) != first.json()["digest"]
    await lawyer.change(f"/v1/entries/{ids['照片']}", {"remarks": None})
    assert (await lawyer.get(path)).json()["digest"] == first.json()["digest"]
    out = await lawyer.post(f"/v1/entries/{ids['照片']}/review", EXCLUDE)
    assert out.status_code == 200
    contents = (await lawyer.get(path)).json()
    assert [line[2] for line in lines(contents)] == ["合同", "票据", "起诉状", "判决书"]
    assert ids["照片"] not in str(contents)


async def test_masked_line_keeps_serial_and_pages_and_nothing_else(firm: Firm) -> None:
    lawyer, assistant = await firm.person("lawyer"), await firm.person("assistant")
    dossier = await firm.dossier(lawyer, team=[{"user_id": str(assistant.id), "duty": "assistant"}])
    await filed(firm, lawyer, dossier)
    secret = await firm.entry(
        lawyer, dossier["id"], "绝密线索", confidentiality="sealed", formed_on="2026-03-05", pages=5,
        responsible_party="线人", document_number="密-1", remarks="勿示",
    )  # fmt: skip
    unknown = await firm.entry(lawyer, dossier["id"], "密照", confidentiality="sealed", formed_on="2026-03-06")
    path = f"/v1/dossiers/{dossier['id']}/contents"
    whole, partly = (await lawyer.get(path)).json(), (await assistant.get(path)).json()
    assert whole["incomplete"] == [unknown["id"]]
    assert (partly["incomplete"], partly["digest"]) == ([], None)
    nothing = dict.fromkeys(("document_number", "responsible_party", "title", "formed_on", "remarks"))
    masked = [line for volume in partly["volumes"] for line in volume["items"] if line.get("masked")]
    assert masked == [
        {"serial": 3, "page_from": 6, "page_to": 10, "pages": 5, **nothing, "masked": True},
        {"serial": 4, "page_from": None, "page_to": None, "pages": None, **nothing, "masked": True},
    ]
    assert [line[:2] + line[3:] for line in lines(whole)] == [line[:2] + line[3:] for line in lines(partly)]
    assert not any("masked" in line for volume in whole["volumes"] for line in volume["items"])
    assert secret["id"] not in str(partly)
    # He can't place by hand what he does not see.
    before = await firm.tables()
    answer = await assistant.post(path.replace("contents", "arrangement"), {"mode": "manual", "order": [secret["id"]]})
    assert pointers(await refused(firm, before, answer, 422)) == [("/body/order/0", "unknown_entry")]


async def test_page_counts_are_read_from_the_file_and_differences_pointed_out(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    dossier = await firm.dossier(lawyer)
    stated, read, none = [await firm.entry(lawyer, dossier["id"], title, **more) for title, more in (
        ("写明", {"pages": 5}), ("未写", {}), ("无页", {}),
    )]  # fmt: skip
    path = f"/v1/dossiers/{dossier['id']}/contents"
    assert (await lawyer.get(path)).json()["incomplete"] == [read["id"], none["id"]]
    await firm.file(lawyer, stated["id"], pdf(7))
    await firm.file(lawyer, read["id"], pdf(3))
    await firm.file(lawyer, none["id"], b"no pages here", "a.txt")
    for entry, pages, in_file, differ in ((stated, 5, 7, True), (read, 3, 3, False), (none, None, None, False)):
        now = (await lawyer.get(f"/v1/entries/{entry['id']}")).json()
        assert (now["pages"], now["pages_in_file"], now["pages_differ"]) == (pages, in_file, differ)
    contents = (await lawyer.get(path)).json()
    assert lines(contents) == [(1, 1, "写明", 1, 5), (1, 2, "未写", 6, 8), (1, 3, "无页", None, None)]
    assert contents["incomplete"] == [none["id"]]
    # A newer version with other pages counts; giving the stated count up takes the file's.
    await firm.file(lawyer, read["id"], pdf(4))
    await lawyer.change(f"/v1/entries/{stated['id']}", {"pages": None})
    assert lines((await lawyer.get(path)).json())[:2] == [(1, 1, "写明", 1, 7), (1, 2, "未写", 8, 11)]
    assert (await lawyer.get(f"/v1/dossiers/{dossier['id']}")).json()["page_count"] == 11


async def test_empty_dossier_has_an_empty_list(firm: Firm) -> None:
    lawyer, stranger = await firm.person("lawyer"), await firm.person("finance")
    dossier = await firm.dossier(lawyer)
    contents = (await lawyer.get(f"/v1/dossiers/{dossier['id']}/contents")).json()
    assert (contents["volumes"], contents["incomplete"], contents["digest"]) == ([], [], digest_of(contents))
    before = await firm.tables()
    for name in ("contents", "cover"):
        await refused(firm, before, await stranger.get(f"/v1/dossiers/{dossier['id']}/{name}"), 404, "not_found")
