"""The firm's rules of collection: after how long something is called to mind (及时归档).

Source: domain/workflow.md 2 asks for timely collection and names no number; both numbers are this product's proposal.
"""

from typing import Annotated

from pydantic import Field

from app.core.schema import Input
from app.rulebook.kinds import RuleKind


class CollectionRules(Input):
    """When a dossier is called quiet, and when an original that was handed over is asked after."""

    quiet_days: Annotated[int, Field(ge=1, le=3660, description="Days in which nothing came into an open dossier")]
    original_away_days: Annotated[
        int, Field(ge=1, le=3660, description="Days after which an original that was handed over is asked after")
    ]


COLLECTION = RuleKind(
    "collection", CollectionRules, "When quiet dossiers and originals that are away are called to mind",
    "材料收集提醒:久无新材料与原件未归还", first=CollectionRules(quiet_days=60, original_away_days=180),
    source="本系统建议值,非法律规定(工作流程二:一事一收、及时归档)", verified=False,
)  # fmt: skip
