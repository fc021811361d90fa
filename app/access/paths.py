"""Ways to the dossiers that an actor may see, so that lists cost no more in a big firm than in a small one.

A list that walks all dossiers in order and asks the predicate of each is fast only for those who see most of them. So
it is gathered from a few ways instead: one for each level that the actor's roles open, his teams, his grants, his
department, what he created. Each has an index that gives its first rows in the order of the list; the page is the first
of all of them.

A way is a hint of where to look, never a permission: the predicate stands in each. What all ways leave out is missed,
not shown; a property test holds that nothing is missed (docs/decisions/0011).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.access.visibility import grant_in_force, metadata_by_role, sees_dossier, walled_dossiers
from app.auth.roles import SEPARATED, Rank, Role
from app.core.actor import Actor
from app.core.pagination import SortKey
from app.core.sql import Where

# Teams and grants repeat what dossiers are listed by; a column of theirs stands for the dossier's where they lead.
_KEYS = re.compile(r"\bd\.(opened_on|number|id)\b")
_SAME = "d.id = {0}.dossier_id AND d.opened_on = {0}.opened_on AND d.number = {0}.number".format


@dataclass(frozen=True, slots=True)
class _Way:
    """Where to look: a FROM text with dossier `d`, a condition, and the alias whose index gives the order.

    With `each` the rows are looked up for each row of that FROM text on its own, in order, up to a page.
    """

    source: str
    choice: str
    leader: str = "d"
    each: str | None = None

    def ordered(self, text: str) -> str:
        """Give conditions or an order by the columns of the leader."""
        if self.leader == "d":
            return text
        return _KEYS.sub(lambda found: f"{self.leader}.{'dossier_id' if found[1] == 'id' else found[1]}", text)


def visible_dossiers(
    actor: Actor, where: Where, keys: Sequence[SortKey], order: str, *, joined: str = "", own: bool = False
) -> str:
    """Give the query for the ids of one page of the dossiers that the actor sees.

    `where` has the conditions on dossier `d`, the cursor's among them; `order` is the ORDER BY and LIMIT text of
    `keys`; `joined` adds a table to each way. The rows have the column `id` and the keys' columns by field name.
    With `own` only those that he works on or decides on: there the ways are the choice, not a hint alone.
    """
    walled = walled_dossiers(f"{where.bind(actor.user_id)}::uuid")
    seen = sees_dossier(actor, where, walled="walled")
    columns = ", ".join(sorted({"d.id AS id", *(f"{key.column} AS {key.field}" for key in keys)}))
    merged = ", ".join(f"{key.field} {'DESC' if key.descending else 'ASC'}" for key in keys)
    limit = order.rpartition(" ")[2]
    queries = []
    for way in (_own_ways if own else _ways)(actor, where):
        query = (
            f"SELECT {columns} FROM {way.source}{joined}"
            f" WHERE {way.choice} AND {way.ordered(where.text)} AND {seen} {way.ordered(order)}"
        )
        if way.each is not None:
            query = f"SELECT way.* FROM {way.each} CROSS JOIN LATERAL ({query}) way ORDER BY {merged} LIMIT {limit}"
        queries.append(f"({query})")
    ways = " UNION ".join(queries)
    return f"WITH walled AS MATERIALIZED ({walled}) SELECT * FROM ({ways}) ways ORDER BY {merged} LIMIT {limit}"


def _ways(actor: Actor, where: Where) -> Iterator[_Way]:
    """Give the ways; a dossier may lie on several."""
    if actor.roles & SEPARATED:
        yield _Way("dossiers d", "FALSE")
        return
    user = f"{where.bind(actor.user_id)}::uuid"
    opened = metadata_by_role(actor.roles)
    for level in range(opened + 1):
        yield _level(level)
    yield _team(user)
    yield _Way(f"grants yg JOIN dossiers d ON {_SAME('yg')}", f"yg.user_id = {user} AND {grant_in_force('yg')}", "yg")
    if Role.PARTNER in actor.roles and actor.department is not None and opened < Rank.CONFIDENTIAL:
        department = where.bind(actor.department)
        leads = f"(SELECT l.id FROM users l WHERE l.department = {department}) yl"
        confidential = f"d.confidentiality = {Rank.CONFIDENTIAL:d}"
        yield _Way("dossiers d", f"d.lead_lawyer_id = yl.id AND {confidential}", each=leads)
    if Role.FINANCE in actor.roles:
        for level in range(opened + 1, Rank.CONFIDENTIAL + 1):
            yield _level(level, " AND d.fee_count > 0")
    if Role.INTEGRATION in actor.roles:
        yield _Way("dossiers d", f"d.created_by = {user}")
    if actor.reach is not None:
        for level in range(opened + 1, actor.clearance + 1):
            yield _level(level)


def _own_ways(actor: Actor, where: Where) -> Iterator[_Way]:
    """Give the ways to the dossiers that the actor works on or decides on."""
    if actor.roles & SEPARATED:
        yield _Way("dossiers d", "FALSE")
        return
    user = f"{where.bind(actor.user_id)}::uuid"
    yield _team(user)
    if Role.DIRECTOR in actor.roles:
        for level in range(Rank.RESTRICTED + 1):
            yield _level(level)
    elif Role.PARTNER in actor.roles and actor.department is not None:
        department = where.bind(actor.department)
        leads = f"(SELECT l.id FROM users l WHERE l.department = {department}) yl"
        # A level at a time, for which there is an index in the order of the list.
        for level in range(Rank.RESTRICTED + 1):
            yield _Way("dossiers d", f"d.lead_lawyer_id = yl.id AND d.confidentiality = {level:d}", each=leads)
    if Role.INTEGRATION in actor.roles:
        yield _Way("dossiers d", f"d.created_by = {user}")


def _team(user: str) -> _Way:
    return _Way(f"dossier_team yt JOIN dossiers d ON {_SAME('yt')}", f"yt.user_id = {user}", "yt")


def _level(level: int, more: str = "") -> _Way:
    # A constant, so that an index on (confidentiality, …) gives the rows of the level in the order of the list.
    return _Way("dossiers d", f"d.confidentiality = {level:d}{more}")
