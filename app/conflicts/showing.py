"""Conflict checks as somebody may know them: what he is kept from is one line that says so, and nothing of what it is.

That line stands for walls and for dossiers that he does not see for other reasons, for one and for many.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.access.acts import powers
from app.auth.roles import Role
from app.auth.schemas import PersonRef
from app.clients.schemas import CopyOut
from app.conflicts import repository
from app.conflicts.rules import CONFLICT
from app.conflicts.schemas import (
    AskedOut,
    ConcernedOut,
    ConclusionOut,
    ConflictCheckOut,
    HitOut,
    Outcome,
    ReferralOut,
    Side,
)
from app.core.actor import Actor
from app.core.database import Connection, Database, Row
from app.rulebook.kinds import of_version

_NOTHING: dict[str, Any] = dict.fromkeys(set(HitOut.model_fields) - {"id", "refer", "dossiers"})
_JUDGES = frozenset({Role.DIRECTOR, Role.SECURITY_ADMIN})


async def shown(source: Connection | Database, actor: Actor, checks: Sequence[Row]) -> list[ConflictCheckOut]:
    """Shape checks that the actor sees, in their order."""
    ids = [check["id"] for check in checks]
    hits: dict[UUID, list[Row]] = defaultdict(list)
    for hit in await repository.hits(source, actor, ids):
        hits[hit["check_id"]].append(hit)
    consents = {(row["check_id"], row["hit_id"]): _copy(row) for row in await repository.consents(source, ids)}
    concerned: dict[UUID, list[Row]] = defaultdict(list)
    if any(check["guards"] for check in checks):
        for row in await repository.concerned(source, ids):
            concerned[row["check_id"]].append(row)
    days = await _validity(source, {check["rules_version"] for check in checks})
    return [
        _out(actor, check, hits[check["id"]], consents, days[check["rules_version"]])
        if not check["guards"]
        else await _guarded(source, actor, check, concerned[check["id"]])
        for check in checks
    ]


async def _validity(source: Connection | Database, versions: set[int]) -> dict[int, timedelta]:
    return {
        version: timedelta(days=(await of_version(source, CONFLICT, version)).body.validity_days)
        for version in versions
    }


def _out(
    actor: Actor, check: Row, hits: list[Row], consents: dict[tuple[UUID, UUID], CopyOut], validity: timedelta
) -> ConflictCheckOut:
    asked = [_asked(one) for one in check["asked"]]
    lines = [_hit(hit, asked, consents.get((check["id"], hit["id"]))) for hit in hits if hit["sees"]]
    refer = refers(hits)
    if refer:
        lines.append(_refer(check, consents.get((check["id"], check["refer_id"]))))
    concluded_at = check["concluded_at"]
    return ConflictCheckOut(
        **_head(check),
        clients=[one for one in asked if one.side is Side.CLIENT],
        opposing_parties=[one for one in asked if one.side is Side.OPPOSING],
        related_parties=[one for one in asked if one.side is Side.RELATED],
        matter_type=check["matter_type"], cause=check["cause"], court_case_number=check["court_case_number"],
        lawyer_ids=check["lawyer_ids"], hits=lines, incomplete=check["incomplete"], refer=refer,
        referral=_referral(actor, check), conclusion=_conclusion(check, check["conclusion_reason"]),
        valid_until=None if concluded_at is None else concluded_at + validity,
        dossier_id=check["dossier_id"], concerned=[],
    )  # fmt: skip


async def _guarded(source: Connection | Database, actor: Actor, check: Row, leads: list[Row]) -> ConflictCheckOut:
    """Shape a check for the security administrator: whom it concerns, and nothing of what it is about."""
    people = await repository.people(source, check["lawyer_ids"])  # type: ignore[arg-type]
    parts = [ConcernedOut(id=check["made_by"], display_name=check["maker_name"], part="maker")]
    parts += [ConcernedOut(id=row["id"], display_name=row["display_name"], part="lawyer") for row in people]
    parts += [ConcernedOut(id=row["id"], display_name=row["display_name"], part="lead") for row in leads]
    return ConflictCheckOut(
        **_head(check),
        clients=[], opposing_parties=[], related_parties=[], matter_type=None, cause=None, court_case_number=None,
        lawyer_ids=[], hits=[_refer(check, None)], incomplete=False, refer=True, referral=_referral(actor, check),
        conclusion=_conclusion(check, None), valid_until=None, dossier_id=None, concerned=parts,
    )  # fmt: skip


def refers(hits: Sequence[Row]) -> bool:
    """Tell whether there is anything that this reader may not know of, wholly or in part."""
    return any(not hit["sees"] or len(hit["dossiers"] or ()) < len(hit["dossier_ids"]) for hit in hits)


def _head(check: Row) -> dict[str, Any]:
    return {
        "id": check["id"],
        "made_by": PersonRef(id=check["made_by"], display_name=check["maker_name"]),
        "made_at": check["made_at"],
        "rules_version": check["rules_version"],
        "wall_advised": check["conclusion"] == Outcome.WAIVED,
    }


def _asked(one: dict[str, Any]) -> AskedOut:
    return AskedOut.model_validate({name: one[name] for name in AskedOut.model_fields})


def _hit(hit: Row, asked: Sequence[AskedOut], consent: CopyOut | None) -> HitOut:
    party = asked[hit["asked"]]
    return HitOut(
        id=hit["id"], refer=False, asked_name=party.name, asked_side=party.side, matched_name=hit["matched_name"],
        how=hit["how"], side=hit["side"], constellation=hit["constellation"], client_id=hit["client_id"],
        dossiers=hit["dossiers"] or [], rule_code=hit["rule_code"], rule_kind=hit["rule_kind"], consent=consent,
        judgement=hit["judgement"], reason=hit["reason"],
    )  # fmt: skip


def _refer(check: Row, consent: CopyOut | None) -> HitOut:
    return HitOut(id=check["refer_id"], refer=True, dossiers=[], **{**_NOTHING, "consent": consent})


def _referral(actor: Actor, check: Row) -> ReferralOut | None:
    if check["referral"] is None:
        return None
    return ReferralOut(
        judgement=check["referral"], reason=check["referral_reason"] if powers(actor.roles) & _JUDGES else None,
        judged_by=PersonRef(id=check["judged_by"], display_name=check["referral_name"]), judged_at=check["judged_at"],
    )  # fmt: skip


def _conclusion(check: Row, reason: str | None) -> ConclusionOut | None:
    if check["conclusion"] is None:
        return None
    return ConclusionOut(
        conclusion=check["conclusion"], reason=reason, concluded_at=check["concluded_at"],
        concluded_by=PersonRef(id=check["concluded_by"], display_name=check["concluder_name"]),
    )  # fmt: skip


def _copy(row: Row) -> CopyOut:
    return CopyOut.model_validate({name: row[name] for name in CopyOut.model_fields})
