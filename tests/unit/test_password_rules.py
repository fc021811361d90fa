"""Rules for passwords hold for any text: length, form, cost, and whose words count."""

import asyncio
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.auth import passwords
from app.auth.password_rules import LONGEST, PasswordRules, check_characters
from app.core.errors import Invalid

RULES = PasswordRules(15)
TEXT = st.text(max_size=LONGEST)


def verdict(password: str, *about: str | None, rules: PasswordRules = RULES) -> str | None:
    """Give the code that a password is refused with, None when it is taken."""
    try:
        asyncio.run(rules.check(password, *about))
    except Invalid as error:
        return error.errors[0].code
    return None


@given(st.text(max_size=14))
def test_fewer_characters_are_always_too_few(password: str) -> None:
    assert verdict(password) == "password_too_short"


@given(st.integers(8, 64), TEXT)
def test_length_counts_as_the_firm_has_set_it(shortest: int, password: str) -> None:
    short = min(len(password), len(unicodedata.normalize("NFKC", password))) < shortest
    assert (verdict(password, rules=PasswordRules(shortest)) == "password_too_short") == short


@given(st.text("abcdefghijklmnopqrstuvwxyz ", max_size=LONGEST), st.sampled_from(["", "1qaz2wsx", "4a@3e1i!0o5s$7t+"]))
@settings(deadline=None)
def test_no_password_keeps_the_service_busy(password: str, tail: str) -> None:
    began = time.process_time()
    verdict((tail * 40 + password)[:LONGEST])
    assert time.process_time() - began < 2


@given(st.text("abcdefghijklmnop", min_size=3, max_size=8))
@settings(max_examples=40, deadline=None)
def test_name_over_and_over_is_always_common(name: str) -> None:
    assert verdict(" ".join([name] * 20), name) == "password_too_common"


@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=40))
@settings(max_examples=25, deadline=None)
def test_password_in_any_form_is_the_same_password(password: str) -> None:
    assert check_characters(password) == password
    forms = {unicodedata.normalize(form, password) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    assert {passwords.normal(form) for form in forms} == {passwords.normal(password)}
    password_hash = asyncio.run(passwords.hash_password(password))
    for form in forms:
        assert asyncio.run(passwords.verify(form, password_hash))


@given(st.characters(categories=["Cc", "Cs", "Cn"]))
def test_what_can_not_be_typed_is_refused_by_its_number(character: str) -> None:
    with pytest.raises(ValueError, match=f"U\\+{ord(character):04X}"):
        check_characters(f"a sentence {character} of words")


async def test_words_about_one_user_do_not_count_for_another() -> None:
    """The library keeps the words of a call in a table of its own; checks at once must not mix them."""

    async def check(password: str, about: str) -> bool:
        try:
            await RULES.check(password, about)
        except Invalid:
            return False
        return True

    strange = "vokzhutrimbaleq"
    answers = await asyncio.gather(*(check(strange, about) for about in [strange, "another"] * 20))
    assert answers == [False, True] * 20
