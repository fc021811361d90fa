"""A criminal matter (刑事) by legal aid: appointed instead of instructed, confidential, and handed in too late."""

from typing import Any

from tests.stories.telling import (
    YES,
    Tale,
    accepted,
    cleared_check,
    closed,
    decided,
    handed_in,
    in_order,
    opened,
    sealed,
    told_of,
    verified,
)
from tests.support.checks import pointers
from tests.support.firm import Firm

PAPERS = {
    "xs-01": "收案审批表", "xs-03": "法律援助指派通知书", "xs-04": "阅卷笔录", "xs-05": "会见被告人笔录",
    "xs-10": "辩护词", "xs-12": "刑事判决书", "xs-14": "办案小结",
}  # fmt: skip


async def test_appointed_by_legal_aid_and_filed_late(firm: Firm) -> None:
    tale = await told_of(firm)
    await comes_by_appointment(tale)
    await is_appointed(tale)
    await handed_in_too_late(tale)
    await late_filing_is_approved(tale)
    await decided(tale, "Y")
    await sealed(tale, "2026-XS-Y-0001", list(PAPERS.values()))
    assert await tale.state() == ("filed", "2026-XS-Y-0001")
    for person in (tale.lead, tale.partner, tale.archivist, tale.director):
        assert await tale.duties(person) == []


async def comes_by_appointment(tale: Tale) -> None:
    """The accused becomes a client; the dossier is confidential, so that others of the firm do not know of it."""
    new = {
        "kind": "person", "name": "吴某", "identifiers": [{"scheme": "other", "value": "看守所编号-17"}],
        "contacts": [{"kind": "phone", "value": "13900139000"}],
    }  # fmt: skip
    client = await tale.made(await tale.assistant.post("/v1/clients", new), "client.created")
    await verified(tale, client, "居民身份证")
    check = await cleared_check(tale, client, matter_type="criminal", cause="故意伤害罪")
    dossier = await opened(
        tale, [client["id"]], matter_type="criminal", cause="故意伤害罪", confidentiality="confidential",
        conflict_check_id=check["id"], instance="一审",
    )  # fmt: skip
    assert (dossier["confidentiality"], dossier["conflict_check"]) == ("confidential", check["id"])
    stranger = await tale.firm.person("lawyer", department="非诉部")
    before = await tale.firm.tables()
    await tale.wrong(await stranger.get(tale.path), before, 404, "not_found")


async def is_appointed(tale: Tale) -> None:
    """The appointment stands for contract and power of attorney; nobody signs it, but it names its attorney."""
    assert await tale.gaps() == ["engagement_missing", "engagement_missing"]
    assert await tale.duties(tale.lead) == ["engagement"]
    papers = {
        slot: await tale.kept(title, slot, formed_on=f"2026-03-{place:02}")
        for place, (slot, title) in enumerate(PAPERS.items(), start=2)
    }
    appointment: dict[str, Any] = {"kind": "appointment", "dated_on": "2026-03-03"}
    made = await tale.engage(appointment, entry_id=papers["xs-03"]["id"])
    assert await tale.gaps() == ["attorneys_missing"]
    named = {"attorneys": [{"user_id": str(tale.lead.id)}]}
    filled = await tale.lead.change(f"/v1/engagements/{made['id']}", named)
    assert (await tale.step(filled, "engagement.changed"))["attorneys"][0]["name"] == tale.lead.name
    assert (await tale.gaps(), await tale.duties(tale.lead)) == ([], [])
    assert await in_order(tale) == list(PAPERS.values())


async def handed_in_too_late(tale: Tale) -> None:
    """Three months after closing the deadline has passed: handing in takes a reason."""
    await closed(tale, "2026-06-30", "判处缓刑", "2026-09-30")
    assert await tale.duties(tale.lead) == ["file"]
    before = await tale.firm.tables()
    bare = {"retention": "Y", "retention_reason": "按业务类别"}
    problem = await tale.wrong(await tale.lead.post(f"{tale.path}/submission", bare), before, 422, "invalid")
    assert pointers(problem) == [("/body/late_reason", "late_reason_required")]
    told = await handed_in(tale, "Y", late_reason="承办律师住院")
    assert (told["late_reason"], told["late_decision"], told["due_on"]) == ("承办律师住院", None, "2026-09-30")
    assert await tale.duties(tale.lead) == []
    assert await tale.duties(tale.partner) == ["decide_late"]
    assert await tale.duties(tale.archivist) == ["accept"]


async def late_filing_is_approved(tale: Tale) -> None:
    """The partner of the department approves: not the lead, not the archivist, not a partner of another department."""
    path = f"{tale.path}/late-filing"
    elsewhere = await tale.firm.person("partner", department="非诉部")
    before = await tale.firm.tables()
    for person, status, code in (
        (tale.lead, 403, "forbidden"), (tale.archivist, 403, "forbidden"), (elsewhere, 404, "not_found"),
    ):  # fmt: skip
        await tale.wrong(await person.post(path, YES), before, status, code)
    told = await tale.step(await tale.partner.post(path, YES), "dossier.late_filing_decided")
    assert (told["late_decision"], told["late_decided_by"]["id"]) == ("approve", str(tale.partner.id))
    assert await tale.duties(tale.partner) == []
    before = await tale.firm.tables()
    await tale.wrong(await tale.partner.post(path, YES), before, 409, "conflict")
    await tale.wrong(await accepted(tale), before, 409, "decision_missing")
