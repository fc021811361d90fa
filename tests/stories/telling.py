"""Steps that the stories share: each is one request by one person, its answer and its exact events looked at."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
import rfc8785

from app.reports.form_service import FormName
from tests.support.checks import everything, refused
from tests.support.conflicts import CHECKS, body, conclude
from tests.support.firm import Firm, Person, done
from tests.support.papers import PNG, pdf

PASS = {"authenticity": "pass", "relevance": "pass", "legality": "pass", "decision": "keep"}
YES = {"decision": "approve", "reason": "同意"}
NOTE = {"note": "本卷材料齐全,页码连续,无缺损。"}
OFFICE = {"role": "firm", "name": "示例律师事务所", "client_id": None}
# What printing each form leaves behind.
FORMS: dict[FormName, str] = {
    "cover": "cover.viewed", "contents": "contents.viewed", "note": "form.printed", "back": "form.printed",
    "intake-approval": "form.printed", "closing-report": "form.printed",
}  # fmt: skip


@dataclass
class Tale:
    """A firm with the people that a matter passes through; `dossier` once it is opened."""

    firm: Firm
    lead: Person
    assistant: Person
    partner: Person
    archivist: Person
    director: Person
    dossier: dict[str, Any] = field(default_factory=dict)
    papers: int = 0

    @property
    def path(self) -> str:
        """The dossier's path."""
        return f"/v1/dossiers/{self.dossier['id']}"

    async def step(self, answer: httpx.Response, *events: str, status: int = 200) -> Any:
        """Tell that a request did what it should and left these events; give its answer."""
        assert answer.status_code == status, answer.text
        assert await self.firm.events(answer) == done(*events)
        return answer.json()

    async def made(self, answer: httpx.Response, *events: str) -> Any:
        """The same, of a request that created something and says where it is."""
        assert answer.headers.get("location", "").startswith("/v1/"), answer.text
        return await self.step(answer, *events, status=201)

    async def wrong(self, answer: httpx.Response, before: dict[str, str], status: int, code: str) -> dict[str, Any]:
        """Tell that a turn was refused and changed nothing since `before`; give the problem."""
        return await refused(self.firm, before, answer, status, code)

    async def state(self) -> tuple[str, str | None]:
        """Give state and archive number as the lead reads them."""
        told = await self.step(await self.lead.get(self.path), "dossier.viewed")
        return told["state"], told["archive_number"]

    async def duties(self, person: Person) -> list[str]:
        """Name what somebody has to do about this dossier and its clients."""
        found = await everything(person, "/v1/duties")
        return sorted(one["kind"] for one in found if (one["dossier"] or self.dossier)["id"] == self.dossier["id"])

    async def paper(self, title: str, slot: str | None = None, **fields: Any) -> dict[str, Any]:
        """Register a paper with its PDF in one act; give the entry. The assistant does, unless another is `by`."""
        by, pages = fields.pop("by", self.assistant), fields.pop("pages", 1)
        said = {"title": title, "category": "legal_instrument", "original": "original", "slot": slot, **fields}
        self.papers += 1
        parts = [
            ("entry", (None, json.dumps(said), "application/json")),
            ("file", (f"{title}.pdf", pdf(pages, 400 + self.papers), "application/pdf")),
        ]
        answer = await by.post(f"{self.path}/documents", files=parts)
        found = await self.made(answer, "entry.created", "file.added")
        assert found["entry"]["pages"] == pages
        return dict(found["entry"])

    async def review(self, entry: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """The lead judges a paper."""
        answer = await self.lead.post(f"/v1/entries/{entry['id']}/review", PASS | fields)
        return dict(await self.step(answer, "entry.reviewed"))

    async def kept(self, title: str, slot: str | None = None, **fields: Any) -> dict[str, Any]:
        """Register a paper that the lead keeps."""
        entry = await self.paper(title, slot, **fields)
        await self.review(entry)
        return entry

    async def engage(self, terms: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Record an engagement."""
        answer = await self.lead.post(f"{self.path}/engagements", terms | fields)
        return dict(await self.made(answer, "engagement.created"))

    async def gaps(self) -> list[str]:
        """Name what the engagements lack."""
        told = await self.step(await self.lead.get(f"{self.path}/engagement-gaps"), "engagement.gaps_viewed")
        return [gap["code"] for gap in told["gaps"]]

    async def missing(self) -> list[str]:
        """Name the required slots that nothing fills."""
        told = await self.step(await self.lead.get(f"{self.path}/completeness"), "dossier.completeness_viewed")
        return list(told["missing"])


async def told_of(firm: Firm) -> Tale:
    """Bring the people together: those of one department, and those of the house."""
    ours = {"department": "诉讼一部"}
    return Tale(
        firm,
        lead=await firm.person("lawyer", name="王丽", **ours),
        assistant=await firm.person("assistant", name="李明", **ours),
        partner=await firm.person("partner", name="陈静", **ours),
        archivist=await firm.person("archivist", name="孙梅"),
        director=await firm.person("director", name="赵刚"),
    )


async def opened(tale: Tale, client_ids: list[str], **fields: Any) -> dict[str, Any]:
    """The lead opens the dossier, and the assistant joins its team."""
    sent = {
        "client_ids": client_ids, "lead_lawyer_id": str(tale.lead.id), "opened_on": "2026-03-01",
        "team": [{"user_id": str(tale.assistant.id), "duty": "assistant"}], **fields,
    }  # fmt: skip
    tale.dossier = await tale.made(await tale.lead.post("/v1/dossiers", sent), "dossier.opened")
    return tale.dossier


async def verified(tale: Tale, client: dict[str, Any], *documents: str) -> None:
    """The assistant sees originals of a client and keeps their scans."""
    path = f"/v1/clients/{client['id']}/verifications"
    for document in documents:
        sight = {
            "document_type": document, "original_seen": True, "verified_on": "2026-03-01", "valid_until": "2097-03-01",
        }  # fmt: skip
        seen = await tale.step(await tale.assistant.post(path, sight), "client.verified", status=201)
        await tale.step(await tale.assistant.put(f"{path}/{seen['id']}/copy", content=PNG), "client.copy_added")
    told = await tale.step(
        await tale.assistant.get(f"/v1/clients/{client['id']}/completeness"), "client.completeness_viewed"
    )
    assert told["complete"] is True, told


async def decided(tale: Tale, retention: str) -> None:
    """The director confirms the retention class; before that nobody accepts."""
    before = await tale.firm.tables()
    await tale.wrong(await accepted(tale), before, 409, "decision_missing")
    answer = await tale.director.post(f"{tale.path}/retention", {"retention": retention})
    told = await tale.step(answer, "dossier.retention_confirmed")
    assert (told["confirmed_retention"], told["retention_confirmed_by"]["id"]) == (retention, str(tale.director.id))


async def accepted(tale: Tale) -> httpx.Response:
    """The archivist takes the dossier in."""
    return await tale.archivist.post(f"{tale.path}/acceptance", NOTE)


async def sealed(tale: Tale, number: str, titles: list[str]) -> None:
    """The archivist takes the dossier in under this number; its list is sealed with these titles in their order."""
    filed = await tale.step(await accepted(tale), "dossier.filed")
    assert (filed["state"], filed["archive_number"]) == ("filed", number)
    seal = await tale.step(await tale.lead.get(f"{tale.path}/seals/1"), "seal.viewed")
    assert [line["title"] for volume in seal["volumes"] for line in volume["items"]] == titles
    canonical = rfc8785.dumps({"number": seal["number"], "volumes": seal["volumes"]})
    assert seal["digest"] == f"sha-256:{hashlib.sha256(canonical).hexdigest()}"
    [note] = (await tale.step(await tale.lead.get(f"{tale.path}/note-to-file"), "note.listed"))["items"]
    assert (note["kind"], note["text"]) == ("filing", NOTE["note"])
    assert (note["compiler"]["id"], note["inspector"]["id"]) == (str(tale.lead.id), str(tale.archivist.id))
    await intact(tale, 1)
    before = await tale.firm.tables()
    late = {"title": "迟到的材料", "category": "other", "original": "copy", "pages": 1}
    await tale.wrong(await tale.lead.post(f"{tale.path}/entries", late), before, 409, "dossier_frozen")


async def intact(tale: Tale, version: int) -> None:
    """The archivist checks the seal in force."""
    check = await tale.step(await tale.archivist.get(f"{tale.path}/seal-check"), "seal.checked")
    assert (check["version"], check["intact"], check["differences"]) == (version, True, [])


async def printed(tale: Tale, path: str, *events: str) -> bytes:
    """The lead fetches a paper of the dossier as PDF."""
    answer = await tale.lead.get(f"{tale.path}/{path}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    assert await tale.firm.events(answer) == done(*events)
    return answer.content


async def cleared_check(tale: Tale, client: dict[str, Any], *opposing: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The lead looks for conflicts before the dossier opens, and concludes that there is none."""
    asked = body([{"client_id": client["id"]}], *opposing, **fields)
    check = await tale.made(await tale.lead.post(CHECKS, asked), "conflict.checked")
    assert (check["hits"], check["refer"]) == ([], False)
    told = await tale.step(await conclude(tale.lead, check, "clear"), "conflict.concluded")
    assert told["conclusion"]["conclusion"] == "clear"
    return dict(check)


async def in_order(tale: Tale) -> list[str]:
    """The assistant puts the papers in the order of the template; give their titles."""
    told = await tale.step(
        await tale.assistant.post(f"{tale.path}/arrangement", {"mode": "template"}), "dossier.arranged"
    )
    return [line["title"] for volume in told["volumes"] for line in volume["items"]]


async def closed(tale: Tale, closed_on: str, result: str, due_on: str) -> None:
    """The lead closes the matter; from then on the deadline runs."""
    body_ = {"closed_on": closed_on, "result": result}
    told = await tale.step(await tale.lead.post(f"{tale.path}/closure", body_), "dossier.closed")
    assert (told["state"], told["filing_due_on"]) == ("open", due_on)


async def handed_in(tale: Tale, retention: str, **fields: Any) -> dict[str, Any]:
    """The lead hands the dossier in."""
    body_ = {"retention": retention, "retention_reason": "按业务类别", **fields}
    told = await tale.made(await tale.lead.post(f"{tale.path}/submission", body_), "dossier.submitted")
    assert (told["round"], told["state"], told["proposed_retention"]) == (1, "pending", retention)
    return dict(told)
