"""What engagements lack (pure): by the firm's rules, and as far as the caller may know.

Source: domain/workflow.md 1.3: signing is complete or the gap is visible. Nothing that is told may depend on what an
engagement says that the caller does not see.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from app.dossiers.schemas import MatterTypeName
from app.engagements.rules import EngagementCheck, EngagementKind, EngagementRules
from app.engagements.schemas import AuthorityScope, EngagementPartyRole, FeeMode, Terms

# By these the firm is instructed at all; a power alone is none.
_MANDATES = frozenset({EngagementKind.CONTRACT, EngagementKind.APPOINTMENT, EngagementKind.RETAINER_LETTER})
# Without an amount these say nothing of what is due; the others are described by their terms.
_BY_AMOUNT = frozenset({FeeMode.FIXED, FeeMode.HOURLY})

# Words of each gap, and the field of the engagement that it is about.
WORDS: dict[str, tuple[str, str]] = {
    "engagement_missing": ("No engagement of this kind is in force", "缺少有效的委托手续"),
    "client_not_named": ("No client is named as a party", "未列明委托人"),
    "client_not_signed": ("This client has not signed", "委托人尚未签署"),
    "firm_not_named": ("The firm is not named as a party", "未列明受托律师事务所"),
    "firm_not_signed": ("The firm has not signed", "律师事务所尚未签署"),
    "not_dated": ("It has no date", "未注明签订日期"),
    "attorneys_missing": ("No attorney is named", "未列明受托律师"),
    "scope_missing": ("It does not say whether the authority is general or special", "未注明一般代理或特别授权"),
    "special_powers_missing": ("Special authority names no special powers", "特别授权未列明具体事项"),
    "fee_missing": ("It has no fee terms", "未约定收费条款"),
    "fee_incomplete": ("The fee terms do not say how much", "收费条款未写明金额或计费方式"),
    "start_missing": ("It does not say from when it runs", "未注明起始日期"),
    "end_missing": ("It does not say until when it runs", "未注明终止日期"),
    "expired": ("Its term has run out: extend or end it", "委托期限已届满,请延期或终止"),
    "contract_number_missing": ("It has no contract number", "未注明合同编号"),
    "entry_missing": ("Its paper is no entry of the dossier yet", "委托文件尚未登记为案卷材料"),
    "entry_excluded": ("Its paper was kept out of the dossier", "委托文件已被剔除出卷"),
    "file_missing": ("No file of its paper is stored", "尚未保存委托文件的电子文件"),
}


@dataclass(frozen=True, slots=True)
class Paper:
    """The entry of an engagement: whether it was kept out, and how many files are stored."""

    excluded: bool
    files: int


@dataclass(frozen=True, slots=True)
class Held:
    """An engagement of a dossier, and how much of it the caller may know.

    `masked`: no more than that it is there; `paper` is None where no entry is named.
    """

    id: UUID
    kind: EngagementKind
    terms: Terms
    ended: bool
    bound: bool
    paper: Paper | None
    masked: bool = False
    fee_hidden: bool = False
    paper_hidden: bool = False

    @property
    def took_effect(self) -> bool:
        """Tell whether anybody was ever bound by it; an appointment needs no signature."""
        return self.bound or self.kind is EngagementKind.APPOINTMENT


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is missing; `field` points into the engagement, `kinds` are those of which one would do."""

    code: str
    engagement_id: UUID | None = None
    field: str | None = None
    kinds: tuple[EngagementKind, ...] = ()


def gaps(rules: EngagementRules, matter_type: MatterTypeName, held: Sequence[Held], day: date) -> list[Gap]:
    """Name what the engagements of a dossier lack on a day, as far as the caller may know."""
    seen = [one for one in held if not one.masked]
    found = list(_missing(rules, matter_type, seen)) if len(seen) == len(held) else []
    for one in seen:
        if not one.ended:
            found += _of_one(rules, one, day)
    return found


def untold(held: Sequence[Held]) -> bool:
    """Tell whether there may be gaps that the caller is not told of."""
    return any(one.masked or one.fee_hidden or one.paper_hidden for one in held)


def _missing(rules: EngagementRules, matter_type: MatterTypeName, held: Sequence[Held]) -> Iterator[Gap]:
    in_force = {one.kind for one in held if not one.ended}
    over = any(one.ended and one.took_effect and one.kind in _MANDATES for one in held)
    if over and not in_force & _MANDATES:
        # The firm was instructed once and is no longer: nothing more can or need be signed.
        return
    for group in rules.needs.get(matter_type, []):
        if not in_force & set(group):
            yield Gap("engagement_missing", kinds=tuple(group))


def _of_one(rules: EngagementRules, one: Held, day: date) -> Iterator[Gap]:
    checks = rules.checks.get(one.kind, [])
    for check in EngagementCheck:
        if check in checks:
            failures = _OF_HELD[check](one) if check in _OF_HELD else _of_terms(check, one.terms, day)
            yield from (Gap(code, one.id, field) for code, field in failures)


def _of_terms(check: EngagementCheck, terms: Terms, day: date) -> Iterator[tuple[str, str]]:
    match check:
        case EngagementCheck.CLIENT_SIGNED:
            yield from _unsigned(terms, EngagementPartyRole.CLIENT)
        case EngagementCheck.FIRM_SIGNED:
            yield from _unsigned(terms, EngagementPartyRole.FIRM)
        case EngagementCheck.SPECIAL_POWERS:
            if terms.scope is AuthorityScope.SPECIAL and not terms.special_powers:
                yield "special_powers_missing", "/special_powers"
        case EngagementCheck.NOT_EXPIRED:
            if terms.ends_on is not None and terms.ends_on < day:
                yield "expired", "/ends_on"
        case _:
            yield from ((code, f"/{name}") for name, code in _STATED[check] if not getattr(terms, name))


_STATED: dict[EngagementCheck, tuple[tuple[str, str], ...]] = {
    EngagementCheck.DATED: (("dated_on", "not_dated"),),
    EngagementCheck.ATTORNEYS: (("attorneys", "attorneys_missing"),),
    EngagementCheck.SCOPE: (("scope", "scope_missing"),),
    EngagementCheck.TERM: (("starts_on", "start_missing"), ("ends_on", "end_missing")),
    EngagementCheck.CONTRACT_NUMBER: (("contract_number", "contract_number_missing"),),
}


def _unsigned(terms: Terms, role: EngagementPartyRole) -> Iterator[tuple[str, str]]:
    """Name the parties of a role for whom nobody has signed: of joint clients each signs."""
    of_role = [index for index, party in enumerate(terms.parties) if party.role is role]
    if not of_role:
        yield f"{role.value}_not_named", "/parties"
    have = {signer.party for signer in terms.signers if signer.signed_on is not None}
    for index in of_role:
        if index not in have:
            yield f"{role.value}_not_signed", f"/parties/{index}"


def _fee(one: Held) -> Iterator[tuple[str, str]]:
    fee = one.terms.fee
    if one.fee_hidden:
        return
    if fee is None:
        yield "fee_missing", "/fee"
    elif fee.mode is not FeeMode.FREE and not fee.amount and (fee.mode in _BY_AMOUNT or not fee.terms):
        yield "fee_incomplete", "/fee"


def _entry(one: Held) -> Iterator[tuple[str, str]]:
    if one.paper_hidden:
        return
    if one.paper is None:
        yield "entry_missing", "/entry_id"
    elif one.paper.excluded:
        yield "entry_excluded", "/entry_id"


def _file(one: Held) -> Iterator[tuple[str, str]]:
    if one.paper is not None and one.paper.files == 0 and not one.paper_hidden:
        yield "file_missing", "/entry_id"


# What is asked of more than the terms, and told only as far as the caller sees it.
_OF_HELD: dict[EngagementCheck, Callable[[Held], Iterator[tuple[str, str]]]] = {
    EngagementCheck.FEE: _fee,
    EngagementCheck.ENTRY: _entry,
    EngagementCheck.FILE: _file,
}
