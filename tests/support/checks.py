"""Checks that many tests make: a refusal that changed nothing, and lists to their end."""

import re
from typing import Any

import httpx

from tests.support.firm import Firm, Person, Refusal


async def refused(
    firm: Firm,
    before: dict[str, str],
    answer: httpx.Response,
    status: int,
    code: str | None = None,
    *,
    events: list[tuple[str, str]] | None = None,
) -> dict[str, Any]:
    """Tell that a call was refused by a problem document, left these events and changed no table; give the problem.

    Without `events`: one refusal for 403 and 404, else none.
    """
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert code is None or problem["code"] == code, problem
    if events is None:
        events = [Refusal] if status in {403, 404} else []
    assert await firm.events(answer) == events
    assert await firm.tables() == before
    return problem


def pointers(problem: dict[str, Any]) -> list[tuple[str, str]]:
    """Give where a problem points to, and why."""
    return [(error["pointer"], error["code"]) for error in problem["errors"]]


async def everything(by: Person, path: str) -> list[dict[str, Any]]:
    """Follow a list to its end."""
    items: list[dict[str, Any]] = []
    target: str | None = path
    while target is not None:
        answer = await by.get(target)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("link", ""))
        target = link[1] if link else None
    return items
