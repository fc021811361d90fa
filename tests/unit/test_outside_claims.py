"""What a token of the outside issuer says: no claim whatever gives a right that the firm has not mapped."""

import json
import unicodedata
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.auth.outside import OutsideRules, claim_at, read_claims
from app.auth.roles import Level
from app.auth.tokens import TokenInvalid
from app.auth.verified import VerifiedTokens
from app.core.text import clean_text, readable

T = TypeVar("T")
NOW = 1_800_000_000.0
MAP = {"律师": frozenset({"lawyer"}), "both": frozenset({"partner", "lawyer"})}
RULES = OutsideRules(
    issuer="https://sso.example", audience="anjuan", clients=frozenset({"portal"}), roles_claim="realm_access.roles",
    roles=MAP, name_claim="name", department_claim="org.department",
)  # fmt: skip
RIGHT: dict[str, Any] = {
    "iss": "https://sso.example", "aud": ["anjuan"], "azp": "portal", "typ": "Bearer", "sub": "one", "iat": NOW,
    "exp": NOW + 60, "jti": "id", "realm_access": {"roles": ["律师"]}, "name": "王丽",
}  # fmt: skip
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from([*RIGHT, "nbf", "clearance", "org", "realm_access.roles", "at_hash", "cnf", "client_id"])


def outcome(read: Callable[[], T]) -> T | str:
    """Give what is read, or the words by which it is refused."""
    try:
        return read()
    except TokenInvalid as error:
        return str(error)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(changes=st.dictionaries(names, values, max_size=4), without=st.sets(names, max_size=2), profiled=st.booleans())
def test_any_claims_are_refused_or_within_what_is_mapped(
    changes: dict[str, Any], without: set[str], profiled: bool
) -> None:
    claims = {name: value for name, value in (RIGHT | changes).items() if name not in without}
    said = outcome(lambda: read_claims(claims, RULES, NOW, profiled=profiled, fallback_id="fallback"))
    if isinstance(said, str):
        assert said
        assert said.isprintable()
        return
    assert claims["iss"] == RULES.issuer
    assert RULES.audience in claims["aud"]
    assert said.client == "portal"
    assert said.roles <= {"lawyer", "partner"}
    assert said.expires_at > NOW - 10
    assert said.issued_at <= NOW + 10
    assert 1 <= len(said.subject) <= 255
    assert said.subject.isascii()
    for text, longest in ((said.display_name, 200), (said.department, 100)):
        assert text is None or (0 < len(text) <= longest and clean_text(text, multiline=False) == text)
    assert json.dumps([said.subject, said.token_id, said.client]).isprintable()


@given(st.lists(st.sampled_from(["律师", "both", "lawyer", "director", "", "integration"])))
def test_roles_are_the_union_of_what_is_mapped(listed: list[str]) -> None:
    said = read_claims(RIGHT | {"realm_access": {"roles": listed}}, RULES, NOW)
    expected = {role for name in listed for role in MAP.get(name, ())}
    assert said.roles == expected


@given(st.floats(-100, 100), st.floats(-100, 100), st.floats(-100, 100))
def test_times_hold_with_ten_seconds_between_clocks(issued: float, expires: float, valid: float) -> None:
    claims = RIGHT | {"iat": NOW + issued, "exp": NOW + expires, "nbf": NOW + valid}
    held = claims["iat"] <= NOW + 10 and claims["exp"] + 10 > NOW and claims["nbf"] <= NOW + 10
    if held:
        assert read_claims(claims, RULES, NOW).issued_at == claims["iat"]
    else:
        with pytest.raises(TokenInvalid):
            read_claims(claims, RULES, NOW)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("roles", ["a"]),
        ("realm_access.roles", ["b"]),
        ("resource_access.my.client.roles", ["c"]),
        ("https://firm.example/roles", ["d"]),
        ("both.ways", ["whole name"]),
        ("empty.", ["e"]),
    ],
)
def test_path_finds_names_with_dots(path: str, found: list[str]) -> None:
    claims = {
        "roles": ["a"], "realm_access": {"roles": ["b"]}, "resource_access": {"my.client": {"roles": ["c"]}},
        "https://firm.example/roles": ["d"], "both.ways": ["whole name"], "both": {"ways": ["nested"]},
        "empty": {"": ["e"]},
    }  # fmt: skip
    assert claim_at(claims, path) == found


@given(
    st.recursive(st.just("leaf"), lambda inner: st.dictionaries(st.text("ab.", max_size=3), inner, max_size=3)),
    st.text("ab.", max_size=9),
)
def test_path_ends_whatever_the_claims(claims: Any, path: str) -> None:
    outer = claims if isinstance(claims, dict) else {}
    found = outcome(lambda: claim_at(outer, path))
    if path in outer:
        assert found == outer[path]


@pytest.mark.parametrize("clients", [None, frozenset({"portal"})])
def test_client_counts_only_where_clients_are_named(clients: frozenset[str] | None) -> None:
    rules = OutsideRules("https://sso.example", "anjuan", clients, "roles", {}, "name")
    other = RIGHT | {"azp": "games"}
    if clients is None:
        assert read_claims(other, rules, NOW).client == "games"
    else:
        with pytest.raises(TokenInvalid, match="client not allowed"):
            read_claims(other, rules, NOW)


@pytest.mark.parametrize("level", list(Level))
def test_clearance_is_a_level(level: Level) -> None:
    assert read_claims(RIGHT | {"clearance": level.value}, RULES, NOW).clearance is level


@pytest.mark.parametrize("token_id", [None, 7, "", "a\0b", "x" * 256])
def test_token_without_a_usable_id_gets_one(token_id: object) -> None:
    assert read_claims(RIGHT | {"jti": token_id}, RULES, NOW, fallback_id="fallback").token_id == "fallback"


@given(st.text())
def test_readable_text_is_what_input_would_be_taken_as(text: str) -> None:
    shown = readable(text)
    assert clean_text(shown, multiline=False) == shown
    assert unicodedata.is_normalized("NFC", shown)


def test_verified_tokens_are_bounded() -> None:
    verified = VerifiedTokens[int]()
    for number in range(10_500):
        verified.keep(str(number), number)
    assert (verified.get("499"), verified.get("500"), verified.get("10499")) == (None, 500, 10_499)
    verified.forget("500")
    verified.forget("500")
    assert verified.get("500") is None
    verified.clear()
    assert verified.get("10499") is None
