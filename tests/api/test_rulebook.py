"""Rules that are no law: read by all, changed in versions, and begun with what is shipped."""

import asyncio
from typing import Any

import pytest

from app.api.rulebook import KINDS
from app.rulebook.kinds import RuleKind, in_force, of_version
from tests.support.checks import refused
from tests.support.firm import Firm, done

FILING = "/v1/rules/filing"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_a_new_firm_begins_with_what_is_shipped(firm: Firm, kind: RuleKind[Any]) -> None:
    reader = await firm.person("lawyer")
    read = await reader.get(f"/v1/rules/{kind.name}")
    assert await firm.events(read) == done("rule.viewed")
    told = read.json()
    assert told["body"] == kind.first.model_dump(mode="json")
    assert (told["kind"], told["version"], told["source"], told["verified"]) == (
        kind.name, 1, kind.source, kind.verified,
    )  # fmt: skip
    assert (await in_force(firm.services.resources.database, kind)).body == kind.first


async def test_a_change_is_a_new_version_and_earlier_ones_stay(firm: Firm) -> None:
    archivist = await firm.person("archivist")
    before = (await archivist.get(FILING)).json()
    body = {"body": before["body"] | {"deadline_months": 1}, "source": "本所 2026 年第 3 号决定", "verified": True}
    changed = await archivist.change(FILING, body, "PUT")
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert changed.json()["body"]["deadline_months"] == 1
    assert await firm.events(changed) == done("rule.changed")
    event = await firm.event(changed)
    assert (event["subject_label"], event["details"]["old"]["version"]) == ("filing/2", 1)
    assert event["details"]["new"]["body"]["deadline_months"] == 1
    first = await archivist.get(f"{FILING}?version=1")
    assert first.json() == before
    kind = KINDS[0]
    kept = await of_version(firm.services.resources.database, kind, 1)
    assert kept.body == kind.first


async def test_what_is_refused_changes_nothing(firm: Firm) -> None:
    archivist, lawyer = await firm.person("archivist"), await firm.person("lawyer")
    told = (await archivist.get(FILING)).json()
    good = {name: told[name] for name in ("body", "source", "verified")}
    before = await firm.tables()
    wrong = await archivist.change(FILING, good | {"body": told["body"] | {"deadline_months": -1}}, "PUT")
    problem = await refused(firm, before, wrong, 422, "invalid")
    assert problem["errors"][0]["pointer"] == "/body/body/deadline_months"
    await refused(firm, before, await lawyer.change(FILING, good, "PUT"), 403, "forbidden")
    stale = await archivist.put(FILING, good, headers={"If-Match": '"old"'})
    await refused(firm, before, stale, 412, "precondition_failed")
    await refused(firm, before, await archivist.put(FILING, good), 428, "precondition_required")
    await refused(firm, before, await archivist.get(f"{FILING}?version=9"), 404, "not_found")


async def test_of_two_changes_at_once_one_is_made(firm: Firm) -> None:
    archivist = await firm.person("archivist")
    read = await archivist.get(FILING)
    body = {name: read.json()[name] for name in ("body", "source", "verified")}
    tag = {"If-Match": read.headers["etag"]}
    answers = await asyncio.gather(*(archivist.put(FILING, body, headers=tag) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412]
    assert await firm.eyes.fetchval("SELECT max(version) FROM rule_versions WHERE kind = 'filing'") == 2
