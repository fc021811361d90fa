"""What an engagement says (pure): whether it hangs together, what a change makes of it, and what only fills in.

Knows no people and no database: whom and what the terms name is looked up by the service.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from app.core.errors import FieldError, Invalid
from app.engagements.rules import EngagementKind
from app.engagements.schemas import AuthorityScope, EngagementPartyRole, MandateChangeCreate, MandateChangeKind, Terms

# Which kinds say what beyond what all of them say.
_POWERS = frozenset({EngagementKind.POWER_OF_ATTORNEY})
_NAMING = frozenset({EngagementKind.POWER_OF_ATTORNEY, EngagementKind.APPOINTMENT})
_PAID = frozenset({EngagementKind.CONTRACT})
_ONLY: tuple[tuple[str, frozenset[EngagementKind]], ...] = (
    ("scope", _POWERS), ("special_powers", _POWERS), ("attorneys", _NAMING), ("fee", _PAID),
)  # fmt: skip
Changed = dict[str, list[Any]]


def require_whole(kind: EngagementKind, terms: Terms, day: date, at: str = "/body") -> None:
    """Raise Invalid, pointing below `at`, for terms that contradict their kind, themselves or the calendar."""
    errors = [
        FieldError(at + pointer, code, en, zh) for pointer, code, en, zh in _contradictions(kind, terms, day)
    ]  # fmt: skip
    if errors:
        raise Invalid(errors[0].en, errors[0].zh, errors=errors)


def _contradictions(kind: EngagementKind, terms: Terms, day: date) -> Iterator[tuple[str, str, str, str]]:
    for name, kinds in _ONLY:
        if getattr(terms, name) and kind not in kinds:
            yield f"/{name}", "not_of_this_kind", f"A {kind.value} has no {name}", f"{kind.value} 没有 {name} 一项"
    yield from _of_people(terms, day)
    if terms.special_powers and terms.scope is not AuthorityScope.SPECIAL:
        yield (
            "/special_powers", "needs_special_scope", "Special powers need the scope `special`",
            "列明特别授权事项须选择特别授权",
        )  # fmt: skip
    if terms.dated_on is not None and terms.dated_on > day:
        yield "/dated_on", "in_future", "It can't be dated in the future", "签订日期不能晚于今天"
    if terms.starts_on is not None and terms.ends_on is not None and terms.ends_on < terms.starts_on:
        yield "/ends_on", "before_start", "It can't end before it starts", "终止日期不能早于起始日期"


def _of_people(terms: Terms, day: date) -> Iterator[tuple[str, str, str, str]]:
    for index, signer in enumerate(terms.signers):
        if signer.party >= len(terms.parties):
            yield f"/signers/{index}/party", "unknown_party", "There is no party of this index", "没有该序号的当事方"
        if signer.signed_on is not None and signer.signed_on > day:
            yield f"/signers/{index}/signed_on", "in_future", "Nobody has signed in the future", "签署日期不能晚于今天"
    for index, party in enumerate(terms.parties):
        if party.client_id is not None and party.role is not EngagementPartyRole.CLIENT:
            yield f"/parties/{index}/client_id", "not_a_client", "Only clients have a client_id", "仅委托人有此项"


def signed(terms: Terms) -> bool:
    """Tell whether anybody has signed."""
    return any(signer.signed_on is not None for signer in terms.signers)


def merged(terms: Terms, changes: dict[str, Any]) -> Terms:
    """Give the terms with some of them replaced; `changes` in JSON form."""
    return Terms.model_validate({**terms.model_dump(mode="json"), **changes})


def changed_terms(terms: Terms, change: MandateChangeCreate) -> Terms:
    """Give the terms as a change of the mandate leaves them.

    Raises Invalid for an extension that extends nothing, and for a withdrawal of what was not given.
    """
    match change.kind:
        case MandateChangeKind.AMENDMENT if change.values is not None:
            return merged(terms, change.values.model_dump(mode="json", exclude_unset=True))
        case MandateChangeKind.SUBSTITUTION:
            return terms.model_copy(update={"attorneys": change.attorneys})
        case MandateChangeKind.EXTENSION:
            if terms.ends_on is not None and change.ends_on is not None and change.ends_on <= terms.ends_on:
                raise Invalid.field(
                    "/body/ends_on", "not_later", "An extension ends later than before", "延期后的终止日期须晚于原日期"
                )
            return terms.model_copy(update={"ends_on": change.ends_on})
        case MandateChangeKind.PARTIAL_WITHDRAWAL:
            powers = _without(terms.special_powers, change.withdrawn_powers, "withdrawn_powers")
            stages = _without(terms.stages, change.withdrawn_stages, "withdrawn_stages")
            return terms.model_copy(update={"special_powers": powers, "stages": stages})
        case _:
            return terms


def _without(given: list[str], withdrawn: list[str] | None, name: str) -> list[str]:
    for index, one in enumerate(withdrawn or []):
        if one not in given:
            raise Invalid.field(f"/body/{name}/{index}", "not_given", "This was not given", "原委托未包含该项")
    return [one for one in given if one not in (withdrawn or [])]


def difference(old: Terms, new: Terms) -> Changed:
    """Give the fields that differ, each with its old and new value in JSON form."""
    before, after = old.model_dump(mode="json"), new.model_dump(mode="json")
    return {name: [before[name], after[name]] for name in after if before[name] != after[name]}


def more_than_filled(changed: Changed) -> list[str]:
    """Name the fields in which something that was stated is changed, not only what was empty filled in."""
    return [name for name, (old, new) in changed.items() if not _fills(name, old, new)]


def _fills(name: str, old: Any, new: Any) -> bool:
    if old is None or old == []:
        return True
    if name == "signers":
        # Another who signs takes nothing away from those who did.
        new = new[: len(old)]
    return _only_fills(old, new)


def _only_fills(old: Any, new: Any) -> bool:
    if isinstance(old, dict) and isinstance(new, dict):
        return all(_only_fills(old[name], new.get(name)) for name in old)
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(_only_fills(one, other) for one, other in zip(old, new, strict=True))
    return old is None or bool(old == new)


def without_fee(changed: Changed) -> Changed:
    """Give what an event tells of changed fields: of fee terms no more than whether there are any."""
    return {
        name: ["stated" if value else None for value in values] if name == "fee" else values
        for name, values in changed.items()
    }
