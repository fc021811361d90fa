"""How items of the four-property test come out (pure): passed, failed, or not applicable with the reason.

An item that looked at nothing never passes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from app.filing.check_model import Facts
from app.filing.check_rules import FilingCheckRules, ItemNumber
from app.filing.check_schemas import Measured, Property, PropertyItem, Result

# Of what fails, so many are named; the archivist mends those and asks again.
_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an item came out, why, and the numbers behind it."""

    result: Result
    en: str
    zh: str
    measured: Measured


Judge = Callable[[Facts, FilingCheckRules], Verdict]


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the test: its number, its words and method, and what judges it."""

    number: ItemNumber
    property: Property
    name: tuple[str, str]
    method: tuple[str, str]
    judge: Judge

    def tested(self, facts: Facts, rules: FilingCheckRules) -> PropertyItem:
        """Test a dossier."""
        verdict = self.judge(facts, rules)
        return PropertyItem(
            number=self.number, property=self.property, name_en=self.name[0], name_zh=self.name[1],
            method_en=self.method[0], method_zh=self.method[1], result=verdict.result, en=verdict.en, zh=verdict.zh,
            measured=verdict.measured,
        )  # fmt: skip


def not_applicable(en: str, zh: str) -> Verdict:
    """Say why an item can't be tested here."""
    return Verdict(Result.NOT_APPLICABLE, en, zh, {})


def never(en: str, zh: str) -> Judge:
    """Make the judge of an item that can't be tested in this phase, whatever the dossier."""
    return lambda facts, rules: not_applicable(en, zh)  # noqa: ARG005 - the form of all judges


def judged(wrong: Iterable[object], looked: int, en: str, zh: str) -> Verdict:
    """Pass when nothing is wrong among what was `looked` at; `en` and `zh` name what would be wrong."""
    names = [str(one) for one in wrong]
    if looked == 0:
        return not_applicable("There is nothing here to look at", "没有可检测的内容")
    measured: Measured = {"looked": looked, "wrong": len(names), "examples": names[:_EXAMPLES]}
    if names:
        return Verdict(
            Result.FAILED, f"{en}: {len(names)} of {looked}", f"{zh}:{looked} 项中有 {len(names)} 项", measured
        )
    return Verdict(Result.PASSED, f"{en}: none of {looked}", f"共检测 {looked} 项,未发现{zh}", measured)


def equal(declared: int, found: Mapping[str, int], en: str, zh: str) -> Verdict:
    """Pass when every number found is the declared one; `en` and `zh` name what was counted."""
    counted = list(found.values())
    if not declared and not any(counted):
        return not_applicable("There is nothing here to look at", "没有可检测的内容")
    same = all(one == declared for one in counted)
    return Verdict(
        Result.PASSED if same else Result.FAILED, f"{en}: {declared} declared, {', '.join(map(str, counted))} found",
        f"{zh}:登记 {declared},实有 {'、'.join(map(str, counted))}", {"declared": declared, **found},
    )  # fmt: skip


def only_deep(facts: Facts, verdict: Verdict) -> Verdict:
    """Let an item pass only when the bytes were read; what fails without that fails all the same."""
    if verdict.result is Result.PASSED and not facts.deep:
        return not_applicable(
            "The stored bytes were not read again: ask with deep=true", "未重新读取存储内容,请以 deep=true 检测"
        )
    return verdict


def of_files(facts: Facts, judge: Callable[[], Verdict]) -> Verdict:
    """Judge only where there are files: a dossier of paper has no bytes to be tested."""
    if facts.files:
        return judge()
    return not_applicable("The dossier holds no electronic files", "案卷内没有电子文件")
