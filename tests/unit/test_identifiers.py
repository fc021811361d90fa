"""Identifiers of clients: check digits, one written form, masks."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clients.identifiers import IdentifierError, mask, normalise

USCC_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC = st.tuples(
    st.sampled_from(["91", "52", "11"]),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(USCC_LETTERS, min_size=9, max_size=9),
).map("".join)
RESIDENT = st.tuples(
    st.from_regex(r"[1-9][0-9]{5}", fullmatch=True),
    st.dates().filter(lambda day: day.year >= 1900).map(lambda day: day.strftime("%Y%m%d")),
    st.from_regex(r"[0-9]{3}", fullmatch=True),
).map("".join)


def uscc_check(body: str) -> str:
    """GB 32100: weights are powers of three modulo 31."""
    total = sum(USCC_LETTERS.index(letter) * pow(3, place, 31) for place, letter in enumerate(body))
    return USCC_LETTERS[-total % 31]


def resident_check(body: str) -> str:
    """GB 11643: ISO 7064 MOD 11-2, weight of the digit at place i (from the right, check digit 1) is 2^(i-1) mod 11."""
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(body))
    return "10X98765432"[total % 11]


def wide(text: str) -> str:
    return "".join(chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in text)


@given(USCC)
def test_uscc_with_its_check_digit(body: str) -> None:
    value = body + uscc_check(body)
    assert normalise("uscc", value) == value
    assert normalise("uscc", f" {value.lower()[:9]} {value[9:]} ") == value
    assert normalise("uscc", wide(value)) == value


@given(USCC, st.integers(0, 17), st.sampled_from("0123456789"))
def test_uscc_with_one_wrong_place(body: str, place: int, other: str) -> None:
    value = body + uscc_check(body)
    if value[place] == other:
        return
    with pytest.raises(IdentifierError, match="USCC"):
        normalise("uscc", value[:place] + other + value[place + 1 :])


@given(RESIDENT)
def test_resident_id_with_its_check_digit(body: str) -> None:
    value = body + resident_check(body)
    assert normalise("cn_id", value) == value
    assert normalise("cn_id", wide(value.lower())) == value


@given(RESIDENT, st.integers(0, 16), st.sampled_from("0123456789"))
def test_resident_id_with_one_wrong_place(body: str, place: int, other: str) -> None:
    value = body + resident_check(body)
    if value[place] == other:
        return
    with pytest.raises(IdentifierError, match="resident id"):
        normalise("cn_id", value[:place] + other + value[place + 1 :])


@pytest.mark.parametrize("body", ["81000019940823002", "33011319900101001", "11010519491231002"])
def test_places_that_a_table_may_not_know(body: str) -> None:
    assert normalise("cn_id", body + resident_check(body))


@pytest.mark.parametrize("body", ["11010119000230001", "11010120261301001", "11010100000101001"])
def test_days_that_never_were(body: str) -> None:
    with pytest.raises(IdentifierError, match="can't exist"):
        normalise("cn_id", body + resident_check(body))


@pytest.mark.parametrize(
    ("value", "reason"),
    [("9111000060003734", "18 characters"), ("911100006000373410", "check digit"), ("A1110000600037341L", "can't stand there"),
     ("91110000600037341ı", "can't stand there"), ("", "18 characters")],
)  # fmt: skip
def test_uscc_says_what_is_wrong(value: str, reason: str) -> None:
    with pytest.raises(IdentifierError, match=reason):
        normalise("uscc", value)


def test_passports() -> None:
    assert normalise("passport", " e 1234-5678 ") == "E12345678"
    assert normalise("passport", "ｅ12345678") == "E12345678"
    for wrong in ("E1234", "E" * 21, "E1234567*", "护照123456", "STRAßE1", "E\u202e1234567"):
        with pytest.raises(IdentifierError):
            normalise("passport", wrong)


def test_others() -> None:
    assert normalise("other", " 示例-0001 ") == "示例-0001"
    assert normalise("other", "x" * 64) == "x" * 64
    for wrong in ("", "   ", "x" * 65, "a\x00b", "a\u200bb", "1234****90", "a\nb", "\ud800"):
        with pytest.raises(IdentifierError):
            normalise("other", wrong)


@given(st.sampled_from(["uscc", "cn_id", "passport", "other"]), st.text(max_size=30))
def test_nothing_but_its_own_error(scheme: str, value: str) -> None:
    try:
        plain = normalise(scheme, value)
    except IdentifierError:
        return
    assert normalise(scheme, plain) == plain
    assert 1 <= len(plain) <= 64
    if scheme != "other":
        assert set(plain) <= set(string.ascii_uppercase + string.digits)


@pytest.mark.parametrize(
    ("value", "masked"),
    [("91440101MA5XXXXXXX", "9144************XX"), ("123456789", "1234***89"), ("12345678", "1******8"), ("123", "1*3"),
     ("12", "**"), ("1", "*"), ("", "")],
)  # fmt: skip
def test_masks(value: str, masked: str) -> None:
    assert mask(value) == masked


@given(st.text(min_size=1, max_size=64))
def test_a_mask_shows_six_at_most(value: str) -> None:
    masked = mask(value)
    assert len(masked) == len(value)
    assert sum(a == b and a != "*" for a, b in zip(masked, value, strict=True)) <= 6
