"""Who sees and who reads: one test for each row of the table in docs/access.md, as a stranger to the code would check it."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.support.checks import everything
from tests.support.firm import Firm, Person, Refusal, done

LEVELS = ("public", "internal", "confidential", "restricted", "sealed")
# Relations of people to a dossier of a lawyer of department 一部.
CAST: dict[str, tuple[str, str | None]] = {
    "lead": ("lawyer", "一部"), "member": ("lawyer", "二部"), "member assistant": ("assistant", "一部"),
    "partner": ("partner", "一部"), "other partner": ("partner", "二部"), "partner without department": ("partner", None),
    "lawyer": ("lawyer", "一部"), "assistant": ("assistant", "一部"), "archivist": ("archivist", None), "director": ("director", None),
    "finance": ("finance", None), "auditor": ("auditor", None), "system_admin": ("system_admin", None), "security_admin": ("security_admin", None),
}  # fmt: skip
USERS = set(CAST) - {"auditor", "system_admin", "security_admin"}
TEAM = {"lead", "member", "member assistant"}
FIRM = {"lawyer", "assistant", "archivist", "partner", "other partner", "partner without department", "director"}
# The table: who sees metadata, who reads content.
SEES = {
    "public": USERS, "internal": TEAM | FIRM, "confidential": TEAM | {"partner", "archivist", "director"},
    "restricted": TEAM | {"archivist", "director"}, "sealed": TEAM - {"member assistant"},
}  # fmt: skip
READS = {
    "public": USERS, "internal": TEAM | {"partner", "archivist", "director"}, "confidential": TEAM | {"partner", "director"},
    "restricted": TEAM | {"director"}, "sealed": TEAM - {"member assistant"},
}  # fmt: skip


@dataclass
class Stage:
    """A dossier of a level with an entry and its file, and people who stand to it in every way."""

    firm: Firm
    people: dict[str, Person] = field(default_factory=dict)
    dossier: dict[str, Any] = field(default_factory=dict)
    entry: dict[str, Any] = field(default_factory=dict)
    file: dict[str, Any] = field(default_factory=dict)

    @property
    def paths(self) -> tuple[tuple[str, str], ...]:
        """Every way to the metadata, with its event."""
        return (
            (f"/v1/dossiers/{self.dossier['id']}", "dossier.viewed"), (f"/v1/dossiers/{self.dossier['id']}/team", "dossier.team_viewed"),
            (f"/v1/dossiers/{self.dossier['id']}/entries", "entry.listed"), (f"/v1/dossiers/{self.dossier['id']}/contents", "contents.viewed"),
            (f"/v1/dossiers/{self.dossier['id']}/cover", "cover.viewed"), (f"/v1/entries/{self.entry['id']}", "entry.viewed"),
            (f"/v1/entries/{self.entry['id']}/files", "file.listed"), (f"/v1/files/{self.file['id']}", "file.viewed"),
        )  # fmt: skip


async def staged(firm: Firm, level: str, *, entry_level: str | None = None, category: str = "evidence") -> Stage:
    """Set the stage."""
    stage = Stage(firm)
    for who, (role, department) in CAST.items():
        stage.people[who] = await firm.person(role, department=department)
    lead = stage.people["lead"]
    members = ["member"] if level == "sealed" else ["member", "member assistant"]
    team = [{"user_id": str(stage.people[who].id), "duty": "lawyer"} for who in members]
    stage.dossier = await firm.dossier(lead, confidentiality=level, team=team)
    stage.entry = await firm.entry(lead, stage.dossier["id"], category=category, confidentiality=entry_level)
    stage.file = await firm.file(lead, stage.entry["id"], b"secret")
    return stage


@pytest.mark.parametrize("level", LEVELS)
async def test_row_of_the_table(firm: Firm, level: str) -> None:
    stage = await staged(firm, level)
    before = await firm.tables()
    content = f"/v1/files/{stage.file['id']}/content"
    for who, person in stage.people.items():
        for path, event in stage.paths:
            answer = await person.get(path)
            assert answer.status_code == (200 if who in SEES[level] else 404), (who, path)
            assert await firm.events(answer) == (done(event) if who in SEES[level] else [Refusal]), (who, path)
        read = await person.get(content)
        expected = 200 if who in READS[level] else 403 if who in SEES[level] else 404
        assert read.status_code == expected, who
        assert await firm.events(read) == (done("file.read") if expected == 200 else [Refusal]), who
        assert (read.content == b"secret") == (expected == 200)
        listed = await everything(person, "/v1/dossiers")
        assert [item["id"] for item in listed] == ([stage.dossier["id"]] if who in SEES[level] else []), who
    assert await firm.tables() == before


@pytest.mark.parametrize("entry_level", LEVELS)
async def test_higher_level_of_entry_and_dossier_counts(firm: Firm, entry_level: str) -> None:
    stage = await staged(firm, "internal", entry_level=entry_level)
    level = max(entry_level, "internal", key=LEVELS.index)
    for who, person in stage.people.items():
        sees = who in SEES[level]
        assert (await person.get(f"/v1/entries/{stage.entry['id']}")).status_code == (200 if sees else 404), who
        read = await person.get(f"/v1/files/{stage.file['id']}/content")
        assert read.status_code == (200 if who in READS[level] else 403 if sees else 404), who
        if who in SEES["internal"]:
            contents = (await person.get(f"/v1/dossiers/{stage.dossier['id']}/contents")).json()
            assert contents["volumes"][0]["items"][0].get("masked", False) == (not sees), who
            assert (contents["digest"] is None) == (not sees), who


@pytest.mark.parametrize("level", LEVELS)
async def test_finance_sees_fee_documents_up_to_confidential(firm: Firm, level: str) -> None:
    stage = await staged(firm, level, category="fee_document")
    other = await firm.entry(stage.people["lead"], stage.dossier["id"], "代理意见")
    finance, allowed = stage.people["finance"], level in {"public", "internal", "confidential"}
    for path, _ in stage.paths:
        assert (await finance.get(path)).status_code == (200 if allowed else 404), path
    assert (await finance.get(f"/v1/files/{stage.file['id']}/content")).status_code == (200 if allowed else 404)
    # Of the other entries nothing, but for public dossiers, whose line is there without a word.
    assert (await finance.get(f"/v1/entries/{other['id']}")).status_code == (200 if level == "public" else 404)
    if allowed:
        contents = (await finance.get(f"/v1/dossiers/{stage.dossier['id']}/contents")).json()
        assert [line.get("masked", False) for line in contents["volumes"][0]["items"]] == [False, level != "public"]
        assert ("代理意见" in str(contents)) == (level == "public")


@pytest.mark.parametrize("state", ["open", "submitted", "returned", "filed"])
async def test_archivist_reads_confidential_content_while_it_is_with_him(firm: Firm, state: str) -> None:
    stage = await staged(firm, "confidential")
    await firm.eyes.execute("UPDATE dossiers SET state = $1", state)
    read = await stage.people["archivist"].get(f"/v1/files/{stage.file['id']}/content")
    assert read.status_code == (200 if state in {"submitted", "filed"} else 403)
    assert await firm.events(read) == (done("file.read") if read.status_code == 200 else [Refusal])


@pytest.mark.parametrize("separated", ["system_admin", "security_admin", "auditor"])
async def test_separated_role_voids_the_others(firm: Firm, separated: str) -> None:
    lead, both = await firm.person("lawyer"), await firm.person("director", separated)
    dossier = await firm.dossier(lead, confidentiality="public")
    before = await firm.tables()
    answer = await both.get(f"/v1/dossiers/{dossier['id']}")
    assert (answer.status_code, await firm.events(answer)) == (404, [Refusal])
    assert (await both.get("/v1/dossiers")).json()["items"] == []
    assert await firm.tables() == before


async def test_program_sees_what_it_created_up_to_internal(firm: Firm) -> None:
    admin, lead = await firm.person("system_admin", "security_admin"), await firm.person("lawyer")
    made = await admin.post("/v1/service-accounts", {"name": "案件系统", "roles": ["integration"]})
    assert made.status_code == 201, made.text
    account = made.json()
    form = {
        "grant_type": "client_credentials",
        "client_id": account["client_id"],
        "client_secret": account["client_secret"],
    }
    token = (await firm.http.post("/v1/auth/token", data=form)).json()["access_token"]
    program = Person(lead.id, "案件系统", token, firm.http, ("integration",))
    own = await firm.dossier(program, lead)
    entry = await firm.entry(program, own["id"])
    file = await firm.file(program, entry["id"], b"from the program")
    foreign = await firm.dossier(lead)
    assert (await program.get(f"/v1/dossiers/{own['id']}")).status_code == 200
    assert (await program.get(f"/v1/files/{file['id']}/content")).content == b"from the program"
    assert [item["id"] for item in await everything(program, "/v1/dossiers")] == [own["id"]]
    before = await firm.tables()
    hidden = await program.get(f"/v1/dossiers/{foreign['id']}")
    assert (hidden.status_code, await firm.events(hidden)) == (404, [Refusal])
    assert await firm.tables() == before
    # Raised above what it may see, its own is hidden too.
    raised = await lead.change(f"/v1/dossiers/{own['id']}", {"confidentiality": "confidential"})
    assert raised.status_code == 200, raised.text
    assert (await program.get(f"/v1/dossiers/{own['id']}")).status_code == 404


async def test_member_who_leaves_the_firm_or_the_team_reads_nothing_more(firm: Firm) -> None:
    stage = await staged(firm, "restricted")
    member, admin = stage.people["member"], await firm.person("system_admin")
    content = f"/v1/files/{stage.file['id']}/content"
    assert (await member.get(content)).status_code == 200
    emptied = await stage.people["lead"].change(f"/v1/dossiers/{stage.dossier['id']}/team", {"members": []}, "PUT")
    assert emptied.status_code == 200
    assert (await member.get(content)).status_code == 404
    gone = await admin.change(f"/v1/users/{stage.people['lead'].id}", {"active": False})
    assert gone.status_code == 200, gone.text
    refusal = await stage.people["lead"].get(content)
    assert (refusal.status_code, await firm.events(refusal)) == (401, [("auth.rejected", "denied")])
