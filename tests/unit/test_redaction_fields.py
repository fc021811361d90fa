"""What may be erased of details, and that what the service reads back may not."""

import re
from typing import Any, cast

import pytest

from app.access.events import ACCESS_DENIED
from app.auth.events import USER_CHANGED
from app.clients.events import CLIENT_CHANGED, CLIENT_MERGED
from app.core.actor import Actor, Origin
from app.core.database import Row
from app.dossiers.events import DOSSIER_CHANGED, DOSSIER_LISTED, DOSSIER_VOIDED, TEAM_CHANGED
from app.events.vocabulary import declared
from app.redaction.fields import COLUMNS, HOLE, PATTERN, READ_BACK, is_read_back, place_of
from app.reports.event_traces import _returned, _without
from app.reports.past import _TAKE_BACK, _old

LAWYER = Actor(None, "x", frozenset({"lawyer"}), 4, Origin("r", "GET", "/"))


@pytest.mark.parametrize(
    ("type_", "field", "kept"),
    [
        (USER_CHANGED, "details", True),
        (USER_CHANGED, "details/changed", True),
        (USER_CHANGED, "details/changed/roles", True),
        (USER_CHANGED, "details/changed/roles/0", True),
        (USER_CHANGED, "details/changed/display_name", False),
        (USER_CHANGED, "actor_name", False),
        (DOSSIER_CHANGED, "details/changed/opposing_parties", False),
        (DOSSIER_CHANGED, "details/changed/team/0/0/display_name", False),
        (DOSSIER_CHANGED, "details/changed/team/0/0/user_id", True),
        (TEAM_CHANGED, "details/old", True),
        (TEAM_CHANGED, "details/new", False),
        (DOSSIER_LISTED, "details/filter/q", False),
        (DOSSIER_LISTED, "details/returned", True),
        (ACCESS_DENIED, "details/rule", True),
        (CLIENT_CHANGED, "details", False),
    ],
    ids=str,
)
def test_what_is_read_back(type_: Any, field: str, kept: bool) -> None:
    assert is_read_back(type_.name, field) is kept


def test_everything_that_takes_the_past_back_is_kept() -> None:
    # A voided dossier was open, whatever its event tells.
    assert set(_TAKE_BACK) - {DOSSIER_VOIDED.name} <= set(READ_BACK) <= set(declared())


def test_fields() -> None:
    good = [*COLUMNS, "details", "details/a", "details/a/0", "details/a~1b/~0", "details/名"]
    bad = [
        "actor_id",
        "actor_roles",
        "type",
        "request_id",
        "details/",
        "details/a/",
        "details/a~2",
        "details/a\x00",
        "ip/x",
        "",
    ]
    assert [field for field in good if not re.search(PATTERN, field)] == []
    assert [field for field in bad if re.search(PATTERN, field)] == []
    assert place_of("details/a~1b/~01/0") == ["a/b", "~1", "0"]
    assert (place_of("details"), place_of("ip")) == ([], None)


@pytest.mark.parametrize(
    "details",
    [
        HOLE,
        {"changed": HOLE},
        {"changed": {"contacts": HOLE, "identifiers": [HOLE, []], "visitor": [HOLE, HOLE], "name": ["a", "b"]}},
        {"changed": {"contacts": [[HOLE], []], "visitor": [{"contact": HOLE}, None]}},
        {
            "changed": {
                "contacts": [[{"kind": "phone", "value": HOLE}], []],
                "visitor": [{"contact": {"value": HOLE}}, 1],
            }
        },
        {"moved": HOLE, "survivor_had": {"contacts": HOLE, "identifiers": [HOLE]}},
        {"returned": HOLE},
        {"returned": [HOLE]},
    ],
    ids=str,
)
@pytest.mark.parametrize("type_", [CLIENT_CHANGED.name, CLIENT_MERGED.name, DOSSIER_LISTED.name])
def test_readers_bear_what_was_erased(type_: str, details: dict[str, Any]) -> None:
    row = cast("Row", {"type": type_, "masked": False, "details": details})
    assert _without(LAWYER, row, {"x"}) == details
    assert _returned(details) == []


def test_the_past_is_told_by_what_is_left() -> None:
    assert _old({"changed": {"display_name": HOLE, "roles": [["lawyer"], []]}}) == {"roles": ["lawyer"]}
