"""Numbers by the firm's rules (pure): `{year}-{type}-{lawyer}-{serial:04d}` → `2026-MS-L03-0001`.

One kind of rule for dossier numbers (案号) and archive numbers (档号), which differ in their fields. Never draws or
remembers a serial, and never runs a rule through `str.format`, which would reach into objects.
Sources: domain/rules.md section 4 (unique, never used again, type codes and scope of the serial are the firm's own) and
2.1 (numbers break every ten years, 十年为一断号: scope `decade`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

_PART = re.compile(r"\{([^{}]*)\}")
_SERIAL = re.compile(r"serial(?::0([1-9])d)?")
_LITERAL = re.compile(r"[\w\-/·()()〔〕【】\[\]第号 ]*")
# Codes are made of these, so they tell nobody where one field ends and the next begins.
_BETWEEN = re.compile(r"\}([^{}]*)\{")
_TELLING = re.compile(r"[^A-Za-z0-9]")
_LONGEST = 100


class NumberingError(ValueError):
    """A rule that can't number anything; says why in both languages."""

    def __init__(self, en: str, zh: str) -> None:
        super().__init__(en)
        self.en, self.zh = en, zh


@dataclass(frozen=True, slots=True)
class NumberRule:
    """A rule, the fields it may have beside the serial (`year` among them), and what parts its series.

    The scope is made of the fields, and of `decade` in place of `year`.
    """

    text: str
    fields: frozenset[str]
    scope: frozenset[str]

    def check(self) -> None:
        """Raise NumberingError unless the rule has known fields only and can't give two things one number.

        Every part that separates series must stand in the number, or two series would count through the same numbers.
        """
        if not 0 < len(self.text) <= _LONGEST:
            raise NumberingError("a number rule has 1 to 100 characters", "编号规则须为 1 至 100 个字符")
        if unknown := self.scope - self.fields - {"decade"}:
            raise NumberingError(
                f"the serial's scope is made of decade and the fields, not {min(unknown)}", "流水号范围含有未知字段"
            )
        names = [self._field(part) for part in _PART.findall(self.text)]
        literal = _PART.sub("", self.text)
        if "{" in literal or "}" in literal or not _LITERAL.fullmatch(literal):
            raise NumberingError(
                "between its fields a number rule has letters, digits and - _ / · brackets only",
                "编号规则中含有不允许的字符",
            )
        if names.count("serial") != 1:
            raise NumberingError("a number rule has {serial} exactly once", "编号规则须恰好包含一个 {serial}")
        for part in sorted(self.scope):
            needed = "year" if part == "decade" else part
            if needed not in names:
                raise NumberingError(
                    f"the serial restarts for each {part}, so the rule must have {{{needed}}}",
                    f"流水号按 {part} 分列,编号规则须包含 {{{needed}}}",
                )
        _require_apart(self.text)

    def has(self, field: str) -> bool:
        """Tell whether the field stands in the number or parts its series."""
        return f"{{{field}}}" in self.text or field in self.scope

    def _field(self, part: str) -> str:
        if part in self.fields:
            return part
        if _SERIAL.fullmatch(part):
            return "serial"
        known = ", ".join(f"{{{name}}}" for name in sorted(self.fields))
        raise NumberingError(f"{{{part}}} is no field: use {known} and {{serial:04d}}", f"未知字段 {{{part}}}")

    def render(self, serial: int, values: Mapping[str, str]) -> str:
        """Write the number of a checked rule."""

        def fill(match: re.Match[str]) -> str:
            serial_form = _SERIAL.fullmatch(match[1])
            if serial_form is None:
                return values[match[1]]
            return f"{serial:0{int(serial_form[1] or 1)}d}"

        return _PART.sub(fill, self.text)

    def series_key(self, kind: str, values: Mapping[str, str]) -> str:
        """Name the series that a serial is drawn from; `kind` keeps kinds of numbers apart.

        A decade is named by its first year: 2026 counts in `decade=2020`.
        """
        whole = {**values, "decade": f"{int(values['year']) // 10 * 10:04d}"}
        return ";".join([kind, *(f"{name}={whole[name]}" for name in sorted(self.scope))])


def _require_apart(rule: str) -> None:
    # Without a sign between them, lawyer L1 with serial 11 and lawyer L11 with serial 1 would be the same.
    if not all(_TELLING.search(sign) for sign in _BETWEEN.findall(rule)):
        raise NumberingError(
            "put a sign that is no latin letter or digit between two fields of a number rule",
            "编号规则中两个字段之间须有分隔符(不能只是拉丁字母或数字)",
        )
