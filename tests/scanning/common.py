"""What tests of scanning share: signatures, and how to file, to be refused and to see verdicts."""

from dataclasses import replace
from typing import Any

from app.config import ScanSettings, Settings
from app.factory import Resources
from tests.support.checks import refused
from tests.support.clamav import LARGEST
from tests.support.firm import Firm, Person

VIRUS = b"text that the first signatures know"
LATER = b"text that only later signatures know"
KNOWN = {"Own.First": VIRUS.decode()}
MOST = 4 * LARGEST


async def filed(firm: Firm, by: Person, dossier: dict[str, Any], content: bytes, **fields: Any) -> str:
    """File something as an entry; give the path of the file."""
    entry = await firm.entry(by, dossier["id"], **fields)
    file = await firm.file(by, entry["id"], content)
    assert file["scan"] == "pending"
    return f"/v1/files/{file['id']}"


async def verdicts(firm: Firm) -> list[dict[str, Any]]:
    """Give what the events tell of all verdicts, in the order in which they were made."""
    rows = await firm.eyes.fetch("SELECT * FROM events WHERE type = 'file.scanned' ORDER BY id")
    assert {(row["outcome"], row["actor_name"], row["actor_id"]) for row in rows} <= {("success", "anjuan", None)}
    return [{"id": row["subject_id"], **row["details"]} for row in rows]


async def closed(firm: Firm, by: Person, path: str, code: str, type_: str = "file.read") -> None:
    """Ask for bytes that nobody gets now."""
    before = await firm.tables()
    answer = await by.get(path)
    await refused(firm, before, answer, 409, code, events=[(type_, "failed")])
    assert (await firm.event(answer))["details"]["reason"] == code
    assert ("retry-after" in answer.headers) == (code == "file_unscanned")


async def state(by: Person, path: str) -> tuple[str, str | None]:
    """Give the verdict on a file and what it rests on."""
    told = (await by.get(f"{path}/scan")).json()
    return told["scan"], told["detail"]


async def soon(firm: Firm) -> None:
    """Let the time pass until what was put off is tried again."""
    await firm.eyes.execute("UPDATE scans SET next_try_at = now()")


async def duties(by: Person, scope: str = "own") -> list[tuple[str, int]]:
    """Give the duties about infected files: number of the dossier, number of files."""
    items = (await by.get(f"/v1/duties?kind=infected_file&scope={scope}")).json()["items"]
    assert {item["kind"] for item in items} <= {"infected_file"}
    return [(item["dossier"]["number"], item["count"]) for item in items]


def settings_with(firm: Firm, **changes: Any) -> Resources:
    """Give the resources of this firm with other settings of scanning."""
    resources = firm.services.resources
    old = resources.settings
    scan = ScanSettings(**(old.scan.model_dump() | changes))
    return replace(
        resources,
        settings=Settings(
            run=old.run, database=old.database, storage=old.storage, auth=old.auth, http=old.http, scan=scan
        ),
    )
