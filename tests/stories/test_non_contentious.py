"""A deal (非诉讼) in a firm that requires checks: for both sides it is declined, for another client it is done."""

from typing import Any

from tests.stories.telling import (
    OFFICE,
    Tale,
    cleared_check,
    closed,
    decided,
    handed_in,
    in_order,
    opened,
    sealed,
    told_of,
)
from tests.support.checks import pointers
from tests.support.conflicts import CHECKS, body, conclude, organization, rule
from tests.support.firm import Firm
from tests.support.matter import CONTRACT

DEAL = {"matter_type": "non_litigation", "cause": "股权转让"}
BUYER = "北京丁投资有限公司"
PAPERS = {
    "fs-01": "委托代理合同", "fs-02": "收费凭证", "fs-03": "与委托人谈话笔录", "fs-04": "股权转让协议",
    "fs-06": "法律意见书", "fs-07": "工作小结",
}  # fmt: skip


async def test_declined_for_both_sides_and_done_for_another(firm: Firm) -> None:
    tale = await told_of(firm)
    await rule(firm, mode="required")
    await is_declined(tale)
    client = await is_opened_for_another(tale)
    papers = {slot: await tale.kept(title, slot, formed_on="2026-03-05") for slot, title in PAPERS.items()}
    parties = [{"role": "client", "name": client["name"], "client_id": client["id"]}, OFFICE]
    await tale.engage(CONTRACT, entry_id=papers["fs-01"]["id"], parties=parties, stages=[])
    assert (await tale.gaps(), await tale.missing()) == ([], [])
    assert await in_order(tale) == list(PAPERS.values())
    await closed(tale, "2026-11-20", "交割完成", "2027-02-20")
    await handed_in(tale, "D30")
    await decided(tale, "D30")
    await sealed(tale, "2026-FS-D30-0001", list(PAPERS.values()))
    assert await tale.state() == ("filed", "2026-FS-D30-0001")


async def is_declined(tale: Tale) -> None:
    """Who stands on both sides is no client: nobody waives it, no dossier is opened, the visitor is sent away."""
    visit = {
        "came_on": "2026-03-01", "channel": "visit", "about": "股权转让", "visitor": {"name": "丁总"},
    }  # fmt: skip
    intake = await tale.made(await tale.lead.post("/v1/intakes", visit), "intake.created")
    client = await tale.firm.client(tale.lead, BUYER)
    asked = body([{"client_id": client["id"]}], organization(BUYER), **DEAL)
    check = await tale.made(await tale.lead.post(CHECKS, asked), "conflict.checked")
    # On both sides of this matter, and an opponent who is a client of the firm already.
    assert sorted(hit["rule_kind"] for hit in check["hits"]) == ["absolute", "relative"]
    before = await tale.firm.tables()
    waived = await tale.wrong(await conclude(tale.partner, check, "waived", "absolute"), before, 422, "invalid")
    assert pointers(waived) == [("/body/conclusion", "absolute_not_waivable")]
    told = await tale.step(await conclude(tale.lead, check, "conflict", "absolute"), "conflict.concluded")
    assert told["conclusion"]["conclusion"] == "conflict"
    new: dict[str, Any] = {
        "client_ids": [client["id"]], "lead_lawyer_id": str(tale.lead.id), "opposing_parties": [organization(BUYER)], **DEAL,
    }  # fmt: skip
    before = await tale.firm.tables()
    without = await tale.wrong(await tale.lead.post("/v1/dossiers", new), before, 422, "conflict_check_required")
    assert pointers(without) == [("/body/conflict_check_id", "conflict_check_required")]
    against = await tale.lead.post("/v1/dossiers", new | {"conflict_check_id": check["id"]})
    unfit = await tale.wrong(against, before, 422, "conflict_check_unfit")
    assert pointers(unfit) == [("/body/conflict_check_id", "conflict_found")]
    outcome = {"outcome": "declined", "reason": "利益冲突,不予接受委托"}
    declined = await tale.lead.post(f"/v1/intakes/{intake['id']}/outcome", outcome)
    assert (await tale.step(declined, "intake.decided"))["state"] == "declined"
    assert await tale.firm.eyes.fetchval("SELECT count(*) FROM dossiers") == 0


async def is_opened_for_another(tale: Tale) -> dict[str, Any]:
    """Another client comes with another matter; the check is clear and carries its dossier, and no second one."""
    client = await tale.firm.client(tale.lead, "上海戊控股有限公司")
    seller = organization("广州己实业有限公司")
    check = await cleared_check(tale, client, seller, **DEAL)
    fields = {**DEAL, "opposing_parties": [seller], "conflict_check_id": check["id"]}
    dossier = await opened(tale, [client["id"]], **fields)
    assert (dossier["conflict_check"], dossier["conflict_check_due"]) == (check["id"], False)
    before = await tale.firm.tables()
    again = {"client_ids": [client["id"]], "lead_lawyer_id": str(tale.lead.id), **fields}
    await tale.wrong(await tale.lead.post("/v1/dossiers", again), before, 409, "check_used")
    return client
