"""Stacks are folded into parts: what is told of a process is what its samples show."""

import pytest

from tests.performance import parts
from tests.performance.parts import folded, part_of

VENV, LIB = "/srv/.venv/lib/python3.11/site-packages", "/usr/lib/python3.11"
SERVER = [f"Server.run ({VENV}/uvicorn/server.py)", f"Runner.run ({LIB}/asyncio/runners.py)"]
ASKED = [*SERVER, f"APIRoute.handle ({VENV}/fastapi/routing.py)", "straight (/srv/app/api/straight.py)"]
READ = [*ASKED, "EntryService.get (/srv/app/entries/service.py)"]
STATEMENT = [
    *READ,
    "Database._one (/srv/app/core/database.py)",
    f"Connection._do_execute ({VENV}/asyncpg/connection.py)",
]


@pytest.mark.parametrize(
    ("stack", "part"),
    [
        (SERVER, parts.LOOP),
        ([*SERVER, f"HttpToolsProtocol.data_received ({VENV}/uvicorn/protocols/http/httptools_impl.py)"], parts.LOOP),
        (ASKED, parts.FRAMEWORK),
        ([*ASKED, f"Mapping.get ({LIB}/_collections_abc.py)"], parts.FRAMEWORK),
        ([*ASKED, f"Headers.get ({VENV}/starlette/datastructures.py)"], parts.FRAMEWORK),
        ([*ASKED, "AuthService.identify (/srv/app/auth/service.py)", f"UUID.__hash__ ({LIB}/uuid.py)"], parts.TOKEN),
        ([*READ, "Gate.judge (/srv/app/access/gate.py)"], parts.RIGHTS),
        (STATEMENT, parts.DRIVER),
        (READ, parts.ACT),
        ([*READ, "entry_shown (/srv/app/entries/shapes.py)", "<listcomp> (<string>)"], parts.ANSWER),
        ([*READ, "as_json (/srv/app/core/plain.py)"], parts.ANSWER),
        # What an event or a token takes is theirs, also where the driver does it.
        ([*SERVER, "Recorder._write (/srv/app/events/recorder.py)", *STATEMENT[-2:]], parts.EVENT),
        ([*ASKED, "AuthService._user (/srv/app/auth/service.py)", *STATEMENT[-2:]], parts.TOKEN),
        # The mapper's work stands on stacks of its own, and it has the driver below it.
        ([f"Session.get ({VENV}/sqlalchemy/orm/session.py)", f"<listcomp> ({VENV}/sqlmodel/main.py)"], parts.MAPPER),
        (
            [f"Session.commit ({VENV}/sqlalchemy/orm/session.py)", f"flush ({VENV}/sqlalchemy/orm/session.py)"],
            parts.EVENT,
        ),
        ([*SERVER, f"_execute ({VENV}/sqlalchemy/dialects/postgresql/asyncpg.py)"], parts.MAPPER),
        ([*SERVER, f"execute ({VENV}/sqlalchemy/engine/base.py)", *STATEMENT[-1:]], parts.DRIVER),
        ([*ASKED[:-1], "_user (/srv/tests/performance/naive.py)", f"decode ({VENV}/jose/jwt.py)"], parts.TOKEN),
        ([""], parts.UNKNOWN),
        ([f"Thread.run ({LIB}/threading.py)", f"work ({LIB}/thread.py)"], parts.UNKNOWN),
    ],
)
def test_stack_belongs_to_its_part(stack: list[str], part: str) -> None:
    assert part_of(stack) == part


def test_shares_are_those_of_the_samples_at_work() -> None:
    idle = [f"Thread.run ({LIB}/threading.py)", f"_worker ({LIB}/concurrent/futures/thread.py)"]
    lines = [f"{';'.join(stack)} {times}\n" for stack, times in ((STATEMENT, 6), (READ, 1), (SERVER, 3), (idle, 90))]
    shares = folded(lines)
    assert tuple(shares) == parts.PARTS
    assert {part: share for part, share in shares.items() if share} == {
        parts.DRIVER: 0.6,
        parts.ACT: 0.1,
        parts.LOOP: 0.3,
    }


def test_nothing_seen_at_work_gives_no_shares() -> None:
    with pytest.raises(ValueError, match="at work"):
        folded([f"_worker ({LIB}/concurrent/futures/thread.py) 7\n"])
