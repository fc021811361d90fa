"""People of an outside issuer: who comes, with which roles, and what becomes of them here."""

import asyncio
import time
from collections import OrderedDict
from typing import Any

import pytest

from tests.api.test_tokens import REJECTED
from tests.outside.common import FIRST, SEEN, known, later, me, refused
from tests.support.firm import Firm, Person, Refusal, done
from tests.support.issuer import CLIENT, Issuer


async def test_person_becomes_a_user_at_first_sight(firm: Firm, issuer: Issuer) -> None:
    token = issuer.token(org={"department": "诉讼一部"})
    first = await me(firm, token)
    assert first.status_code == 200, first.text
    assert await firm.events(first) == FIRST
    seen = first.json()
    username = seen.pop("username")
    assert username == f"oidc:{seen['user_id'].replace('-', '')}"
    assert {name: seen[name] for name in ("display_name", "roles", "clearance", "department", "lawyer_code")} == {
        "display_name": "王丽", "roles": ["lawyer"], "clearance": "sealed", "department": "诉讼一部", "lawyer_code": None,
    }  # fmt: skip
    row = dict(await firm.eyes.fetchrow("SELECT * FROM users WHERE username = $1", username) or {})
    assert (row["issuer"], row["subject"], row["kind"]) == (issuer.url, "b2a5d2c8-subject", "person")
    assert row["password_hash"] is None
    event = await firm.eyes.fetchrow("SELECT * FROM events WHERE type = 'user.provisioned'")
    assert event is not None
    assert (str(event["actor_id"]), str(event["subject_id"])) == (seen["user_id"], seen["user_id"])
    assert event["details"]["client"] == CLIENT
    assert event["details"]["new"]["roles"] == ["lawyer"]
    assert token not in str(dict(event))
    before = await firm.tables()
    again = await me(firm, token)
    assert await firm.events(again) == SEEN
    assert await firm.tables() == before
    assert issuer.hits == {"discovery": 1, "keys": 1}


async def test_person_of_the_issuer_works_like_any_other(firm: Firm, issuer: Issuer) -> None:
    lawyer = await known(firm, issuer)
    keeper = await firm.person("system_admin")
    given = await keeper.change(f"/v1/users/{lawyer.id}", {"lawyer_code": "L77", "display_name": "王丽律师"})
    assert given.status_code == 200, given.text
    assert (given.json()["issuer"], given.json()["lawyer_code"]) == (issuer.url, "L77")
    dossier = await firm.dossier(lawyer, confidentiality="confidential")
    assert "L77" in dossier["number"]
    assert dossier["lead_lawyer"]["display_name"] == "王丽律师"
    read = await lawyer.get(f"/v1/dossiers/{dossier['id']}")
    assert (await firm.event(read))["actor_name"] == "王丽律师"


async def test_user_made_here_has_no_issuer(firm: Firm, issuer: Issuer) -> None:
    keeper = await firm.person("system_admin")
    assert (await keeper.get(f"/v1/users/{keeper.id}")).json()["issuer"] is None
    assert (await keeper.get("/v1/auth/me")).status_code == 200
    assert not issuer.hits


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"roles": ["合伙人"]}, ["lawyer", "partner"]),
        ({"roles": ["律师", "助理", "律师"]}, ["assistant", "lawyer"]),
        ({"roles": ["lawyer", "director", "system_admin"]}, []),
        ({"roles": ["integration", "backup"]}, []),
        ({"roles": []}, []),
        ({"realm_access": {}}, []),
        ({"realm_access": {}, "roles": []}, []),
        ({"realm_access.roles": ["助理"]}, ["assistant"]),
    ],
)
async def test_roles_are_those_mapped_and_no_others(
    firm: Firm, issuer: Issuer, claims: dict[str, Any], roles: list[str]
) -> None:
    answer = await me(firm, issuer.token(**claims))
    assert answer.status_code == 200, answer.text
    assert answer.json()["roles"] == roles
    assert await firm.events(answer) == FIRST


async def test_unmapped_roles_open_nothing(firm: Firm, issuer: Issuer) -> None:
    nobody = await known(firm, issuer, roles=["director"])
    before = await firm.tables()
    for path in ("/v1/clients", "/v1/users"):
        answer = await nobody.get(path)
        assert answer.status_code == 403
        assert await firm.events(answer) == [Refusal]
    assert await firm.tables() == before


async def test_two_first_requests_at_once_make_one_user(firm: Firm, issuer: Issuer) -> None:
    tokens = [issuer.token(jti=str(number)) for number in range(12)]
    answers = await asyncio.gather(*(me(firm, token) for token in tokens))
    assert [answer.status_code for answer in answers] == [200] * 12
    assert len({answer.json()["user_id"] for answer in answers}) == 1
    assert await firm.eyes.fetchval("SELECT count(*) FROM users") == 1
    assert await firm.eyes.fetchval("SELECT count(*) FROM events WHERE type = 'user.provisioned'") == 1


async def test_subjects_that_differ_in_case_are_two_people(firm: Firm, issuer: Issuer) -> None:
    one, other = await known(firm, issuer, sub="Wang"), await known(firm, issuer, sub="wang")
    assert one.id != other.id


async def test_subject_that_looks_like_a_user_here_is_not_he(firm: Firm, issuer: Issuer) -> None:
    local = await firm.person("director")
    person = await known(firm, issuer, sub=str(local.id), preferred_username="person1")
    assert str(person.id) != str(local.id)
    assert (await person.get("/v1/auth/me")).json()["roles"] == ["lawyer"]


async def test_roles_follow_the_newest_token(firm: Firm, issuer: Issuer) -> None:
    moment = int(time.time())
    person = await known(firm, issuer, iat=moment - 5, roles=["合伙人"])
    newer = await me(firm, issuer.token(iat=moment - 3, roles=["助理"]))
    assert await firm.events(newer) == done("user.roles_followed", "auth.identity_viewed")
    assert newer.json()["roles"] == ["assistant"]
    event = await firm.eyes.fetchrow("SELECT * FROM events WHERE type = 'user.roles_followed'")
    assert event is not None
    assert event["details"]["changed"] == {"roles": [["lawyer", "partner"], ["assistant"]]}
    assert str(event["subject_id"]) == str(person.id)

    older = await person.get("/v1/auth/me")  # what was taken away counts for old tokens too
    assert (older.json()["roles"], await firm.events(older)) == ([], SEEN)
    keeper = await firm.person("system_admin")
    assert (await keeper.get(f"/v1/users/{person.id}")).json()["roles"] == ["assistant"]

    same = await me(firm, issuer.token(iat=moment - 1, roles=["助理"]))
    assert await firm.events(same) == done("auth.accepted", "auth.identity_viewed")
    between = await me(firm, issuer.token(iat=moment - 2, roles=["合伙人", "助理"]))
    assert (between.json()["roles"], await firm.events(between)) == (["assistant"], SEEN)
    second = await me(firm, issuer.token(iat=moment - 1, roles=["律师"]))
    assert (second.json()["roles"], await firm.events(second)) == (
        ["lawyer"],
        done("user.roles_followed", "auth.identity_viewed"),
    )


async def test_newer_token_sent_many_times_at_once_is_followed_once(firm: Firm, issuer: Issuer) -> None:
    moment = int(time.time())
    await known(firm, issuer, iat=moment - 5)
    token = issuer.token(iat=moment, roles=["助理"])
    answers = await asyncio.gather(*(me(firm, token) for _ in range(10)))
    assert [answer.json()["roles"] for answer in answers] == [["assistant"]] * 10
    assert await firm.eyes.fetchval("SELECT count(*) FROM events WHERE type = 'user.roles_followed'") == 1


async def test_user_disabled_here_is_refused(firm: Firm, issuer: Issuer) -> None:
    person = await known(firm, issuer)
    keeper = await firm.person("system_admin")
    assert (await keeper.change(f"/v1/users/{person.id}", {"active": False})).status_code == 200
    for token in (person.token, issuer.token(iat=later(5), roles=["合伙人"])):
        answer = await refused(firm, token)
        event = await firm.event(answer)
        assert (event["type"], str(event["subject_id"])) == ("auth.rejected", str(person.id))
        assert event["details"]["reason"] == "user disabled or token ended"
    assert (await keeper.change(f"/v1/users/{person.id}", {"active": True})).status_code == 200
    assert await firm.events(await refused(firm, person.token)) == REJECTED
    assert (await me(firm, issuer.token(iat=later(2)))).status_code == 200


@pytest.mark.parametrize(
    "change", [{"password": "correct horse battery staple"}, {"roles": ["director"]}, {"roles": []}]
)
async def test_password_and_roles_are_the_issuers(firm: Firm, issuer: Issuer, change: dict[str, Any]) -> None:
    person = await known(firm, issuer)
    keeper = await firm.person("system_admin", "security_admin")
    etag = (await keeper.get(f"/v1/users/{person.id}")).headers["etag"]
    before = await firm.tables()
    answer = await keeper.request(
        "PATCH", f"/v1/users/{person.id}", json={"department": "诉讼二部", **change},
        headers={"If-Match": etag, "Accept-Language": "zh"},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (409, "outside_user")
    assert issuer.url in answer.json()["detail"]
    assert await firm.events(answer) == [("user.changed", "denied")]
    assert await firm.tables() == before


async def test_disabling_bites_within_the_time_that_users_are_trusted(firm: Firm, issuer: Issuer) -> None:
    outside = firm.services.auth._outside
    assert outside is not None
    outside._trust_seconds = 60
    person = await known(firm, issuer)
    await firm.eyes.execute("UPDATE users SET active = false")
    assert (await me(firm, person.token)).status_code == 200
    outside._users = OrderedDict((subject, (0.0, row)) for subject, (_, row) in outside._users.items())
    assert await firm.events(await refused(firm, person.token)) == REJECTED


async def test_login_here_is_not_for_people_of_the_issuer(firm: Firm, issuer: Issuer) -> None:
    person = await known(firm, issuer)
    username = (await person.get("/v1/auth/me")).json()["username"]
    answer = await firm.http.post(
        "/v1/auth/token", data={"grant_type": "password", "username": username, "password": "correct horse battery"}
    )
    assert answer.status_code == 401
    keeper = await firm.person("system_admin")
    taken = await keeper.post("/v1/users", {"username": username, "display_name": "冒名"})
    assert (taken.status_code, taken.json()["errors"][0]["pointer"]) == (422, "/body/username")


@pytest.mark.parametrize(
    ("claims", "clearance"),
    [
        ({"clearance": "internal"}, "internal"),
        ({"clearance": "sealed"}, "sealed"),
        ({"clearance": "sealed", "roles": ["助理"]}, "restricted"),
        ({"clearance": "public", "roles": ["助理"]}, "public"),
    ],
)
async def test_clearance_claim_lowers_and_never_raises(
    firm: Firm, issuer: Issuer, claims: dict[str, Any], clearance: str
) -> None:
    person = await known(firm, issuer, **claims)
    assert (await person.get("/v1/auth/me")).json()["clearance"] == clearance


async def test_lowered_clearance_hides_what_lies_above(firm: Firm, issuer: Issuer) -> None:
    moment = int(time.time())
    lawyer = await known(firm, issuer, iat=moment)
    keeper = await firm.person("system_admin")
    assert (await keeper.change(f"/v1/users/{lawyer.id}", {"lawyer_code": "L88"})).status_code == 200
    dossier = await firm.dossier(lawyer, confidentiality="restricted")
    lowered = Person(lawyer.id, "", issuer.token(iat=moment, clearance="internal"), firm.http)
    hidden = await lowered.get(f"/v1/dossiers/{dossier['id']}")
    assert (hidden.status_code, await firm.events(hidden)) == (404, [Refusal])
    assert (await lowered.get("/v1/dossiers")).json()["items"] == []
    assert (await lawyer.get(f"/v1/dossiers/{dossier['id']}")).status_code == 200


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王\u202e丽\u0007\n", "王丽"),
        ("  Wa\u0301ng Li\u200b ", "Wáng Li"),
        ("丽" * 500, "丽" * 200),
        ("\u2066\u2069", None),
        ("", None),
        (7, None),
        ({"given": "丽"}, None),
    ],
)
async def test_name_is_freed_of_what_deceives(firm: Firm, issuer: Issuer, name: object, shown: str | None) -> None:
    seen = (await me(firm, issuer.token(name=name))).json()
    assert seen["display_name"] == (shown or seen["username"])


async def test_every_client_that_is_named_is_taken(firm: Firm, issuer: Issuer) -> None:
    for client in (CLIENT, "scripts"):
        assert (await me(firm, issuer.token(azp=client))).status_code == 200
