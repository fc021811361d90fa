"""Clean pages and bound copies by a real child process, of real and of hostile files; nothing stays behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest

from app.core.errors import Unavailable
from app.reports.binder import Bench, Binder
from app.reports.spool import Spool
from tests.integration.test_pagecount import bomb
from tests.support.papers import pdf
from tests.support.sheets import Bound, changed, locked, picture, scripted, written

MIB = 1024**2


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with Binder(Spool(tmp_path / "spool")).bench() as lent:
        yield lent


async def cleaned(
    bench: Bench, content: bytes, pages: int, media_type: str = "application/pdf"
) -> dict[str, Any] | None:
    """Have clean pages made of a file; they lie in `clean.pdf`."""
    source = bench.directory / "source"
    source.write_bytes(content)
    target = str(bench.directory / "clean.pdf")
    question = {"do": "clean", "source": str(source), "target": target, "media_type": media_type, "pages": pages}
    return await bench.ask(question)


async def bound(bench: Bench, content: bytes, pages: int, first: int = 1) -> Bound:
    """Bind the clean pages of a file between leaves of one page."""
    answer = await cleaned(bench, content, pages)
    assert answer is not None
    leaf = bench.directory / "leaf.pdf"
    leaf.write_bytes(written("夹页", 1))
    clean = str(bench.directory / "clean.pdf")
    segment = {"title": "一", "file": clean, "first": first, "blank": answer["blank"]}
    target = bench.directory / "copy.pdf"
    answer = await bench.ask(
        {
            "do": "bind", "target": str(target), "title": "副本", "stand_ins": None, "segments": [segment],
            "front": {"file": str(leaf), "marks": [["封面", 0]]}, "end": {"file": str(leaf), "marks": [["卷底", -1]]},
        }
    )  # fmt: skip
    assert answer == {"pages": pages + 2}
    return Bound(target.read_bytes())


def turned(document: pikepdf.Pdf) -> None:
    document.pages[0].Rotate = 90
    document.pages[1].CropBox = [20, 500, 400, 840]
    # A state that is left open must not move what comes after it.
    document.pages[2].contents_add(b"q 0.1 0 0 0.1 0 0 cm q\n", prepend=True)


async def test_numbers_stand_at_the_outer_top_however_a_page_lies(bench: Bench) -> None:
    copy = await bound(bench, changed(written("页", 4), turned), 4, first=9)
    assert [copy.number(place) for place in range(6)] == [
        None,
        (9, "right"),
        (10, "left"),
        (11, "right"),
        (12, "left"),
        None,
    ]
    document = pypdfium2.PdfDocument(copy.content)
    sizes = [tuple(round(side) for side in page.get_size()) for page in document]
    document.close()
    assert sizes[1:5] == [(842, 595), (380, 340), (595, 842), (595, 842)]


def with_a_blank_back(document: pikepdf.Pdf) -> None:
    document.add_blank_page(page_size=(595, 842))
    document.pages.insert(1, document.pages[-1])
    del document.pages[-1]


async def test_blank_pages_count_and_bear_no_number(bench: Bench) -> None:
    copy = await bound(bench, changed(written("页", 2), with_a_blank_back), 3)
    assert [copy.number(place) for place in range(1, 4)] == [(1, "right"), None, (3, "right")]
    assert copy.labels[1:4] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "unreadable"), (b"%PDF-1.7\n", "unreadable"), (os.urandom(50_000), "unreadable"), (pdf(3)[:150], "unreadable"),
        (locked(pdf(2)), "encrypted"), (pdf(3), "pages_differ"), (changed(pdf(2), lambda pdf: pdf.Root.__setattr__("NeedsRendering", True)), "unreadable"),
        (pdf(2, width=1), "unreadable"), (pdf(2, width=20_000), "unreadable"),
    ],
)  # fmt: skip
async def test_files_that_can_not_be_bound(bench: Bench, content: bytes, reason: str) -> None:
    assert await cleaned(bench, content, 2) == {"reason": reason}
    assert await cleaned(bench, pdf(2), 2) == {"blank": [0, 1]}


@pytest.mark.parametrize(
    ("content", "pages", "media_type"),
    [
        (picture("JPEG"), 1, "image/jpeg"), (picture("JPEG", mode="CMYK", colour=(9, 9, 9, 9)), 1, "image/jpeg"),
        (picture("PNG"), 1, "image/png"), (picture("PNG", mode="RGBA", colour=(255, 0, 0, 0)), 1, "image/png"),
        (picture("PNG", mode="I;16", colour=40_000), 1, "image/png"), (picture("PNG", mode="P", colour=3), 1, "image/png"),
        (picture("TIFF", mode="1", colour=1, compression="group4"), 1, "image/tiff"), (picture("GIF", mode="P", colour=1), 1, "image/gif"),
    ],
)  # fmt: skip
async def test_images_become_pages(bench: Bench, content: bytes, pages: int, media_type: str) -> None:
    assert await cleaned(bench, content, pages, media_type) == {"blank": []}
    document = pypdfium2.PdfDocument(bench.directory / "clean.pdf")
    sizes = [page.get_size() for page in document]
    document.close()
    assert [(round(width), round(height)) for width, height in sizes] == [(842, 595)] * pages


@pytest.mark.parametrize("content", [picture("JPEG")[:400], b"\x89PNG\r\n\x1a\n" + bytes(64), b"GIF89a"])
async def test_broken_images(bench: Bench, content: bytes) -> None:
    assert await cleaned(bench, content, 1, "image/png") == {"reason": "unreadable"}


async def test_an_image_that_unpacks_without_end(bench: Bench) -> None:
    huge = picture("PNG", size=(20_000, 20_000), mode="1", colour=1)
    assert len(huge) < MIB
    assert await cleaned(bench, huge, 1, "image/png") == {"reason": "unreadable"}


async def test_a_seal_is_kept_and_a_script_is_not(bench: Bench) -> None:
    copy = await bound(bench, scripted(written("页", 1)), 1)
    assert copy.colour(1, 340, 340) == (255, 0, 0)
    assert b"hostile" not in copy.content


async def test_a_hundred_thousand_pages(tmp_path: Path) -> None:
    many = pdf(1).replace(b"/Count 1", b"/Count 100000")
    async with Binder(Spool(tmp_path), seconds=4).bench() as bench:
        assert await cleaned(bench, many, 100_000) in ({"reason": "unreadable"}, {"reason": "pages_differ"}, None)
        real = pdf(100_000)
        begun = time.monotonic()
        answer = await cleaned(bench, real, 100_000)
        assert time.monotonic() - begun < 8
        assert answer is None or len(answer.get("blank", [])) == 100_000
        assert await cleaned(bench, pdf(1), 1) == {"blank": [0]}


async def test_a_file_that_takes_too_much_or_too_long(tmp_path: Path) -> None:
    async with Binder(Spool(tmp_path), seconds=3, memory_limit=500 * MIB).bench() as bench:
        for hostile in (bomb(1, 900), bomb(2000, 60)):
            begun = time.monotonic()
            assert await cleaned(bench, hostile, 1) in (None, {"reason": "unreadable"})
            assert time.monotonic() - begun < 6
        assert await cleaned(bench, pdf(1), 1) == {"blank": [0]}


async def test_a_killed_child_is_replaced(bench: Bench) -> None:
    assert await cleaned(bench, pdf(1), 1) == {"blank": [0]}
    assert bench._child is not None
    os.kill(bench._child.pid, signal.SIGKILL)
    await asyncio.sleep(0.2)
    assert await cleaned(bench, pdf(1), 1) == {"blank": [0]}


async def test_secrets_stay_with_the_parent(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANJUAN_S3_SECRET_KEY", "hidden")
    assert await cleaned(bench, pdf(1), 1) == {"blank": [0]}
    assert bench._child is not None
    assert b"ANJUAN_" not in Path(f"/proc/{bench._child.pid}/environ").read_bytes()


async def test_nothing_stays_when_work_ends_breaks_off_or_takes_too_long(tmp_path: Path) -> None:
    binder = Binder(Spool(tmp_path), total_seconds=1.5)
    child = 0
    for end in ("well", "error", "time", "cancelled"):

        async def work(end: str = end) -> None:
            nonlocal child
            async with binder.bench() as bench:
                (bench.directory / "paper").write_bytes(b"x")
                await cleaned(bench, pdf(1), 1)
                child = bench._child.pid if bench._child else 0
                if end == "error":
                    raise KeyError
                if end in {"time", "cancelled"}:
                    await asyncio.sleep(60)

        task = asyncio.create_task(work())
        if end == "cancelled":
            await asyncio.sleep(1)
            task.cancel()
        expected = {"well": None, "error": KeyError, "time": Unavailable, "cancelled": asyncio.CancelledError}[end]
        (found,) = await asyncio.gather(task, return_exceptions=True)
        assert type(found) is (expected or type(None)), end
        assert list(tmp_path.glob("work-*/*")) == []
        assert child
        assert not Path(f"/proc/{child}").exists()


_HOLDER = """
import sys, time
from pathlib import Path
from app.reports.spool import Spool
print(Spool(Path(sys.argv[1])).make(), flush=True)
time.sleep(60)
"""


def test_what_a_killed_process_left_is_swept_and_what_a_live_one_has_is_not(tmp_path: Path) -> None:
    holders = [
        subprocess.Popen([sys.executable, "-c", _HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    places = [Path((holder.stdout.readline() if holder.stdout else "").strip()) for holder in holders]
    try:
        for place in places:
            (place / "paper.pdf").write_bytes(b"x")
            assert place.stat().st_mode & 0o777 == 0o700
        assert Spool(tmp_path).sweep() == 0
        holders[0].kill()
        holders[0].wait()
        assert Spool(tmp_path).sweep() == 1
        assert [place.exists() for place in places] == [False, True]
        own = Spool(tmp_path)
        mine = own.make()
        assert own.sweep() == 0
        assert mine.exists()
    finally:
        for holder in holders:
            holder.kill()
            holder.communicate()
    assert Spool(tmp_path / "never").sweep() == 0
