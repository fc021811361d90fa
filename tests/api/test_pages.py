"""Lists: pages that miss and repeat nothing, and cursors that are good for one list of one caller."""

import asyncio
import base64
import re
from typing import Any

import pytest

from app.core.pagination import DEFAULT_LIMIT, MAX_LIMIT
from tests.support.firm import Firm, Person, done


async def walk(by: Person, path: str, firm: Firm, event: str) -> list[dict[str, Any]]:
    """Follow the links of a list to its end."""
    items: list[dict[str, Any]] = []
    target: str | None = path
    while target is not None:
        answer = await by.get(target)
        assert answer.status_code == 200, answer.text
        assert await firm.events(answer) == done(event)
        page = answer.json()
        returned = (await firm.event(answer))["details"]["returned"]
        assert returned == [item["id"] for item in page["items"]]
        items += page["items"]
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        assert (link is None) == (page["next"] is None)
        assert link is None or f"cursor={page['next']}" in link[1]
        target = link[1] if link else None
    return items


async def clients(firm: Firm, by: Person, amount: int) -> set[str]:
    """Create clients, some with the same name."""
    made = await asyncio.gather(*(firm.client(by, f"客户{number % 5}") for number in range(amount)))
    return {client["id"] for client in made}


@pytest.mark.parametrize("limit", [1, 2, 7, 12, 13, 200])
async def test_pages_together_are_the_list(firm: Firm, limit: int) -> None:
    lawyer = await firm.person("lawyer")
    ids = await clients(firm, lawyer, 12)
    items = await walk(lawyer, f"/v1/clients?limit={limit}&q=客户", firm, "client.listed")
    assert len(items) == 12
    assert {item["id"] for item in items} == ids
    assert items == sorted(items, key=lambda item: (item["name"], item["id"]))


async def test_what_is_added_meanwhile_moves_nothing(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    ids = await clients(firm, lawyer, 10)
    seen: list[str] = []
    target: str | None = "/v1/clients?limit=3"
    while target is not None:
        page = (await lawyer.get(target)).json()
        seen += [item["id"] for item in page["items"]]
        await firm.client(lawyer, "客户")  # sorts before all others
        target = f"/v1/clients?limit=3&cursor={page['next']}" if page["next"] else None
    assert len(seen) == len(set(seen))
    assert set(seen) == ids


async def test_default_limit_and_bounds(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    await clients(firm, lawyer, DEFAULT_LIMIT + 1)
    assert len((await lawyer.get("/v1/clients")).json()["items"]) == DEFAULT_LIMIT
    assert (await lawyer.get(f"/v1/clients?limit={MAX_LIMIT}")).status_code == 200
    before = await firm.tables()
    for limit in ("0", "-1", str(MAX_LIMIT + 1), "many", "", "1.5", "9" * 40, "9" * 5000, "NaN", "%00"):
        answer = await lawyer.get(f"/v1/clients?limit={limit}")
        assert answer.status_code == 422, limit
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/query/limit"]
        assert await firm.events(answer) == []
    unknown = await lawyer.get("/v1/clients?colour=red")
    assert [error["pointer"] for error in unknown.json()["errors"]] == ["/query/colour"]
    assert await firm.tables() == before


@pytest.mark.parametrize("character", ["客", "\U00020bb7", '"', "\\"])
async def test_longest_name_makes_a_cursor_that_is_taken(firm: Firm, character: str) -> None:
    lawyer = await firm.person("lawyer")
    for _ in range(2):
        await firm.client(lawyer, character * 200)
    assert len(await walk(lawyer, "/v1/clients?limit=1", firm, "client.listed")) == 2


def forged(cursor: str) -> dict[str, str]:
    """Give cursors made from a right one."""
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    back = base64.urlsafe_b64encode
    return {
        "other key values": back(raw[:16] + raw[16:].replace("客户0".encode(), "客户9".encode())).decode().rstrip("="),
        "other seal": back(bytes([raw[0] ^ 1]) + raw[1:]).decode().rstrip("="),
        "seal only": back(raw[:16]).decode().rstrip("="),
        "no seal": back(raw[16:]).decode().rstrip("="),
        "truncated": cursor[:-6],
        "half": cursor[: len(cursor) // 2],
        "one letter": "A",
        "empty": "",
        "not base64": "!!!",
        "not ASCII": "游标",
        "NUL": "\x00",
        "JSON": '["客户0"]',
    }


async def refused(firm: Firm, by: Person, path: str, cursor: str) -> None:
    """Tell that a list does not take a cursor."""
    before = await firm.tables()
    answer = await by.get(path, params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor"), answer.text
    assert await firm.events(answer) == []
    assert await firm.tables() == before


async def test_forged_cursor_is_refused(firm: Firm) -> None:
    lawyer = await firm.person("lawyer")
    await clients(firm, lawyer, 3)
    cursor = (await lawyer.get("/v1/clients?limit=1")).json()["next"]
    for wrong in forged(cursor).values():
        await refused(firm, lawyer, "/v1/clients", wrong)
    too_long = await lawyer.get("/v1/clients", params={"cursor": cursor * 40})
    assert too_long.status_code == 422


async def test_cursor_is_good_for_its_list_its_filter_and_its_caller(firm: Firm) -> None:
    lawyer, colleague = await firm.person("lawyer"), await firm.person("lawyer")
    await clients(firm, lawyer, 3)
    cursor = (await lawyer.get("/v1/clients?limit=1&q=客户")).json()["next"]
    assert (await lawyer.get("/v1/clients?limit=2&q=客户", params={"cursor": cursor, "q": "客户"})).status_code == 200
    await refused(firm, lawyer, "/v1/clients", cursor)
    await refused(firm, lawyer, "/v1/directory", cursor)
    await refused(firm, lawyer, "/v1/dossiers", cursor)
    for by, filters in ((lawyer, {"q": "客户0"}), (colleague, {"q": "客户"})):
        answer = await by.get("/v1/clients", params={"cursor": cursor, **filters})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
        assert await firm.events(answer) == []
