"""Conflict checks for tests: made, concluded, and the rules that they follow."""

from typing import Any

import httpx

from tests.support.firm import Firm, Person, done

CHECKS = "/v1/conflict-checks"
RULES = "/v1/rules/conflict"


def organization(name: str, **fields: Any) -> dict[str, Any]:
    """Describe an organisation."""
    return {"name": name, "kind": "organization", **fields}


def person(name: str, **fields: Any) -> dict[str, Any]:
    """Describe a person."""
    return {"name": name, "kind": "person", **fields}


def body(clients: list[dict[str, Any]], *opposing: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Describe a new matter."""
    return {
        "clients": clients, "opposing_parties": list(opposing), "matter_type": "civil", "cause": "买卖合同纠纷", **fields
    }  # fmt: skip


async def checked(
    firm: Firm, by: Person, clients: list[dict[str, Any]], *opposing: dict[str, Any], **fields: Any
) -> dict[str, Any]:
    """Make a conflict check as somebody."""
    made = await by.post(CHECKS, body(clients, *opposing, **fields))
    assert made.status_code == 201, made.text
    assert await firm.events(made) == done("conflict.checked")
    found: dict[str, Any] = made.json()
    assert made.headers["location"] == f"{CHECKS}/{found['id']}"
    return found


def conclusion(check: dict[str, Any], outcome: str, judgement: str = "none") -> dict[str, Any]:
    """Judge all hits of a check alike."""
    hits = [hit["id"] for hit in check["hits"] if not hit["refer"]]
    return {
        "hits": [{"hit_id": hit, "judgement": judgement, "reason": "已核对"} for hit in hits],
        "conclusion": outcome, "reason": "综合判断",
    }  # fmt: skip


async def conclude(by: Person, check: dict[str, Any], outcome: str, judgement: str = "none") -> httpx.Response:
    """Conclude a check as somebody, all its hits judged alike."""
    return await by.post(f"{CHECKS}/{check['id']}/conclusion", conclusion(check, outcome, judgement))


async def cleared(firm: Firm, by: Person, clients: list[dict[str, Any]], *opposing: dict[str, Any]) -> dict[str, Any]:
    """Make a check and conclude that there is no conflict."""
    check = await checked(firm, by, clients, *opposing)
    answer = await conclude(by, check, "clear")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def rule(firm: Firm, **changes: Any) -> None:
    """Put other rules of conflict checks into force."""
    archivist = await firm.person("archivist")
    told = (await archivist.get(RULES)).json()
    new = {"body": {**told["body"], **changes}, "source": "本所决定", "verified": True}
    assert (await archivist.change(RULES, new, "PUT")).status_code == 200
