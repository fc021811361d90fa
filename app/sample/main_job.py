"""The main job, done once through the HTTP API as a client would: from the client to the printed contents list.

Never reaches around the API, and never touches a dossier that it did not open.
"""

import asyncio
import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from app.sample import papers
from app.sample.caller import Caller, visitor

PASSWORDS = "sample-users.txt"
PEOPLE = (
    ("lawyer", {"username": "wang.li", "display_name": "王丽", "department": "诉讼一部", "lawyer_code": "L03"}),
    ("assistant", {"username": "li.ming", "display_name": "李明", "department": "诉讼一部"}),
    ("archivist", {"username": "chen.an", "display_name": "陈安", "department": "档案室"}),
    ("stranger", {"username": "zhou.yuan", "display_name": "周远", "department": "非诉讼部", "lawyer_code": "L09"}),
)
_ROOMY = 100
_ROLES = {"stranger": "lawyer"}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True)
class _User:
    """Somebody of the firm, and how he logs in."""

    id: str
    username: str
    password: str
    display_name: str


def run(base_url: str, username: str, password: str, out_dir: Path, console: Console) -> None:
    """Do the main job on the service at `base_url` and print what was done; papers and passwords go to `out_dir`.

    `username` and `password` are an administrator's. Raises CallError with the problem document's words when a step
    fails.
    """
    out_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    asyncio.run(_main_job(base_url, username, password, out_dir, console))


async def _main_job(base_url: str, username: str, password: str, out_dir: Path, console: Console) -> None:
    async with visitor(base_url) as anybody:
        admin = await anybody.login(username, password)
        people = await _make_people(admin, out_dir)
        _say(console, f"{len(people)} people of the firm; their passwords: {out_dir / PASSWORDS}")
        assistant = await _enter(anybody, people["assistant"])
        lead = await _enter(anybody, people["lawyer"])
        stranger = await _enter(anybody, people["stranger"])

        client = await _take_in_client(assistant)
        _say(console, f"client {client['name']}, business licence checked against the original")
        dossier = await _open_dossier(assistant, client["id"], people)
        _say(console, f"dossier {dossier['number']}, {dossier['cause']}, lead lawyer {people['lawyer'].display_name}")
        filed = await _file_papers(assistant, dossier["id"], console)
        await _note_court(lead, dossier["id"])
        path = f"/v1/dossiers/{dossier['id']}"
        await assistant.post("arrange by template", f"{path}/arrangement", {"mode": "template"})
        printed = await _print_papers(assistant, path, dossier["number"], out_dir)
        access = await _show_access(lead, stranger, filed)
        events = await lead.count("count the events", f"/v1/events?dossier_id={dossier['id']}")
        contents = await lead.get("read the list", f"{path}/contents")
    # In one piece: who waits for the end finds all of it.
    console.print(Group(_as_table(contents, console.width), *_closing(contents, access, events, printed)))


async def _make_people(admin: Caller, out_dir: Path) -> dict[str, _User]:
    """Create the people; their passwords are written down first, so that nobody is made whom nobody can be."""
    secret = {name: secrets.token_urlsafe(15) for name, _ in PEOPLE}
    lines = [f"{person['username']}\t{secret[name]}\t{person['display_name']}\n" for name, person in PEOPLE]
    _write_private(out_dir / PASSWORDS, "".join(lines))
    people = {}
    for name, person in PEOPLE:
        body = {**person, "password": secret[name], "roles": [_ROLES.get(name, name)]}
        made = await admin.post(f"create user {person['username']}", "/v1/users", body)
        people[name] = _User(made["id"], person["username"], secret[name], person["display_name"])
    return people


def _write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)


async def _enter(anybody: Caller, user: _User) -> Caller:
    return await anybody.login(user.username, user.password)


async def _take_in_client(assistant: Caller) -> dict[str, Any]:
    """Register the client and the verification of his business licence (营业执照), with its scan."""
    client = await assistant.post(
        "create the client",
        "/v1/clients",
        {
            "kind": "organization",
            "name": papers.CLIENT,
            "identifiers": [{"scheme": "uscc", "value": papers.CLIENT_USCC}],
            "legal_representative": papers.LEGAL_REPRESENTATIVE,
            "registration": {"address": papers.CLIENT_ADDRESS, "established_on": "2015-06-01"},
            "contacts": [{"kind": "phone", "value": "000-00000001"}],
        },
    )
    path = f"/v1/clients/{client['id']}/verifications"
    # Today in UTC has begun everywhere east of it, so it never lies in the firm's future.
    verified = await assistant.post(
        "verify the licence",
        path,
        {
            "document_type": "营业执照",
            "document_number": papers.CLIENT_USCC,
            "original_seen": True,
            "verified_on": datetime.now(UTC).date().isoformat(),
        },
    )
    scan = papers.DIRECTORY / papers.LICENCE
    await assistant.put_file("keep the licence's scan", f"{path}/{verified['id']}/copy", scan, papers.LICENCE_TYPE)
    return client


async def _open_dossier(assistant: Caller, client_id: str, people: dict[str, _User]) -> dict[str, Any]:
    return await assistant.post(
        "open the dossier",
        "/v1/dossiers",
        {
            "client_ids": [client_id],
            "matter_type": "civil",
            "cause": papers.CAUSE,
            "lead_lawyer_id": people["lawyer"].id,
            "team": [{"user_id": people["assistant"].id, "duty": "assistant"}],
            "opposing_parties": [{"name": papers.OPPONENT, "kind": "organization"}],
            "confidentiality": "internal",
            "opened_on": papers.OPENED_ON,
            "external_refs": [{"system": "sample", "id": "1"}],
        },
    )


async def _file_papers(assistant: Caller, dossier_id: str, console: Console) -> dict[str, str]:
    """File every paper in one act each; gives the ids of their files by title."""
    columns = (TextColumn("  filing"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    filed = {}
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=len(papers.PAPERS))
        for paper in papers.PAPERS:
            progress.update(task, description=escape(paper.title))
            document = await assistant.post_document(
                f"file {paper.title}",
                f"/v1/dossiers/{dossier_id}/documents",
                paper.entry(),
                paper.path,
                paper.media_type,
            )
            filed[paper.title] = document["file"]["id"]
            progress.advance(task)
    _say(console, f"{len(filed)} papers filed, each with its file in one act")
    return filed


async def _note_court(lead: Caller, dossier_id: str) -> None:
    """Add to the cover what the court has given since: the lead lawyer changes the dossier under its ETag."""
    await lead.change(
        "add the court's case number",
        f"/v1/dossiers/{dossier_id}",
        {
            "court": papers.COURT,
            "instance": "一审",
            "court_case_number": papers.CASE_NUMBER,
            "contract_number": papers.CONTRACT_NUMBER,
        },
    )


async def _print_papers(assistant: Caller, path: str, number: str, out_dir: Path) -> list[Path]:
    """Save the contents list as PDF (chosen by `Accept`) and XLSX, and the cover as PDF."""
    stem = "".join("_" if sign in '/\\:*?"<>|' else sign for sign in number)
    wanted = (
        ("卷内目录.pdf", "contents", "application/pdf"),
        ("卷内目录.xlsx", "contents", _XLSX),
        ("案卷封面.pdf", "cover", "application/pdf"),
    )
    saved = []
    for name, what, media_type in wanted:
        answer = await assistant.call(f"print {name}", "GET", f"{path}/{what}", headers={"Accept": media_type})
        target = out_dir / f"{stem}-{name}"
        target.write_bytes(answer.content)
        saved.append(target)
    return saved


async def _show_access(lead: Caller, stranger: Caller, filed: dict[str, str]) -> str:
    """Read the restricted paper as lead lawyer, and be told as another lawyer that it does not exist."""
    title = next(paper.title for paper in papers.PAPERS if paper.confidentiality == "restricted")
    path = f"/v1/files/{filed[title]}/content"
    seen = await lead.call(f"read {title} as lead lawyer", "GET", path, expect=(HTTPStatus.OK,))
    hidden = await stranger.call(f"read {title} as another lawyer", "GET", path, expect=(HTTPStatus.NOT_FOUND,))
    return (
        f"{title} (restricted): the lead lawyer reads it ({seen.status}, {len(seen.content):,} bytes); "
        f"for a lawyer without part in the matter it does not exist ({hidden.status})"
    )


def _as_table(contents: dict[str, Any], width: int) -> Table:
    """Lay the contents list out for a terminal of `width` columns: titles stay whole, the rest gives way."""
    table = Table(title=f"卷内目录  {contents['number']}", title_justify="left", header_style="bold")
    several = len(contents["volumes"]) > 1
    if several:
        table.add_column("册", justify="right", min_width=2)
    table.add_column("序号", justify="right", min_width=4)
    table.add_column("材料名称", min_width=28)
    table.add_column("形成日期", min_width=10)
    table.add_column("页码", justify="right", min_width=5)
    table.add_column("页数", justify="right", min_width=4)
    roomy = width >= _ROOMY
    if roomy:
        table.add_column("责任者", overflow="ellipsis", no_wrap=True)
    for volume in contents["volumes"]:
        for line in volume["items"]:
            first, last = line["page_from"], line["page_to"]
            span = None if first is None else f"{first}-{last}"
            cells = [line["serial"], line["title"], line["formed_on"], span, line["pages"]]
            cells = [volume["volume"]] * several + cells + [line["responsible_party"]] * roomy
            table.add_row(*("" if cell is None else escape(str(cell)) for cell in cells))
    return table


def _closing(contents: dict[str, Any], access: str, events: int, printed: list[Path]) -> list[RenderableType]:
    pages = sum(volume["pages"] for volume in contents["volumes"])
    lines = [
        f"{pages} pages in {len(contents['volumes'])} volume(s); digest {contents['digest']}",
        access,
        f"{events} events recorded of this dossier",
        *(f"{path.name}: {path.absolute()}" for path in printed),
    ]
    return [Text(f"  {line}", overflow="fold") for line in lines]


def _say(console: Console, sentence: str) -> None:
    console.print(Text(f"  {sentence}"))
