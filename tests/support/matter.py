"""A matter for tests of filing: people, a dossier with what its template asks for, and the steps to the archive."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.firm import Firm, Person
from tests.support.papers import pdf

_CLIENT, _FIRM = (
    {"role": "client", "name": "北京示例科技有限公司", "client_id": None},
    {"role": "firm", "name": "示例律师事务所", "client_id": None},
)
_SIGNED = [
    {"party": 0, "name": "张三", "capacity": "法定代表人", "signed_on": "2026-03-02"},
    {"party": 1, "name": "王丽", "capacity": "代理人", "signed_on": "2026-03-03"},
]
CONTRACT: dict[str, Any] = {
    "kind": "contract", "parties": [_CLIENT, _FIRM], "signers": _SIGNED, "dated_on": "2026-03-02",
    "fee": {"mode": "fixed", "amount": "30000.00", "currency": "CNY", "terms": "签约后一次付清"},
    "contract_number": "2026民代字第12号", "stages": ["一审"], "starts_on": "2026-03-02", "ends_on": "2097-03-01",
}  # fmt: skip
POWER: dict[str, Any] = {
    "kind": "power_of_attorney", "parties": [_CLIENT], "signers": _SIGNED[:1], "dated_on": "2026-03-02",
    "scope": "special", "special_powers": ["settle", "appeal"], "attorneys": [{"name": "王丽"}], "stages": ["一审"],
}  # fmt: skip
SUBMISSION = {"retention": "D30", "retention_reason": "标的额较大"}
CLOSURE = {"closed_on": "2026-11-20", "result": "判决支持全部诉讼请求"}
NOTE = {"note": "本卷材料齐全,页码连续,无缺损。"}


@dataclass
class Matter:
    """A dossier and the people around it; each is one that the acts allow."""

    firm: Firm
    lead: Person
    archivist: Person
    director: Person
    dossier: dict[str, Any]
    papers: int = 0

    @property
    def path(self) -> str:
        """The dossier's path."""
        return f"/v1/dossiers/{self.dossier['id']}"

    async def entry(self, title: str, pages: int = 1, **fields: Any) -> dict[str, Any]:
        """Register a reviewed entry with a PDF of so many pages."""
        entry = await self.firm.entry(self.lead, self.dossier["id"], title, **fields)
        self.papers += 1
        await self.firm.file(self.lead, entry["id"], pdf(pages, 500 + self.papers), f"{title}.pdf")
        passed = {"authenticity": "pass", "relevance": "pass", "legality": "pass", "decision": "keep"}
        reviewed = await self.lead.post(f"/v1/entries/{entry['id']}/review", passed)
        assert reviewed.status_code == 200, reviewed.text
        kept: dict[str, Any] = (await self.lead.get(f"/v1/entries/{entry['id']}")).json()
        return kept

    async def fill(self) -> None:
        """Put in what the template asks for, one paper a slot, and the engagement with its paper."""
        template = (await self.lead.get(f"/v1/templates/{self.dossier['template_id']}")).json()
        for slot in template["slots"]:
            if slot["required"]:
                await self.entry(slot["label"], slot=slot["code"], formed_on="2026-06-01")
        await self.engage(CONTRACT, "委托代理合同")
        await self.engage(POWER, "授权委托书")

    async def engage(self, body: dict[str, Any], title: str) -> None:
        """Record an engagement with its signed paper."""
        paper = await self.entry(title, pages=2, formed_on="2026-03-02")
        sent = {**body, "entry_id": paper["id"]}
        answer = await self.lead.post(f"{self.path}/engagements", sent)
        assert answer.status_code == 201, answer.text

    async def close(self, **fields: Any) -> httpx.Response:
        """Close the matter."""
        return await self.lead.post(f"{self.path}/closure", {**CLOSURE, **fields})

    async def submit(self, **fields: Any) -> httpx.Response:
        """Hand the dossier in."""
        return await self.lead.post(f"{self.path}/submission", {**SUBMISSION, **fields})

    async def confirm(self, retention: str = "D30") -> httpx.Response:
        """Confirm the retention class."""
        return await self.director.post(f"{self.path}/retention", {"retention": retention})

    async def accept(self) -> httpx.Response:
        """Accept it into the archive."""
        return await self.archivist.post(f"{self.path}/acceptance", NOTE)

    async def state(self) -> str:
        """Tell the dossier's state."""
        found: str = await self.firm.eyes.fetchval("SELECT state FROM dossiers WHERE id = $1", self.dossier["id"])
        return found

    async def file(self) -> dict[str, Any]:
        """Bring it into the archive."""
        for step in (self.close(), self.submit(), self.confirm(), self.accept()):
            answer = await step
            assert answer.status_code in {200, 201}, answer.text
        filed: dict[str, Any] = answer.json()
        return filed


async def matter(firm: Firm, *, filled: bool = True, **fields: Any) -> Matter:
    """Open a dossier with the people that its filing takes; filled with what its template asks for."""
    lead = await firm.person("lawyer")
    dossier = await firm.dossier(lead, opened_on="2026-03-01", **fields)
    made = Matter(firm, lead, await firm.person("archivist"), await firm.person("director"), dossier)
    if filled:
        await made.fill()
    else:
        await block_nothing(firm)
    return made


async def block_nothing(firm: Firm) -> None:
    """Let the firm's rule of the checks block nothing, for tests of what comes after them."""
    await firm.eyes.execute(
        'INSERT INTO rule_versions SELECT kind, 2, body || \'{"blocking": [], "blocking_items": []}\', source, verified,'
        " changed_by, changed_at FROM rule_versions WHERE kind = 'filing_check' AND version = 1 ON CONFLICT DO NOTHING"
    )
