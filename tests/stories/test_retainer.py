"""A retainer (常年法律顾问): the unit of a year, a letter of appointment, a mandate that runs out and is extended."""

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
from tests.support.firm import Firm
from tests.support.matter import CONTRACT, SUBMISSION

# All seven places of the order, each with its paper.
PAPERS = {
    "gw-01": "聘书", "gw-02": "聘请常年法律顾问合同", "gw-03": "聘方基本情况", "gw-04": "收费凭证",
    "gw-05": "合同审查意见", "gw-06": "续聘协议", "gw-07": "年度工作小结",
}  # fmt: skip


async def test_a_year_of_advice_is_filed_as_one_unit(firm: Firm) -> None:
    tale = await told_of(firm)
    client = await begins_without_a_check(tale)
    papers = {slot: await tale.kept(title, slot, formed_on="2026-03-02") for slot, title in [*PAPERS.items()][:5]}
    await is_retained(tale, client, papers)
    await year_ends(tale)
    await decided(tale, "D10")
    await sealed(tale, "2026-GW-D10-0001", list(PAPERS.values()))
    assert await tale.state() == ("filed", "2026-GW-D10-0001")


async def begins_without_a_check(tale: Tale) -> dict[str, Any]:
    """The dossier of the year is opened before anybody looked for conflicts: that is due, and is made up for."""
    client = await tale.firm.client(tale.assistant, "北京丙实业有限公司")
    await opened(tale, [client["id"]], matter_type="retainer", cause="常年法律顾问", title="丙实业2026年度法律顾问")
    assert (tale.dossier["conflict_check"], tale.dossier["conflict_check_due"]) == (None, True)
    assert await tale.duties(tale.lead) == ["client_data", "conflict_check", "engagement"]
    check = await cleared_check(tale, client, matter_type="retainer", cause="常年法律顾问")
    attached = await tale.lead.post(f"{tale.path}/conflict-check", {"conflict_check_id": check["id"]})
    told = await tale.step(attached, "dossier.conflict_check_attached")
    assert (told["conflict_check"], told["conflict_check_due"]) == (check["id"], False)
    assert await tale.duties(tale.lead) == ["client_data", "engagement"]
    assert await tale.missing() == [slot for slot in PAPERS if slot != "gw-05"]
    return client


async def is_retained(tale: Tale, client: dict[str, Any], papers: dict[str, dict[str, Any]]) -> None:
    """Contract and letter are recorded; the term of the contract runs out, and the client extends it."""
    parties = [{"role": "client", "name": client["name"], "client_id": client["id"]}, OFFICE]
    terms = {"entry_id": papers["gw-02"]["id"], "parties": parties, "stages": [], "ends_on": "2026-06-30"}
    contract = await tale.engage(CONTRACT, **terms)
    assert await tale.gaps() == ["engagement_missing", "expired"]
    letter = {
        "kind": "retainer_letter", "entry_id": papers["gw-01"]["id"], "parties": parties[:1],
        "signers": CONTRACT["signers"][:1], "dated_on": "2026-03-02",
    }  # fmt: skip
    await tale.engage(letter)
    assert await tale.gaps() == ["expired"]
    renewal = await tale.kept("续聘协议", "gw-06", formed_on="2026-06-20")
    path = f"/v1/engagements/{contract['id']}/changes"
    said = {"kind": "extension", "on": "2026-06-20", "reason": "续聘", "by": "agreement", "entry_id": renewal["id"]}
    before = await tale.firm.tables()
    await tale.wrong(await tale.lead.post(path, said), before, 422, "invalid")
    change = await tale.made(await tale.lead.post(path, said | {"ends_on": "2097-02-28"}), "engagement.mandate_changed")
    assert [(one["old"], one["new"]) for one in change["changed"]] == [("2026-06-30", "2097-02-28")]
    read = await tale.step(await tale.lead.get(f"/v1/engagements/{contract['id']}"), "engagement.viewed")
    assert (read["ends_on"], read["change_count"], read["state"]) == ("2097-02-28", 1, "in_force")
    assert await tale.gaps() == []
    assert await tale.duties(tale.lead) == ["client_data"]


async def year_ends(tale: Tale) -> None:
    """The year is closed; without its summary the dossier is not taken in, nor with a class that nobody has."""
    await closed(tale, "2026-11-20", "年度服务期满,续聘", "2027-02-20")
    before = await tale.firm.tables()
    short = await tale.lead.post(f"{tale.path}/submission", SUBMISSION)
    problem = await tale.wrong(short, before, 409, "filing_incomplete")
    assert [error["code"] for error in problem["errors"]] == ["slot_empty"]
    await tale.kept("年度工作小结", "gw-07", formed_on="2026-11-19")
    assert (await tale.missing(), await in_order(tale)) == ([], list(PAPERS.values()))
    before = await tale.firm.tables()
    unknown = await tale.lead.post(f"{tale.path}/submission", SUBMISSION | {"retention": "D99"})
    problem = await tale.wrong(unknown, before, 422, "invalid")
    assert pointers(problem) == [("/body/retention", "unknown_retention")]
    await handed_in(tale, "D10")
    assert await tale.duties(tale.director) == ["confirm_retention"]
    assert await tale.duties(tale.archivist) == ["accept"]
