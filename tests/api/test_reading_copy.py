"""The reading copy of a volume over HTTP: pages in their order and numbered, what is left out, who reads what."""

import asyncio
import io
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pikepdf
import pytest
from pydantic import SecretStr

from app.config import StorageSettings
from app.factory import make_services, make_store
from app.reports.binder import Binder
from app.reports.spool import Spool
from tests.access.test_walls import built
from tests.support.checks import refused
from tests.support.firm import Firm, Person, done
from tests.support.papers import reseal
from tests.support.raw import called
from tests.support.sheets import Bound, locked, picture, scripted, written


async def a_volume(firm: Firm, *papers: tuple[str, int | None, bytes | None, str], **fields: Any) -> tuple[Person, str]:
    """Open a dossier with these papers (title, stated pages, file, name); give its lawyer and the path of its copy."""
    lawyer = await firm.person("lawyer", name="王丽")
    dossier = await firm.dossier(lawyer, **fields)
    for place, (title, pages, content, name) in enumerate(papers, start=1):
        given = {} if pages is None else {"pages": pages}
        entry = await firm.entry(lawyer, dossier["id"], title, formed_on=f"2026-03-{place:02}", **given)
        if content is not None:
            await firm.file(lawyer, entry["id"], content, name)
    return lawyer, f"/v1/dossiers/{dossier['id']}/volumes/1/reading-copy"


async def left_behind(firm: Firm) -> list[str]:
    """Name what lies in the directory where copies are made, beside the directory of the process and its lock."""
    place = firm.services.resources.settings.spool_dir
    return [str(path) for path in place.glob("work-*/*")] if place.exists() else []


def open_files() -> list[str]:
    """Name the files that this process has open."""
    names = []
    for handle in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            names.append(str(handle.readlink()))
    return names


async def copied(firm: Firm, by: Person, path: str) -> tuple[httpx.Response, Bound]:
    """Make a copy and look at it."""
    answer = await by.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert await left_behind(firm) == []
    return answer, Bound(answer.content)


async def details(firm: Firm, answer: httpx.Response) -> dict[str, Any]:
    """Give the details of the event of a copy."""
    row = await firm.eyes.fetchrow(
        "SELECT details FROM events WHERE request_id = $1 AND type = 'volume.copied'", answer.headers["x-request-id"]
    )
    assert row is not None
    found: dict[str, Any] = row["details"]
    return found


async def test_a_volume_as_it_is_bound(firm: Firm) -> None:
    lawyer, path = await a_volume(
        firm, ("委托合同", None, written("合同", 3), "a.pdf"), ("照片", None, picture("JPEG"), "b.jpg"),
        ("判决书", None, written("判决", 2), "c.pdf"),
    )  # fmt: skip
    before = await firm.tables()
    answer, copy = await copied(firm, lawyer, path)
    assert await firm.events(answer) == done("file.read", "file.read", "file.read", "volume.copied")
    told = await details(firm, answer)
    assert (told["volume"], told["files"], told["left_out"]) == (1, 3, [])
    places = [
        copy.page_with(words) for words in ("案卷封面", "目录第1页共1页", "合同之1", "合同之3", "判决之1", "判决之2")
    ]
    assert places == [0, 1, 2, 4, 6, 7]
    assert [copy.number(place) for place in range(len(copy.texts))] == [
        None, None, (1, "right"), (2, "left"), (3, "right"), (4, "left"), (5, "right"), (6, "left"), None, None,
    ]  # fmt: skip
    assert copy.outline == [
        ("案卷封面", 0), ("卷内目录", 1), ("1 委托合同 (1–3)", 2), ("2 照片 (4)", 5), ("3 判决书 (5–6)", 6), ("备考表", 8),
        ("卷底", 9),
    ]  # fmt: skip
    assert copy.labels[2:8] == ["1", "2", "3", "4", "5", "6"]
    contents = (await lawyer.get(path.replace("volumes/1/reading-copy", "contents"))).json()
    lines = contents["volumes"][0]["items"]
    for line, first in zip(lines, (2, 5, 6), strict=True):
        assert copy.number(first) is not None
        assert copy.number(first)[0] == line["page_from"]  # type: ignore[index]
    assert await firm.tables() == before


async def test_what_is_left_out_keeps_the_numbers_right(firm: Firm) -> None:
    good = written("合同", 1)
    lawyer, path = await a_volume(
        firm,
        ("无文件", 2, None, ""), ("录音", 1, b"ID3 sound", "a.mp3"), ("加密件", 3, locked(good), "b.pdf"),
        ("坏件", 2, b"%PDF-1.7 broken", "c.pdf"), ("页数不符", 4, good, "d.pdf"), ("多一页图", 2, picture("TIFF"), "e.tif"),
        ("未计页", None, b"%PDF-1.7 none", "f.pdf"), ("末件", None, written("末件", 1), "g.pdf"),
    )  # fmt: skip
    answer, copy = await copied(firm, lawyer, path)
    assert await firm.events(answer) == done("file.read", "volume.copied")
    assert (await details(firm, answer))["left_out"] == [1, 2, 3, 4, 5, 6, 7]
    for words, reason in (
        ("第1至2页无文件", "没有电子文件"), ("第3页录音", "不是可装订的格式"), ("第4至6页加密件", "已加密"), ("第7至8页坏件", "无法打开"),
        ("第9至12页页数不符", "登记的页数不符"), ("第13至14页多一页图", "登记的页数不符"), ("(未编页)未计页", "页数未计"),
    ):  # fmt: skip
        place = copy.page_with(words)
        assert reason in copy.texts[place]
        assert copy.number(place) is None
    assert copy.number(copy.page_with("末件之1")) == (15, "right")
    assert copy.labels[2:5] == ["1–2", "3", "4–6"]


async def test_only_the_newest_file_and_what_one_may_read(firm: Firm) -> None:
    lawyer, path = await a_volume(
        firm, ("合同", None, written("旧合同", 1), "a.pdf"), ("举报", None, written("线索", 2), "b.pdf"),
        ("判决", None, written("判决", 1), "c.pdf"), confidentiality="internal",
    )  # fmt: skip
    entries = (await lawyer.get(path.replace("volumes/1/reading-copy", "entries"))).json()["items"]
    await firm.file(lawyer, entries[0]["id"], written("新合同", 1))
    await lawyer.change(f"/v1/entries/{entries[1]['id']}", {"confidentiality": "sealed"})
    answer, copy = await copied(firm, lawyer, path)
    assert copy.page_with("新合同之1") == 2
    assert "旧合同" not in "".join(copy.texts)
    assert await firm.events(answer) == done(*["file.read"] * 3, "volume.copied")
    director = await firm.person("director")
    answer, copy = await copied(firm, director, path)
    assert await firm.events(answer) == done("file.read", "file.read", "volume.copied")
    assert (await details(firm, answer))["left_out"] == [2]
    stand_in = copy.texts[copy.page_with("第2至3页")]
    assert stand_in == "代页第2至3页本件未收入本阅卷副本。"
    assert copy.outline[3] == ("2 (2–3)", 3)
    assert copy.number(copy.page_with("判决之1")) == (4, "left")
    assert "举报" not in "".join(copy.texts)
    # He sees the entries of an internal dossier, but reads none of them.
    other = await firm.person("lawyer")
    answer, copy = await copied(firm, other, path)
    assert await firm.events(answer) == done("volume.copied")
    assert (await details(firm, answer))["left_out"] == [1, 2, 3]
    assert not any("新合同" in text or "判决之" in text for text in copy.texts)
    assert copy.texts[copy.page_with("代页第4页")] == "代页第4页本件未收入本阅卷副本。"


async def test_nothing_that_acts_comes_into_a_copy(firm: Firm) -> None:
    lawyer, path = await a_volume(firm, ("合同", None, scripted(written("合同", 1)), "a.pdf"))
    _, copy = await copied(firm, lawyer, path)
    place = copy.page_with("合同之1")
    assert copy.colour(place, 340, 340) == (255, 0, 0), "the seal on the paper is kept"
    with pikepdf.open(io.BytesIO(copy.content)) as pdf:
        assert {"/OpenAction", "/AA", "/Names", "/AcroForm"} & set(pdf.Root.keys()) == set()
        assert all("/Annots" not in page.obj and "/AA" not in page.obj for page in pdf.pages)
        everything = b"".join(item.unparse() for item in pdf.objects if not isinstance(item, pikepdf.Stream))
    assert b"hostile" not in everything + copy.content
    assert b"JavaScript" not in everything


async def test_damaged_and_missing_files_are_told_and_left_out(firm: Firm) -> None:
    lawyer, path = await a_volume(
        firm, ("合同", None, written("合同", 1), "a.pdf"), ("证据", None, written("证据", 1), "b.pdf"),
        ("判决", None, written("判决", 1), "c.pdf"),
    )  # fmt: skip
    store = firm.services.resources.store
    keys = [row["object_key"] for row in await firm.eyes.fetch("SELECT object_key FROM files ORDER BY id")]
    await store.delete(keys[0])
    wrong = written("证据", 1)[:-1] + b"x"

    await reseal(firm, keys[1], wrong)
    answer, copy = await copied(firm, lawyer, path)
    failed = [("file.damaged", "failed")] * 2
    assert await firm.events(answer) == [*failed, *done("file.read", "volume.copied")]
    assert (await details(firm, answer))["left_out"] == [1, 2]
    assert "已损坏或缺失" in copy.texts[copy.page_with("第2页证据")]
    assert copy.number(copy.page_with("判决之1")) == (3, "right")


async def test_rights_that_go_while_it_is_made(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer, path = await a_volume(firm, ("合同", None, written("合同", 1), "a.pdf"), confidentiality="confidential")
    director = await firm.person("director")
    copies = firm.services.papers.copies
    bound = copies._bound

    async def meanwhile(*args: Any) -> Any:
        target = await bound(*args)
        await firm.eyes.execute("UPDATE entries SET confidentiality = 4")
        return target

    monkeypatch.setattr(copies, "_bound", meanwhile)
    answer = await director.get(path)
    assert (answer.status_code, answer.json()["code"]) == (409, "copy_outdated")
    assert await firm.events(answer) == [("volume.copied", "failed")]
    await firm.eyes.execute("UPDATE entries SET confidentiality = NULL")

    async def gone(*args: Any) -> Any:
        target = await bound(*args)
        await firm.eyes.execute("UPDATE dossiers SET confidentiality = 4")
        return target

    monkeypatch.setattr(copies, "_bound", gone)
    before = await firm.tables()
    answer = await director.get(path)
    assert (answer.status_code, await firm.events(answer)) == (404, [("access.denied", "denied")])
    assert before != await firm.tables()
    assert await left_behind(firm) == []
    monkeypatch.undo()
    assert (await lawyer.get(path)).status_code == 200


async def test_who_may_not_know_of_it(firm: Firm) -> None:
    lawyer, path = await a_volume(firm, ("合同", None, written("合同", 1), "a.pdf"), confidentiality="sealed")
    for role in ("lawyer", "director", "auditor"):
        stranger = await firm.person(role)
        before = await firm.tables()
        await refused(firm, before, await stranger.get(path), 404, "not_found")
    before = await firm.tables()
    await refused(firm, before, await lawyer.get(path.replace("volumes/1", "volumes/2")), 404, "not_found")
    await refused(firm, before, await lawyer.get(path.replace("volumes/1", "volumes/0")), 422, "invalid")


async def test_copies_are_made_a_few_at_a_time(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer, path = await a_volume(firm, ("合同", None, written("合同", 1), "a.pdf"))
    copies = firm.services.papers.copies
    monkeypatch.setattr(copies, "_binder", Binder(copies._binder._spool, at_once=1, waiting=1))
    before = await firm.tables()
    answers = await asyncio.gather(*(lawyer.get(path) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 503, 503]
    for answer in answers:
        if answer.status_code == 503:
            await refused(firm, before, answer, 503, "busy")
            assert int(answer.headers["retry-after"]) >= 1
    assert await left_behind(firm) == []


async def test_no_connection_is_held_meanwhile(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer, path = await a_volume(firm, ("合同", None, written("合同", 1), "a.pdf"))
    copies, lending = firm.services.papers.copies, firm.services.resources.database._opened()
    bound, held = copies._bound, list[int]()

    async def looked_at(*args: Any) -> Any:
        held.append(lending.lent)
        return await bound(*args)

    monkeypatch.setattr(copies, "_bound", looked_at)
    assert (await lawyer.get(path)).status_code == 200
    assert held == [0]


async def test_store_that_is_gone(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer, path = await a_volume(firm, ("合同", None, written("合同", 1), "a.pdf"))
    nowhere = StorageSettings(
        s3_endpoint="http://127.0.0.1:9",
        s3_access_key=SecretStr("k"),
        s3_secret_key=SecretStr("s"),
        s3_connect_seconds=1,
    )
    gone = make_store(nowhere)
    with monkeypatch.context() as patch:
        patch.setattr(firm.services.papers.copies._files, "_store", gone)
        before = await firm.tables()
        answer = await lawyer.get(path)
        await refused(firm, before, answer, 503, "unavailable")
        assert int(answer.headers["retry-after"]) >= 1
    await gone.aclose()
    assert await left_behind(firm) == []
    assert (await lawyer.get(path)).status_code == 200


async def test_place_that_can_not_be_written(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    lawyer, path = await a_volume(firm, ("合同", None, written("合同", 1), "a.pdf"))
    blocked = firm.services.resources.settings.run.data_dir / "blocked"
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_bytes(b"a file where the directory should be")
    monkeypatch.setattr(firm.services.papers.copies, "_binder", Binder(Spool(blocked)))
    before = await firm.tables()
    await refused(firm, before, await lawyer.get(path), 503, "unavailable")


async def test_too_much_for_one_copy(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = written("合同", 1), written("判决", 1)
    lawyer, path = await a_volume(firm, ("合同", None, first, "a.pdf"), ("判决", None, second, "b.pdf"))
    monkeypatch.setattr(firm.services.papers.copies, "_limit", len(first) + len(second) - 1)
    answer, copy = await copied(firm, lawyer, path)
    assert (await details(firm, answer))["left_out"] == [2]
    assert "过大" in copy.texts[copy.page_with("第2页判决")]


async def test_reader_who_goes_away_leaves_nothing_open(firm: Firm) -> None:
    lawyer, path = await a_volume(firm, ("合同", None, written("合同", 1), "a.pdf"))

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    sent = await called(firm, lawyer, "GET", path, receive, "gone")
    assert sent[0]["status"] == 200
    rows = await firm.eyes.fetch("SELECT type, outcome FROM events WHERE request_id = 'gone' ORDER BY id")
    assert [tuple(row) for row in rows] == done("file.read", "volume.copied")
    assert await left_behind(firm) == []
    assert not any("copy.pdf" in name for name in open_files())


async def test_what_a_killed_service_left_is_swept_at_the_next_start(firm: Firm) -> None:
    lawyer, path = await a_volume(firm, ("合同", None, written("合同", 1), "a.pdf"))
    left = firm.services.resources.settings.spool_dir / "work-killed" / "volume"
    left.mkdir(parents=True)
    (left / "1.source").write_bytes(b"a client's paper")
    assert (await lawyer.get(path)).status_code == 200
    assert left.exists()
    make_services(firm.services.resources)
    assert not left.parent.exists()
    assert (await lawyer.get(path)).status_code == 200


async def test_a_wall_that_goes_up_meanwhile(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    _, path = await a_volume(firm, ("合同", None, written("合同", 1), "a.pdf"))
    director, guard = await firm.person("director"), await firm.person("security_admin")
    copies = firm.services.papers.copies
    bound = copies._bound

    async def meanwhile(*args: Any) -> Any:
        target = await bound(*args)
        assert (await built(guard, director, dossier_ids=[path.split("/")[3]])).status_code == 201
        return target

    assert (await director.get(path)).status_code == 200
    monkeypatch.setattr(copies, "_bound", meanwhile)
    answer = await director.get(path)
    assert (answer.status_code, await firm.events(answer)) == (404, [("access.denied", "denied")])
