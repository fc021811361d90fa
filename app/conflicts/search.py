"""Looks the parties of a new matter up in the index of parties, and how things stand where they are found.

Everything is found, also what the asker may not know of: each place tells whether he does (`sees`). What he is shown
is decided when it is shown.
"""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from app.clients.names import key_of, spans_of
from app.clients.parties import Line, lines_of
from app.conflicts import repository
from app.conflicts.finding import Asked, Found, Mandate, Match, Matter, Place, Surroundings, find, how_of
from app.conflicts.rules import Constellation
from app.conflicts.schemas import How, Side
from app.core.actor import Actor
from app.core.database import Connection, Row


async def search(
    connection: Connection, actor: Actor, matter: Matter, lawyer_ids: Sequence[UUID]
) -> tuple[list[Found], list[UUID], bool]:
    """Give all hits, the clients that the parties are by name or number, and whether a name was found too often."""
    rows = await repository.matches(connection, *_arrays(matter.asked))
    matches = [_match(row) for row in rows]
    around = await _surroundings(connection, actor, matches)
    found = [*find(matter, matches, around), *await _lawyers(connection, matter, lawyer_ids)]
    telling = {How.IDENTIFIER, How.SAME_NAME, How.FORMER_NAME}
    about = {match.client_id for match in matches if match.client_id is not None and match.how in telling}
    counts = Counter((row["n"], row["asked_what"], row["how"]) for row in rows)
    return found, sorted(about), any(count > repository.MOST for count in counts.values())


def _arrays(asked: Sequence[Asked]) -> list[list[object]]:
    """Give the names, numbers and parts of names as the columns of the search."""
    lines = [(place, line) for place, one in enumerate(asked) for line in lines_of(one.party)]
    names = [(place, line.what, line.key, line.core, _joined(line)) for place, line in lines if line.key is not None]
    numbers = [(place, line.digest) for place, line in lines if line.digest is not None]
    spans = [(place, line.what, span) for place, line in lines if line.core is not None for span in spans_of(line.core)]
    return [*_columns(names, 5), *_columns(numbers, 2), *_columns(spans, 3)]


def _columns(rows: Sequence[tuple[object, ...]], count: int) -> list[list[object]]:
    return [[row[column] for row in rows] for column in range(count)]


def _joined(line: Line) -> str | None:
    return None if line.grams is None else repository.SEPARATOR.join(line.grams)


def _match(row: Row) -> Match:
    renamed = row["client_id"] is not None and not row["current"]
    how = how_of(row["how"], row["asked_what"], row["what"], renamed=renamed)
    return Match(row["n"], how, Side(row["side"]), row["party"], row["client_id"], row["dossier_id"])


async def _surroundings(connection: Connection, actor: Actor, matches: Sequence[Match]) -> Surroundings:
    client_ids = list({match.client_id for match in matches if match.client_id is not None})
    mandates: dict[UUID, list[Mandate]] = {}
    for row in await repository.mandates(connection, client_ids):
        mandates.setdefault(row["client_id"], []).append(Mandate(row["dossier_id"], row["current"]))
    dossier_ids = {match.dossier_id for match in matches if match.dossier_id is not None}
    dossier_ids |= {mandate.dossier_id for several in mandates.values() for mandate in several}
    places = await repository.dossiers(connection, actor, list(dossier_ids))
    clients = await repository.clients(connection, actor, client_ids)
    return Surroundings(
        places={
            row["id"]: Place(row["state"], row["ended_on"], row["court_case_number"], row["sees"]) for row in places
        },
        clients={row["id"]: (row["name"], row["sees"]) for row in clients},
        mandates=mandates,
    )


async def _lawyers(connection: Connection, matter: Matter, lawyer_ids: Sequence[UUID]) -> list[Found]:
    """Give hits of those who are to act and bear the name of a party."""
    if not lawyer_ids:
        return []
    people = await repository.people(connection, [*lawyer_ids])
    names = {key_of(row["display_name"]): row["display_name"] for row in people}
    rule = matter.rules.rule_for(Constellation.LAWYER_IS_PARTY, matter.matter_type)
    return [
        Found(place, How.SAME_NAME, None, names[key], Constellation.LAWYER_IS_PARTY, rule)
        for place, asked in enumerate(matter.asked)
        if (key := key_of(asked.party.name)) in names
    ]
