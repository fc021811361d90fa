"""Names of parties made comparable: what is only a way of writing makes no difference, what names somebody does."""

import string
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opencc import OpenCC

from app.clients.names import CONTAINABLE, core_of, grams_of, key_of, spans_of
from app.clients.parties import Known, digest_of, lines_of

# Characters that begin no place and end no form, so that a name made of them is all core.
TELLING = st.text("甲乙丙丁戊己庚辛壬癸科技贸易", min_size=CONTAINABLE, max_size=8)
FORMS = st.sampled_from(["有限公司", "有限责任公司", "股份有限公司", "集团有限公司", "合伙企业(有限合伙)", "", " 公司"])
SEATS = st.sampled_from(
    ["北京", "上海市", "广东省深圳市", "北京市海淀区", "内蒙古自治区", "香港特别行政区", "中国", ""]
)
NAMES = st.text(st.characters(categories=("L", "N", "P", "Zs")), min_size=1, max_size=30)


def wide(text: str) -> str:
    return "".join(chr(ord(character) + 0xFEE0) if "!" <= character <= "~" else character for character in text)


@given(NAMES)
def test_a_key_is_its_own_key_and_never_empty(name: str) -> None:
    key = key_of(name)
    assert key_of(key) == key
    assert key or not name.strip()


@given(
    st.text(string.ascii_letters + string.digits + "甲乙丙丁", min_size=1),
    st.sampled_from([" ", "·", "、", "-", "(", "。"]),
)
def test_ways_of_writing_make_no_difference(name: str, mark: str) -> None:
    key = key_of(name)
    assert key_of(wide(name)) == key_of(name.upper()) == key_of(f" {name}{mark}") == key_of(mark.join(name)) == key


@given(st.text("龍鳳華東電腦貿易國際銀行臺灣學術", min_size=1))
def test_traditional_and_simplified_are_one(name: str) -> None:
    assert key_of(name) == key_of("".join(OpenCC("t2s").convert(character) for character in name))


@given(NAMES, NAMES)
def test_a_part_keeps_its_key_in_the_whole(one: str, other: str) -> None:
    # Marks that join with the character before are no part of it on their own.
    whole = key_of(one.strip() + "," + other)
    assert not key_of(one).isalnum() or key_of(one) in whole


@given(SEATS, TELLING, FORMS)
def test_seat_and_form_are_no_part_of_the_core(seat: str, telling: str, form: str) -> None:
    assert core_of(f"{seat}{telling}{form}") == core_of(telling) == telling
    assert core_of(f"{telling}({seat}){form}") == telling


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("北京甲科技有限公司", "甲科技"), ("甲科技(北京)股份有限公司", "甲科技"), ("北京甲科技有限公司上海分公司", "甲科技"),
        ("臺北甲乙科技股份有限公司", "甲乙科技"), ("中国工商银行股份有限公司北京分行", "工商银行"), ("ABC Co., Ltd.", "abc"),
        # Without the place they would be one.
        ("上海银行股份有限公司", "上海银行"), ("北京银行股份有限公司", "北京银行"),
        ("北京百度有限公司", "百度"), ("上海分公司", "上海"), ("有限公司", "有限公司"), ("北京", "北京"), ("…", "..."),
    ],
)  # fmt: skip
def test_cores_of_names(name: str, core: str) -> None:
    assert core_of(name) == core


@given(TELLING, TELLING)
def test_what_contains_a_core_has_its_pairs_and_its_span(one: str, other: str) -> None:
    whole = one + other
    assert set(grams_of(other)) <= set(grams_of(whole))
    assert other in spans_of(whole)
    assert whole[:2] in spans_of(whole)
    assert all(span in whole and len(span) >= 2 for span in spans_of(whole))


def test_lines_of_a_party_hold_every_name_and_number() -> None:
    party = Known("北京甲科技有限公司", "organization", "张三", ["甲科技商行"], [("other", "A-1")])
    lines = lines_of(party)
    assert [(line.what, line.key, line.core, line.grams) for line in lines] == [
        ("name", "北京甲科技有限公司", "甲科技", ["甲科", "科技"]),
        ("former_name", "甲科技商行", "甲科技商行", ["甲科", "科技", "技商", "商行"]),
        ("legal_representative", "张三", None, None), ("identifier", None, None, None),
    ]  # fmt: skip
    assert lines[-1].digest == digest_of("other", "A-1") == sha256(b"other:A-1").digest()
    assert {line.party for line in lines} == {party.name}


def test_a_persons_name_is_compared_as_a_whole_only() -> None:
    assert [(line.key, line.core, line.grams) for line in lines_of(Known("張 三豐", "person"))] == [
        ("张三丰", None, None)
    ]


def test_the_table_of_characters_is_the_one_that_keys_were_made_by() -> None:
    # Another release of the library may map characters otherwise: then a migration has to make all keys anew.
    convert = OpenCC("t2s").convert
    table = "".join(
        convert(chr(code)) for code in (*range(0x3400, 0x4DC0), *range(0x4E00, 0xA000), *range(0xF900, 0xFB00))
    )
    assert sha256(table.encode()).hexdigest() == "f830c507018e3d7921650e5cf6af49b40e2ea9b374b9668139ed1b2d5435d469"
