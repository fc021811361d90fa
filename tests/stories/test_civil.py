"""A civil matter (民事): an opponent who is another's client, gaps that are mended, two returns, and what comes after."""

from typing import Any

from tests.api.test_mail import letter
from tests.api.test_printed import text_of
from tests.stories.telling import (
    FORMS,
    NOTE,
    OFFICE,
    YES,
    Tale,
    decided,
    intact,
    printed,
    sealed,
    told_of,
    verified,
)
from tests.support.checks import pointers
from tests.support.conflicts import CHECKS, body, conclude, organization
from tests.support.firm import Firm, done
from tests.support.matter import CLOSURE, CONTRACT, POWER, SUBMISSION
from tests.support.papers import PNG, pdf
from tests.support.sheets import Bound
from tests.unit.test_identifiers import uscc_check

USCC = "91110108MA01ABCD2"
OPPONENT = organization("上海乙贸易有限公司", legal_representative="钱七")
COURT = {"name": "北京市海淀区人民法院", "capacity": "court"}
GIVER = {"name": "张三", "capacity": "client"}
# What the order of civil matters asks for, but for the engagement, the proceedings and the judgement.
REQUIRED = {
    "ms-01": "收案审批表", "ms-02": "收费凭证", "ms-04": "民事起诉状", "ms-11": "代理词", "ms-12": "出庭通知书",
    "ms-13": "庭审笔录", "ms-15": "办案小结",
}  # fmt: skip


async def test_from_the_first_call_to_the_sealed_volume(firm: Firm) -> None:
    tale = await told_of(firm)
    intake, client = await comes_in(tale)
    check = await conflict_is_found_and_waived(tale, client)
    await dossier_is_opened(tale, intake, client, check)
    await engagement_is_incomplete(tale, client)
    evidence = await evidence_comes_and_goes(tale)
    await mail_is_taken_apart(tale)
    titles = await papers_are_judged(tale, evidence)
    await handing_in_is_refused_until_it_is_whole(tale, titles)
    await returned_twice(tale, evidence)
    await sealed(tale, "2026-MS-D30-0001", [titles[key] for key in sorted(titles)])
    assert await tale.state() == ("filed", "2026-MS-D30-0001")
    await volume_is_printed(tale, titles)
    await supplement_and_correction(tale, evidence)
    for person in (tale.lead, tale.assistant, tale.archivist, tale.director):
        assert await tale.duties(person) == []


async def comes_in(tale: Tale) -> tuple[dict[str, Any], dict[str, Any]]:
    """A visitor is registered; the company that he speaks for becomes a client, its originals are seen."""
    desk = tale.assistant
    visit = {
        "came_on": "2026-03-01", "channel": "phone", "about": "货款拖欠,拟起诉", "received_by": str(tale.lead.id),
        "visitor": {"name": "张三", "contact": {"kind": "phone", "value": "13800138000"}, "relation": "法定代表人"},
    }  # fmt: skip
    intake = await tale.made(await desk.post("/v1/intakes", visit), "intake.created")
    new = {
        "kind": "organization", "name": "北京甲科技有限公司", "legal_representative": "张三",
        "identifiers": [{"scheme": "uscc", "value": USCC + uscc_check(USCC)}],
        "contacts": [{"kind": "phone", "value": "010-12345678"}], "registration": {"address": "北京市海淀区"},
    }  # fmt: skip
    before = await tale.firm.tables()
    typo = {**new, "identifiers": [{"scheme": "uscc", "value": USCC + "?"}]}
    await tale.wrong(await desk.post("/v1/clients", typo), before, 422, "invalid")
    client = await tale.made(await desk.post("/v1/clients", new), "client.created")
    lacking = await desk.get(f"/v1/clients/{client['id']}/completeness")
    told = await tale.step(lacking, "client.completeness_viewed")
    assert (told["complete"], told["missing_fields"], len(told["missing_originals"])) == (False, [], 2)
    await verified(tale, client, "营业执照", "法定代表人身份证明")
    named = await tale.lead.change(f"/v1/intakes/{intake['id']}", {"client_ids": [client["id"]]})
    assert (await tale.step(named, "intake.changed"))["clients"] == [{"id": client["id"], "name": client["name"]}]
    return intake, client


async def conflict_is_found_and_waived(tale: Tale, client: dict[str, Any]) -> dict[str, Any]:
    """The opponent is a client of another lawyer of the firm: relative, waived by the partner with signed consent."""
    other = await tale.firm.person("lawyer", name="周强", department="非诉部")
    guarded = await tale.firm.client(other, OPPONENT["name"])
    await tale.firm.dossier(other, client_ids=[guarded["id"]], matter_type="retainer")
    asked = body([{"client_id": client["id"]}], OPPONENT)
    check = await tale.made(await tale.lead.post(CHECKS, asked), "conflict.checked")
    [hit] = check["hits"]
    assert (hit["constellation"], hit["rule_kind"], hit["refer"]) == ("opponent_is_client", "relative", False)
    before = await tale.firm.tables()
    await tale.wrong(await conclude(tale.lead, check, "waived", "relative"), before, 403, "forbidden")
    early = await tale.wrong(await conclude(tale.partner, check, "waived", "relative"), before, 422, "invalid")
    assert pointers(early) == [("/body/conclusion", "consent_missing")]
    consent = f"{CHECKS}/{check['id']}/consents/{hit['id']}"
    await tale.step(await tale.lead.put(consent, content=PNG), "conflict.consent_added")
    waived = await tale.step(await conclude(tale.partner, check, "waived", "relative"), "conflict.concluded")
    assert (waived["conclusion"]["conclusion"], waived["wall_advised"]) == ("waived", True)
    return dict(check)


async def dossier_is_opened(tale: Tale, intake: dict[str, Any], client: dict[str, Any], check: dict[str, Any]) -> None:
    """The dossier carries the check; the client is told of the use of his data and agrees."""
    fields: dict[str, Any] = {
        "matter_type": "civil", "cause": "买卖合同纠纷", "title": "甲科技诉乙贸易买卖合同纠纷案", "court": COURT["name"],
        "instance": "一审", "opposing_parties": [OPPONENT],
    }  # fmt: skip
    # The check was the lead's: who did not make it can't open a dossier with it.
    dossier = await opened_by_lead(tale, [client["id"]], conflict_check_id=check["id"], **fields)
    assert (dossier["conflict_check"], dossier["conflict_check_due"]) == (check["id"], False)
    assert (dossier["wall_advised"], dossier["state"]) == (True, "open")
    came = {"outcome": "engaged", "dossier_id": dossier["id"]}
    await tale.step(await tale.lead.post(f"/v1/intakes/{intake['id']}/outcome", came), "intake.decided")
    told = {
        "given_on": "2026-03-01", "form": "written", "text_reference": "个人信息处理告知书 2026-01 版",
        "retention_told": "结案后三十年", "contact_told": "本所档案室",
    }  # fmt: skip
    path = f"/v1/clients/{client['id']}"
    assert (await tale.made(await tale.lead.post(f"{path}/notices", told), "client.notice_given"))["lacks"] == []
    agreed = {
        "kind": "sensitive", "covers": {"text": "为本案使用银行流水", "purposes": ["起诉"]}, "given_on": "2026-03-01",
        "sensitive_categories": ["financial_account"], "given_by": "self", "paper_reference": "同意书 2026-017",
    }  # fmt: skip
    consent = await tale.made(await tale.lead.post(f"{path}/consents", agreed), "client.consent_given")
    scan = await tale.lead.put(f"/v1/consents/{consent['id']}/copy", content=PNG)
    await tale.step(scan, "client.consent_copy_added")
    assert await tale.duties(tale.lead) == ["engagement"]


async def opened_by_lead(tale: Tale, client_ids: list[str], **fields: Any) -> dict[str, Any]:
    """Open with the lead's own check; the assistant can't."""
    before = await tale.firm.tables()
    team = [{"user_id": str(tale.assistant.id), "duty": "assistant"}]
    sent = {
        "client_ids": client_ids, "lead_lawyer_id": str(tale.lead.id), "opened_on": "2026-03-01", "team": team,
        **fields,
    }  # fmt: skip
    await tale.wrong(await tale.assistant.post("/v1/dossiers", sent), before, 422, "conflict_check_unfit")
    tale.dossier = await tale.made(await tale.lead.post("/v1/dossiers", sent), "dossier.opened")
    return tale.dossier


async def engagement_is_incomplete(tale: Tale, client: dict[str, Any]) -> None:
    """The contract is recorded before it is signed, and signed later; the power of attorney is left for the end."""
    assert await tale.gaps() == ["engagement_missing", "engagement_missing"]
    paper = await tale.kept("委托代理合同", "ms-03", formed_on="2026-03-02", pages=2)
    parties = [{"role": "client", "name": client["name"], "client_id": client["id"]}, OFFICE]
    contract = await tale.engage(CONTRACT, entry_id=paper["id"], parties=parties, signers=[])
    assert await tale.gaps() == ["engagement_missing", "client_not_signed", "firm_not_signed"]
    signed = await tale.lead.change(f"/v1/engagements/{contract['id']}", {"signers": CONTRACT["signers"]})
    assert (await tale.step(signed, "engagement.changed"))["bound_since"] is not None
    assert await tale.gaps() == ["engagement_missing"]
    assert sorted(await tale.missing()) == sorted([*REQUIRED, "ms-14"])


async def evidence_comes_and_goes(tale: Tale) -> dict[str, Any]:
    """An original is received, handed to the court (its copy stays), comes back, and is returned against signature."""
    path = f"{tale.path}/receipts"
    item = {
        "title": "买卖合同原件",
        "category": "evidence",
        "original": "original",
        "pages": 3,
        "formed_on": "2026-01-05",
    }
    brought = {"direction": "received", "counterparty": GIVER, "on": "2026-03-03", "items": [item]}
    receipt = await tale.made(await tale.assistant.post(path, brought), "entry.created", "receipt.created")
    original = {"id": receipt["items"][0]["entry_id"]}
    paper = await tale.assistant.get(f"/v1/receipts/{receipt['id']}?format=pdf")
    assert await tale.firm.events(paper) == done("receipt.viewed")
    assert "材料收据" in text_of("pdf", paper.content)
    over = {
        "direction": "handed_over",
        "counterparty": COURT,
        "on": "2026-04-01",
        "items": [{"entry_id": original["id"]}],
    }
    before = await tale.firm.tables()
    bare = await tale.wrong(await tale.assistant.post(path, over), before, 422, "invalid")
    assert pointers(bare) == [("/body/items/0", "leaves_no_copy")]
    await tale.firm.file(tale.assistant, original["id"], pdf(3, 777), "买卖合同.pdf")
    await tale.made(await tale.assistant.post(path, over), "entry.original_moved", "receipt.created")
    back = {"direction": "received", "counterparty": COURT, "on": "2026-09-01", "items": over["items"]}
    await tale.made(await tale.assistant.post(path, back), "entry.original_moved", "receipt.created")
    home = {"direction": "returned", "counterparty": GIVER, "on": "2026-09-09", "items": over["items"]}
    before = await tale.firm.tables()
    unsigned = await tale.wrong(await tale.assistant.post(path, home), before, 422, "invalid")
    assert pointers(unsigned) == [("/body/signed_by", "signature_needed")]
    signed = home | {"signed_by": "张三", "signed_on": "2026-09-09"}
    await tale.made(await tale.assistant.post(path, signed), "entry.original_moved", "receipt.created")
    traced = await tale.step(await tale.lead.get(f"/v1/entries/{original['id']}/receipts"), "entry.original_traced")
    assert (traced["original_is"], [one["serial"] for one in traced["items"]]) == ("returned", [1, 2, 3, 4])
    assert await tale.duties(tale.lead) == ["engagement", "review"]
    return original


async def mail_is_taken_apart(tale: Tale) -> None:
    """A mail of the client becomes a letter and its attachment; both are judged."""
    message = letter(("对账单.pdf", "application/pdf", pdf(2, 666)))
    answer = await tale.lead.post(f"{tale.path}/mail", content=message, headers={"Content-Type": "message/rfc822"})
    found = await tale.made(answer, *("entry.created", "file.added") * 2, "mail.opened")
    assert (found["problem"], [one["entry"]["title"] for one in found["attachments"]]) == (None, ["对账单.pdf"])
    mail, attachment = found["mail"]["entry"], found["attachments"][0]["entry"]
    await tale.review(attachment)
    changed = await tale.lead.change(f"/v1/entries/{mail['id']}", {"pages": 1})
    await tale.step(changed, "entry.changed")
    await tale.review(mail)


async def papers_are_judged(tale: Tale, evidence: dict[str, Any]) -> dict[str, str]:
    """Papers are kept, one is excluded by rule, a draft gives way to its final text; then they are put in order.

    Gives the titles of the volume by the place that they are to have; the judgement is forgotten.
    """
    await tale.review(evidence)
    filed = await tale.lead.change(f"/v1/entries/{evidence['id']}", {"slot": "ms-07"})
    await tale.step(filed, "entry.changed")
    for slot, title in REQUIRED.items():
        await tale.kept(title, slot, formed_on="2026-06-01")
    envelope = await tale.paper("信封", category="other", formed_on="2026-05-01")
    out = await tale.review(envelope, decision="exclude", exclusion="envelope", reason="没有参考价值")
    assert (out["excluded"], out["review"]["exclusion"]) == (True, "envelope")
    draft = await tale.paper("代理词(草稿)", "ms-11", formed_on="2026-05-20")
    final = await tale.kept("补充代理词", "ms-11", formed_on="2026-06-10")
    link = {"by_entry_id": final["id"], "reason": "定稿取代草稿"}
    superseded = await tale.step(
        await tale.lead.post(f"/v1/entries/{draft['id']}/supersession", link), "entry.superseded"
    )
    assert superseded["superseded_by"] == final["id"]
    assert await tale.missing() == ["ms-14"]
    assert await tale.duties(tale.lead) == ["engagement"]
    return {**REQUIRED, "ms-03": "委托代理合同", "ms-07": "买卖合同原件", "ms-11b": "补充代理词"}


async def handing_in_is_refused_until_it_is_whole(tale: Tale, titles: dict[str, str]) -> None:
    """Not before closing, not without power of attorney and judgement: each is named, and mended."""
    before = await tale.firm.tables()
    await tale.wrong(await tale.lead.post(f"{tale.path}/submission", SUBMISSION), before, 409, "closure")
    closed = await tale.step(await tale.lead.post(f"{tale.path}/closure", CLOSURE), "dossier.closed")
    assert (closed["state"], closed["filing_due_on"]) == ("open", "2027-02-20")
    assert await tale.duties(tale.lead) == ["engagement", "file"]
    assert await blocked(tale) == ["slot_empty", "engagement_gap"]
    power = await tale.kept("授权委托书", "ms-03", formed_on="2026-03-02")
    await tale.engage(POWER, entry_id=power["id"], attorneys=[{"user_id": str(tale.lead.id)}])
    assert await tale.gaps() == []
    assert await blocked(tale) == ["slot_empty"]
    await tale.kept("民事判决书", "ms-14", category="court_document", formed_on="2026-11-10", pages=4)
    titles |= {"ms-03b": "授权委托书", "ms-14": "民事判决书", "x1": "关于举证期限", "x2": "对账单.pdf"}
    arranged = await tale.assistant.post(f"{tale.path}/arrangement", {"mode": "template"})
    told = await tale.step(arranged, "dossier.arranged")
    assert [line["title"] for line in told["volumes"][0]["items"]] == [titles[key] for key in sorted(titles)]
    await handed_in(tale, 1)


async def blocked(tale: Tale) -> list[str]:
    """The lead tries to hand in; give the codes of what blocks."""
    before = await tale.firm.tables()
    answer = await tale.lead.post(f"{tale.path}/submission", SUBMISSION)
    problem = await tale.wrong(answer, before, 409, "filing_incomplete")
    return [error["code"] for error in problem["errors"]]


async def handed_in(tale: Tale, round_: int) -> None:
    """The lead hands the dossier in; the archivist is to look at it."""
    told = await tale.made(await tale.lead.post(f"{tale.path}/submission", SUBMISSION), "dossier.submitted")
    assert (told["round"], told["state"], told["late_reason"]) == (round_, "pending", None)
    assert await tale.state() == ("submitted", None)
    assert await tale.duties(tale.lead) == []
    assert await tale.duties(tale.archivist) == ["accept"]
    assert await tale.duties(tale.director) == ["confirm_retention"]


async def returned_twice(tale: Tale, evidence: dict[str, Any]) -> None:
    """The archivist returns it twice, each time with a reason about a paper; every round is kept."""
    texts = ["复印件模糊", "未注明页码"]
    for round_, text in enumerate(texts, start=1):
        reasons = [{"entry_id": evidence["id"], "text": text}, {"text": "封面漏填审级"}]
        before = await tale.firm.tables()
        foreign = await tale.lead.post(f"{tale.path}/return", {"reasons": reasons})
        await tale.wrong(foreign, before, 403, "forbidden")
        answer = await tale.archivist.post(f"{tale.path}/return", {"reasons": reasons})
        assert (await tale.step(answer, "dossier.returned"))["state"] == "returned"
        assert (await tale.duties(tale.lead), await tale.duties(tale.archivist)) == (["mend"], [])
        mended = await tale.lead.change(f"/v1/entries/{evidence['id']}", {"remarks": f"已补正({round_})"})
        await tale.step(mended, "entry.changed")
        await handed_in(tale, round_ + 1)
    await decided(tale, "D30")
    before = await tale.firm.tables()
    await tale.wrong(await tale.lead.post(f"{tale.path}/acceptance", NOTE), before, 403, "forbidden")
    listed = await tale.step(await tale.lead.get(f"{tale.path}/submissions"), "submission.listed")
    assert [one["state"] for one in listed["items"]] == ["returned", "returned", "pending"]
    assert [one["return_reasons"][0]["text"] for one in listed["items"][:2]] == texts


async def volume_is_printed(tale: Tale, titles: dict[str, str]) -> None:
    """Forms, frame and reading copy of the sealed volume."""
    seal = (await tale.lead.get(f"{tale.path}/seals/1")).json()
    told = {
        "cover": ["2026-MS-D30-0001", CLOSURE["result"], "归档"], "contents": [seal["digest"], "民事判决书"],
        "note": [NOTE["note"][:8], "王丽", "孙梅"], "back": ["封签处"], "intake-approval": [OPPONENT["name"]],
        "closing-report": ["结案日期2026年11月20日"],
    }  # fmt: skip
    for form, event in FORMS.items():
        words = "".join(text_of("pdf", await printed(tale, f"forms/{form}", event)).split())
        for word in (tale.dossier["number"], *told[form]):
            assert word in words, (form, word, words)
    frame = "".join(text_of("pdf", await printed(tale, "volumes/1/frame", "volume.frame_printed")).split())
    assert all("".join(title.split()) in frame for title in titles.values())
    answer = await tale.lead.get(f"{tale.path}/volumes/1/reading-copy")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    events = await tale.firm.events(answer)
    assert events == [*done("file.read") * (len(titles) - 1), *done("volume.copied")]
    copy = Bound(answer.content)
    assert (len(copy.pages) > tale.papers, tale.dossier["number"] in copy.texts[0]) == (True, True)
    outline = [mark for mark, _ in copy.outline]
    assert all(any(title in mark for mark in outline) for title in titles.values()), outline


async def supplement_and_correction(tale: Tale, evidence: dict[str, Any]) -> None:
    """A paper that comes later is added, an error of the list corrected: approved, sealed anew, both versions stay."""
    path = f"{tale.path}/supplements"
    wanted = {"kind": "addition", "reason": "法院补寄生效证明"}
    await tale.made(await tale.lead.post(path, wanted), "supplement.proposed")
    before = await tale.firm.tables()
    await tale.wrong(await tale.lead.post(f"{path}/1/decision", YES), before, 403, "forbidden")
    assert await tale.duties(tale.director) == ["decide_supplement"]
    await tale.step(await tale.director.post(f"{path}/1/decision", YES), "supplement.decided")
    assert await tale.duties(tale.lead) == ["fill_supplement"]
    await tale.kept("生效证明", category="court_document", by=tale.lead)
    assert await tale.duties(tale.archivist) == ["accept_supplement"]
    done_ = await tale.step(await tale.archivist.post(f"{path}/1/acceptance", NOTE), "supplement.completed")
    assert done_["seal_version"] == 2
    await intact(tale, 2)
    wrong = {
        "kind": "correction",
        "reason": "题名误录",
        "corrections": [{"entry_id": evidence["id"], "title": "买卖合同"}],
    }
    await tale.made(await tale.archivist.post(path, wrong), "supplement.proposed")
    decided_ = await tale.director.post(f"{path}/2/decision", YES)
    assert (await tale.step(decided_, "supplement.decided"))["seal_version"] == 3
    read = [
        await tale.step(await tale.lead.get(f"{tale.path}/seals/{version}"), "seal.viewed") for version in (1, 2, 3)
    ]
    lines = [{line["entry_id"]: line["title"] for volume in one["volumes"] for line in volume["items"]} for one in read]
    assert [one[evidence["id"]] for one in lines] == ["买卖合同原件", "买卖合同原件", "买卖合同"]
    assert [len(one) - len(lines[0]) for one in lines] == [0, 1, 1]
    await intact(tale, 3)
