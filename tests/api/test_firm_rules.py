"""The firm's rules, matter types and templates over HTTP: read by all, changed by the administrator, by version."""

from typing import Any

import pytest

from tests.support.checks import pointers, refused
from tests.support.firm import Firm, done

LABELS = {"label_zh": "民事", "label_en": "Civil"}


async def test_rules_are_versions(firm: Firm) -> None:
    admin, lawyer = await firm.person("system_admin"), await firm.person("lawyer")
    read = await lawyer.get("/v1/firm-rules")
    assert await firm.events(read) == done("firm_rules.viewed")
    rules = read.json()
    assert (rules["version"], rules["volume_page_limit"]) == (1, 200)
    body = {name: value for name, value in rules.items() if name not in {"version", "changed_at"}}
    changed = await admin.change(
        "/v1/firm-rules", body | {"firm_name": "新名律师事务所", "volume_page_limit": 150}, "PUT"
    )
    assert (changed.status_code, changed.json()["version"], changed.json()["volume_page_limit"]) == (200, 2, 150)
    assert await firm.events(changed) == done("firm_rules.changed")
    details = (await firm.event(changed))["details"]
    assert (details["old"]["firm_name"], details["new"]["firm_name"]) == (rules["firm_name"], "新名律师事务所")
    assert (await lawyer.get("/v1/firm-rules")).json() == changed.json()
    assert await firm.eyes.fetchval("SELECT count(*) FROM firm_rules") == 2
    stale = await admin.put("/v1/firm-rules", body, headers={"If-Match": read.headers["etag"]})
    await refused(firm, await firm.tables(), stale, 412, "precondition_failed")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"number_rule": "{year}-{type}-{lawyer}"}, "/body"), ({"number_rule": "{serial}-{serial}"}, "/body"),
        ({"number_rule": "{year.__class__}-{serial}"}, "/body"), ({"number_rule": "{year}{serial}"}, "/body"),
        ({"number_rule": "{type}-{lawyer}-{serial:04d}"}, "/body"), ({"number_rule": "{year}-{type}-{lawyer}-M{serial:04d}"}, "/body"),
        ({"serial_scope": ["month"]}, "/body/serial_scope"), ({"serial_scope": ["year"] * 4}, "/body/serial_scope"),
        ({"volume_page_limit": 0}, "/body/volume_page_limit"), ({"volume_page_limit": 10001}, "/body/volume_page_limit"),
        ({"firm_name": "a\u202eb"}, "/body/firm_name"), ({"version": 7}, "/body/version"),
    ],
)  # fmt: skip
async def test_rules_that_can_not_be(firm: Firm, fields: dict[str, Any], pointer: str) -> None:
    admin = await firm.person("system_admin")
    rules = (await admin.get("/v1/firm-rules")).json()
    body = {name: value for name, value in rules.items() if name not in {"version", "changed_at"}}
    before = await firm.tables()
    problem = await refused(firm, before, await admin.change("/v1/firm-rules", body | fields, "PUT"), 422, "invalid")
    assert [where for where, _ in pointers(problem)] == [pointer]


@pytest.mark.parametrize("role", ["lawyer", "partner", "director", "archivist", "security_admin", "auditor"])
async def test_rules_are_changed_by_the_administrator_alone(firm: Firm, role: str) -> None:
    person = await firm.person(role)
    rules = (await person.get("/v1/firm-rules")).json()
    body = {name: value for name, value in rules.items() if name not in {"version", "changed_at"}}
    before = await firm.tables()
    await refused(firm, before, await person.change("/v1/firm-rules", body, "PUT"), 403, "forbidden")
    civil = await person.change("/v1/matter-types/civil", {"number_code": "M", **LABELS}, "PUT")
    await refused(firm, before, civil, 403, "forbidden")


async def test_matter_types_and_their_codes(firm: Firm) -> None:
    admin = await firm.person("system_admin")
    listed = await admin.get("/v1/matter-types")
    assert await firm.events(listed) == done("matter_type.listed")
    codes = {item["matter_type"]: item["number_code"] for item in listed.json()["items"]}
    assert codes == {
        "criminal": "XS", "civil": "MS", "administrative": "XZ", "arbitration": "ZC", "non_litigation": "FS",
        "retainer": "GW", "consulting": "ZX", "intellectual_property": "ZZ", "enforcement": "ZXI", "foreign": "SW",
    }  # fmt: skip
    one = await admin.get("/v1/matter-types/civil")
    assert one.json() == {"matter_type": "civil", "number_code": "MS", **LABELS, "template_name": "statutory"}
    assert await firm.events(one) == done("matter_type.listed")
    before = await firm.tables()
    await refused(firm, before, await admin.get("/v1/matter-types/space"), 422, "invalid")
    for code in ("", "民", "A B", "-A", "A" * 21):
        answer = await admin.change("/v1/matter-types/civil", {"number_code": code, **LABELS}, "PUT")
        assert [where for where, _ in pointers(await refused(firm, before, answer, 422))] == ["/body/number_code"]


async def test_templates_give_the_statutory_order(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    listed = await lawyer.get("/v1/templates")
    assert await firm.events(listed) == done("template.listed")
    assert len([item for item in listed.json()["items"] if item["name"] == "statutory"]) == 10
    (civil,) = (await lawyer.get("/v1/templates?matter_type=civil&name=statutory")).json()["items"]
    assert (civil["matter_type"], civil["version"], civil["verified"]) == ("civil", 1, True)
    assert [slot["code"] for slot in civil["slots"]] == [f"ms-{number:02d}" for number in range(1, 16)]
    assert civil["slots"][13] == {"code": "ms-14", "label": "判决书、裁定书、调解书、上诉书", "required": True}
    assert civil["stages"] == ["收案", "立案", "证据交换", "庭审", "判决", "结案"]
    (consulting,) = (await lawyer.get("/v1/templates?matter_type=consulting")).json()["items"]
    assert (consulting["slots"], consulting["stages"], consulting["verified"]) == ([], [], False)
