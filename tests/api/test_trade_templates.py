"""What a new firm's templates hold, literally as domain/rules.md 1.4 has it; and the classes of material of a template."""

from typing import Any

import pytest

from tests.api.test_templates import body, made
from tests.support.checks import pointers, refused
from tests.support.firm import Firm, Person, done

CRIMINAL = (
    "批办单(收案审批)", "收费凭证", "委托书或指定书", "阅卷笔录", "会见被告人、委托人、证人笔录", "调查材料",
    "承办人提出的辩护或代理意见", "集体讨论记录", "起诉书、上诉书", "辩护词或代理词", "出庭通知书", "裁定书、判决书",
    "上诉书、抗诉书", "办案小结",
)  # fmt: skip
CIVIL = (
    "*批办单(收案审批)", "*收费凭证", "*委托书(委托代理协议、授权委托书)", "*起诉书、上诉书或答辩书", "阅卷笔录",
    "会见当事人谈话笔录", "调查材料(证人证言、书证)", "诉讼保全、证据保全、先行给付申请书和法院裁定书",
    "承办律师代理意见", "集体讨论记录", "*代理词", "*出庭通知书", "*庭审笔录", "*判决书、裁定书、调解书、上诉书",
    "*办案小结",
)  # fmt: skip
RETAINER = (
    "*聘方的申请书、聘书或续聘书", "*聘请法律顾问协议", "*聘方基本情况介绍材料", "*收费凭证",
    "办理各类法律事务的记录和材料", "*协议存续、中止、终止的情况", "*工作小结",
)  # fmt: skip
OTHER = (
    "*委托书", "*收费凭证", "*与委托人谈话笔录", "委托人提供的证据材料", "调查材料",
    "*律师出具的法律意见、草拟的文书、办理活动的记录", "*工作小结",
)  # fmt: skip
HENAN = (
    "受理审批表", "风险告知书", "委托代理合同", "授权委托书", "收费凭证(发票复印件)", "诉状、答辩状、反诉状", "阅卷笔录",
    "会见谈话笔录", "证据目录(证据名称、来源、内容、证明对象)", "证据材料",
    "诉讼法律文书(管辖异议、回避、保全、先予执行、延期、重新勘验、撤诉等)", "承办律师代理意见", "集体讨论记录",
    "出庭通知书", "庭审笔录", "代理词", "判决书、裁定书、调解书", "办案小结", "河南省法律服务质量监督卡",
)  # fmt: skip
LEGAL_AID = (
    "援助申请表", "身份证明", "经济状况证明", "审批表", "给予援助决定书存根", "指派通知书", "公函", "权利义务告知书",
    "风险告知书", "授权委托书", "起诉书等", "原裁判文书", "证据", "阅卷笔录", "会见笔录", "庭审笔录", "代理词", "裁判文书",
    "结案报告表",
)  # fmt: skip
# The norm adds a notice of risks after the first and a quality card before the last.
NORM = (CIVIL[0], "委托代理风险告知书", *CIVIL[1:-1], "服务质量监督卡", CIVIL[-1])
TRIAL = ("收案", "立案", "证据交换", "庭审", "判决", "结案")
CRIMINAL_STAGES = ("收案", "侦查", "审查起诉", "庭审", "判决", "结案")
# Slots, how many, stages, whether the source was read in full; administrative, arbitration and others as civil ones.
STATUTORY: dict[str, tuple[tuple[str, ...], int, tuple[str, ...], bool]] = {
    "criminal": (CRIMINAL, 14, CRIMINAL_STAGES, True),
    "retainer": (RETAINER, 7, ("聘请", "服务", "续聘或终止"), False),
    "non_litigation": (OTHER, 7, ("委托", "办理", "结案"), False),
    "consulting": ((), 0, (), False),
    **dict.fromkeys(
        ("civil", "administrative", "arbitration", "intellectual_property", "enforcement", "foreign"),
        (CIVIL, 15, TRIAL, True),
    ),
}
CLASSES = [
    "client_information", "evidence", "legal_instrument", "correspondence", "court_document", "fee_document",
    "internal_discussion", "other",
]  # fmt: skip


def marked(template: dict[str, Any]) -> tuple[str, ...]:
    """Give the labels of the slots, with an asterisk where something must be there."""
    return tuple("*" * slot["required"] + slot["label"] for slot in template["slots"])


async def named(by: Person, matter_type: str, name: str = "statutory") -> dict[str, Any]:
    """Give the newest version of a template."""
    (found,) = (await by.get("/v1/templates", params={"matter_type": matter_type, "name": name})).json()["items"]
    template: dict[str, Any] = found
    return template


@pytest.mark.parametrize("matter_type", STATUTORY)
async def test_statutory_order_of_each_matter_type(firm: Firm, matter_type: str) -> None:
    reader = await firm.person()
    slots, how_many, stages, verified = STATUTORY[matter_type]
    template = await named(reader, matter_type)
    assert (marked(template), len(template["slots"])) == (slots, how_many)
    assert (tuple(template["stages"]), template["verified"], template["in_use"]) == (stages, verified, True)
    assert [category["code"] for category in template["categories"]] == CLASSES
    assert all(category["label"] for category in template["categories"])
    told = (await reader.get(f"/v1/matter-types/{matter_type}")).json()
    assert told["template_name"] == "statutory"


@pytest.mark.parametrize(
    ("name", "slots", "how_many", "source"),
    [
        ("河南律协示范", HENAN, 19, "河南省律师协会"), ("法律援助", LEGAL_AID, 19, "法律援助"),
        ("法律服务所规范", NORM, 17, "法律服务所"),
    ],
)  # fmt: skip
async def test_local_variants_stand_beside_and_say_where_they_come_from(
    firm: Firm, name: str, slots: tuple[str, ...], how_many: int, source: str
) -> None:
    template = await named(await firm.person(), "civil", name)
    assert (marked(template), len(template["slots"])) == (slots, how_many)
    assert source in template["source"]
    assert "二手资料" in template["source"]
    assert (template["verified"], template["in_use"], template["version"]) == (False, False, 1)


async def test_matter_type_tells_by_which_name_its_dossiers_are_opened(firm: Firm) -> None:
    director, admin = await firm.person("director"), await firm.person("system_admin")
    variant = await named(director, "civil", "河南律协示范")
    fields = {name: variant[name] for name in ("matter_type", "name", "slots", "stages", "source", "verified")}
    made_ = await director.post("/v1/templates", fields | {"in_use": True})
    assert (made_.status_code, made_.json()["version"]) == (201, 2)
    told = await admin.get("/v1/matter-types/civil")
    assert (told.json()["template_name"], await firm.events(told)) == ("河南律协示范", done("matter_type.listed"))
    listed = (await admin.get("/v1/matter-types")).json()["items"]
    names = {one["matter_type"]: one["template_name"] for one in listed}
    assert names == dict.fromkeys(STATUTORY, "statutory") | {"civil": "河南律协示范"}
    # Who changes code and words does not change the name, and can't send it.
    body_ = {"number_code": "MS", "label_zh": "民事", "label_en": "Civil"}
    changed = await admin.change("/v1/matter-types/civil", body_ | {"label_en": "Civil law"}, "PUT")
    assert changed.json()["template_name"] == "河南律协示范"
    before = await firm.tables()
    sent = await admin.change("/v1/matter-types/civil", body_ | {"template_name": "statutory"}, "PUT")
    assert pointers(await refused(firm, before, sent, 422)) == [("/body/template_name", "extra_forbidden")]


async def test_classes_of_material_are_chosen_named_and_ordered_by_the_template(firm: Firm) -> None:
    director, lawyer = await firm.person("director"), await firm.person("lawyer")
    classes = [
        {"code": "court_document", "label": "法院文书"}, {"code": "evidence", "label": "证据"},
        {"code": "fee_document", "label": "票据"},
    ]  # fmt: skip
    template = await made(director, categories=classes, in_use=True)
    assert template["categories"] == classes
    before = await firm.dossier(lawyer, matter_type="criminal")
    dossier = await firm.dossier(lawyer)
    path = f"/v1/dossiers/{dossier['id']}"
    evidence = await firm.entry(lawyer, dossier["id"], "证据", category="evidence", formed_on="2026-01-01")
    court = await firm.entry(lawyer, dossier["id"], "判决", category="court_document", formed_on="2026-02-01")
    arranged = await lawyer.post(f"{path}/arrangement", {"mode": "category"})
    lines = [line["entry_id"] for line in arranged.json()["volumes"][0]["items"]]
    assert lines == [court["id"], evidence["id"]]
    # A class that the template does not have is refused; one that stands there already stays.
    unchanged = await firm.tables()
    entry = {"title": "x", "category": "other", "original": "copy"}
    new = await lawyer.post(f"{path}/entries", entry)
    assert pointers(await refused(firm, unchanged, new, 422)) == [("/body/category", "not_in_template")]
    moved = await lawyer.change(f"/v1/entries/{evidence['id']}", {"category": "other"})
    assert pointers(await refused(firm, unchanged, moved, 422)) == [("/body/category", "not_in_template")]
    assert (await lawyer.post(f"/v1/dossiers/{before['id']}/entries", entry)).status_code == 201
    narrow = await made(director, categories=classes[:1])
    choice = {"template_id": narrow["id"], "reason": "改用精简模板"}
    assert (await lawyer.post(f"{path}/template", choice)).status_code == 200
    same = await lawyer.change(f"/v1/entries/{evidence['id']}", {"category": "evidence", "title": "证据一"})
    assert (same.status_code, same.json()["category"]) == (200, "evidence")


@pytest.mark.parametrize(
    ("classes", "pointer"),
    [
        ([], "/body/categories"), ([{"code": "evidence", "label": "a"}] * 2, "/body/categories"),
        ([{"code": "own", "label": "a"}], "/body/categories/0/code"),
        ([{"code": "evidence", "label": " "}], "/body/categories/0/label"),
    ],
)  # fmt: skip
async def test_classes_that_can_not_be(firm: Firm, classes: list[dict[str, str]], pointer: str) -> None:
    director = await firm.person("director")
    unchanged = await firm.tables()
    answer = await director.post("/v1/templates", body(categories=classes))
    assert [where for where, _ in pointers(await refused(firm, unchanged, answer, 422, "invalid"))] == [pointer]
