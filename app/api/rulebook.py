"""The firm's rules of each kind; one pair of operations a kind, so that each says its own shape."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from app.access.events import ACCESS_DENIED
from app.api import describe
from app.api.answers import answer, shown
from app.api.context import App, Caller, Changer, IfMatch
from app.api.examples.common import TIME
from app.api.straight import StraightRoute
from app.clients.rules import CLIENT_DATA
from app.collection.rules import COLLECTION
from app.conflicts.rules import CONFLICT
from app.core.schema import Input
from app.engagements.rules import ENGAGEMENT
from app.entries.rules import PREPARATION, REVIEW
from app.filing.check_rules import FILING_CHECK
from app.filing.rules import FILING
from app.rulebook.events import RULES_CHANGED, RULES_VIEWED
from app.rulebook.kinds import RuleKind, RulesIn, RulesOut

router = APIRouter(prefix="/v1", tags=["rules"], route_class=StraightRoute)

KINDS: tuple[RuleKind[Any], ...] = (
    CLIENT_DATA,
    CONFLICT,
    COLLECTION,
    REVIEW,
    PREPARATION,
    ENGAGEMENT,
    FILING,
    FILING_CHECK,
)

Version = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="An earlier version; in force when left out")]


def _routes(kind: RuleKind[Any]) -> None:
    """Make the two operations of a kind."""
    name, shape, given = kind.name, RulesOut[kind.model], RulesIn[kind.model]  # type: ignore[name-defined]
    sent = {"body": kind.first.model_dump(mode="json"), "source": kind.source, "verified": kind.verified}
    example = {"kind": name, "version": 1, **sent, "changed_at": TIME}

    async def read(request: Request, app: App, actor: Caller, version: Version = None) -> Response:
        return shown(request, await app.rulebook.get(actor, kind, version))

    async def change(app: App, actor: Changer, data: RulesIn[Input], if_match: IfMatch = None) -> Response:
        return answer(await app.rulebook.change(actor, kind, data, if_match))

    change.__annotations__["data"] = given
    router.add_api_route(
        f"/rules/{name}", read, methods=["GET"], operation_id=f"read_{name}_rules", response_model=shape,
        summary=f"Read the rules: {kind.en}", description=f"{kind.en} ({kind.zh}).",
        **describe.read("rule.read", RULES_VIEWED, ACCESS_DENIED, example=example, also=(404,)),
    )  # fmt: skip
    router.add_api_route(
        f"/rules/{name}", change, methods=["PUT"], operation_id=f"change_{name}_rules", response_model=shape,
        summary=f"Change the rules: {kind.en}",
        description=f"{kind.en} ({kind.zh}): put a new version into force. What was done under earlier ones stays.",
        **describe.change("rule.change", RULES_CHANGED, ACCESS_DENIED, example=example, request=sent),
    )  # fmt: skip


for _kind in KINDS:
    _routes(_kind)
