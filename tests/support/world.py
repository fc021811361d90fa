"""Firms made by Hypothesis: people, dossiers, entries, grants and walls, as plain data and as rows of the database."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import asyncpg
from hypothesis import strategies as st

from app.auth.roles import Role
from app.core.actor import Actor, Origin, Reach

DEPARTMENTS = ("诉讼一部", "诉讼二部")
MATTER_TYPES = ("civil", "criminal")
STATES = ("open", "submitted", "returned", "filed")
DAY = timedelta(days=1)
# The page, Levels: the highest level that a role opens.
CLEARANCE = {"lawyer": 4, "partner": 4, "director": 4, "assistant": 3, "archivist": 3, "finance": 2}


@dataclass(frozen=True)
class Person:
    """Somebody; `clearance` is a rank, `program` the configuration of a program."""

    id: UUID
    roles: frozenset[str]
    department: str | None
    clearance: int
    program: Reach | None = None

    def actor(self) -> Actor:
        """Give him as the service knows him."""
        return Actor(
            user_id=self.id, display_name=str(self.id), roles=self.roles, clearance=self.clearance,
            origin=Origin("property", "TEST", "property"), department=self.department, reach=self.program,
        )  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """A piece of material; `level` may be None."""

    id: UUID
    level: int | None
    fees: bool


@dataclass(frozen=True)
class Grant:
    """A grant: by a lead (`lead`), by one above him (`above`), or by two people (`two`); and how it stands."""

    person: Person
    content: bool
    given: str
    stands: str


@dataclass
class Dossier:
    """A dossier and all that hangs on it."""

    id: UUID
    level: int
    state: str
    matter_type: str
    client: int
    lead: Person
    creator: Person
    team: frozenset[Person]
    entries: list[Entry]
    grants: list[Grant]


@dataclass(frozen=True)
class Wall:
    """A wall around a client (index) or a dossier (index), and how it stands."""

    people: frozenset[Person]
    client: int | None
    dossier: int | None
    stands: str


@dataclass
class World:
    """A firm; `merged` are records of clients that were merged into others, by index."""

    people: list[Person]
    clients: list[UUID]
    client_creators: list[Person]
    dossiers: list[Dossier] = field(default_factory=list)
    walls: list[Wall] = field(default_factory=list)
    merged: dict[int, int] = field(default_factory=dict)


def _id(kind: int, number: int) -> UUID:
    return UUID(int=(0x0199C0DE << 96) | (7 << 76) | (2 << 62) | (kind << 32) | number)


ROLE_SETS = st.one_of(
    st.sampled_from([frozenset({role}) for role in Role if role is not Role.INTEGRATION]),
    st.sampled_from(
        [frozenset({name}) for name in ("lawyer", "partner", "assistant", "finance", "integration")]
        + [frozenset[str]()]
    ),
    st.frozensets(
        st.sampled_from([role.value for role in Role if role is not Role.INTEGRATION]), min_size=2, max_size=2
    ),
)


@st.composite
def people(draw: st.DrawFn, number: int) -> Person:
    """Somebody with roles, a department, and the clearance that the roles give (or less, by his token)."""
    roles = frozenset(str(role) for role in draw(ROLE_SETS))
    program = None
    clearance = max((CLEARANCE.get(role, 0) for role in roles), default=0)
    if "integration" in roles:
        clearance = draw(st.integers(0, 3))
        if draw(st.booleans()):
            program = Reach(
                tuple(draw(st.lists(st.sampled_from(MATTER_TYPES), max_size=1))),
                tuple(draw(st.lists(st.sampled_from(DEPARTMENTS), max_size=1))),
                draw(st.booleans()),
            )
    elif draw(st.integers(0, 7)) == 0:
        clearance = draw(st.integers(0, clearance))
    return Person(_id(1, number), roles, draw(st.sampled_from((*DEPARTMENTS, None))), clearance, program)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A firm of a few people, with everything that the page of rules speaks of."""
    staff = [draw(people(number)) for number in range(draw(st.integers(5, 8)))]
    anyone = st.sampled_from(staff)
    clients = draw(st.integers(1, 3))
    records = clients + draw(st.integers(0, 2))
    world = World(staff, [_id(2, number) for number in range(records)], [draw(anyone) for _ in range(records)])
    world.merged = {number: draw(st.integers(0, clients - 1)) for number in range(clients, records)}
    for number in range(draw(st.integers(2, 6))):
        entries = [
            Entry(_id(4, 16 * number + at), draw(st.none() | st.integers(0, 4)), draw(st.booleans()))
            for at in range(draw(st.integers(0, 3)))
        ]
        grants = [
            Grant(
                draw(anyone), draw(st.booleans()), draw(st.sampled_from(("lead", "above", "two"))),
                draw(st.sampled_from(("effective", "effective", "effective", "expired", "ended", "awaiting"))),
            )
            for _ in range(draw(st.integers(0, 5)))
        ]  # fmt: skip
        lead = draw(anyone)
        world.dossiers.append(
            Dossier(
                _id(3, number), draw(st.integers(0, 4)), draw(st.sampled_from(STATES)),
                draw(st.sampled_from(MATTER_TYPES)), draw(st.integers(0, clients - 1)), lead, draw(anyone),
                draw(st.frozensets(anyone, max_size=2)) | {lead}, entries, grants,
            )
        )  # fmt: skip
    for _ in range(draw(st.integers(0, 3))):
        around_client = draw(st.booleans())
        world.walls.append(
            Wall(
                draw(st.frozensets(anyone, min_size=1, max_size=3)),
                draw(st.integers(0, clients - 1)) if around_client else None,
                None if around_client else draw(st.integers(0, len(world.dossiers) - 1)),
                draw(st.sampled_from(("active", "active", "requested", "lifted", "future", "past"))),
            )
        )
    return world


async def settle(connection: "asyncpg.Connection[asyncpg.Record]", world: World) -> None:
    """Write the firm into the database, within the transaction under way."""
    now = await connection.fetchval("SELECT now()")
    template = await connection.fetchval("SELECT id FROM templates LIMIT 1")
    # Two who only sign grants, so that nobody of the firm gives one to himself.
    signers = [_id(9, 1), _id(9, 2)]
    staff = [(person.id, sorted(person.roles), person.department) for person in world.people]
    await connection.executemany(
        "INSERT INTO users (id, kind, username, display_name, roles, department, active, tokens_valid_from, created_at,"
        " updated_at) VALUES ($1, 'person', $1::uuid::text, $1::uuid::text, $2, $3, true, now(), now(), now())",
        [*staff, *((signer, [], None) for signer in signers)],
    )
    await connection.executemany(
        "INSERT INTO clients (id, kind, name, former_names, contacts, created_by, created_at, updated_at)"
        " VALUES ($1, 'person', $1::uuid::text, '{}', '[]', $2, now(), now())",
        [(client, creator.id) for client, creator in zip(world.clients, world.client_creators, strict=True)],
    )
    await connection.executemany(
        "UPDATE clients SET merged_into = $2 WHERE id = $1",
        [(world.clients[number], world.clients[into]) for number, into in world.merged.items()],
    )
    for dossier in world.dossiers:
        await _put_dossier(connection, world, dossier, template, now, signers)
    for number, wall in enumerate(world.walls):
        await _put_wall(connection, world, _id(5, number), wall, now, signers[0])


async def _put_dossier(
    connection: Any, world: World, dossier: Dossier, template: UUID, now: datetime, signers: list[UUID]
) -> None:
    opened = date(2026, 1, 1) + DAY * (int(dossier.id.int & 0xFF) % 3)
    await connection.execute(
        "INSERT INTO dossiers (id, number, matter_type, template_id, cause, lead_lawyer_id, opposing_parties,"
        " confidentiality, state, on_hold, opened_on, arrangement_mode, entry_count, page_count, created_by,"
        " created_at, updated_at, fee_count)"
        " VALUES ($1, $2, $3, $4, 'x', $5, '[]', $6, 'open', false, $7, 'time', 0, 0, $8, now(), now(), $9)",
        dossier.id, f"P-{dossier.id.hex[-4:]}", dossier.matter_type, template, dossier.lead.id, dossier.level, opened,
        dossier.creator.id, sum(entry.fees for entry in dossier.entries),
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO dossier_clients (dossier_id, client_id, position) VALUES ($1, $2, 0)",
        dossier.id, world.clients[dossier.client],
    )  # fmt: skip
    await connection.executemany(
        "INSERT INTO dossier_team (dossier_id, opened_on, number, user_id, duty, added_at)"
        " SELECT d.id, d.opened_on, d.number, $2, $3, now() FROM dossiers d WHERE d.id = $1",
        [(dossier.id, person.id, "lead" if person == dossier.lead else "lawyer") for person in dossier.team],
    )
    await connection.executemany(
        "INSERT INTO entries (id, dossier_id, title, category, original, confidentiality, pages_stated, review,"
        " created_by, created_at, updated_at)"
        " VALUES ($1, $2, 'x', $3, 'copy', $4, false, 'unreviewed', $5, now(), now())",
        [
            (entry.id, dossier.id, "fee_document" if entry.fees else "evidence", entry.level, dossier.creator.id)
            for entry in dossier.entries
        ],
    )
    # Each is superseded by the next one, and judged under the id of its own.
    await connection.executemany(
        "INSERT INTO entry_reviews (id, entry_id, authenticity, relevance, legality, decision, reason, exclusion,"
        " superseded_by, reviewed_by, reviewed_at)"
        " VALUES ($1, $1, 'pass', 'pass', 'pass', 'exclude', 'x', 'superseded', $2, $3, now())",
        [(older.id, newer.id, dossier.creator.id) for older, newer in pairwise(dossier.entries)],
    )
    await connection.executemany(
        "INSERT INTO files (id, entry_id, dossier_id, version, original_name, media_type, size, sha256, object_key,"
        " created_by, created_at) VALUES ($1, $1, $2, 1, 'x', 'text/plain', 1, 'x', $1::uuid::text, $3, now())",
        [(entry.id, dossier.id, dossier.creator.id) for entry in dossier.entries],
    )
    # One that names no paper, and one for each entry, under the ids of these.
    await connection.executemany(
        "INSERT INTO engagements (id, dossier_id, serial, kind, entry_id, parties, signers, special_powers, attorneys, stages,"
        " rules_version, state, created_by, created_at, updated_at)"
        " VALUES ($1, $2, $3, 'contract', $4, '[]', '[]', '{}', '[]', '{}', 1, 'in_force', $5, now(), now())",
        [
            (named or dossier.id, dossier.id, serial, named, dossier.creator.id)
            for serial, named in enumerate([None, *(entry.id for entry in dossier.entries)], start=1)
        ],
    )
    await connection.executemany(
        "INSERT INTO grants (id, dossier_id, opened_on, number, user_id, scope, reason, reaches, granted_as, granted_by, granted_at,"
        " expires_at, awaits_approval, approved_by, approved_at, ended_by, ended_at)"
        " SELECT uuid_in(md5(random()::text)::cstring), d.id, d.opened_on, d.number, $2, $3, 'x', $4, $5, $6, $7, $8,"
        " $9, $10, $11, $12, $13 FROM dossiers d WHERE d.id = $1",
        [_grant_row(dossier, grant, now, signers) for grant in dossier.grants],
    )
    # Last, for from then on the database takes no material any more.
    await connection.execute("UPDATE dossiers SET state = $2 WHERE id = $1", dossier.id, dossier.state)


def _grant_row(dossier: Dossier, grant: Grant, now: datetime, signers: list[UUID]) -> tuple[object, ...]:
    two, awaiting, ended = grant.given == "two", grant.stands == "awaiting", grant.stands == "ended"
    approved = two and not awaiting
    reaches = 4 if approved else 2 if grant.given == "lead" else 3
    return (
        dossier.id, grant.person.id, "content" if grant.content else "metadata", reaches,
        "lead" if grant.given == "lead" else "director", signers[0], now - 2 * DAY,
        now - DAY if grant.stands == "expired" else now + DAY, awaiting, signers[1] if approved else None,
        now - 2 * DAY if approved else None, signers[0] if ended else None, now - DAY if ended else None,
    )  # fmt: skip


async def _put_wall(connection: Any, world: World, wall_id: UUID, wall: Wall, now: datetime, keeper: UUID) -> None:
    begins = now + DAY if wall.stands == "future" else now - 3 * DAY
    until = now - DAY if wall.stands == "past" else now + 5 * DAY if wall.dossier is None else None
    state = wall.stands if wall.stands in {"requested", "lifted"} else "active"
    await connection.execute(
        "INSERT INTO walls (id, name, reason, state, effective_from, until, created_by, created_at, updated_at)"
        " VALUES ($1, 'x', 'x', $2, $3, $4, $5, now(), now())",
        wall_id, state, begins, until, keeper,
    )  # fmt: skip
    await connection.executemany(
        "INSERT INTO wall_people (wall_id, user_id) VALUES ($1, $2)", [(wall_id, person.id) for person in wall.people]
    )
    if wall.client is not None:
        await connection.execute("INSERT INTO wall_clients VALUES ($1, $2)", wall_id, world.clients[wall.client])
    if wall.dossier is not None:
        await connection.execute("INSERT INTO wall_dossiers VALUES ($1, $2)", wall_id, world.dossiers[wall.dossier].id)
