"""The sample papers are what is said of them, and the sample's client tells what went wrong."""

import io
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from rich.console import Console

from app.clients.identifiers import normalise
from app.core.text import check_file_name
from app.entries.schemas import EntryCreate
from app.sample import main_job, papers
from app.sample.caller import CallError, visitor
from app.storage.media import sniff

PAGES = (1, 1, 4, 1, 2, 3, None, 2, None, 1, 1, 1, 2, 2, 1)
STAGES = ["收案", "立案", "证据交换", "庭审", "判决", "结案"]


@pytest.mark.parametrize(
    ("paper", "pages"), list(zip(papers.PAPERS, PAGES, strict=True)), ids=[one.file for one in papers.PAPERS]
)
def test_a_paper_is_what_is_said_of_it(paper: papers.Paper, pages: int | None) -> None:
    content = paper.path.read_bytes()
    assert sniff(content[:16], "") == paper.media_type
    assert check_file_name(paper.file) == paper.file
    assert EntryCreate.model_validate(paper.entry()).title == paper.title
    assert paper.slot in {f"ms-{number:02d}" for number in range(1, 16)}
    assert paper.stage in STAGES
    if pages is None:
        assert paper.pages == 1
        return
    assert paper.pages is None
    document = pypdfium2.PdfDocument(content)
    assert len(document) == pages
    text = "".join("".join(page.get_textpage().get_text_range().split()) for page in document)
    if paper.original == "scan":
        assert not text
    else:
        assert papers.CLIENT in text


def test_the_papers_are_few_and_small() -> None:
    files = [path for path in papers.DIRECTORY.iterdir() if path.is_file()]
    assert {path.name for path in files} == {paper.file for paper in papers.PAPERS} | {papers.LICENCE}
    assert sum(path.stat().st_size for path in files) < 3_000_000
    assert [paper.confidentiality for paper in papers.PAPERS].count("restricted") == 1


def test_the_companies_have_codes_that_check_but_cannot_exist() -> None:
    for code in (papers.CLIENT_USCC, papers.OPPONENT_USCC):
        assert normalise("uscc", code) == code
        assert code[2:8] == "999999"


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    """A service that refuses, and one list in two pages."""
    problem = {
        "type": "urn:anjuan:problem:invalid", "title": "Input not valid", "status": 422, "detail": "see errors",
        "code": "invalid", "request_id": "r-1", "errors": [{"pointer": "/body/name", "code": "x", "detail": "too long"}],
    }  # fmt: skip

    async def refuse(_: web.Request) -> web.Response:
        return web.json_response(problem, status=422, content_type="application/problem+json")

    async def broken(_: web.Request) -> web.Response:
        return web.Response(status=502, text="bad gateway")

    async def listed(request: web.Request) -> web.Response:
        last = request.query.get("cursor") == "a=/b"
        return web.json_response({"items": [1, 2, 3] if last else [1] * 200, "next": None if last else "a=/b"})

    app = web.Application()
    app.router.add_post("/v1/auth/token", refuse)
    app.router.add_get("/broken", broken)
    app.router.add_get("/list", listed)
    started = TestServer(app)
    await started.start_server()
    yield started
    await started.close()


def _address(server: TestServer) -> str:
    return str(server.make_url("")).rstrip("/")


async def test_a_failure_says_what_the_problem_document_says(server: TestServer) -> None:
    async with visitor(_address(server)) as anybody:
        with pytest.raises(CallError) as refused:
            await anybody.login("admin", "wrong")
        assert str(refused.value) == (
            "log in admin: HTTP 422: invalid; Input not valid; see errors; /body/name: too long; request r-1"
        )
        with pytest.raises(CallError, match="HTTP 502: bad gateway"):
            await anybody.get("read", "/broken")


async def test_nobody_answers() -> None:
    async with visitor("http://127.0.0.1:9") as anybody:
        with pytest.raises(CallError, match="no answer"):
            await anybody.get("read", "/")


async def test_lists_are_counted_to_their_end(server: TestServer) -> None:
    async with visitor(_address(server)) as anybody:
        assert await anybody.count("count", "/list?x=1") == 203


def test_passwords_are_nobody_elses(tmp_path: Path) -> None:
    path = tmp_path / main_job.PASSWORDS
    path.write_text("old")
    path.chmod(0o644)
    main_job._write_private(path, "secret")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == "secret"


@pytest.mark.parametrize(("width", "volumes"), [(72, 1), (80, 2), (140, 2)])
def test_the_table_keeps_titles_whole(width: int, volumes: int) -> None:
    line: dict[str, Any] = {
        "serial": 1, "page_from": 1, "page_to": 2, "pages": 2, "formed_on": "2026-01-05",
        "responsible_party": papers.CLIENT,
    }  # fmt: skip
    lines = [{**line, "title": paper.title} for paper in papers.PAPERS]
    masked = dict.fromkeys(line, None) | {"serial": 2, "title": None}
    contents = {"number": "2026-MS-L03-0001", "volumes": [{"volume": 1, "items": [*lines, masked]}] * volumes}
    out = io.StringIO()
    Console(file=out, width=width).print(main_job._as_table(contents, width))
    for paper in papers.PAPERS:
        assert paper.title in out.getvalue()
    assert (papers.CLIENT in out.getvalue()) == (width >= 100)
